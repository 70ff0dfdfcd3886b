#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Twenty agents, and every destination that there is at once: DynamoDB, Kinesis, SNS, the Nephos API of another
aggregator, Prometheus, OTLP and Snowflake. Each throttles, breaks, hangs and is killed in its turn, and so is the
aggregator. Afterwards each has as many points as the aggregator has windows: none is missing, none is there twice."""
import collections
import json
import pathlib
import random
import time

import aws_double
import fault_proxy
import forward_aws
import notify
import otlp_out
import remote_write_out
import snowflake
from nephos import binary, check, main, until

AGENTS, SERIES, SECONDS, STEP_MS, KILLS = 20, 12, 90, 10000, 3
FAULTS = {"busy": 40, "broken": 40, "slow": 15, "unheard": 40, "lost": 30}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:nephos-alerts-proof"


class Sink:
    """A destination: lines of the configuration, how many points it has (all, and different ones), how to kill it."""
    lines = ""

    def counts(self):
        raise NotImplementedError

    def kill(self):
        raise NotImplementedError

    def start(self):
        raise NotImplementedError


class Far(Sink):
    """Another aggregator, over the API of the earlier backend. One sample for each window."""

    def __init__(self, world):
        self.aggregator = world.aggregator("far", ["--agents-max", "64"]).start()
        self.proxy = fault_proxy.FaultProxy(self.aggregator.api_port, FAULTS, 1)
        self.lines = f"type = apigateway\nmode = nephos\nurl = http://127.0.0.1:{self.proxy.port}\n"

    def counts(self):
        try:
            cells = [n for i in self.aggregator.instances() if i["id"].startswith("load-")
                     for s in self.aggregator.get("/api/v1/query", instance=i["id"], **{"from": Far.begin_ms}, to="now",
                                                  step=STEP_MS, fold="count")["series"] for n in s["v"] if n]
        except OSError:
            return 0, 0
        return sum(cells), len(cells)

    def kill(self):
        self.aggregator.process.kill()

    def start(self):
        self.aggregator.start()


class Prometheus(Sink):
    def __init__(self, world):
        self.receiver = remote_write_out.Receiver(world)
        self.proxy = fault_proxy.FaultProxy(self.receiver.port, FAULTS, 2)
        self.lines = f"type = remote_write\nurl = http://127.0.0.1:{self.proxy.port}/api/v1/write\n"

    def counts(self):
        count = sum(len(series["values"]) for series in
                    self.receiver.query('{instance=~"load-.*"}[10m]', time=time.time() + 1))
        return count, count  # its database has one value for a moment

    def kill(self):
        self.receiver.process.kill()

    def start(self):
        self.receiver.start()


class Otlp(Sink):
    def __init__(self, world):
        self.receiver = otlp_out.Receiver(world)
        self.proxy = fault_proxy.FaultProxy(self.receiver.port, FAULTS, 3)
        headers = world.write("otlp-headers", "x-api-key: k3y\n")
        self.lines = f"type = otlp\nurl = http://127.0.0.1:{self.proxy.port}/v1/metrics\nheaders_file = {headers}\n"

    def counts(self):
        lines = [json.loads(line) for line in pathlib.Path(self.receiver.file).read_text().splitlines()]
        keys = {(p["resource"]["host.id"], p["name"], json.dumps(p["attributes"], sort_keys=True), p["time"]) for p in lines}
        return len(lines), len(keys)

    def kill(self):
        self.receiver.process.kill()

    def start(self):
        self.receiver.start()


class Snowflake(Sink):
    def __init__(self, world):
        private, public = snowflake.make_key(world, "key")
        self.double = snowflake.Double(world, public)
        self.proxy = fault_proxy.FaultProxy(self.double.port, FAULTS, 4)
        self.lines = (f"type = snowflake\naccount = myorg-acct\nuser = nephos\nurl = http://127.0.0.1:{self.proxy.port}\n"
                      f"key_file = {private}\ninterval = 1s\n")

    def counts(self):
        try:
            row = self.double.sql("SELECT count(*), count(DISTINCT ID) FROM METRICS")[0]
        except OSError:
            return 0, 0
        return int(row[0]), int(row[1])

    def kill(self):
        self.double.process.kill()

    def start(self):
        self.double.start()


class Tables(Sink):
    def __init__(self, aws):
        self.aws = aws

    def counts(self):
        items = forward_aws.items_of(self.aws)
        return len(items), len({item[0] for item in items.values()})

    def kill(self):
        self.aws.kill_services()

    def start(self):
        self.aws.start_services()


class Stream(Tables):
    def counts(self):
        points = forward_aws.points_of(self.aws.sdk("stream", "nephos-stream-proof"))
        return len(points), len({p[0] for p in points})

    def kill(self):  # with the tables
        pass

    def start(self):
        pass


def configure(world, sinks, aws):
    secret = world.write("aws-secret", forward_aws.SECRET)
    keys = f"url = {aws.url}\nregion = eu-west-1\naccess_key = AKIDEXAMPLE\nsecret_key_file = {secret}\n"
    sinks["tables"].lines = f"type = dynamodb\nstage = proof\n{keys}"
    sinks["stream"].lines = f"type = kinesis\nstream = nephos-stream-proof\n{keys}"
    text = "".join(f"[forward.{name}]\nresolution = {STEP_MS // 1000}s\n{sink.lines}" for name, sink in sinks.items())
    text += f"[notify.topic]\ntype = sns\nto = {TOPIC}\nurl = {aws.url}/\nuser = AKIDEXAMPLE\npassword_file = {secret}\ngroup = 1s\n"
    return world.write("aggregator.conf", text)


def torment(aggregator, sinks, load):
    """Kills one after the other, for a while each, as long as the load runs."""
    chance, kills = random.Random(5), collections.Counter()
    names = [name for name in sinks if name != "stream"]
    alerts = []
    while load.is_running():
        alerts.append(notify.raise_alert(aggregator, f"victim-{len(alerts)}", "critical"))
        name = names[sum(kills.values()) % len(names)]
        sinks[name].kill()
        time.sleep(chance.uniform(0.5, 2.5))
        sinks[name].start()
        kills[name] += 1
        if kills["aggregator"] < KILLS and chance.random() < 0.3:
            aggregator.process.kill()
            aggregator.start()
            kills["aggregator"] += 1
        time.sleep(chance.uniform(1, 4))
    return alerts, kills


def prove_alerts(aws, alerts):
    """Each is published; again only where an answer was lost."""
    def published():
        words = [c["fields"]["Message"] for c in aws.calls() if c["service"] == "sns" and c["good"]]
        return collections.Counter(i for i in range(len(alerts)) for w in words if f"victim-{i} " in w or f"victim-{i}:" in w)
    until(lambda: len(published()) == len(alerts), 40, f"all {len(alerts)} alerts are published")
    return sum(published().values())


def prove_points(aggregator, sinks, begin_ms):
    """{name: (all, different)} once each has all."""
    ours, found = {}, {}

    def all_there():
        ours.update(forward_aws.expected(aggregator, begin_ms))
        for name, sink in sinks.items():
            if found.get(name, (0, 0))[1] < len(ours):
                found[name] = sink.counts()
        return all(different >= len(ours) for _, different in found.values())
    try:
        until(all_there, 100, "every destination has every window", pause_s=2)
    except Exception as e:
        raise type(e)(f"{e}: of {len(ours)}: {found}; {aggregator.get('/api/v1/destinations')}") from e
    time.sleep(3)  # nothing more may come
    for name, sink in sinks.items():
        found[name] = sink.counts()
        check(found[name][1] == len(ours), f"{name} has {found[name][1]} different points, the aggregator {len(ours)}")
    return ours, found


def proof(world):
    aws = aws_double.Aws(world, {"AKIDEXAMPLE": forward_aws.SECRET}, services=True)
    aws.sdk("make", forward_aws.TEMPLATE)
    sinks = {"tables": Tables(aws), "stream": Stream(aws), "far": Far(world), "prometheus": Prometheus(world),
             "otlp": Otlp(world), "snowflake": Snowflake(world)}
    aws.set(faults=forward_aws.FAULTS)
    aggregator = world.aggregator(flags=["--config", configure(world, sinks, aws), "--agents-max", "64"]).start()
    begin_ms = Far.begin_ms = int(time.time() * 1000) // STEP_MS * STEP_MS
    load = world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(AGENTS)),
        "--agents", str(AGENTS), "--series", str(SERIES), "--seconds", str(SECONDS), "--ship", "2s", "--state",
        world.path("load-state"), "--ledger", world.path("ledger")])
    alerts, kills = torment(aggregator, sinks, load)
    check(load.exit_code(10) == 0, "the load was not taken as a whole")
    aws.set(faults={})
    for sink in sinks.values():
        if hasattr(sink, "proxy"):
            sink.proxy.faults.clear()
    ours, found = prove_points(aggregator, sinks, begin_ms)
    for name in ("tables", "far", "prometheus", "snowflake"):
        check(found[name][0] == len(ours), f"{name} has {found[name][0]} points, some twice; the aggregator {len(ours)}")
    published = prove_alerts(aws, alerts)
    check(all(call["good"] for call in aws.calls()), "AWS' signer makes other signatures")
    print(f"{len(ours)} points of {AGENTS} agents in each of {len(sinks)} destinations over {dict(kills)} kills; "
          f"twice, after lost answers: Kinesis {found['stream'][0] - len(ours)}, OTLP {found['otlp'][0] - len(ours)}; "
          f"{len(alerts)} alerts in {published} messages")
    for row in aggregator.get("/api/v1/destinations")["destinations"]:
        print(f"{row['name']}: {row.get('requests')} requests, {row.get('resent')} resent, {row.get('dropped')} dropped, "
              f"{row.get('doubtful')} doubtful")


if __name__ == "__main__":
    main(proof)
