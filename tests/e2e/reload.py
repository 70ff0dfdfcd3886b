# SPDX-License-Identifier: MIT
"""SIGHUP: settings are read again and every sample stays.

A mistake leaves the old settings in force; what cannot change while the agent runs is named; another server
and another interval are taken, and what was sampled before and meanwhile arrives there.
"""
import os
import pathlib
import signal
import time

from nephos import binary, check, free_port, main, until


def write(path, text):
    pathlib.Path(path).write_text(text)


def values(aggregator, identity, window="-1m"):
    answer = aggregator.get("/api/v1/query", instance=identity, metric="cpu_usage", step="1s", fold="last",
                            **{"from": window})
    return [v for series in answer["series"] for v in series["v"] if v is not None]


def is_fed(aggregator, identity, count):
    """True once so many samples are there; the instance may not be known yet."""
    if aggregator.try_get(f"/instances/{identity}") is None:
        return False
    return len(values(aggregator, identity)) >= count


def proof(world):
    aggregator = world.aggregator().start()
    config, pieces = world.path("agent.conf"), world.path("agent.conf.d")
    os.mkdir(pieces)
    write(config, f"[server]\naddress = {aggregator.address}\n[host]\nid = web-1\nname = web\n")
    agent = world.start("agent", [binary("nephos-agent"), "--config", config, "--state", world.path("state"),
                                  "--token-file", aggregator.token_file()])
    agent.says("connected to")
    until(lambda: is_fed(aggregator, "web-1", 1), 15, "the first samples arrive")

    # A mistake: said with its place, and nothing changes.
    write(f"{pieces}/10-mistake.conf", "[sample]\n\nintervall = 2s\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.says("the old ones stay in force")
    check("10-mistake.conf:3: unknown key sample.intervall (did you mean sample.interval?)" in agent.said(),
          "the mistake is named with its place")
    os.unlink(f"{pieces}/10-mistake.conf")

    # What can change, and what cannot.
    write(f"{pieces}/20-new.conf", "[host]\nname = other\n[log]\nlevel = debug\nformat = json\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.says('"msg":"the settings were read again; changed: log.level, log.format"')
    agent.says("these take effect after a restart only: host.name")
    os.kill(agent.pid, signal.SIGHUP)
    agent.says("changed: nothing")

    # The aggregator moves. Nothing is lost: what was sampled meanwhile arrives at the new address.
    before = len(values(aggregator, "web-1"))
    aggregator.process.end()
    aggregator.port = free_port()
    aggregator.address = f"127.0.0.1:{aggregator.port}"
    aggregator.start()
    time.sleep(2)  # the agent must have had the time to sample without an aggregator
    write(f"{pieces}/30-moved.conf", f"[server]\naddress = {aggregator.address}\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.says("changed: server.address")
    agent.says(f"to {aggregator.address}")
    until(lambda: len(values(aggregator, "web-1")) >= before + 2, 15, "samples arrive at the new address")

    # Another interval: half as many samples from now on, and the aggregator knows.
    write(f"{pieces}/40-slower.conf", "[sample]\ninterval = 2s\n")
    os.kill(agent.pid, signal.SIGHUP)
    agent.says("changed: sample.interval")
    had = len(values(aggregator, "web-1", "-5m"))
    time.sleep(8)
    agent.end()
    new = len(values(aggregator, "web-1", "-5m")) - had
    check(2 <= new <= 14, f"{new} new samples in eight seconds at two seconds, what was waiting included")
    answer = aggregator.get("/api/v1/query", instance="web-1", metric="uptime", step="1s", fold="last",
                            **{"from": "-7s"})
    late = [v for series in answer["series"] for v in series["v"] if v is not None]
    check(2 <= len(late) <= 4, f"{len(late)} samples in seven seconds at two seconds")
    check(agent.is_running() is False and "lost" not in agent.said(), "no sample is lost")


if __name__ == "__main__":
    main(proof)
