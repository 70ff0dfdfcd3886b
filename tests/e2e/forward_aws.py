#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Metrics, alerts and instances reach DynamoDB and Kinesis exactly: agents send while both services throttle, break,
hang, lie and are killed, and while the aggregator is killed. What AWS' own client then reads is what the aggregator
has, window for window: nothing missing, nothing twice, values equal. Signatures are checked by AWS' own signer.

Kinesis has no keys to write over: a record whose answer was lost is there twice, with the same ids."""
import collections
import random
import time

import aws_double
import notify
from nephos import ROOT, binary, check, main, until

SECRET = "tH3-s3cret/of+the+key"
AGENTS, SERIES, SECONDS, STEP_MS = 20, 12, 32, 10000
KILLS = 3
FAULTS = {"throttled": 60, "busy": 30, "broken": 60, "html": 20, "slow": 20, "unheard": 40, "lost": 40, "partly": 250}
TEMPLATE = str(ROOT / "packaging/deploy/aws/nephos.yaml")


def config(world, aws, name="aggregator.conf", **more):
    """Both destinations; `more` are keys of either, where a key is of use to one alone it does no harm to the other."""
    lines = "".join(f"{k} = {v}\n" for k, v in ({"resolution": f"{STEP_MS // 1000}s"} | more).items())
    secret = world.write("aws-secret", SECRET)
    common = f"url = {aws.url}\nregion = eu-west-1\naccess_key = AKIDEXAMPLE\nsecret_key_file = {secret}\n" \
             f"{lines}"
    return world.write(name, f"[forward.tables]\ntype = dynamodb\nstage = proof\n{common}"
                                         f"[forward.stream]\ntype = kinesis\nstream = nephos-stream-proof\n{common}")


# --- what was sent, in the aggregator's own words ---

def windows_of(aggregator, instance, from_ms, to_ms):
    """{(instance, metric, tag, window): (count, min, max, mean or last)}"""
    folds = {}
    for fold in ("count", "min", "max", "avg", "last"):
        folds[fold] = aggregator.get("/api/v1/query", instance=instance, **{"from": from_ms}, to=to_ms, step=STEP_MS, fold=fold)
    found = {}
    for column, series in enumerate(folds["count"]["series"]):
        rows = {fold: answer["series"][column] for fold, answer in folds.items()}
        check(len({(row["metric"], row["tag"]) for row in rows.values()}) == 1, "series stand in one order")
        for at, t in enumerate(folds["count"]["t"]):
            if rows["count"]["v"][at]:
                found[instance, series["metric"], series["tag"], t] = tuple(
                    rows[fold]["v"][at] for fold in ("count", "min", "max", "avg", "last"))
    return found


def expected(aggregator, from_ms):
    to_ms = (int(time.time() * 1000) // STEP_MS + 1) * STEP_MS
    found = {}
    for instance in aggregator.instances():
        found.update(windows_of(aggregator, instance["id"], from_ms // STEP_MS * STEP_MS, to_ms))
    return found


# --- what came, in AWS' words ---

def tag_of(tags):
    return ",".join(f"{k}={v}" for k, v in tags.items())


def items_of(aws):
    """{id: (key, value, count, min, max)}, where min and max are None of counters."""
    def number(item, name):
        return float(item[name]["N"]) if name in item else None
    found = {}
    for item in aws.sdk("table", "nephos-metrics-proof"):
        key = (item["instanceId"]["S"], item["metricName"]["S"], tag_of({k: v["S"] for k, v in item["tags"]["M"].items()}),
               int(item["timestamp"]["N"]))
        check(item["id"]["S"] not in found, f"id {item['id']} is there twice")
        found[item["id"]["S"]] = (key, number(item, "metricValue"), number(item, "sampleCount"), number(item, "minValue"),
                                  number(item, "maxValue"))
    return found


def points_of(records):
    """[(id, key, value, count)] of all records, those that came twice twice."""
    found = []
    for record in records:
        data = record["data"]
        if data["type"] != "vm-metrics":
            continue
        check(record["key"] == data["instanceId"], f"records are partitioned by instance: {record['key']}")
        for m in data["metrics"]:
            found.append((m["id"], (data["instanceId"], m["name"], tag_of(m["tags"]), data["timestamp"]), m["value"], m["count"]))
    return found


def same_tag(known, key):
    """The key with the tag as the aggregator spells it: "core=0,mode=idle" in another order, or "device=sda" for "sda"."""
    return key if key in known else next(
        (k for k in ((*key[:2], key[2].split("=", 1)[-1], key[3]),) if k in known), key)


def compare(ours, items):
    keys = collections.Counter(item[0] for item in items.values())
    twice = [k for k, n in keys.items() if n > 1]
    check(not twice, f"{len(twice)} points have two rows: {twice[:3]}")
    for key, value, count, least, most in items.values():
        key = same_tag(ours, key)
        check(key in ours, f"{key} is nothing that the aggregator has")
        our_count, our_min, our_max, mean, last = ours[key]
        check(count == our_count, f"{key}: made of {count} samples, not {our_count}")
        if least is None:
            check(abs(value - last) <= abs(last) * 1e-9, f"{key}: {value}, not {last}")
        else:
            check(abs(least - our_min) < 1e-9 * max(1, abs(our_min)) and abs(most - our_max) < 1e-9 * max(1, abs(our_max)),
                  f"{key}: {least} to {most}, not {our_min} to {our_max}")
            check(abs(value - mean) <= 0.01 + abs(mean) * 1e-6, f"{key}: {value}, not {mean}")


def prove_events(aws, aggregator, alerts):
    """Alerts and instances as they are now; both are changed once more."""
    changed = aggregator.send("PUT", f"/alerts/{alerts[0]}", {"status": "acknowledged"})
    check(changed[0] == 200, f"{changed}")
    check(aggregator.send("DELETE", f"/alerts/{alerts[1]}")[0] in (200, 204), "an alert is removed")

    def rows():
        return {row["id"]["S"]: row for row in aws.sdk("table", "nephos-alerts-proof")}
    until(lambda: rows().get(alerts[0], {}).get("status", {}).get("S") == "acknowledged" and alerts[1] not in rows(), 30,
          "the table has an alert as it is now, and not the one that was removed", pause_s=0.5)
    ours = {a["id"]: a for a in aggregator.get("/alerts", limit=1000)["alerts"]}
    found = rows()
    check(set(found) == set(ours), f"alerts: {sorted(found)}, not {sorted(ours)}")
    for identity, row in found.items():
        for name in ("instanceId", "alertType", "severity", "message", "status"):
            check(row[name]["S"] == ours[identity][name], f"{name} of an alert: {row[name]}")
    hosts = {row["id"]["S"]: row for row in aws.sdk("table", "nephos-instances-proof")}
    known = {i["id"]: i for i in aggregator.instances()}
    check(set(hosts) == set(known), f"instances: {sorted(hosts)}, not {sorted(known)}")
    for identity, row in hosts.items():
        check(row["name"]["S"] == known[identity]["name"] and "createdAt" in row and "M" in row["metadata"], f"{row}")
    seen = collections.Counter(r["data"]["id"] for r in aws.sdk("stream", "nephos-stream-proof") if r["data"]["type"] == "alert")
    check(set(alerts) <= set(seen), "all alerts are in the stream")


# --- the proof ---

def torment(aws, aggregator, load, random):
    """Kills both sides while the load runs, as often as planned; then leaves them alone."""
    kills = 0
    while load.is_running():
        time.sleep(random.uniform(2, 5))
        if kills >= 2 * KILLS:
            continue
        if kills % 2 == 0:
            aws.kill_services()
            time.sleep(random.uniform(0.5, 3))
            aws.start_services()
        else:
            aggregator.process.kill()
            aggregator.start()
        kills += 1
    return kills


def proof(world):
    random_moments = random.Random(11)
    aws = aws_double.Aws(world, {"AKIDEXAMPLE": SECRET}, services=True)
    aws.sdk("make", TEMPLATE)
    aws.set(faults=FAULTS)
    aggregator = world.aggregator(flags=["--config", config(world, aws), "--agents-max", str(AGENTS)]).start()
    begin_ms = int(time.time() * 1000)
    load = world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(AGENTS)),
        "--agents", str(AGENTS), "--series", str(SERIES), "--seconds", str(SECONDS), "--ship", "2s", "--state",
        world.path("load-state"), "--ledger", world.path("ledger")])
    alerts = [notify.raise_alert(aggregator, f"host-{i}", "critical") for i in range(7)]
    kills = torment(aws, aggregator, load, random_moments)
    check(load.exit_code(10) == 0, "the load was not taken as a whole")
    aws.set(faults={})
    ours = {}

    def all_there():
        ours.update(expected(aggregator, begin_ms))
        return len(ours) > 0 and len(items_of(aws)) >= len(ours)
    until(all_there, 100, "all windows are in DynamoDB", pause_s=2)
    items = items_of(aws)
    check(len(items) == len(ours), f"DynamoDB has {len(items)} points, the aggregator {len(ours)}")
    compare(ours, items)
    until(lambda: len({p[0] for p in points_of(aws.sdk("stream", "nephos-stream-proof"))}) >= len(ours), 60,
          "all windows are in Kinesis", pause_s=2)
    records = aws.sdk("stream", "nephos-stream-proof")
    points = points_of(records)
    ids = collections.Counter(p[0] for p in points)
    check(set(ids) == set(items), "Kinesis has the same ids as DynamoDB")
    for identity, key, value, count in points:
        check(items[identity][0] == key and items[identity][1] == value and items[identity][2] == count, f"{key}: {value}")
    prove_events(aws, aggregator, alerts)
    print(f"{len(ours)} points of {AGENTS} agents, {kills} kills: DynamoDB {len(items)}, Kinesis {len(ids)} "
          f"({len(points) - len(ids)} twice, after lost answers)")


if __name__ == "__main__":
    main(proof)
