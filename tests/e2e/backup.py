# SPDX-License-Identifier: MIT
"""backup, restore, verify, export and import: a copy taken under load is whole and holds what was acknowledged,
a killed backup leaves nothing under its name, verify finds what is planted, and samples survive the way through text.
"""
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess

from kill_nine import compare
from nephos import Aggregator, binary, check, main, until

AGENTS = 6
FLIPS = 60


def command(world, *words, code=0, **more):
    done = subprocess.run([binary("nephos-aggregator"), *words], capture_output=True, text=True, timeout=120,
                          cwd=world.folder, env=world.environment, **more)
    check(done.returncode == code, f"{words}: {done.returncode}, not {code}: {done.stderr[-600:]}")
    return done


def load(world, aggregator, name, seconds):
    return world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token",
        aggregator.token("--uses", str(AGENTS)), "--agents", str(AGENTS), "--series", "40",
        "--state", world.path(f"{name}-state"), "--ledger", world.path(f"{name}.ledger"), "--seconds", seconds,
        "--rate", "max"])


def under_load(world, aggregator):
    """Three backups while samples pour in, one of them killed; all acknowledged samples are in the last."""
    feeding = load(world, aggregator, "load", "4000")
    until(lambda: len(aggregator.instances()) > AGENTS, 20, "the load begins")  # and who was told of
    first = world.path("first.db")
    command(world, "backup", first, "--data", aggregator.data)
    check(os.stat(first).st_mode & 0o777 == 0o600, "a backup is its owner's alone")
    command(world, "backup", first, "--data", aggregator.data, code=73)
    killed = world.start("killed", [binary("nephos-aggregator"), "backup", world.path("killed.db"), "--data",
                                    aggregator.data])
    killed.kill()
    check(not os.path.exists(world.path("killed.db")) or
          command(world, "verify", world.path("killed.db")), "a killed backup leaves no half file under its name")
    check(feeding.exit_code(seconds=100) == 0, "the load ends well beside the backups")
    last = world.path("last.db")
    command(world, "backup", last, "--data", aggregator.data)
    command(world, "verify", last)
    return last


def restored(world, copy):
    """An aggregator on the restored database answers with every acknowledged sample."""
    again = Aggregator(world, "again", ["--agents-max", "20"])
    command(world, "restore", copy, "--data", again.data)
    command(world, "restore", copy, "--data", again.data, code=73)
    command(world, "restore", "--force", copy, "--data", again.data)
    again.start()
    lines = pathlib.Path(world.path("load.ledger")).read_text().splitlines()
    check(len(lines) == AGENTS, "the ledger has all agents")
    values = sum(compare(again, json.loads(line)) for line in lines[:2])
    again.process.end()
    command(world, "verify", "--data", again.data)
    return again, values


def samples_of(path):
    """What the tables of samples hold, or None when they cannot be read."""
    try:
        with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as db:
            return [db.execute(f"SELECT * FROM {table}").fetchall() for table in ("chunk", "journal", "rollup")]
    except (sqlite3.Error, OverflowError):
        return None


def planted(world, copy):
    """Flipped bits: verify never dies, and none that changes a sample goes unnoticed."""
    good = pathlib.Path(copy).read_bytes()
    whole, chance, codes = samples_of(copy), random.Random(11), collections.Counter()
    bad = world.path("bad.db")
    for _ in range(FLIPS):
        at = chance.randrange(len(good))
        pathlib.Path(bad).write_bytes(good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:])
        done = subprocess.run([binary("nephos-aggregator"), "verify", bad], capture_output=True, text=True,
                              timeout=60, cwd=world.folder, env=world.environment)
        codes[done.returncode] += 1
        check(done.returncode in (0, 65), f"verify of a flip at {at}: {done.returncode} {done.stderr[-300:]}")
        if done.returncode == 0:
            check(samples_of(bad) == whole, f"the flip at {at} changed a sample, and verify calls it good")
        else:
            check("damaged" in done.stderr.lower() or "it " in done.stderr, f"no words for {at}: {done.stderr}")
    for size in (0, 100, 4096, len(good) // 2):
        pathlib.Path(bad).write_bytes(good[:size])
        command(world, "verify", bad, code=65)
    check(codes[65] > FLIPS // 3, f"most flips hit something: {codes}")
    return codes


def through_text(world, aggregator):
    """export | import into a new directory, in each format: the same lines come out again."""
    one = json.loads(pathlib.Path(world.path("load.ledger")).read_text().splitlines()[0])["instance"]
    flags = ["--instance", one, "--metric", "cpu_*,load*"]
    for form in ("csv", "prom", "jsonl"):
        out = command(world, "export", "--data", aggregator.data, "--format", form, *flags).stdout
        check(len(out.splitlines()) > 10, f"{form}: {out[:200]}")
        data = world.path(f"imported-{form}")
        for _ in range(2):  # the second time everything is there already
            command(world, "import", "--data", data, "--format", form, input=out)
        command(world, "verify", "--data", data)
        # Pieces may be cut elsewhere: what counts is the samples.
        samples = [sorted(command(world, "export", "--data", d, "--format", "csv", *flags).stdout.splitlines())
                   for d in (aggregator.data, data)]
        check(samples[0] == samples[1] and len(samples[0]) > 1000, f"{form}: other samples after the way through text")
    done = command(world, "import", "--data", world.path("imported-csv"), code=65,
                   input="instance,metric,time_ms,value\nweb,cpu_usage,1767225600000,1\nweb,cpu_usage,now,1\n")
    check("line 3:" in done.stderr, f"the line is named: {done.stderr}")
    steps = command(world, "export", "--data", aggregator.data, "--step", "60s", *flags).stdout
    check(1 < len(steps.splitlines()) < len(samples[0]), "steps are fewer than samples")


def no_room_to_export(world, aggregator):
    """From a running aggregator it takes a copy: without room for that it says so, at once, and leaves nothing."""
    folder = world.path("small")
    os.mkdir(folder)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", folder]).returncode != 0:
        return
    try:
        environment = {**world.environment, "TMPDIR": folder}
        done = subprocess.run([binary("nephos-aggregator"), "export", "--data", aggregator.data, "--metric", "load1"],
                              capture_output=True, text=True, timeout=60, cwd=world.folder, env=environment)
        check(done.returncode == 73 and "TMPDIR" in done.stderr and "no room" in done.stderr and not done.stdout,
              f"export without room: {done.returncode} {done.stderr}")
        check(not any(files for _, _, files in os.walk(folder)), f"something is left: {list(os.walk(folder))}")
    finally:
        subprocess.run(["umount", folder], check=True)


RECORDS = [  # what must not be, and the table that verify must name
    ("alert", "UPDATE alert SET severity = 9"), ("alert", "UPDATE alert SET status = 'open'"),
    ("alert", "UPDATE alert SET id = ''"), ("alert", "UPDATE alert SET message = CAST(zeroblob(50) AS TEXT)"),
    ("alert", "UPDATE alert SET revision = revision + 1000000"), ("alert", "UPDATE alert SET created_ms = -5"),
    ("note", "UPDATE note SET from_ms = to_ms + 1"), ("note", "UPDATE note SET text = x'00ff'"),
    ("insight", "INSERT INTO insight VALUES(1,1,1,'i','k',7,0,'t','d','r','','',900,1,2,'{}',0)"),
    ("document", "UPDATE document SET name = 'much longer than any name'"),
    ("told", "INSERT INTO told VALUES(60000, '', '')"), ("told", "UPDATE told SET metadata = 'nonsense'"),
    ("api_token", "UPDATE api_token SET hash = x'00'"), ("api_token", "UPDATE api_token SET role = 77"),
    ("revocation", "INSERT INTO revocation VALUES(60000, 1)"), ("audit", "UPDATE audit SET time_ms = -1"),
    ("outbox", "INSERT INTO outbox VALUES('pager', 999999999, 0, x'00')"),
    ("counter", "UPDATE counter SET value = -1"),
]


def make_records(world, aggregator):
    """One of each kind at least."""
    aggregator.post("/instances", {"name": "told", "type": "api", "region": "ewr", "endpoint": "http://x",
                                           "metadata": {"a": 1}})
    aggregator.post("/alerts", {"instanceId": "told", "alertType": "disk", "severity": "high",
                                        "message": "grüße"})
    aggregator.post("/api/v1/notes", {"text": "changed a disk"})
    aggregator.post("/api/v1/silences", {"instance": "nobody", "for_ms": 60000})
    command(world, "access", "create", "--data", aggregator.data, "--name", "reader", "--role", "viewer")


def planted_in_records(world, copy):
    """Rows that cannot be: verify names their table, restore refuses and changes nothing."""
    bad, empty = world.path("bad.db"), world.path("refused")
    for table, sql in RECORDS:
        shutil.copyfile(copy, bad)
        with contextlib.closing(sqlite3.connect(bad)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
            changed = db.execute(sql).rowcount
            db.commit()
        check(changed > 0, f"{sql} changed nothing: there are no records of that kind")
        done = command(world, "verify", bad, code=65)
        check(f"table {table}: row" in done.stderr, f"{sql}: {done.stderr}")
        done = command(world, "restore", bad, "--data", empty, code=65)
        check("nothing was changed" in done.stderr and not os.path.exists(os.path.join(empty, "nephos.db")),
              f"restore of {sql}: {done.stderr}")


def proof(world):
    aggregator = world.aggregator("first", ["--agents-max", "20"]).start()
    make_records(world, aggregator)
    last = under_load(world, aggregator)
    live = command(world, "export", "--data", aggregator.data, "--metric", "load1").stdout
    check(len(live.splitlines()) > 1000, "a running aggregator's samples can be exported")
    no_room_to_export(world, aggregator)
    keys = world.path("keys.tar")
    command(world, "backup", "--with-keys", keys, "--data", aggregator.data)
    aggregator.process.end()
    command(world, "backup", world.path("stopped.db"), "--data", aggregator.data)
    command(world, "verify", keys)
    command(world, "restore", keys, "--data", world.path("with-keys"))
    for name in ("ca.key.der", "ca.crt.der"):
        check(pathlib.Path(world.path("with-keys"), name).read_bytes() ==
              pathlib.Path(aggregator.data, name).read_bytes(), f"{name} is restored")
    again, values = restored(world, last)
    through_text(world, again)
    codes = planted(world, last)
    planted_in_records(world, last)
    print(f"{values} values equal after backup and restore; of {FLIPS} flipped bits {codes[65]} found, the others in "
          "bytes that hold no sample")


if __name__ == "__main__":
    main(proof)
