# SPDX-License-Identifier: MIT
"""What analysis costs: in itself, and in an aggregator that is fed, with and without it."""
import os
import time

from figures import committed, sleep_until
from nephos import BUILD, binary, check, until

AGENTS = int(os.environ.get("BENCH_AGENTS", "1000"))
INGEST_S = int(os.environ.get("BENCH_INGEST_S", "30"))
SERIES = 40


def fed(world, name, flags):
    """(us of CPU a value, RSS in MiB, series that are watched) of an aggregator that is fed."""
    aggregator = world.aggregator(name, ["--agents-max", str(AGENTS), *flags]).start()
    token = aggregator.token("--uses", str(AGENTS))
    load = world.start(f"load of {name}", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", token, "--agents", str(AGENTS),
        "--series", str(SERIES), "--seconds", str(INGEST_S + 400)])
    gauges = lambda: aggregator.get("/api/v1/self")["gauges"]  # noqa: E731
    until(lambda: gauges()["agents_connected"] >= AGENTS, 300, f"{AGENTS} agents are connected")
    sleep_until(time.monotonic() + 12)
    cpu, values, began = aggregator.process.cpu_ns(), committed(aggregator), time.monotonic()
    sleep_until(began + INGEST_S)
    cpu, values = aggregator.process.cpu_ns() - cpu, committed(aggregator) - values
    check(values > 0, "nothing was committed")
    rss, judged = aggregator.process.status_kib("VmRSS") / 1024, gauges()["anomaly_points"]
    load.kill()
    aggregator.process.kill()
    return cpu / values / 1000, rss, judged


def bench_analysis(world, report, lines_of):
    lines = lines_of(world, [str(BUILD / "bench/analysis")])
    bare, _, _ = fed(world, "bare", ["--analysis-series-max", "0", "--alert-profile", "none"])
    without, rss_without, none = fed(world, "without", ["--analysis-series-max", "0"])
    cost, rss, judged = fed(world, "with", [])
    check(none == 0 and judged > 0, "analysis runs where it should, and only there")
    report.row(f"ingest CPU a value, {AGENTS} TLS agents, analysis on", f"{cost:.3f} us",
               f"{without:.3f} us without, {bare:.3f} us without rules, too", "<= 0.15 us", "<= 0.06 us")
    report.row(f"aggregator RSS, {AGENTS} agents x {SERIES} series, analysis on", f"{rss:.1f} MiB",
               f"{rss_without:.1f} MiB without", "<= 120 MB", "<= 80 MB")
    report.note("Analysis alone: " + "; ".join(lines) + ".")
