# SPDX-License-Identifier: MIT
"""Agents of other architectures, run by qemu-user, against the aggregator of this one, for CROSS_S seconds:
every sample arrives, none twice, no second without one, memory stays where it was, nobody starts again.
"""
import os
import shutil
import time

from nephos import BUILD, check, main, until

SECONDS = int(os.environ.get("CROSS_S", "25"))
EMULATORS = {"aarch64": "qemu-aarch64-static", "armv7": "qemu-arm-static", "riscv64": "qemu-riscv64-static"}
ALWAYS = ("aarch64", "armv7")
# What the emulator itself may take for translated code that runs rarely; the agent has no way to grow.
RSS_GROWTH_KIB_MAX = 1024
# What a busy machine may delay a moment. A sample that is left out makes two seconds.
GAP_MS_MAX = 1900
PAGE = 1000  # points in one answer of /metrics


def is_here(arch):
    return (BUILD / arch / "nephos-agent").exists() and shutil.which(EMULATORS[arch]) is not None


def times_of(aggregator, arch):
    """When samples were taken, ms, oldest first; at most the newest 1000."""
    points = aggregator.get("/metrics", instanceId=arch, metricName="memory_total_bytes", limit=PAGE)["metrics"]
    return sorted(p["timestamp"] for p in points)


def facts_are_right(aggregator, arch):
    said = aggregator.instance(arch)["metadata"]["architecture"]
    check(said.startswith(arch[:3]), f"the agent for {arch} says it runs on {said}")
    answer = aggregator.get("/api/v1/query", instance=arch, metric="memory_total_bytes",
                            fold="last", step="1s", **{"from": "-1m"})
    values = {v for v in answer["series"][0]["v"] if v is not None}
    check(len(values) == 1 and values.pop() > 1 << 20, f"memory_total_bytes of {arch}: {values}")


def sampled_without_gap(aggregator, arch, began_ms):
    """How many samples there are, after having looked at every step from one to the next."""
    times = [t for t in times_of(aggregator, arch) if t >= began_ms]
    steps = [b - a for a, b in zip(times, times[1:])]
    longest = max(steps, default=0)
    check(longest <= GAP_MS_MAX, f"{arch}: {sum(s > GAP_MS_MAX for s in steps)} gaps, the longest {longest} ms")
    expected = min(SECONDS, PAGE) - 12  # what has not been shipped yet
    check(len(times) >= expected, f"{arch}: {len(times)} samples in {SECONDS} s")
    check(len(set(times)) == len(times), f"{arch}: samples are there twice")
    counts = aggregator.instance(arch)["metadata"]
    for what in ("lostSamples", "missingSamples", "repeatedSamples"):
        check(counts[what] == 0, f"{arch}: {what} is {counts[what]}")
    return len(times)


def proof(world):
    aggregator = world.aggregator().start()
    arches = [arch for arch in EMULATORS if arch in ALWAYS or is_here(arch)]
    agents = {}
    for arch in arches:
        agents[arch] = world.agent(arch, aggregator.address, "--id", arch, "--token-file",
                                   aggregator.token_file(), arch=arch, wrapper=[EMULATORS[arch]])
    for arch in arches:
        def samples():
            return any(i["id"] == arch and i["metadata"]["samples"] > 0 for i in aggregator.instances())
        until(samples, 60, f"samples of {arch} arrive")
        facts_are_right(aggregator, arch)
    began = time.time()
    # The first shipping cycles run code that was not translated before.
    until(lambda: time.time() >= began + min(60, SECONDS / 2), 61, "time passes")
    early = {arch: agent.status_kib("VmRSS") for arch, agent in agents.items()}
    until(lambda: time.time() >= began + SECONDS, SECONDS + 1, "time passes", pause_s=0.5)
    for arch, agent in agents.items():
        check(agent.is_running(), f"the agent for {arch} has ended")
        joined = agent.said().count("connected to")
        check(joined == 1, f"the agent for {arch} has connected {joined} times")
        late = agent.status_kib("VmRSS")
        count = sampled_without_gap(aggregator, arch, began * 1000)
        print(f"{arch}: {count} samples in {SECONDS} s without a gap; RSS with its emulator {early[arch]} KiB, "
              f"then {late} KiB")
        check(late - early[arch] <= RSS_GROWTH_KIB_MAX, f"{arch}: RSS went from {early[arch]} to {late} KiB")
    for agent in agents.values():
        agent.end(seconds=10)
    aggregator.process.end(seconds=5)


if __name__ == "__main__":
    main(proof)
