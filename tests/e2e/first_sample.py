# SPDX-License-Identifier: MIT
"""The first sample: serve, one token, one agent; what arrives is what /proc of this machine says.

Also: private files are private, the token shows up nowhere, SIGTERM ends both in time.
"""
import os
import pathlib
import stat
import time

from nephos import check, main, until


def proc_stat(field):
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(field + " "):
            return int(line.split()[1])


def newest(aggregator, identity, metric, tags=None):
    """The last value of each matching series: {tag: value}."""
    query = {"instance": identity, "metric": metric, "from": "-1m", "step": "1s", "fold": "last"}
    if tags:
        query["tags"] = tags
    found = {}
    for series in aggregator.get("/api/v1/query", **query)["series"]:
        values = [v for v in series["v"] if v is not None]
        if values:
            found[series["tag"]] = values[-1]
    return found


def private_files(folder):
    for path in pathlib.Path(folder).rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        allowed = 0o700 if path.is_dir() else 0o600
        check(mode & ~allowed == 0, f"{path} has mode {mode:o}, more than {allowed:o}")
        yield path.name


def agrees_with_proc(aggregator, identity, switches_before):
    value = newest(aggregator, identity, "memory_total_bytes")[""]
    total = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) * 1024
    check(value == total, f"memory_total_bytes is {value}, /proc/meminfo says {total}")

    value = newest(aggregator, identity, "context_switches")[""]
    check(switches_before <= value <= proc_stat("ctxt"),
          f"context_switches {value} is not between {switches_before} and {proc_stat('ctxt')}")

    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    value = newest(aggregator, identity, "uptime")[""]
    check(uptime - 30 <= value <= uptime + 1, f"uptime {value}, /proc/uptime says {uptime}")

    value = newest(aggregator, identity, "cpu_usage")[""]
    check(0 <= value <= 100, f"cpu_usage {value}")
    value = newest(aggregator, identity, "memory_usage_percent")[""]
    check(0 < value < 100, f"memory_usage_percent {value}")

    mounts = newest(aggregator, identity, "disk_used_bytes")
    available = newest(aggregator, identity, "disk_available_bytes")
    check(mounts, "no filesystem is reported")
    for tag, used in mounts.items():
        fs = os.statvfs(tag.removeprefix("mount="))
        real_used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize
        real_available = fs.f_bavail * fs.f_frsize
        slack = 256 << 20  # others write meanwhile
        check(abs(used - real_used) < slack, f"{tag}: used {used}, statvfs says {real_used}")
        check(abs(available[tag] - real_available) < slack,
              f"{tag}: available {available[tag]}, statvfs says {real_available}")

    modes = newest(aggregator, identity, "cpu_seconds")
    check(any("idle" in tag for tag in modes), f"cpu_seconds has no idle mode: {sorted(modes)}")


def metrics_for_clients(aggregator, identity):
    answer = aggregator.get("/metrics")
    check(answer["count"] == len(answer["metrics"]) > 0, "GET /metrics is empty")
    names = set()
    for point in answer["metrics"]:
        check(point["instanceId"] == identity, f"a point of {point['instanceId']}")
        check(abs(point["timestamp"] / 1000 - time.time()) < 120, f"a strange time: {point}")
        check(isinstance(point["metricValue"], (int, float)), f"not a number: {point}")
        names.add(point["metricName"])
    missing = {"cpu_usage", "memory_usage_percent", "load_average_1min"} - names
    check(not missing, f"GET /metrics lacks {missing}")


def proof(world):
    switches_before = proc_stat("ctxt")
    aggregator = world.aggregator().start()
    token_file = aggregator.token_file()
    token = pathlib.Path(token_file).read_text().strip()
    agent = world.agent("agent", aggregator.address, "--token-file", token_file)

    instance = until(lambda: next(iter(aggregator.instances()), None), 15, "the instance appears")
    identity = instance["id"]
    until(lambda: aggregator.instance(identity)["metadata"]["samples"] > 0, 20, "samples arrive")
    check(aggregator.instance(identity)["status"] == "healthy", "the instance is not healthy")
    agrees_with_proc(aggregator, identity, switches_before)
    metrics_for_clients(aggregator, identity)

    for process in (agent, aggregator.process):
        line = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        check(token not in line, f"the token stands in the command line of {process.name}")
        check(token not in process.said(), f"the token stands in the log of {process.name}")
    check(any(private_files(world.path("agent-state"))), "the agent kept no certificate")
    check(any(private_files(aggregator.data)), "the aggregator kept nothing")

    # A token given as a flag is blotted out of the command line.
    second = world.agent("second", aggregator.address, "--token", token := aggregator.token(),
                         "--id", "second")
    until(lambda: len(aggregator.instances()) == 2, 15, "the second instance appears")
    line = pathlib.Path(f"/proc/{second.pid}/cmdline").read_bytes().decode()
    check(token not in line, "the token stands in the command line of the agent")

    for process in (agent, second, aggregator.process):
        process.end(seconds=5)


if __name__ == "__main__":
    main(proof)
