# SPDX-License-Identifier: MIT
"""Every metric against somebody else's figure.

Live: an agent samples this machine while it works; beside it other programs are asked again and again.
A counter of the agent must lie between what the others said just before and just after; a gauge too, give
or take what can have happened in between. Shares and rates are compared with sar's over the same seconds.

Fixtures: agent and node_exporter read the same /proc of other machines and must say the same, exactly.

A metric of proto/metrics.def that no check here has reached fails the proof, so that none is forgotten.
"""
import json
import os
import statistics
import sys
import time

import others
from nephos import ROOT, binary, check, main, until

LOAD_S = 16
LOOK_PAUSE_S = 0.2
MIB = 1 << 20

# The agent notes the time, then reads its sources; a sample may be interrupted meanwhile.
SAMPLE_MS = 100
# Sources that the agent reads more rarely than each second: how old a value may be.
AGE_MS = {"disk_usage_percent": 10000, "disk_used_bytes": 10000, "disk_available_bytes": 10000}

# How far a gauge may lie outside of what others said around it: other programs start and end within those
# tenths of a second. What is not named here must lie within, to the last digit of its scale.
SLACK = {
    "memory_free_bytes": 96 * MIB, "memory_available_bytes": 96 * MIB, "memory_cached_bytes": 64 * MIB,
    "memory_buffers_bytes": 4 * MIB, "memory_dirty_bytes": 24 * MIB, "memory_usage_percent": 0.4,
    "disk_used_bytes": 256 * MIB, "disk_available_bytes": 256 * MIB,
    "disk_usage_percent": 1.01,   # df rounds up to whole percents
    "uptime": 1.01,               # `uptime -s` knows whole seconds, and so do we
    "disk_busy_seconds": 1.01,    # `vmstat -d` knows whole seconds
}
# Of the samples of a gauge, so many must lie there; the others may have fallen between two looks.
GAUGE_SHARE = 0.75
# Counters that two programs add up differently (cores one by one and each rounded down).
COUNTER_SLACK = {"cpu_seconds": 0.01 * (os.cpu_count() or 1)}

# The load makes these move; standing still, they would prove nothing.
MOVES = ["cpu_seconds", "context_switches", "forks", "disk_writes", "disk_written_bytes", "disk_busy_seconds",
         "memory_free_bytes", "network_tx_packets", "network_tx_bytes"]

# Counts of a moment that is over when the next program looks: only their mean can be compared. How far it may be
# off, in its unit and as a share of itself: the two look at other moments of the same seconds.
MEANS = {
    "cpu_usage": (3.0, 0, lambda s: 100 - sum(s["cpu-load"][0][k] for k in ("idle", "iowait"))),
    "processes_running": (2.5, 0.35, lambda s: s["queue"]["runq-sz"]),
    "processes_blocked": (1.5, 0.35, lambda s: s["queue"]["blocked"]),
}

# Derived from others that are checked: (metric, how to make it of the last values by metric).
SUMS_OF = {
    "network_rx_mb": lambda v: sum(v["network_rx_bytes"].values()) / MIB,
    "network_tx_mb": lambda v: sum(v["network_tx_bytes"].values()) / MIB,
}

# Metrics that nobody else measures, each with the reason.
EXCUSED = {}


# --- work for the machine ---

BURN = "while True: pass"
HOG = "import time; b = bytearray(b'x' * (300 << 20)); time.sleep(300)"
WRITE = """
import os, sys
data = os.urandom(4 << 20)
while True:
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, data, 0)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.pread(fd, len(data), 0)
    os.close(fd)
"""
TALK = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        s.sendto(b'x' * 500, ('198.51.100.1', 9))
    except OSError:
        pass
    time.sleep(0.005)
"""


def start_load(world):
    """A busy core, memory in use, writing and reading, packets to nowhere (a network for documentation)."""
    for name, code in (("burn", BURN), ("hog", HOG), ("write", WRITE), ("talk", TALK)):
        world.start(name, [sys.executable, "-c", code, world.path("written")])


# --- readings ---

class Looks:
    """What one program said, look by look: (begun ms, ended ms, values)."""

    def __init__(self, name, read):
        self.name, self.read, self.looks = name, read, []

    def look(self):
        begun = time.time() * 1000
        values = self.read()
        self.looks.append((begun, time.time() * 1000, values))

    def around(self, key, from_ms, to_ms):
        """Its values of the key from the last look before to the first look after; None where either misses."""
        before = [i for i, (_, ended, v) in enumerate(self.looks) if ended <= from_ms and key in v]
        after = [i for i, (begun, _, v) in enumerate(self.looks) if begun >= to_ms and key in v]
        if not before or not after:
            return None
        return [v[key] for _, _, v in self.looks[before[-1]:after[0] + 1] if key in v]


def samples_of(aggregator, identity, metric):
    """{tag: [(ms, value)]} of one metric, oldest first."""
    found = {}
    for it in reversed(aggregator.get("/metrics", instanceId=identity, metricName=metric, limit=1000)["metrics"]):
        tag = ",".join(f"{k}={v}" for k, v in it["tags"].items())
        found.setdefault(tag, []).append((it["timestamp"], it["value"]))
    return found


class Verdicts:
    """Who has confirmed which metric, and what was wrong."""

    def __init__(self):
        self.confirmed, self.wrong = {}, []

    def note(self, metric, by, holds, words):
        if holds:
            self.confirmed.setdefault(metric, set()).add(by)
        else:
            self.wrong.append(f"{metric} ({by}): {words}")


def compare(verdicts, metric, tag, series, looks):
    """One series of the agent against one program."""
    step = 1 / metric.scale
    slack = (COUNTER_SLACK if metric.is_counter else SLACK).get(metric.name, 0)
    if metric.is_counter:
        slack = max(slack, SLACK.get(metric.name, 0) if looks.name == "vmstat -d" else 0)
    compared, outside = 0, []
    for ms, value in series:
        near = looks.around((metric.name, tag), ms - AGE_MS.get(metric.name, 0), ms + SAMPLE_MS)
        if near is None:
            continue
        compared += 1
        if not min(near) - slack - step <= value <= max(near) + slack + step:
            outside.append((value, min(near), max(near)))
    if compared == 0:
        return
    allowed = 0 if metric.is_counter else (1 - GAUGE_SHARE) * compared
    example = outside[0] if outside else ()
    verdicts.note(metric.name, looks.name, len(outside) <= allowed,
                  f"{tag}: {len(outside)} of {compared} samples outside, such as {example} (ours, low, high)")


# --- the proofs ---

def compare_means(verdicts, values, sar):
    """The mean over the seconds that sar and the agent both saw whole."""
    seconds = sar.seconds()
    check(len(seconds) >= LOAD_S - 4, f"sar gave only {len(seconds)} seconds")
    for name, (tolerance, share, of) in MEANS.items():
        theirs = statistics.fmean(of(s) for s in seconds)
        end_ms = (sar.began + len(seconds)) * 1000
        ours = [v for ms, v in values[name].get("", []) if sar.began * 1000 + 1000 <= ms <= end_ms + 500]
        check(len(ours) >= len(seconds) - 4, f"{name}: only {len(ours)} samples beside sar's {len(seconds)}")
        mean = statistics.fmean(ours)
        verdicts.note(name, "sar", abs(mean - theirs) <= tolerance + share * theirs, f"mean {mean:.2f}, theirs {theirs:.2f}")


def live(world, verdicts):
    aggregator = world.aggregator().start()
    world.agent("agent", aggregator.address, "--id", "here", "--token-file", aggregator.token_file())
    exporter = others.Exporter(world, "exporter")
    programs = [Looks("node_exporter", exporter.read)]
    programs += [Looks(name, read) for name, read in others.READERS.items()]
    until(lambda: aggregator.instances() and aggregator.instances()[0]["metadata"]["samples"] > 0, 30,
          "the agent's first samples arrive")
    start_load(world)
    sar = others.Sar(world, LOAD_S - 2)
    end = time.monotonic() + LOAD_S
    while time.monotonic() < end:
        for program in programs:
            program.look()
        time.sleep(LOOK_PAUSE_S)
    shipped = time.time() * 1000
    until(lambda: aggregator.instance("here")["metadata"].get("samples", 0) and newest_ms(aggregator) >= shipped, 30,
          "the samples of the load arrive")

    known = others.metrics()
    values = {name: samples_of(aggregator, "here", name) for name in known}
    for name, metric in known.items():
        for tag, series in values[name].items() if name not in MEANS else ():
            for program in programs:
                compare(verdicts, metric, tag, series, program)
    compare_means(verdicts, values, sar)
    for name, derive in SUMS_OF.items():
        last = {m: {tag: series[-1][1] for tag, series in by_tag.items()} for m, by_tag in values.items()}
        for tag, series in values[name].items():
            theirs = derive(last)
            verdicts.note(name, "sum", abs(series[-1][1] - theirs) <= 0.02, f"{series[-1][1]}, sum {theirs:.2f}")
    for name in MOVES:
        moved = any(series[0][1] != series[-1][1] for series in values[name].values())
        verdicts.note(name, "load", moved, "did not move though the load should have moved it")


def newest_ms(aggregator):
    return aggregator.get("/api/v1/live", instance="here")["instances"][0]["last_sample_ms"]


def fixtures(world, verdicts):
    """Agent and node_exporter over the same files: what both say must be the same number."""
    known = others.metrics()
    for root in sorted((ROOT / "tests/fixture/proc").iterdir()):
        exporter = others.Exporter(world, f"exporter-{root.name}", str(root))
        theirs = exporter.read()
        exporter.process.kill()
        world.processes.remove(exporter.process)
        code, out, err = world.run([binary("nephos-agent"), "--once=json", "--root", str(root)])
        check(code == 0, f"--once=json over {root.name}: {code} {err}")
        compared = 0
        for it in json.loads(out)["metrics"]:
            metric, key = known[it["metric"]], (it["metric"], it["tag"])
            if key not in theirs:
                continue
            compared += 1
            slack = 1 / metric.scale + COUNTER_SLACK.get(metric.name, 0) + 1e-9 * abs(theirs[key])
            verdicts.note(metric.name, "node_exporter over fixtures", abs(it["value"] - theirs[key]) <= slack,
                          f"{root.name} {it['tag']}: {it['value']}, theirs {theirs[key]}")
        check(compared >= 20, f"only {compared} values of {root.name} could be compared")


def proof(world):
    verdicts = Verdicts()
    fixtures(world, verdicts)
    live(world, verdicts)
    check(not verdicts.wrong, "\n  ".join(["others say otherwise:", *verdicts.wrong]))
    known = others.metrics()
    unknown = [name for name in (*EXCUSED, *SLACK, *AGE_MS, *MEANS, *SUMS_OF) if name not in known]
    check(not unknown, f"not in proto/metrics.def: {', '.join(unknown)}")
    missing = [name for name in known if name not in EXCUSED and not verdicts.confirmed.get(name, set()) - {"load"}]
    check(not missing, f"no other program has confirmed {', '.join(missing)}: add a reading to others.py, or the "
                       "reason to EXCUSED")
    by = sorted(set().union(*verdicts.confirmed.values()) - {"load", "sum"})
    print(f"{len(known) - len(EXCUSED)} of {len(known)} metrics confirmed by {', '.join(by)}")


if __name__ == "__main__":
    main(proof)
