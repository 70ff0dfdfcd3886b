#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keys for AWS come from where its own programs find them, are rotated without a restart, and stay secret; a clock
that is off by hours is corrected; what AWS refuses is said in plain words and waits. Signatures are checked by
AWS' own signer."""
import json
import pathlib

import aws_double
import nephos
import notify
from nephos import check, until

LONG_TOKEN = "FwoGZXIvYXdzEXAMPLE//" + "token+/=" * 430  # some thousand bytes, as sessions of large policies have
SECRETS = {"AKIAFILEONE": "file-0ne-s3cret/+", "AKIAFILETWO": "file-tw0-s3cret/+", "ASIAROLEONE": "r0le-one-s3cret",
           "ASIAROLETWO": "r0le-two-s3cret"}


def publish(aggregator, aws, instance):
    """Raises an alert and waits until SNS has taken it: the call."""
    notify.raise_alert(aggregator, instance, "critical")
    return until(lambda: [c for c in aws.calls() if c["good"] and instance in c["fields"].get("Message", "")], 30,
                 f"the alert of {instance} is published")[0]


def credentials(world, key, token=""):
    more = f"aws_session_token = {token}\n" if token else ""
    world.write("home/.aws/credentials", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = "
                                                     f"{SECRETS[key]}\n{more}")


def destination(world, aws):
    return world.write("aggregator.conf", f"""
[notify.topic]
type = sns
url = {aws.url}/
to = arn:aws:sns:eu-west-1:123456789012:nephos-alerts-dev
group = 0s
""")


def prove_files(world, aws):
    """Shared file, rotated while it runs; then a clock that is two hours off, and one that is right again."""
    credentials(world, "AKIAFILEONE")
    aggregator = world.aggregator("by-file", ["--config", destination(world, aws), "--agents-max", "8"]).start()
    publish(aggregator, aws, "file-1")
    credentials(world, "AKIAFILETWO", LONG_TOKEN)
    aws.set(keys={"AKIAFILETWO": {"secret": SECRETS["AKIAFILETWO"], "token": LONG_TOKEN}})
    publish(aggregator, aws, "file-2")  # the old key is refused, the file is read again, the new one is taken
    refused = [c["code"] for c in aws.calls() if not c["good"]]
    check(refused == ["InvalidClientTokenId"], f"one refusal tells that keys were rotated, not {refused}")
    for ahead_s, name in ((7200, "clock-1"), (-86400, "clock-2"), (0, "clock-3")):
        aws.set(clock_s=ahead_s)
        publish(aggregator, aws, name)
    refused = [c["code"] for c in aws.calls() if not c["good"]][1:]
    check(refused == ["SignatureDoesNotMatch"] * 3, f"one refusal for each change of AWS' clock, not {refused}")
    return aggregator


def prove_refusals(world, aws, aggregator):
    """Expired, unknown, a page that is not AWS: said, parked, and mended without a restart."""
    cases = [({"keys": {"AKIAFILETWO": {"secret": SECRETS["AKIAFILETWO"], "token": LONG_TOKEN, "expired": True}}}, "ExpiredToken"),
             ({"keys": {"SOMEBODY": "else"}}, "InvalidClientTokenId"),
             ({"keys": {"AKIAFILETWO": {"secret": "another", "token": LONG_TOKEN}}}, "SignatureDoesNotMatch"),
             ({"answer": {"status": 200, "body": "<html>Welcome to the hotel</html>"}}, "Welcome to the hotel")]
    for number, (change, words) in enumerate(cases):
        aws.set(**change)
        notify.raise_alert(aggregator, f"refused-{number}", "critical")
        there = until(lambda: (lambda d: d["state"] == "held" and words in d["lastError"] and d)(
            notify.state_of(aggregator, "topic")), 20, f"the destination says {words}")
        check(there["oldestUnsentMs"] >= 0, f"{there}")
        aws.set(answer=None, keys={"AKIAFILETWO": {"secret": SECRETS["AKIAFILETWO"], "token": LONG_TOKEN}})
        aggregator.process.popen.send_signal(nephos.signal.SIGHUP)  # a person has mended it: tried at once
        until(lambda: any(c["good"] and f"refused-{number}" in c["fields"]["Message"] for c in aws.calls()), 30,
              f"what waited while {words} is published")


def prove_metadata(world, aws):
    """The role of an instance, whose keys end soon and are fetched again before they do; a clock that is off does not
    matter to that."""
    def role(key, seconds):
        end = nephos.time.strftime("%Y-%m-%dT%H:%M:%SZ", nephos.time.gmtime(nephos.time.time() + seconds))
        return {"region": "eu-west-1", "keys": {"AccessKeyId": key, "SecretAccessKey": SECRETS[key], "Token": LONG_TOKEN,
                                                "Expiration": end}}
    pathlib.Path(world.path("home/.aws/credentials")).unlink()
    world.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = aws.url + "/"
    tokens = {k: {"secret": SECRETS[k], "token": LONG_TOKEN} for k in SECRETS}
    aws.set(keys=tokens, metadata=role("ASIAROLEONE", 3600))
    aggregator = world.aggregator("by-role", ["--config", destination(world, aws), "--agents-max", "8"]).start()
    publish(aggregator, aws, "role-1")
    aws.set(keys={"ASIAROLETWO": tokens["ASIAROLETWO"]}, metadata=role("ASIAROLETWO", 3600))
    publish(aggregator, aws, "role-2")
    aws.set(keys=tokens, metadata=None)
    publish(aggregator, aws, "role-3")  # nobody answers for keys, and those there are hold
    return aggregator


def prove_lack(world, aws):
    world.environment["AWS_EC2_METADATA_DISABLED"] = "true"
    aggregator = world.aggregator("keyless", ["--config", destination(world, aws), "--agents-max", "8"]).start()
    code, out, err = notify.command(world, aggregator, "notify", "test", "topic")
    check(code != 0 and "there are no keys" in err and ".aws/credentials" in err, f"{code} {out}{err}")


def proof(world):
    world.environment["HOME"] = world.path("home")
    aws = aws_double.Aws(world, {"AKIAFILEONE": SECRETS["AKIAFILEONE"]})
    by_file = prove_files(world, aws)
    prove_refusals(world, aws, by_file)
    by_role = prove_metadata(world, aws)
    prove_lack(world, aws)
    for aggregator in (by_file, by_role):
        shown = aggregator.process.said() + json.dumps(aggregator.get("/api/v1/self")) + json.dumps(
            aggregator.get("/api/v1/destinations")) + pathlib.Path(f"/proc/{aggregator.process.pid}/cmdline").read_text()
        for secret in [*SECRETS.values(), LONG_TOKEN[:200]]:
            check(secret not in shown, "a secret is shown")
        aggregator.process.end(10)
    print(f"{len([c for c in aws.calls() if c['good']])} messages signed as AWS' signer does, keys rotated in a file and of a "
          "role, a clock off by a day, a token of 3.4 KB")


if __name__ == "__main__":
    nephos.main(proof)
