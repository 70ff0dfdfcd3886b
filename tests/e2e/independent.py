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
from applications import HEALTH_S, Applications
from nephos import ROOT, binary, check, main, until

LOAD_S = 20
LOOK_PAUSE_S = 0.2
FOUND_S_MAX = 14
MIB = 1 << 20

# The agent notes the time, then reads its sources; a sample may be interrupted meanwhile.
SAMPLE_MS = 100
# What the agent reads every ten seconds only (collect.c says why): a value may be that old.
SLOW_MS = 10000
SLOW_TAGS = ("mount",)
SLOW = ("swap_in_pages", "swap_out_pages", "major_faults", "oom_kills", "tcp_listen_overflows", "tcp_listen_drops",
        "sockets_used", "tcp_sockets", "tcp_orphans", "tcp_time_wait", "tcp_memory_pages", "udp_sockets",
        "clock_synchronized", "clock_offset_seconds", "clock_error_seconds")

# How far a gauge may lie outside of what others said around it: other programs start and end within those
# tenths of a second. What is not named here must lie within, to the last digit of its scale.
SLACK = {
    "memory_free_bytes": 96 * MIB, "memory_available_bytes": 96 * MIB, "memory_used_bytes": 96 * MIB,
    "memory_cached_bytes": 64 * MIB, "memory_usage_percent": 0.4, "memory_buffers_bytes": 4 * MIB,
    "memory_dirty_bytes": 24 * MIB, "memory_shmem_bytes": 8 * MIB, "memory_slab_bytes": 16 * MIB,
    "memory_slab_reclaimable_bytes": 16 * MIB, "memory_committed_bytes": 512 * MIB,
    "disk_used_bytes": 256 * MIB, "disk_available_bytes": 256 * MIB,
    "disk_usage_percent": 1.01,   # df rounds up to whole percents
    "disk_inodes_used": 4000, "disk_inodes_usage_percent": 0.2,
    "uptime": 1.01,               # `uptime -s` knows whole seconds, and so do we
    "tcp_established": 6, "tcp_sockets": 10, "tcp_time_wait": 20, "tcp_orphans": 4, "udp_sockets": 3,
    "sockets_used": 24, "tcp_memory_pages": 1000, "clock_offset_seconds": 0.01, "clock_error_seconds": 0.01,
}
# Of the samples of a gauge, so many must lie there; the others may have fallen between two looks.
GAUGE_SHARE = 0.75
# Counters that two programs do not count in the same grains: (metric, program) or for all programs.
COUNTER_SLACK = {
    "cpu_seconds": 0.01 * (os.cpu_count() or 1),     # cores one by one, each rounded down
    ("disk_busy_seconds", "vmstat -d"): 1.01,        # whole seconds
}

# The load makes these move; standing still, they would prove nothing.
MOVES = ["cpu_seconds", "cpu_core_seconds", "context_switches", "forks", "disk_writes", "disk_written_bytes",
         "disk_busy_seconds", "disk_write_seconds", "memory_free_bytes", "network_tx_packets", "network_tx_bytes",
         "tcp_active_opens", "tcp_segments_out", "udp_datagrams_out", "pressure_cpu_some_seconds"]


def of_devices(program, key, name):
    """Of each second: {tag: value} of the disks of sar or iostat."""
    return lambda s: {f"device={d[key]}": d[name] for d in s[program]}


def of_pressure(what, kind):
    return lambda s: {"": s["psi"][f"psi-{what}"][f"{kind}_avg10"]} if "psi" in s else {}


def busy(cpu):
    return 100 - cpu["idle"] - cpu["iowait"]


# What is true of a moment or of one second only: the means of the same seconds are compared. How far they may be
# apart, in the unit and as a share: the second of one program begins within that of the other.
MEANS = {
    "cpu_usage": (3.0, 0, lambda s: {"": busy(s["cpu-load"][0])}),
    "cpu_core_usage": (4.0, 0, lambda s: {f"core={c['cpu']}": busy(c) for c in s["cpu-load"][1:]}),
    "processes_running": (2.5, 0.35, lambda s: {"": s["queue"]["runq-sz"]}),
    "processes_blocked": (1.5, 0.35, lambda s: {"": s["queue"]["blocked"]}),
    "pressure_cpu_some_avg10": (4.0, 0.1, of_pressure("cpu", "some")),
    "pressure_memory_some_avg10": (1.0, 0.1, of_pressure("mem", "some")),
    "pressure_memory_full_avg10": (1.0, 0.1, of_pressure("mem", "full")),
    "pressure_io_some_avg10": (2.0, 0.1, of_pressure("io", "some")),
    "pressure_io_full_avg10": (2.0, 0.1, of_pressure("io", "full")),
    "disk_busy_percent": (3.0, 0.1, of_devices("disk", "disk-device", "util-percent")),
    "disk_queue_depth": (0.5, 0.15, of_devices("disk", "disk-device", "aqu-sz")),
    "disk_await_ms": (0.5, 0.2, of_devices("disk", "disk-device", "await")),
    "disk_read_await_ms": (0.5, 0.3, of_devices("iostat", "disk_device", "r_await")),
    "disk_write_await_ms": (0.5, 0.3, of_devices("iostat", "disk_device", "w_await")),
}
# Too short a moment even for means: only the fixtures compare these.
ONLY_FIXTURES = ("disk_in_flight",)

# Derived from others that are checked: (metric, how to make it of the last values by metric).
SUMS_OF = {
    "network_rx_mb": lambda v: sum(v["network_rx_bytes"].values()) / MIB,
    "network_tx_mb": lambda v: sum(v["network_tx_bytes"].values()) / MIB,
}

def may_be_absent(metric):
    """A machine may have no disk or network card of its own (a container), or a kernel that tells no pressure."""
    return metric.tag_key in ("device", "interface") or metric.name.startswith(("pressure_", "network_"))


# Metrics that nobody else measures, each with the reason.
EXCUSED = {
    "clock_steps": "a test must not set the clock of its machine; unit tests and the simulation do",
    "clock_step_seconds": "the same",
    "failed_units": "wants a systemd that runs; the parser has unit tests, the packet is made by hand there",
    "transfer_usage_percent": "network_month_bytes, which is confirmed, divided by a setting that this agent does not have",
    "agent_ring_percent": "the agent's bookkeeping: the simulation's second law holds it against what is stored",
    "agent_samples_lost": "the same",
    "agent_samples_skipped": "the same",
    "agent_series_refused": "the same; tests/unit/agent/test_series.c fills the table",
}


# --- work for the machine ---

BURN = "while True: pass"
HOG = "import time; b = bytearray(b'x' * (300 << 20)); time.sleep(300)"
WRITE = """
import os, sys, time
data = os.urandom(4 << 20)
while True:
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, data, 0)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.pread(fd, len(data), 0)
    os.close(fd)
    time.sleep(0.1)
"""
TALK = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        s.sendto(b'x' * 500, ('198.51.100.1', 9))
    except OSError:
        pass
    time.sleep(0.01)
"""
# Connections and sockets that stay, and some that come and go.
CONNECT = """
import socket, time
listener = socket.create_server(('127.0.0.1', 0), backlog=64)
kept = [socket.create_connection(listener.getsockname()) for _ in range(40)]
kept += [listener.accept()[0] for _ in range(40)]
kept += [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(30)]
for s in kept[80:]:
    s.bind(('127.0.0.1', 0))
while True:
    with socket.create_connection(listener.getsockname()) as s, listener.accept()[0] as t:
        s.sendall(b'x' * 1000)
        t.recv(1000)
    time.sleep(0.1)
"""


def start_load(world):
    """A busy core, memory in use, writing and reading, connections, packets to nowhere (an address that is for
    documentation only). Their process ids: the burner's, the hog's, the others'."""
    works = (("burn", BURN), ("hog", HOG), ("write", WRITE), ("talk", TALK), ("connect", CONNECT))
    return [world.start(name, [sys.executable, "-c", code, world.path("written")]).pid for name, code in works]


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
    """Who has confirmed which metric, what was wrong, and which metrics the agent has told here."""

    def __init__(self):
        self.confirmed, self.wrong, self.reported = {}, [], set()

    def note(self, metric, by, holds, words):
        if holds:
            self.confirmed.setdefault(metric, set()).add(by)
        else:
            self.wrong.append(f"{metric} ({by}): {words}")


def compare(verdicts, metric, tag, series, looks):
    """One series of the agent against one program."""
    step = 1 / metric.scale
    slack = (COUNTER_SLACK if metric.is_counter else SLACK).get(metric.name, 0)
    slack = max(slack, COUNTER_SLACK.get((metric.name, looks.name), 0))
    age = SLOW_MS if metric.name in SLOW or metric.tag_key in SLOW_TAGS else 0
    compared, outside = 0, []
    for ms, value in series:
        near = looks.around((metric.name, tag), ms - age, ms + SAMPLE_MS)
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
    """The means over the seconds that sar and the agent both saw whole."""
    seconds = sar.seconds()
    check(len(seconds) >= LOAD_S - 4, f"sar gave only {len(seconds)} seconds")
    end_ms = (sar.began + len(seconds)) * 1000
    for name, (tolerance, share, of) in MEANS.items():
        tags = set().union(*(of(s) for s in seconds)) & set(values[name])
        for tag in tags:
            theirs = statistics.fmean(of(s).get(tag, 0) for s in seconds)
            ours = [v for ms, v in values[name][tag] if sar.began * 1000 + 1000 <= ms <= end_ms + 500]
            check(len(ours) >= len(seconds) - 4, f"{name}: only {len(ours)} samples beside sar's {len(seconds)}")
            mean = statistics.fmean(ours)
            verdicts.note(name, "sar", abs(mean - theirs) <= tolerance + share * theirs,
                          f"{tag}: mean {mean:.2f}, theirs {theirs:.2f}")


def compare_processes(verdicts, aggregator, begun, ended):
    """The burner stands out by CPU and the hog by memory, as `ps` says they should; begun and ended are
    (ms, what ps said of the two)."""
    steps = aggregator.get("/api/v1/processes", instance="here", points=1000,
                           **{"from": int(begun[0]), "to": int(ended[0])})["samples"]
    check(len(steps) >= LOAD_S / 2, f"processes of {len(steps)} samples only")
    burn, hog = begun[1]
    seen = {pid: [p for s in steps for p in s["processes"] if p["pid"] == pid] for pid in (burn, hog)}
    for pid, name in ((burn, "burner"), (hog, "hog")):
        # A newcomer is found by the next list of processes, ten seconds later at most; from then on it is held.
        first = next((i for i, s in enumerate(steps) if any(p["pid"] == pid for p in s["processes"])), len(steps))
        verdicts.note("processes", "ps", first <= FOUND_S_MAX and len(seen[pid]) >= 0.9 * (len(steps) - first),
                      f"the {name} is in {len(seen[pid])} of {len(steps)} samples, first after {first}")
        if not seen[pid]:
            return
    passed_s = (ended[0] - begun[0]) / 1000
    theirs = 100 * (ended[1][burn][0] - begun[1][burn][0]) / passed_s
    ours = statistics.fmean(p["cpu_percent"] for p in seen[burn])
    verdicts.note("processes", "ps", abs(ours - theirs) <= 8 + 100 / passed_s,  # ps knows whole seconds
                  f"burner: {ours:.1f} percent, ps says {theirs:.1f}")
    ours, theirs = seen[hog][-1]["memory_bytes"], ended[1][hog][1]
    verdicts.note("processes", "ps", abs(ours - theirs) <= MIB, f"hog: {ours} bytes, ps says {theirs}")


def compare_own_cost(verdicts, values, agent, began):
    """What the agent says of itself, against ps and the scheduler's account (told every ten seconds)."""
    theirs, ours = agent.cpu_ns() / 1e9, values["agent_cpu_seconds"][""][-1][1]
    verdicts.note("agent_cpu_seconds", "schedstat", 0.2 * theirs <= ours <= theirs + 0.001,
                  f"{ours:.4f} s, the scheduler says {theirs:.4f}")
    share = 100 * theirs / (time.time() - began)
    ours = values["agent_cpu_percent"][""][-1][1]
    verdicts.note("agent_cpu_percent", "schedstat", 0.1 * share <= ours <= 10 * share + 0.01,  # of another ten seconds
                  f"{ours:.3f} percent, since its start {share:.3f}")
    theirs, ours = others.read_ps(agent.pid)[agent.pid][1], values["agent_memory_bytes"][""][-1][1]
    verdicts.note("agent_memory_bytes", "ps", abs(ours - theirs) <= 65536, f"{ours}, ps says {theirs}")


def compare_month(verdicts, values):
    """The month grows with the interfaces, from whatever it was."""
    grown = {}
    if not values["network_rx_bytes"]:
        return
    for way in ("rx", "tx"):
        month = dict(values[f"network_month_{way}_bytes"][""])
        counters = [dict(series) for series in values[f"network_{way}_bytes"].values()]
        moments = sorted(set(month).intersection(*counters))
        first, last = moments[0], moments[-1]
        theirs = sum(c[last] - c[first] for c in counters)
        grown[way] = month[last]
        verdicts.note(f"network_month_{way}_bytes", "sum", month[last] - month[first] == theirs,
                      f"grew by {month[last] - month[first]}, the interfaces by {theirs}")
        whole = dict(values["network_month_bytes"][""]).get(last)
    verdicts.note("network_month_bytes", "sum", whole == sum(grown.values()), f"{whole}, both ways {grown}")


def live(world, verdicts):
    aggregator = world.aggregator().start()
    began = time.time()
    agent = world.agent("agent", aggregator.address, "--id", "here", "--token-file", aggregator.token_file(),
                        "--statsd=")
    exporter = others.Exporter(world, "exporter")
    programs = [Looks("node_exporter", exporter.read)]
    programs += [Looks(name, read) for name, read in others.READERS.items()]
    until(lambda: aggregator.instances() and aggregator.instances()[0]["metadata"]["samples"] > 0, 30,
          "the agent's first samples arrive")
    watched = start_load(world)[:2]
    sar = others.Sar(world, LOAD_S - 2)
    end = time.monotonic() + LOAD_S
    time.sleep(2)  # until the hog has what it wants
    begun = time.time() * 1000, others.read_ps(*watched)
    while time.monotonic() < end:
        for program in programs:
            program.look()
        time.sleep(LOOK_PAUSE_S)
    shipped = time.time() * 1000
    ended = shipped, others.read_ps(*watched)
    until(lambda: aggregator.instance("here")["metadata"].get("samples", 0) and newest_ms(aggregator) >= shipped, 30,
          "the samples of the load arrive")

    known = others.metrics()
    values = {name: samples_of(aggregator, "here", name) for name in known}
    verdicts.reported |= {name for name in known if values[name]}
    for name, metric in known.items():
        for tag, series in values[name].items() if name not in (*MEANS, *ONLY_FIXTURES) else ():
            for program in programs:
                compare(verdicts, metric, tag, series, program)
    compare_means(verdicts, values, sar)
    compare_processes(verdicts, aggregator, begun, ended)
    compare_own_cost(verdicts, values, agent, began)
    compare_month(verdicts, values)
    suspended = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    ours = values["suspended_seconds"][""][-1][1]
    verdicts.note("suspended_seconds", "clocks", abs(ours - suspended) <= 0.01, f"{ours}, the clocks {suspended:.3f}")
    for name, derive in SUMS_OF.items():
        last = {m: {tag: series[-1][1] for tag, series in by_tag.items()} for m, by_tag in values.items()}
        for tag, series in values[name].items():
            theirs = derive(last)
            verdicts.note(name, "sum", abs(series[-1][1] - theirs) <= 0.02, f"{series[-1][1]}, sum {theirs:.2f}")
    has_route = others.output("ip", "route", "show", "default") != ""
    for name in MOVES:
        if may_be_absent(known[name]) and (not values[name] or name.startswith("network_") and not has_route):
            continue
        moved = any(series[0][1] != series[-1][1] for series in values[name].values())
        verdicts.note(name, "load", moved, "did not move though the load should have moved it")


def newest_ms(aggregator):
    return aggregator.get("/api/v1/live", instance="here")["instances"][0]["last_sample_ms"]


def told(world, verdicts):
    """What applications tell and what a health check sees: here the test itself is the other source."""
    applications = Applications(world)
    applications.textfile("queue.prom", "# TYPE shop_queue_depth gauge\nshop_queue_depth 17\n")
    exporter = others.Exporter(world, "exporter-textfile", "/", "--collector.textfile",
                               f"--collector.textfile.directory={applications.folder}")
    aggregator = world.aggregator("told-aggregator").start()
    world.agent("told", aggregator.address, "--id", "told", "--token-file", aggregator.token_file(),
                *applications.flags)
    until(aggregator.instances, 30, "the agent joins")

    def newest():
        live = aggregator.get("/api/v1/live", instance="told")["instances"]
        return {(s["metric"], s["tag"]): s.get("v") for i in live for s in i["series"]}
    until(lambda: ("uptime", "") in newest(), 30, "the agent's first samples arrive")
    for _ in range(8):
        applications.work()
        time.sleep(0.25)
    until(lambda: newest().get(("statsd_datagrams", "")) == applications.datagrams, 40,
          f"all {applications.datagrams} datagrams are counted, of which there are "
          f"{newest().get(('statsd_datagrams', ''))}")
    values = newest()
    expected = {(name, tag): (value, 0) for (name, tag), value in applications.told.items()}
    expected |= {("statsd_datagrams", ""): (applications.datagrams, 0), ("statsd_dropped", ""): (0, 0),
                 ("statsd_bad_lines", ""): (applications.bad, 0), ("statsd_refused", ""): (0, 0),
                 ("health_up", ""): (1, 0), ("health_status", ""): (200, 0), ("checkout", ""): (25, 0),
                 ("checkout.count", ""): (16, 0), ("visitors", ""): (2, 0), ("shop_queue_depth", ""): (17, 0),
                 ("response_time_ms", ""): (1000 * HEALTH_S + 50, 50)}  # connecting and a busy machine
    for (name, tag), (value, slack) in expected.items():
        ours = values.get((name, tag))
        verdicts.note(name, "what was told", ours is not None and abs(ours - value) <= slack,
                      f"{tag}: {ours}, told {value}")
    theirs = {name: value for name, lines in exporter.lines().items() for _, value in lines}
    verdicts.note("shop_queue_depth", "node_exporter", theirs.get("shop_queue_depth") == 17, "not in node_exporter")
    verdicts.note("textfile_errors", "node_exporter", values.get(("textfile_errors", "")) ==
                  theirs["node_textfile_scrape_error"], f"{values.get(('textfile_errors', ''))}")

    applications.health.status = 503
    applications.textfile("broken.prom", "shop_broken{ 1\n")
    until(lambda: newest().get(("health_status", "")) == 503 and newest().get(("health_up", "")) == 0, 40,
          "the health check sees the 503")
    until(lambda: newest().get(("textfile_errors", "")) == 1, 40, "the broken file is counted")
    theirs = exporter.lines()["node_textfile_scrape_error"][0][1]
    verdicts.note("textfile_errors", "node_exporter", theirs == 1, f"theirs {theirs} of a broken file")


def fixtures(world, verdicts):
    """Agent and node_exporter over the same files: what both say must be the same number."""
    known = others.metrics()
    for root in sorted((ROOT / "tests/fixture/proc").iterdir()):
        exporter = others.Exporter(world, f"exporter-{root.name}", str(root))
        theirs = exporter.read() | others.read_groups(root)
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
    told(world, verdicts)
    live(world, verdicts)
    check(not verdicts.wrong, "\n  ".join(["others say otherwise:", *verdicts.wrong]))
    known = others.metrics()
    unknown = [name for name in (*EXCUSED, *SLACK, *SLOW, *MEANS, *SUMS_OF, *MOVES) if name not in known]
    check(not unknown, f"not in proto/metrics.def: {', '.join(unknown)}")
    missing = [name for name in known if name not in EXCUSED and not verdicts.confirmed.get(name, set()) - {"load"}]
    absent = [name for name in missing if may_be_absent(known[name]) and name not in verdicts.reported]
    missing = [name for name in missing if name not in absent]
    check(not missing, f"no other program has confirmed {', '.join(missing)}: add a reading to others.py, or the "
                       "reason to EXCUSED")
    by = sorted(set().union(*verdicts.confirmed.values()) - {"load", "sum"})
    if absent:
        print(f"not on this machine: {', '.join(absent)}")
    print(f"{len(known) - len(EXCUSED) - len(absent)} of {len(known)} metrics and the top processes confirmed by {', '.join(by)}")


if __name__ == "__main__":
    main(proof)
