# SPDX-License-Identifier: MIT
"""The agent beside a bare loop that reads the same files, and beside what people run today for the same work:
all in the same seconds on the same machine, so that the ratios hold whatever else the machine does.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess
import time

import peers
from applications import Applications
from figures import Meter, committed, sleep_until
from nephos import ARCH, BUILD, ROOT, binary, check, until

AGENT_S = int(os.environ.get("BENCH_AGENT_S", "60"))
LONG = os.environ.get("BENCH_LONG") == "1"
WINDOWS = 3
OUTAGE_S = 12
# Read every ten seconds only; agent/collect/collect.c says so and why.
SLOW = {"/proc/vmstat", "/proc/net/netstat", "/proc/self/net/netstat", "/proc/net/sockstat", "/proc/self/net/sockstat",
        "/proc/net/sockstat6", "/proc/self/net/sockstat6", "/proc/self/mountinfo"}


def watched_files(pid):
    """The texts that the agent keeps open, for the bare loop: those it reads rarely too, as rarely as it does."""
    paths = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        path = re.sub(r"^/proc/\d+/", "/proc/self/", os.readlink(fd))
        if path.startswith(("/proc/", "/sys/")) and os.path.isfile(path):
            paths.add(path)
    return sorted(("10:" if p in SLOW else "") + p for p in paths)


def build_floor(world):
    floor = world.path("floor")
    subprocess.run([os.environ.get("CC_ARCH", "cc"), "-O2", "-static", str(ROOT / "tests/bench/floor.c"),
                    "-o", floor], check=True)
    return floor


class Watched:
    """One agent that runs through a meter, with its bare loop."""

    def __init__(self, world, aggregator, name, flags):
        self.name, self.meter = name, Meter(aggregator.port)
        started = time.monotonic()
        self.process = world.agent(name, f"127.0.0.1:{self.meter.port}", "--id", name, "--token-file",
                                   aggregator.token_file(), *flags)
        until(lambda: samples(aggregator, name) > 0, 30, f"the first samples of {name}")
        self.first_ms = 1000 * (time.monotonic() - started)
        self.files = watched_files(self.process.pid)
        self.floor = world.start(f"{name}-floor", [build_floor(world), "1000", *self.files])
        self.wire = 0

    def open_window(self):
        self.wire = -self.meter.on_the_wire()

    def close_window(self):
        self.wire += self.meter.on_the_wire()


def samples(aggregator, identity):
    for instance in aggregator.instances():
        if instance["id"] == identity:
            return instance["metadata"]["samples"]
    return 0


def values_a_sample(aggregator, identity):
    live = aggregator.get("/api/v1/live", instance=identity)["instances"]
    return sum(len(i["series"]) for i in live if i["id"] == identity)


def measure(meters, seconds):
    """Medians over the windows, in us of CPU a second: {name: us}; and the windows themselves."""
    window = max(10, seconds // WINDOWS // 10 * 10)  # whole shipping cycles of 10 s
    shares = {name: [] for name in meters}
    begun = time.monotonic()
    for i in range(WINDOWS):
        before = {name: cpu_ns() for name, cpu_ns in meters.items()}
        sleep_until(begun + (i + 1) * window)
        for name, cpu_ns in meters.items():
            shares[name].append((cpu_ns() - before[name]) / window / 1000)
    return {name: statistics.median(of) for name, of in shares.items()}, shares, window * WINDOWS


def start_peers(world, report):
    found = []
    for name, start in (("node_exporter", peers.start_exporter), ("collectd", peers.start_collectd),
                        ("netdata", peers.start_netdata)):
        peer = start(world)
        if peer is None:
            report.note(f"{name} is not here: make bench-packages")
        else:
            found.append(peer)
    return found


def peer_table(report, agents, cost, found, sizes):
    """One line of each program; ratios to the agent without inputs of applications, which the peers have not."""
    ours = agents[0]
    lines = [f"{'program':<16}{'CPU us/s':>10}{'x ours':>8}{'x floor':>9}{'RSS KiB':>10}{'PSS KiB':>10}"
             f"{'files KiB':>11}{'sent B/s':>10}"]
    for name, cpu, tree, sent in [
            *((a.name, cost[a.name], peers.Tree(a.process.pid), sizes[a.name]) for a in agents),
            *((p.name, cost[p.name], p.tree, sizes[p.name]) for p in found)]:
        rss, pss = tree.memory_kib()
        lines.append(f"{name:<16}{cpu:>10.0f}{cpu / cost[ours.name]:>8.2f}{cpu / cost[ours.name + '-floor']:>9.2f}"
                     f"{rss:>10}{pss:>10}{tree.file_bytes() // 1024:>11}{sent:>10.0f}")
    report.table("Beside the peers, the same seconds, each at one second:", lines)


def outage(aggregator, agent, seconds):
    """RSS after an outage, once what was taken in it has arrived."""
    aggregator.process.kill()
    sleep_until(time.monotonic() + seconds)
    aggregator.start()
    until(lambda: samples(aggregator, agent.name) > seconds, 60, f"{agent.name} has caught up")
    return agent.process.status_kib("VmRSS")


def bench_agent(world, report):
    aggregator = world.aggregator().start()
    applications = Applications(world, health_interval="10s")  # as it is by default
    applications.textfile("queue.prom", "".join(f"shop_queue_{n} {n}\n" for n in range(20)))
    agents = [Watched(world, aggregator, "agent", ("--statsd=", "--textfile-dir=")),
              Watched(world, aggregator, "agent-inputs", applications.flags)]
    applications.work_each_second()
    found = start_peers(world, report)
    sleep_until(time.monotonic() + 12)  # what every program does once at its start
    meters = {a.name: a.process.cpu_ns for a in agents}
    meters |= {f"{a.name}-floor": a.floor.cpu_ns for a in agents}
    meters |= {p.name: p.tree.cpu_ns for p in found}
    sent = {p.name: -p.sent_bytes for p in found}
    early = {a.name: a.process.status_kib("VmRSS") for a in agents}
    counts = {a.name: -samples(aggregator, a.name) for a in agents}
    for a in agents:
        a.open_window()
    cost, windows, seconds = measure(meters, AGENT_S)
    for a in agents:
        a.close_window()
        counts[a.name] += samples(aggregator, a.name)
        check(counts[a.name] > 0, f"no samples of {a.name} were committed while it was measured")
    sent = {name: (count + next(p for p in found if p.name == name).sent_bytes) / seconds
            for name, count in sent.items()}
    sizes = sent | {a.name: a.wire / seconds for a in agents}
    peer_table(report, agents, cost, found, sizes)
    for p in found:
        p.process.kill()
    for a in agents:
        say_agent(aggregator, report, a, cost, windows, counts[a.name], early[a.name], seconds)
    say_once(world, report)
    for a in agents:
        a.floor.kill()
        a.process.end()
    aggregator.process.end()


def say_agent(aggregator, report, agent, cost, windows, count, early, seconds):
    us, least = cost[agent.name], cost[f"{agent.name}-floor"]
    series = values_a_sample(aggregator, agent.name)
    report.row(f"{agent.name}: CPU per 1 s cycle (sample, encode, send)", f"{us:.0f} us",
               f"{us / least:.2f} x the bare loop ({least:.0f} us); {series} series", "<= 6 x", "<= 3 x")
    report.row(f"{agent.name}: bytes on the wire per value, everything", f"{agent.wire / (count * series):.2f}",
               f"{count} samples of {series} values; symon 7.8, netdata 13", "<= 2.0", "<= 1.5")
    report.row(f"{agent.name}: start to first sample stored (one enrolment)", f"{agent.first_ms:.0f} ms", "", "", "")
    rss = agent.process.status_kib("VmRSS")
    what = f"{early} KiB {seconds} s earlier"
    if LONG:
        sleep_until(time.monotonic() + 600 - seconds)
        rss = agent.process.status_kib("VmRSS")
        what = f"{early} KiB ten minutes earlier"
    after = outage(aggregator, agent, OUTAGE_S)
    report.row(f"{agent.name}: RSS", f"{rss} KiB", f"{what}, {after} KiB after an outage; nano-exporter 1816",
               "<= 768 KiB", "<= 512 KiB")
    report.note(f"{agent.name}: {WINDOWS} windows, {seconds} s together, median; floor beside it in the same windows, "
                f"reading {', '.join(agent.files)}. Windows, us a cycle: agent "
                f"{', '.join(f'{c:.0f}' for c in windows[agent.name])}; floor "
                f"{', '.join(f'{c:.0f}' for c in windows[agent.name + '-floor'])}. Wire: TCP payload both ways (TLS "
                "records included) plus 52 bytes for each segment of either direction, after the handshake.")


def say_once(world, report):
    """From exec to one sample printed: `--once` waits a quarter of a second to have a share to tell."""
    size = os.path.getsize(binary("nephos-agent"))
    report.row("agent binary, static, stripped", f"{size / 1024:.0f} KiB", "node_exporter 13,384", "<= 400 KB",
               "<= 256 KB")
    took = []
    for _ in range(15):
        began = time.monotonic()
        code, out, err = world.run([binary("nephos-agent"), "--once=json"])
        took.append(1000 * (time.monotonic() - began))
        check(code == 0 and json.loads(out)["metrics"], f"--once=json: {code} {err}")
    sources = "".join(path.read_text() for path in sorted((ROOT / "agent").glob("*.[ch]")))
    waits = int(re.search(r"#define ONCE_MS (\d+)", sources)[1])
    report.row("exec to first sample (--once less its wait, median)", f"{statistics.median(took) - waits:.1f} ms",
               f"of {len(took)}, exec, print and exit included; sadc 7 ms", "<= 20 ms", "<= 5 ms")


def bench_collect(world, report):
    """The cycle taken apart, source by source."""
    code, out, err = world.run([str(BUILD / ARCH / "bench/collect")], seconds=120)
    check(code == 0, f"bench/collect: {code} {err}")
    report.table("Where the cycle goes (CPU; cold: with caches spoiled before each sample; warm: read and parse):",
                 out.splitlines())
