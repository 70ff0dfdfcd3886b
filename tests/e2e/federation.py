#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An aggregator forwards what its agents measure to another one, and both are killed with SIGKILL again and
again. Afterwards the other one has each window of each series once, with the value that follows from the
samples of the first, as far as digits go; instances stand there under their own names; and a replay adds nothing.

The windows are computed here, from the samples that `export` writes.
"""
import fractions
import json
import pathlib
import random
import subprocess
import time

import nephos
from nephos import binary, check, until

AGENTS, SPAN_MS, KILLS = 4, 5000, 10
CONFIG = """
[forward.far]
type = apigateway
mode = nephos
url = http://127.0.0.1:{port}
resolution = 5s
timeout = 3s
"""


def samples(world, aggregator):
    """{(instance, metric, tag): (kind, scale, {ms: value})}"""
    made = subprocess.run([binary("nephos-aggregator"), "export", "--data", aggregator.data, "--format", "jsonl"],
                          capture_output=True, text=True, timeout=120, env=world.environment)
    check(made.returncode == 0, f"export: {made.stderr}")
    series = {}
    for line in made.stdout.splitlines():
        row = json.loads(line, parse_float=fractions.Fraction, parse_int=fractions.Fraction)
        key = row["instance"], row["metric"], ",".join(sorted(row["tag"].split(",")))
        _, _, at = series.setdefault(key, (row["kind"], row["scale"], {}))
        for ms, v in zip(row["t"], row["v"]):
            check(ms not in at, f"{key} has two samples at {ms}")
            at[int(ms)] = v
    return series


def windows(series):
    """{(instance, metric, tag, begin): value}"""
    made = {}
    for key, (kind, _, at) in series.items():
        parts = {}
        for ms, v in at.items():
            parts.setdefault(ms - ms % SPAN_MS, []).append((ms, v))
        for begin, part in parts.items():
            made[(*key, begin)] = max(part)[1] if kind == "counter" else sum(v for _, v in part) / len(part)
    return made


def compare(world, near, far):
    """How many points are there; Failed unless they are those that must be. None while some are to come."""
    want, got, finest = windows(samples(world, near)), {}, {}
    for key, (_, scale, at) in samples(world, far).items():
        for ms, v in at.items():
            got[(*key, ms)] = v
            finest[(*key, ms)] = 1 / (2 * scale) # a metric has so many digits there
    strange = [k for k in got if k not in want]
    check(not strange, f"{len(strange)} points are there that nobody measured, as {strange[:3]}")
    newest = {}
    for instance, _, _, begin in want:
        newest[instance] = max(newest.get(instance, 0), begin)
    missing = [k for k in want if k not in got and k[3] < newest[k[0]] and k[3] >= compare.start_ms]
    if missing:
        return None
    wrong = [(k, float(got[k]), float(want[k])) for k in got if abs(got[k] - want[k]) > finest[k]]
    check(not wrong, f"{len(wrong)} of {len(got)} values differ, as {wrong[:3]}")
    return len(got)


def torment(near, far, seed):
    chance = random.Random(seed)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.5, 4))
        victim = chance.choice((near, far))
        victim.process.kill()
        time.sleep(chance.choice((0, 0, 1.5)))
        victim.start()


def proof(world):
    far = world.aggregator("far", ["--agents-max", "16"]).start()
    config = world.path("near.conf")
    pathlib.Path(config).write_text(CONFIG.format(port=far.api_port))
    near = world.aggregator("near", ["--config", config, "--agents-max", "16"]).start()
    compare.start_ms = int(time.time() * 1000) + SPAN_MS
    token = near.token_file("--uses", str(AGENTS))
    agents = [world.agent(f"agent-{i}", near.address, "--token-file", token, "--id", f"host-{i}", "--name",
                          f"web-{i}", "--statsd", "none")
              for i in range(AGENTS)]
    until(lambda: len(near.instances()) == AGENTS, 30, "all agents have joined")
    torment(near, far, 7)
    for agent in agents:
        agent.end()
    count = until(lambda: compare(world, near, far), 90, "all windows have arrived", pause_s=2)
    check(count > AGENTS * 200, f"only {count} points")
    names = {i["id"]: i["name"] for i in near.instances()}
    until(lambda: {i["id"]: i["name"] for i in far.instances()} == names, 30, "all instances are there, by name")

    status = near.get("/api/v1/destinations")["destinations"][0]
    check(status["kind"] == "forward" and status["points"] >= count, f"{status}")
    code, said, wrong = world.run([binary("nephos-aggregator"), "forward", "replay", "far", "--from", "-1h",
                                   "--data", near.data])
    check(code == 0, f"replay: {said} {wrong}")
    sent = status["points"]
    until(lambda: near.get("/api/v1/destinations")["destinations"][0]["points"] >= sent + count, 60,
          "all has been sent once more")
    again = compare(world, near, far)
    check(again is not None and again >= count, f"{again} points after a replay, {count} before")
    print(f"{count} points of {AGENTS} agents, each once, over {KILLS} kills of either side; {status['resent']} "
          f"resent, and {again} after all was sent once more")


if __name__ == "__main__":
    nephos.main(proof)
