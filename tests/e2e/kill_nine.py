# SPDX-License-Identifier: MIT
"""kill -9 the aggregator again and again under load: every acknowledged sample is there once, and equal.

The load generator's ledger holds a hash of each series' acknowledged values. The same hash is taken of what
the API answers, once for agents that send as they sample, once for agents that catch up on an hour
(so that kills hit sealing as well as commits).
"""
import decimal
import json
import pathlib
import random

from nephos import binary, check, main, until

KILLS = 8


def fnv1a(values):
    """FNV-1a, 64 bits, over the integers as eight little-endian bytes each."""
    h = 0xCBF29CE484222325
    for value in values:
        for byte in (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little"):
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def read(aggregator, agent, fold, begin, count):
    """{(metric, tag): column} of `count` samples from number `begin` on."""
    step = agent["interval_ms"]
    start = agent["first_ms"] + begin * step
    status, body = aggregator.request(
        f"/api/v1/query?instance={agent['instance']}&from={start}&to={start + (count - 1) * step + 1}"
        f"&step={step}&fold={fold}")
    check(status == 200, f"query answered {status}: {body[:300]}")
    answer = json.loads(body, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    return {(s["metric"], s["tag"]): s["v"] for s in answer["series"]}


def compare(aggregator, agent):
    """Number of values compared."""
    total = agent["acknowledged"]
    columns = {(s["metric"], s["tag"]): [] for s in agent["series"]}
    page = 3000
    for begin in range(0, total, page):
        count = min(page, total - begin)
        last = read(aggregator, agent, "last", begin, count)
        times = read(aggregator, agent, "count", begin, count)
        for key, column in columns.items():
            check(key in last, f"{agent['instance']} has no series {key}")
            strange = {str(n) for n in times[key]} - {"1"}
            check(not strange and len(times[key]) == count,
                  f"{agent['instance']} {key}: samples {begin} to {begin + count} are there {strange} times")
            column.extend(last[key])
    for series in agent["series"]:
        key = series["metric"], series["tag"]
        check(len(columns[key]) == total, f"{agent['instance']} {key}: {len(columns[key])} of {total}")
        values = [int(v * series["scale"]) for v in columns[key]]
        check(fnv1a(values) == series["fnv"], f"{agent['instance']} {key}: other values than were sent")
    return total * len(columns)


def torment(aggregator, load, kills, pause_s):
    """Kills at moments that nothing depends on, as often as there is load to hit; at most `kills`."""
    chance = random.Random(7)
    done = 0
    while done < kills and load.is_running():
        moment = aggregator.process.cpu_ns() + chance.randrange(1, 60) * 1_000_000
        patience = chance.uniform(0.2, 1.0) * pause_s
        try:
            until(lambda: aggregator.process.cpu_ns() > moment or not load.is_running(), patience, "")
        except Exception:
            pass  # an idle moment is a moment too
        aggregator.process.kill()
        aggregator.start()
        done += 1
    return done


def run(world, aggregator, name, kills, pause_s, checked, *flags):
    agents, ledger = 20, world.path(f"{name}.ledger")
    load = world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token",
        aggregator.token("--uses", str(agents)), "--agents", str(agents), "--series", "40",
        "--state", world.path(f"{name}-state"), "--ledger", ledger, *flags])
    until(lambda: sum(i["metadata"]["samples"] > 0 for i in aggregator.instances()) >= 5, 30, "load begins")
    done = torment(aggregator, load, kills, pause_s)
    check(load.exit_code(seconds=100) == 0, "not everything was acknowledged at the end")
    # Once more behind the very last acknowledgement.
    aggregator.process.kill()
    aggregator.start()
    said = load.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))  # a log line may follow
    for name_of in ("acknowledged_never_sent", "acknowledged_then_lost"):
        check(summary[name_of] == 0, f"{name_of}: {summary[name_of]}")
    lines = pathlib.Path(ledger).read_text().splitlines()
    check(len(lines) == agents, f"the ledger has {len(lines)} agents")
    values = 0
    for line in lines[:checked]:
        agent = json.loads(line)
        check(agent["acknowledged"] == summary["samples_per_agent"], f"{agent['instance']} is not complete")
        values += compare(aggregator, agent)
        here = aggregator.instance(agent["instance"])["metadata"]
        check(here["missingSamples"] == 0, f"{agent['instance']} has gaps: {here}")
    print(f"{name}: {done} kills, {summary['reconnects']} reconnects, {summary['samples_resent']} samples sent "
          f"again, {values} values equal")
    check(done >= kills // 2, f"only {done} kills hit the load")


def proof(world):
    aggregator = world.aggregator("live", ["--agents-max", "20"]).start()
    run(world, aggregator, "paced", KILLS, 5, 20, "--seconds", "40", "--ship", "2s")
    aggregator.process.end()
    aggregator = world.aggregator("flood", ["--agents-max", "20"]).start()
    run(world, aggregator, "hour", 30, 0.5, 4, "--seconds", "7200", "--rate", "max")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)
