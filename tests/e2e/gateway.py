#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The earlier backend behind AWS' API Gateway gets what agents measure, in batches and one by one, with instances and
alerts under the ids that it makes, through a wrong key, a table that is not there, a page in place of JSON, throttling,
slow and lost answers, and kills. It has no ids of ours, so something may be there twice: but nothing that it has
acknowledged, and no more often than the destination counts as doubtful. Destinations come, change and go by SIGHUP,
and are looked at, tried and replayed on the command line."""
import collections
import fractions
import json
import os
import pathlib
import random
import signal
import time

import federation
from nephos import ROOT, binary, check, free_port, main, until
from notify import state_of

AGENTS, STEP_S, BATCH_MAX, SECONDS = 3, 5, 500, 40
BATCH_KEY, SINGLES_KEY, BEARER, WRONG = "b4tch-key-5ecret", "s1ngles-key-5ecret", "bear3r-5ecret", "wr0ng-key-5ecret"
FAULTS = {"busy": 60, "broken": 40, "html": 30, "lost": 40, "late": 15, "crash": 30}
HOSTS = [f"host-{i}" for i in range(AGENTS)]
FEW = "cpu_usage,memory_usage_percent,load_average_*,uptime"


class Double:
    """The far side as a process; what it keeps and answers stands in its journal."""

    def __init__(self, world):
        self.world, self.port, self.kills = world, free_port(), 0
        self.journal, self.control, self.told = world.path("journal"), world.path("control"), {}
        self.set(sam={"key": BATCH_KEY}, serverless={"key": SINGLES_KEY, "bearer": BEARER})
        self.start()

    def set(self, **deployments):
        for name, settings in deployments.items():
            self.told.setdefault(name, {}).update(settings)
        self.world.write("control", json.dumps(self.told))

    def start(self):
        self.process = self.world.start("far", ["python3", "-B", str(ROOT / "tests/e2e/gateway_double.py"), str(self.port),
                                                self.journal, self.control])

    def kill(self):
        self.process.kill()
        self.kills += 1

    def rows(self):
        path = pathlib.Path(self.journal)
        return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []


class Held:
    """What the far side has."""

    def __init__(self, double):
        self.rows = double.rows()
        self.answered = {r["request"] for r in self.rows if r["what"] == "answered" and 200 <= r["status"] < 300}
        self.instances, self.alerts, self.posts = {}, {}, collections.Counter()
        self.points = {"batch": collections.defaultdict(list), "singles": collections.defaultdict(list)}
        for r in self.rows:
            if r["what"] == "instance":
                self.instances[r["row"]["id"]] = r["row"]
            elif r["what"] == "gone instance":
                self.instances.pop(r["id"], None)
            elif r["what"] == "alert" and r["row"].get("message", "alert").startswith("alert"):  # those raised here
                self.alerts[r["row"]["id"]] = r["row"]
        # our id of an instance, by the one that it was given
        self.ours = {i: row["metadata"]["nephosId"] for i, row in self.instances.items()
                     if "nephosId" in row.get("metadata", {})}
        for r in self.rows:
            if r["what"] == "metric":
                self.add(r)

    def add(self, r):
        row = r["row"]
        mode = "batch" if isinstance(row["timestamp"], str) else "singles"
        ms = row["timestamp"] if mode == "singles" else ms_of(row["timestamp"])
        instance = row["instanceId"] if mode == "batch" else self.ours.get(row["instanceId"], row["instanceId"])
        key = instance, row["metricName"], tag_of(row["tags"].values()), ms
        self.points[mode][key].append((r["request"], fractions.Fraction(row["metricValue"])))

    def calls(self, method, resource):
        return [r for r in self.rows if r["what"] == "call" and r["method"] == method and r["resource"] == resource]


def ms_of(iso):
    return int(time.mktime(time.strptime(iso[:19] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone) * 1000 + int(iso[20:23])


def tag_of(values):
    """Values alone, in the order of letters: here a tag is told with its keys or without."""
    return ",".join(sorted(v.rpartition("=")[2] for v in values))


def section(name, mode, double, files, more=""):
    path = "/sam/ingest" if mode == "batch" else "/serverless/"
    return (f"[forward.{name}]\ntype = apigateway\nmode = {mode}\nurl = http://127.0.0.1:{double.port}{path}\n"
            f"resolution = {STEP_S}s\ntimeout = 3s\nrefresh = 10s\n{files}{more}")


class Settings:
    def __init__(self, world, aggregator):
        self.world, self.aggregator, self.path = world, aggregator, world.path("aggregator.conf")

    def write(self, *sections):
        pathlib.Path(self.path).write_text("".join(sections))

    def reload(self):
        os.kill(self.aggregator.process.pid, signal.SIGHUP)


def wait_state(aggregator, name, words, seconds=30, state="held"):
    def is_so():
        row = state_of(aggregator, name)
        return row["state"] == state and all(w in row.get("lastError", "") for w in words)
    try:
        until(is_so, seconds, f"{name} is {state} and says {words}", 0.2)
    except Exception as e:
        raise type(e)(f"{e}: {state_of(aggregator, name)}") from e


def forward(world, aggregator, *words):
    """nephos-aggregator forward ...: (exit code, all its words)"""
    code, out, err = world.run([binary("nephos-aggregator"), "forward", *words, "--data", aggregator.data], 40)
    return code, out + err


# --- the laws ---

def windows(world, aggregator):
    """{key: (value, half of what its last digit is worth)} of all windows with samples."""
    told = federation.samples(world, aggregator)
    series = {(i, m, tag_of(tag.split(","))): row for (i, m, tag), row in told.items()}
    check(len(series) == len(told), "tags tell series apart by their values")
    scales = {key: scale for key, (_, scale, _) in series.items()}
    return {key: (value, fractions.Fraction(1, 2 * scales[key[:3]])) for key, value in federation.windows(series).items()}


def is_few(metric):
    return metric in ("cpu_usage", "memory_usage_percent", "uptime") or metric.startswith("load_average_")


def prove_points(world, aggregator, double, begin_ms):
    """Every window is there, with its value; again only where no answer had come."""
    found = {}

    def all_there():
        want, held = windows(world, aggregator), Held(double)
        found["want"], found["held"] = want, held
        newest = {}  # the last window of a host is complete a minute after its last sample only
        for k in want:
            newest[k[0]] = max(newest.get(k[0], 0), k[3])
        found["missing"] = {mode: [k for k in want if begin_ms <= k[3] < newest[k[0]] and k not in points and k[0] in HOSTS and
                                   (mode == "batch" or is_few(k[1]))] for mode, points in held.points.items()}
        return not any(found["missing"].values())
    try:
        until(all_there, 60, "all windows are there", 2)
    except Exception as e:
        short = {mode: (len(keys), keys[:3]) for mode, keys in found["missing"].items()}
        raise type(e)(f"{e}: missing {short}; {aggregator.get('/api/v1/destinations')}") from e
    held, want, told = found["held"], found["want"], {}
    for mode, points in held.points.items():
        strange = [k for k in points if k not in want]
        check(not strange, f"{mode}: {len(strange)} points that nobody measured, as {strange[:3]}")
        wrong = [(k, float(v), float(want[k][0])) for k, all_ in points.items() for _, v in all_
                 if abs(v - want[k][0]) > want[k][1]]
        check(not wrong, f"{mode}: {len(wrong)} values differ, as {wrong[:3]}")
        twice = {k: [r for r, _ in all_] for k, all_ in points.items() if len(all_) > 1}
        bad = [k for k, all_ in twice.items() if sum(r in held.answered for r in all_) > 1]
        check(not bad, f"{mode}: {len(bad)} points were sent again though acknowledged, as {bad[:3]}")
        again = {r for all_ in twice.values() for r in all_ if r not in held.answered}
        doubtful = state_of(aggregator, mode)["doubtful"]
        check(len(again) <= doubtful, f"{mode}: {len(again)} requests came twice, {doubtful} are told as doubtful")
        told[mode] = len(points), sum(len(all_) for all_ in points.values()) - len(points), doubtful
    return told


def prove_events(aggregator, double, alerts, begin_ms):
    """Instances and alerts stand under the ids of the far side, in the state that they have here."""
    def is_so():
        held = Held(double)
        by_message = collections.defaultdict(list)
        for row in held.alerts.values():
            by_message[row.get("message")].append(row)
        hosts = {ours for i, ours in held.ours.items() if held.instances[i].get("lastHealthCheck")}
        return held if (set(by_message) >= set(alerts) and set(HOSTS) <= hosts and "shop" not in
                        held.ours.values() and all(any(r["status"] == status for r in by_message[m])
                                                   for m, (_, status) in alerts.items())) else None
    held = until(is_so, 30, "instances and alerts are there", 0.5)
    posts = collections.Counter(held.ours.values())
    lost = {r["request"] for what in ("instances", "alerts") for r in held.calls("POST", f"serverless/{what}")} - held.answered
    extra = sum(posts.values()) - len(posts) + len(held.alerts) - len(alerts)
    check(extra <= len(lost), f"{extra} instances and alerts are there twice, {len(lost)} such requests were not answered")
    for row in held.alerts.values():
        check(row["instanceId"] in held.instances or alerts[row["message"]][0] == "stranger",
              f"an alert about nobody: {row}")
        check("alertType" in row and row["severity"] == "critical", f"half an alert: {row}")
    puts = held.calls("PUT", "serverless/instances")
    check(len(puts) >= AGENTS * 3 and all("region" not in json.loads(r["body"]) for r in puts), f"health: {len(puts)}")
    for i, ours in held.ours.items():
        row = held.instances[i]
        check(row["name"] == f"web-{ours[5:]}" and row["status"] == "healthy" and row["type"] and row["endpoint"], f"{row}")
        check(ms_of(row["lastHealthCheck"]) >= begin_ms, f"{row}")
    for i in range(AGENTS):
        row = held.instances[f"host-{i}"]
        check(row["name"] == f"web-{i}" and row["status"] == "healthy", f"what a batch tells of its instance: {row}")
    return len(posts), len(held.alerts)


# --- the days ---

def wrong_keys(world, aggregator, double, settings):
    """403: both say so and wait; the files change, SIGHUP, and both go on."""
    for name in ("batch", "singles"):
        wait_state(aggregator, name, ["403", "look at the credentials", "Forbidden"])
        code, said = forward(world, aggregator, "test", name)
        check(code != 0 and "403" in said, f"forward test {name}: {code} {said}")
        check(state_of(aggregator, name)["points"] == 0, "nothing counts as sent")
    code, said = forward(world, aggregator, "status")
    check(code == 0 and said.count("held") == 2 and "credentials" in said, f"forward status: {code} {said}")
    world.write("batch-key", BATCH_KEY)
    world.write("singles-key", SINGLES_KEY)
    settings.reload()
    until(lambda: state_of(aggregator, "singles")["points"] > 0, 30, "singles go on with the right key")


def no_table(aggregator, double, settings):
    """The batch route fails after it has changed the instance, and says why."""
    double.set(sam={"no_table": True})
    settings.reload()
    wait_state(aggregator, "batch", ["500", "resource not found", "DYNAMODB_TABLE_NAME"])
    check("host-0" in Held(double).instances, "the instance was updated all the same")
    double.set(sam={"no_table": False})


def no_json(world, aggregator, double, settings):
    double.set(sam={"all_html": True}, serverless={"all_html": True})
    settings.reload()
    for name in ("batch", "singles"):
        wait_state(aggregator, name, ["no JSON", "address"])
    code, said = forward(world, aggregator, "test", "singles")
    check(code != 0 and "no JSON" in said, f"forward test: {code} {said}")
    double.set(sam={"all_html": False}, serverless={"all_html": False})
    settings.reload()
    for name in ("batch", "singles"):
        until(lambda n=name: forward(world, aggregator, "test", n)[0] == 0, 10, f"{name} takes what is sent again", 0.5)


def torment(aggregator, double):
    """Faults and kills of the far side for a while; alerts are raised and change meanwhile."""
    chance, alerts, begin = random.Random(11), {}, time.monotonic()
    double.set(sam=FAULTS | {"write_s": 0.3, "limit_s": 1}, serverless=FAULTS)
    while time.monotonic() - begin < SECONDS:
        instance = chance.choice([*HOSTS, "stranger"])
        status = chance.choice(["active", "acknowledged", "resolved"])
        words = f"alert {len(alerts)} of {instance}"
        code, body = aggregator.send("POST", "/alerts", {"instanceId": instance, "alertType": f"proof_{len(alerts)}",
                                                          "severity": "critical", "message": words})
        check(code == 201, f"POST /alerts: {code} {body}")
        alerts[words] = instance, status
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0.5, 2))
        if status != "active":
            more = {"resolvedAt": "2026-01-15T12:00:00.000Z"} if status == "resolved" else {}
            identity = json.loads(body)["id"]
            check(aggregator.send("PUT", f"/alerts/{identity}", {"status": status} | more)[0] == 200, "PUT /alerts")
        if chance.random() < 0.25:
            double.kill()
            time.sleep(chance.uniform(0.2, 1.5))
            double.start()
        time.sleep(chance.uniform(0.5, 2))
    double.set(**{name: dict.fromkeys(FAULTS, 0) | {"write_s": 0, "limit_s": 30} for name in ("sam", "serverless")})
    return alerts


def come_and_go(world, aggregator, double, settings, sections, begin_ms):
    """A destination is added, told what was, and removed."""
    more = world.aggregator("late", ["--agents-max", "16"]).start()
    late = f"[forward.late]\ntype = apigateway\nmode = nephos\nurl = http://127.0.0.1:{more.api_port}\nresolution = 5s\n"
    settings.write(*sections, late + "metrics = cpu_usage\n")
    settings.reload()
    until(lambda: forward(world, aggregator, "test", "late")[0] == 0, 10, "the new destination can be reached", 0.5)
    code, said = forward(world, aggregator, "replay", "late", "--from", "-10m")
    check(code == 0, f"forward replay: {code} {said}")
    want = {k for k in Held(double).points["batch"] if k[1] == "cpu_usage" and k[3] >= begin_ms}

    def got():
        return {(*key, ms) for key, (_, _, at) in federation.samples(world, more).items() for ms in at}
    until(lambda: want <= got(), 30, "the new destination has what was before it", 1)
    check({k[1] for k in got()} == {"cpu_usage"}, "and nothing that it does not ask for")
    settings.write(*sections)
    settings.reload()
    wait_state(aggregator, "late", [], state="removed")
    return len(want)


def proof(world):
    double = Double(world)
    aggregator = world.aggregator(flags=["--config", world.path("aggregator.conf"), "--agents-max", "16"])
    settings = Settings(world, aggregator)
    bearer = world.write("bearer", BEARER)
    sections = [section("batch", "batch", double, f"api_key_file = {world.write('batch-key', WRONG)}\n"),
                section("singles", "singles", double,
                        f"api_key_file = {world.write('singles-key', WRONG)}\ntoken_file = {bearer}\n", f"metrics = {FEW}\n")]
    settings.write(*sections)
    aggregator.start()
    begin_ms = (int(time.time()) // STEP_S + 1) * STEP_S * 1000
    token = aggregator.token_file("--uses", str(AGENTS))
    agents = [world.agent(f"agent-{i}", aggregator.address, "--token-file", token, "--id", f"host-{i}", "--name",
                          f"web-{i}", "--statsd", "none") for i in range(AGENTS)]
    wrong_keys(world, aggregator, double, settings)
    code, body = aggregator.send("PUT", "/instances/shop", {"name": "shop", "status": "degraded"})
    check(code == 200, f"PUT /instances: {code} {body}")
    until(lambda: [r for r in Held(double).instances.values() if r["name"] == "shop" and r["status"] == "degraded"], 20,
          "an instance without agent is registered with its health")
    check(aggregator.send("DELETE", "/instances/shop")[0] == 200, "DELETE /instances")
    no_table(aggregator, double, settings)
    no_json(world, aggregator, double, settings)
    alerts = torment(aggregator, double)
    settings.reload()  # what waits for long goes now
    instances, count = prove_events(aggregator, double, alerts, begin_ms)
    for agent in agents:
        agent.end()
    told = prove_points(world, aggregator, double, begin_ms)
    until(lambda: all(row["status"] == "unhealthy" for i, row in Held(double).instances.items() if i not in HOSTS), 40,
          "that the hosts are silent is told", 0.5)
    largest = max(r["count"] for r in double.rows() if r["what"] == "batch")
    check(BATCH_MAX >= largest > 100, f"the largest batch has {largest} points")
    replayed = come_and_go(world, aggregator, double, settings, sections, begin_ms)
    said = aggregator.process.said() + json.dumps(aggregator.get("/api/v1/destinations"))
    check(not [s for s in (BATCH_KEY, SINGLES_KEY, BEARER, WRONG) if s in said], "no secret is said")
    for name in ("batch", "singles"):
        row = state_of(aggregator, name)
        check(row["dropped"] == 0 and row["givenUp"] == 0, f"{row}")
        print(f"{name}: {told[name][0]} points there, {told[name][1]} more twice; {row['requests']} requests, "
              f"{row['resent']} resent, {row['doubtful']} doubtful")
    print(f"{instances} instances and {len(alerts)} alerts ({count} there) over {double.kills} kills of the far side; the "
          f"largest batch {largest}; {replayed} points by replay to a destination that came and went")


if __name__ == "__main__":
    main(proof)
