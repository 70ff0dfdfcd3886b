# SPDX-License-Identifier: MIT
"""How long it takes from start to answers, with a small database and with one of some gigabytes.

The small one is what a fleet has sent. It is made large by copies of its chunks at earlier times, put in by SQLite
while the aggregator is stopped: a start reads no old chunk, it walks the newest of each host and the journal, so what
counts is how many there are and how deep the trees are. Each start is one after kill -9 under a live fleet.
"""
import os
import pathlib
import sqlite3
import time

from nephos import binary, check, until

HOSTS = int(os.environ.get("BENCH_RESTART_HOSTS", "200"))
GIB = float(os.environ.get("BENCH_RESTART_GIB", "2"))
SERIES = 40
HISTORY_S = 3600
STARTS = 5
COPY = """INSERT INTO chunk(instance, min_ms, max_ms, epoch, first_sequence, last_sequence, samples, data, age_ms, due_ms)
    SELECT instance, min_ms - ?1, max_ms - ?1, epoch - ?1, first_sequence, last_sequence, samples, data, age_ms - ?1, NULL
    FROM chunk WHERE epoch > 0 AND id <= ?2"""


def load_words(aggregator, token, seconds, *more):
    return [binary("nephos-loadgen"), "--server", aggregator.address, "--token", token, "--agents", str(HOSTS),
            "--series", str(SERIES), "--seconds", str(seconds), *more]


def connected(aggregator):
    return aggregator.get("/api/v1/self")["gauges"]["agents_connected"]


def grow(path, size):
    """Copies of all chunks, each set a span earlier, until the file is so large; number of chunks."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    first, last, newest_id = db.execute("SELECT min(min_ms), max(max_ms), max(id) FROM chunk").fetchone()
    for copy in range(1, 100000):
        if os.stat(path).st_size >= size:
            break
        with db:
            db.execute(COPY, (copy * (last - first + 1000), newest_id))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with db:
        db.execute("UPDATE tier SET (rows, bytes) = (SELECT count(*), sum(length(data)) FROM chunk) WHERE id = 0")
    count = db.execute("SELECT count(*) FROM chunk").fetchone()[0]
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return count


def forget_pages(folder):
    """The kernel reads all of it from the disk again."""
    os.sync()
    for file in pathlib.Path(folder).rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def starts(aggregator, host, is_cold):
    """Milliseconds to the first answer and to the newest value of a host, medians of some starts after kill -9."""
    serving, answered = [], []
    for _ in range(STARTS):
        time.sleep(2)  # some batches for the journal
        aggregator.process.kill()
        if is_cold:
            forget_pages(aggregator.data)
        begin = time.monotonic()
        aggregator.start(seconds=60, pause_s=0.001)
        serving.append((time.monotonic() - begin) * 1000)
        values = aggregator.get(f"/api/v1/live?instance={host}")["instances"]
        answered.append((time.monotonic() - begin) * 1000)
        check(len(values) == 1 and values[0]["last_sample_ms"] > 0, f"no newest value: {values}")
        until(lambda: connected(aggregator) >= HOSTS, 60, "all are back")
    return sorted(serving)[STARTS // 2], sorted(answered)[STARTS // 2], max(serving)


def measure(aggregator, report, what):
    host = aggregator.instances()[0]["id"]
    for is_cold in (False, True):
        serving, answered, most = starts(aggregator, host, is_cold)
        store = aggregator.get("/api/v1/self")["store"]
        report.row(f"kill -9 to serving, {2 * HOSTS} hosts, {what}, {'pages forgotten' if is_cold else 'pages cached'}",
                   f"{serving:.0f} ms", f"most {most:.0f} ms; first host's newest value after {answered:.0f} ms; "
                   f"{store['journal_rows']} rows in the journal", "<= 2 s whatever the size", "")


def bench_restart(world, report):
    aggregator = world.aggregator("restart", ["--agents-max", str(2 * HOSTS), "--keep-seconds", "3650d"]).start()
    token = aggregator.token("--uses", str(2 * HOSTS))
    code, _, err = world.run(load_words(aggregator, token, HISTORY_S, "--rate", "max"), seconds=600)
    check(code == 0, f"loadgen: {code} {err}")
    path = pathlib.Path(aggregator.data) / "nephos.db"
    live = world.start("restart-live", load_words(aggregator, token, 3600, "--seed", "2", "--patience", "600s"))
    until(lambda: connected(aggregator) >= HOSTS, 120, "all are connected")
    measure(aggregator, report, f"{os.stat(path).st_size / 1e6:.0f} MB")
    aggregator.process.end()
    chunks = grow(path, GIB * 2**30)
    aggregator.start(seconds=60)
    until(lambda: connected(aggregator) >= HOSTS, 120, "all are connected")
    measure(aggregator, report, f"{os.stat(path).st_size / 1e9:.1f} GB, {chunks} chunks")
    live.kill()
    aggregator.process.end(seconds=20)
