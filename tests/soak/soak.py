# SPDX-License-Identifier: MIT
"""A long run: many simulated agents at 1 s, the aggregator killed again and again, its memory watched.

    make soak                                  30 minutes, 2,000 agents, ten kills
    make soak SOAK_S=120 SOAK_AGENTS=300       a short one

The load generator knows what it was acknowledged and sends again what it was not. At the end every acknowledged
value of every agent is held against `export` of the database, hash by hash, and the database against `verify`: what
is missing, doubled or changed fails the run. RSS is sampled between the kills; behind its warm-up it may not grow.
"""
import collections
import itertools
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from kill_nine import fnv1a  # noqa: E402
from nephos import binary, check, main, until  # noqa: E402

SECONDS = int(os.environ.get("SOAK_S", "1800"))
AGENTS = int(os.environ.get("SOAK_AGENTS", "2000"))
KILLS = int(os.environ.get("SOAK_KILLS", "10"))
SERIES = int(os.environ.get("SOAK_SERIES", "40"))
# Caches of pages that are read for the first time; growth of what is used, not of what is reserved.
GROWTH_KIB = 4096
# Hashing is slow here: with more values than this, of every n-th agent only. Presence is checked of all.
HASHED_MAX = 8_000_000


def watch(aggregator, feeding, begin):
    """Kills at even distances, RSS every second. [(seconds, KiB, lives)]"""
    distance, kills, samples = SECONDS / (KILLS + 1), 0, []
    until_kill = begin + distance
    while feeding.is_running():
        time.sleep(1)
        now = time.monotonic()
        if kills < KILLS and now > until_kill:
            aggregator.process.kill()
            aggregator.start(seconds=60)
            kills += 1
            until_kill += distance
        elif aggregator.process.is_running():
            samples.append((now - begin, aggregator.process.status_kib("VmRSS"), kills))
        check(now < begin + 2 * SECONDS + 300, "the load does not end")
    return kills, samples


def flat(samples):
    """Within each life, the last third is no larger than the middle one; and the lives are alike."""
    worst, judged = 0, 0
    lives = collections.defaultdict(list)
    for _, kib, life in samples:
        lives[life].append(kib)
    for life, values in sorted(lives.items()):
        third = len(values) // 3
        if third < 5:
            continue
        growth = max(values[2 * third:]) - max(values[third:2 * third])
        worst = max(worst, growth)
        judged += 1
        print(f"  life {life}: {values[0] >> 10} MiB at first, {max(values) >> 10} MiB at most, last third "
              f"{growth:+d} KiB", flush=True)
    if judged == 0:
        print("  no life is long enough to tell whether memory grows; give SOAK_S more", flush=True)
    return worst


def compare_agent(agent, samples, hashed):
    """What was acknowledged of one agent against what came out: each value there, and the hashes equal."""
    times = [agent["first_ms"] + i * agent["interval_ms"] for i in range(agent["acknowledged"])]
    for series in agent["series"]:
        values = samples[series["metric"], series["tag"]]
        missing = sum(t not in values for t in times)
        check(missing == 0, f"{agent['instance']} {series['metric']}: {missing} acknowledged samples are missing")
        check(not hashed or fnv1a(values[t] for t in times) == series["fnv"],
              f"{agent['instance']} {series['metric']}: other values than were sent")
    return len(times) * len(agent["series"])


def compare(world, aggregator, ledger):
    """Every agent's every series against one export. (values, agents whose values were hashed)"""
    agents = {a["instance"]: a for a in map(json.loads, ledger)}
    every = max(1, sum(a["acknowledged"] * len(a["series"]) for a in agents.values()) // HASHED_MAX)
    export = subprocess.Popen([binary("nephos-aggregator"), "export", "--data", aggregator.data, "--format", "jsonl",
                               *aggregator.flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              cwd=world.folder, env=world.environment)
    total, done, hashed = 0, 0, 0
    pieces = (json.loads(line) for line in export.stdout)
    for instance, group in itertools.groupby(pieces, key=lambda piece: piece["instance"]):
        samples = collections.defaultdict(dict)
        for piece in group:
            values, count = samples[piece["metric"], piece["tag"]], len(piece["t"])
            before = len(values)
            values.update(zip(piece["t"], (round(v * piece["scale"]) for v in piece["v"])))
            check(len(values) == before + count, f"{instance} {piece['metric']}: a sample is there twice")
        total += compare_agent(agents.pop(instance), samples, done % every == 0)
        hashed += done % every == 0
        done += 1
    check(export.wait() == 0, "the export fails")
    check(not agents, f"{len(agents)} agents are missing altogether")
    return total, hashed


def proof(world):
    aggregator = world.aggregator("soak", ["--agents-max", str(AGENTS)]).start()
    ledger = world.path("ledger")
    feeding = world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token",
        aggregator.token("--uses", str(AGENTS)), "--agents", str(AGENTS), "--series", str(SERIES), "--state",
        world.path("load-state"), "--ledger", ledger, "--seconds", str(SECONDS), "--ship", "1s"])
    until(lambda: "samples_committed" in json.dumps(aggregator.get("/api/v1/self")) and
          aggregator.get("/api/v1/self")["store"]["samples_committed"] > 0, 300, "samples come")
    kills, samples = watch(aggregator, feeding, time.monotonic())
    said = feeding.said()
    check(feeding.popen.returncode == 0, f"not everything was acknowledged: {said[-800:]}")
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    for name in ("acknowledged_never_sent", "acknowledged_then_lost"):
        check(summary[name] == 0, f"{name}: {summary[name]}")
    aggregator.process.kill()  # behind the very last acknowledgement
    aggregator.start(seconds=60)
    aggregator.process.end(seconds=30)
    growth = flat(samples)
    done = subprocess.run([binary("nephos-aggregator"), "verify", "--data", aggregator.data], capture_output=True,
                          text=True, env=world.environment)
    check(done.returncode == 0, f"verify: {done.stderr[-800:]}")
    values, hashed = compare(world, aggregator, pathlib.Path(ledger).read_text().splitlines())
    most = max(kib for _, kib, _ in samples) >> 10
    print(f"soak: {SECONDS} s, {AGENTS} agents x {SERIES} series, {kills} kills, {summary['reconnects']} reconnects, "
          f"{summary['samples_resent']} samples sent again; {values} acknowledged values there, none missing, none twice, "
          f"those of {hashed} agents hashed and equal; "
          f"RSS at most {most} MiB, growth in a last third {growth:+d} KiB")
    check(kills == KILLS, f"only {kills} kills")
    check(growth <= GROWTH_KIB, f"memory grows: {growth} KiB")


if __name__ == "__main__":
    main(proof)
