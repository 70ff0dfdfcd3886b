# SPDX-License-Identifier: MIT
"""Agents of other architectures, run by qemu-user, against the aggregator of this one."""
from nephos import check, main, until


def proof(world):
    aggregator = world.aggregator().start()
    emulators = {"aarch64": "qemu-aarch64-static", "armv7": "qemu-arm-static"}
    agents = []
    for arch, emulator in emulators.items():
        agents.append(world.agent(arch, aggregator.address, "--id", arch, "--token-file",
                                  aggregator.token_file(), arch=arch, wrapper=[emulator]))
    for arch in emulators:
        def samples():
            return any(i["id"] == arch and i["metadata"]["samples"] > 0 for i in aggregator.instances())
        until(samples, 60, f"samples of {arch} arrive")
        said = aggregator.instance(arch)["metadata"]["architecture"]
        check(said.startswith(arch[:3]), f"the agent for {arch} says it runs on {said}")
        answer = aggregator.get("/api/v1/query", instance=arch, metric="memory_total_bytes",
                                fold="last", step="1s", **{"from": "-1m"})
        values = {v for v in answer["series"][0]["v"] if v is not None}
        check(len(values) == 1 and values.pop() > 1 << 20, f"memory_total_bytes of {arch}: {values}")
    for agent in agents:
        agent.end(seconds=5)
    aggregator.process.end(seconds=5)


if __name__ == "__main__":
    main(proof)
