#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong with AWS is said in plain words, nothing is lost, and it goes on by itself when it is mended:
wrong keys, a table and a stream that are not there, a schema that differs, an expired session, a clock that is off,
pages that are not AWS, answers without end."""
import aws_double
import forward_aws
import nephos
import notify
from nephos import check, until

KEYS = {"AKIDEXAMPLE": forward_aws.SECRET}
COUNT = 5
HUGE = "<html>" + "x" * (5 << 20)


def tell(aggregator, name, count):
    """So many alerts, which go at once; points wait until their window is over."""
    return [notify.raise_alert(aggregator, f"{name}-{i}", "high") for i in range(count)]


def has_all(aws, alerts):
    rows = {row["id"]["S"] for row in aws.sdk("table", "nephos-alerts-proof")}
    records = {r["data"]["id"] for r in aws.sdk("stream", "nephos-stream-proof")}
    return set(alerts) <= rows and set(alerts) <= records


def is_held(aggregator, name, words):
    there = notify.state_of(aggregator, name)
    return there["state"] in ("held", "down", "retrying") and words in there.get("lastError", "")


def proof(world):
    aws = aws_double.Aws(world, KEYS, services=True)
    config = forward_aws.config(world, aws)
    # The services are there, tables and stream are not.
    aggregator = world.aggregator(flags=["--config", config, "--agents-max", "8"]).start()
    alerts = tell(aggregator, "first", COUNT)
    for name in ("tables", "stream"):
        until(lambda n=name: is_held(aggregator, n, "ResourceNotFoundException: the table or stream is not there"), 30,
              f"{name} says that there is no such table")
        code, out, err = notify.command(world, aggregator, "forward", "test", name)
        check(code != 0 and "the table or stream is not there" in out + err, f"forward test {name}: {code} {out}{err}")
    aws.sdk("make", forward_aws.TEMPLATE)
    aggregator.process.popen.send_signal(nephos.signal.SIGHUP)
    until(lambda: has_all(aws, alerts), 40, "all has arrived", pause_s=0.5)
    for name in ("tables", "stream"):
        code, out, err = notify.command(world, aggregator, "forward", "test", name)
        check(code == 0, f"forward test {name}: {code} {out}{err}")
    cases = [
        ("keys", {"keys": {"AKIDEXAMPLE": "another secret"}}, "InvalidSignatureException: the signature is not good"),
        ("stranger", {"keys": {"SOMEBODY": "else"}}, "UnrecognizedClientException: AWS does not know these keys"),
        ("expired", {"keys": {"AKIDEXAMPLE": {"secret": forward_aws.SECRET, "expired": True}}}, "session's token has expired"),
        ("html", {"answer": {"status": 200, "body": "<html>Please log in</html>"}}, "answers 200 with something that"),
        ("gone", {"answer": {"status": 404, "body": "<html>Not found</html>"}}, "not how AWS answers: look at url"),
        ("redirect", {"answer": {"status": 302, "body": ""}}, "not followed"),
        ("huge", {"answer": {"status": 200, "body": HUGE}}, "something that"),
        ("busy", {"faults": {"throttled": 1000}}, "ProvisionedThroughputExceededException"),
    ]
    for name, change, words in cases:
        aws.set(**change)
        alerts += tell(aggregator, name, COUNT)
        for destination in ("tables", "stream"):
            until(lambda d=destination, w=words: is_held(aggregator, d, w), 40, f"{destination} says: {words}")
        aws.set(keys=KEYS, answer=None, faults={})
        aggregator.process.popen.send_signal(nephos.signal.SIGHUP)  # somebody has mended it
        until(lambda: has_all(aws, alerts), 60, f"all that waited while {words} has arrived", pause_s=0.5)
    for ahead_s in (7200, -7200):  # nobody has to mend that
        aws.set(clock_s=ahead_s)
        alerts += tell(aggregator, f"clock{ahead_s}", COUNT)
        until(lambda: has_all(aws, alerts), 40, "it is signed by AWS' clock", pause_s=0.5)
    prove_schema(world, aws)
    shown = aggregator.process.said() + str(aggregator.get("/api/v1/destinations"))
    check(forward_aws.SECRET not in shown, "a secret is shown")
    for name in ("tables", "stream"):
        there = notify.state_of(aggregator, name)
        check(there["dropped"] == 0 and there["givenUp"] == 0, f"something was lost: {there}")
    print(f"{len(cases) + 2} troubles said and survived, {len(alerts)} alerts, none lost")


def prove_schema(world, aws):
    """Times as text into tables that want numbers: held, and nothing given up."""
    config = forward_aws.config(world, aws, name="other.conf", schema="cloudpulse",
                                metrics_table="nephos-metrics-proof", alerts_table="nephos-alerts-proof",
                                instances_table="nephos-instances-proof")
    other = world.aggregator("other", ["--config", config, "--agents-max", "8"]).start()
    tell(other, "drift", COUNT)
    until(lambda: is_held(other, "tables", "it refuses everything"), 60, "the schema is said to differ")
    check(notify.state_of(other, "tables")["dropped"] == 0, "nothing is given up")
    other.process.end(10)


if __name__ == "__main__":
    nephos.main(proof)
