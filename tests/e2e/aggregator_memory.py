# SPDX-License-Identifier: MIT
"""The aggregator's memory is fixed at its start: the same map with no agent, one, and all that it is
configured for; resident size within the map, and flat under load.
"""
import subprocess

from nephos import binary, check, main, memory_map, until

AGENTS = 200


def text_kib(path):
    """Code and constants of the program: resident as well, but not in the map."""
    out = subprocess.run(["size", path], capture_output=True, text=True, check=True).stdout
    return (sum(int(n) for n in out.splitlines()[1].split()[:3]) + 1023) // 1024


def proof(world):
    flags = ["--agents-max", str(AGENTS)]
    program = binary("nephos-aggregator")
    _, total_kib = memory_map(world, "nephos-aggregator", *flags)

    aggregator = world.aggregator(flags=flags).start()
    def map_bytes():
        return aggregator.get("/api/v1/self/memory")["total_bytes"]
    empty = map_bytes()
    check(abs(empty // 1024 - total_kib) <= 1, f"the map says {total_kib} KiB, the program {empty // 1024}")

    agent = world.agent("one", aggregator.address, "--id", "one", "--token-file", aggregator.token_file())
    until(lambda: aggregator.instances() and aggregator.instance("one")["metadata"]["samples"] > 0, 30,
          "the first sample")
    check(map_bytes() == empty, "one agent changed the map")
    agent.end()

    load = world.start("loadgen", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token",
        aggregator.token("--uses", str(AGENTS)), "--agents", str(AGENTS - 1), "--series", "40",
        "--seconds", "45"])
    until(lambda: sum(i["metadata"]["connected"] for i in aggregator.instances()) >= AGENTS - 1, 40,
          "all agents are connected")
    def committed():
        return aggregator.get("/api/v1/self")["store"]["samples_committed"]
    goal = committed() + AGENTS * 40 * 12
    until(lambda: committed() > goal, 40, "samples of twelve seconds arrive")
    early = aggregator.process.status_kib("VmRSS")
    check(load.exit_code(seconds=90) == 0, "loadgen failed")
    late = aggregator.process.status_kib("VmRSS")
    check(map_bytes() == empty, f"{AGENTS} agents changed the map")

    limit = total_kib + text_kib(program)
    print(f"aggregator RSS {early} KiB, then {late} KiB; map {total_kib} KiB, with the program {limit} KiB")
    check(late <= limit, f"RSS is {late} KiB, more than the map and the program ({limit} KiB)")
    # Pages of the map are touched as its slots are first used; nothing else may grow.
    check(late - early <= total_kib // 10, f"RSS grew from {early} to {late} KiB under constant load")
    grown = aggregator.process.status_kib("VmData")
    check(grown <= limit + 1024, f"data segment is {grown} KiB: memory beside the map")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)
