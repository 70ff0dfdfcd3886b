#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped aggregator writes what real agents measure into a stand-in for Snowflake: DuckDB behind the SQL API,
which checks the token with Node's crypto and enforces no keys. It throttles, breaks, loses answers and is killed
with SIGKILL, as the aggregator is. Every point must be a row, once, with its value; alerts and instances follow.
The views of packaging/deploy/snowflake then run over the rows. A wrong key is told, and no secret is."""
import json
import math
import os
import re
import time
import urllib.parse
import urllib.request

import nephos
import sinks
from certificates import openssl
from nephos import check, until

ACCOUNT, USER, PASSWORD = "MYORG-ACCT", "NEPHOS", "pass-of-the-k3y"
MODEL = "proof-model"
SENT = re.compile(r"cpu_usage$|cpu_core_|memory_|disk_|network_|load_|uptime$|forks$")
OURS = "WHERE ALERT_TYPE LIKE 'proof-%'"  # rules may have found something on this machine, too


def make_key(world, name, *encryption):
    """PKCS#8, encrypted or not, and its public half."""
    plain, private, public = (world.path(f"{name}.{kind}") for kind in ("plain", "p8", "pub"))
    openssl(world, "genrsa", "-out", plain, "2048")
    openssl(world, "pkcs8", "-topk8", "-in", plain, "-out", private, *(encryption or ["-nocrypt"]))
    openssl(world, "rsa", "-in", plain, "-pubout", "-out", public)
    os.chmod(private, 0o600)
    return private, public


class Double(sinks.Double):
    def __init__(self, world, public):
        self.port = nephos.free_port()
        script = str(nephos.ROOT / "tests/e2e/snowflake_double.cjs")
        super().__init__(world, "snowflake", ["node", script, sinks.forward_tools(), str(self.port),
                                              world.path("warehouse.db"), ACCOUNT, USER, public])

    def ask(self, body=None, **query):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/double?{urllib.parse.urlencode(query)}",
                                         json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def sql(self, words):
        return self.ask(sql=words)

    def counts(self):
        return self.ask(counts=1)

    def rows(self, table):
        try:
            return int(self.sql(f"SELECT count(*) FROM {table}")[0][0])
        except OSError:  # not there yet
            return 0


def tags_of(tag):
    """{"device": "sda"}; a comma ends a value only where another key follows."""
    return dict(pair.split("=", 1) for pair in re.split(r",(?=[a-z_]+=)", tag)) if tag else {}


def expected(aggregator, identity, start_ms, end_ms):
    """{(instance, metric, tags, begin): value}"""
    found = {}
    for (metric, tag), values in sinks.points(aggregator, identity, SENT, start_ms, end_ms).items():
        for t, value in values.items():
            found[identity, metric, json.dumps(tags_of(tag), sort_keys=True), t] = value
    return found


def metric_rows(double, start_ms, end_ms):
    found = {}
    where = f"epoch_ms(TIMESTAMP) >= {start_ms} AND epoch_ms(TIMESTAMP) < {end_ms}"
    for instance, name, tags, t, value in double.sql(
            f"SELECT INSTANCE_ID, METRIC_NAME, CAST(TAGS AS VARCHAR), epoch_ms(TIMESTAMP), METRIC_VALUE FROM METRICS WHERE {where}"):
        key = (instance, name, json.dumps(json.loads(tags), sort_keys=True), int(t))
        check(key not in found, f"{key} is there twice")
        found[key] = float(value)
    return found


def compare(want, have):
    missing = want.keys() - have.keys()
    check(not missing, f"{len(missing)} of {len(want)} points are missing, as {sorted(missing)[:3]}")
    more = have.keys() - want.keys()
    check(not more, f"{len(more)} rows that we do not have, as {sorted(more)[:3]}")
    for key, value in want.items():
        near = math.isclose(have[key], value, rel_tol=1e-6, abs_tol=1e-3)
        check(near, f"{key}: {have[key]} instead of {value}")


def check_views(double, identity):
    setup = (nephos.ROOT / "packaging/deploy/snowflake/setup.sql").read_text()
    views = re.findall(r"^CREATE OR REPLACE VIEW.*?;", setup, re.M | re.S)
    check(len(views) == 4, f"{len(views)} views")
    double.sql("CREATE OR REPLACE MACRO SYSDATE() AS CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)")
    for view in views:
        double.sql(view.rstrip(";"))
    for view in ("METRICS_HOURLY", "METRICS_DAILY"):
        total = int(double.sql(f"SELECT sum(SAMPLE_COUNT) FROM {view}")[0][0])
        check(total == double.rows("METRICS"), f"{view} counts {total}")
    health = double.sql(f"SELECT NAME, STATUS, ACTIVE_ALERTS_COUNT, AVG_CPU FROM INSTANCE_HEALTH WHERE ID = '{identity}'")
    check(len(health) == 1 and int(health[0][2]) >= 1 and float(health[0][3]) >= 0, f"INSTANCE_HEALTH: {health}")
    check(int(double.sql(f"SELECT count(*) FROM ACTIVE_ALERTS {OURS}")[0][0]) == 1, "one alert is active")


def check_words(aggregator, double, alert):
    """A model's words in place of ours, marked as such; ours when it is not there."""
    told = aggregator.post("/insights/summary/generate", {})
    check(told["source"] == "snowflake-cortex" and told["metadata"]["aiModel"] == MODEL, f"{told}")
    check(told["summary"].startswith(f"Words of {MODEL} about") and "alert" in told["facts"], f"{told}")
    again = aggregator.get("/insights/summary")
    check(again["summary"] == told["summary"] and again["source"] == "snowflake-cortex", f"{again}")
    explained = aggregator.get(f"/insights/explain-alert/{alert['id']}")
    check(explained["explanation"].startswith(f"Words of {MODEL}") and explained["meaning"], f"{explained}")
    double.process.kill()
    aggregator.post("/alerts", {"instanceId": alert["instanceId"], "alertType": "other", "severity": "critical",
                                 "message": "told while nobody is there"})
    told = until(lambda: own_words(aggregator), 20, "our own words are told")
    check(told["metadata"]["aiModel"] == "nephos-facts" and "facts" not in told, f"{told}")
    double.start()


def own_words(aggregator):
    told = aggregator.post("/insights/summary/generate", {})
    return told if told["source"] == "nephos" else None


def check_wrong_keys(world, double, good_lines):
    """A foreign key, one without its password: told by a test, in words."""
    foreign, _ = make_key(world, "foreign")
    locked, _ = make_key(world, "locked", "-v2", "des3", "-passout", "pass:other")
    for number, (lines, words) in enumerate([({"key_file": foreign}, "390144"), ({"key_file": locked}, "encrypted"),
                                             ({"key_file": locked, "password_file": good_lines["password_file"]}, "password")]):
        more = {k: v for k, v in good_lines.items() if k not in ("key_file", "password_file")}
        config = sinks.configuration(world, "snow", {**more, **lines})
        aggregator = world.aggregator(f"wrong-{number}", flags=["--config", config, "--agents-max", "8"]).start()
        code, out, err = world.run([nephos.binary("nephos-aggregator"), "forward", "test", "snow", "--data", aggregator.data], 60)
        check(code != 0 and words in out + err, f"{lines}: {code} {out} {err}")
        aggregator.process.kill()


def proof(world):
    private, public = make_key(world, "key", "-v2", "aes256", "-passout", f"pass:{PASSWORD}")
    double = Double(world, public)
    lines = {"type": "snowflake", "account": "myorg-acct", "user": "nephos", "url": f"http://127.0.0.1:{double.port}",
             "key_file": private, "password_file": world.write("password", PASSWORD + "\n"), "resolution": "1s",
             "interval": "1s", "model": MODEL,
             "metrics": "cpu_usage, cpu_core_*, memory_*, disk_*, network_*, load_*, uptime, forks"}
    config = sinks.configuration(world, "snow", lines)
    aggregator, ids = sinks.two_agents(world, config)
    until(lambda: double.rows("METRICS") > 100, 60, "the first rows arrive")
    start_ms = (int(time.time()) + 1) * 1000
    alerts = [aggregator.post("/alerts", {"instanceId": ids[0], "alertType": f"proof-{n}", "severity": "high",
                                           "message": f"it's \"alert\" {n}\n"}) for n in range(3)]
    double.ask({"next": ["429", "reset", "503", "html", "reset", "401"]})
    sinks.kill_in_turn(aggregator, double, ("aggregator", "receiver", "both"), 8, 3,
                       lambda: double.ask({"next": ["reset", "reset", "429"]}))
    for alert in alerts[1:]:
        aggregator.post(f"/alerts/{alert['id']}", {"status": "resolved"}, "PUT")
    end_ms = sinks.end_ms(8)

    def all_expected():
        return {k: v for identity in ids for k, v in expected(aggregator, identity, start_ms, end_ms).items()}
    sinks.settled(lambda: len(metric_rows(double, start_ms, end_ms)), lambda: len(all_expected()), 90,
                  "every point is a row")
    want = all_expected()
    compare(want, metric_rows(double, start_ms, end_ms))
    check(len(want) > 2000, f"only {len(want)} points were compared")
    until(lambda: sorted(r[0] for r in double.sql(f"SELECT STATUS FROM ALERTS {OURS}")) == ["active", "resolved", "resolved"],
          30, "alerts follow")
    texts = sorted(r[0] for r in double.sql(f"SELECT MESSAGE FROM ALERTS {OURS}"))
    check(texts == sorted(a["message"] for a in alerts), f"{texts}")
    until(lambda: double.rows("INSTANCES") == 2, 10, "instances follow")
    check_views(double, ids[0])
    counts = double.counts()  # since it was started last
    check(counts["rows"] > 100 and 1 <= counts["tokens"] <= 4, f"a token is used for a while: {counts}")
    check_words(aggregator, double, alerts[0])
    row = sinks.destination(aggregator, "snow")
    told = json.dumps(row) + aggregator.process.said()
    check(PASSWORD not in told and "PRIVATE" not in told, "a secret is told")
    check_wrong_keys(world, double, lines)
    print(f"{len(want)} points are rows, each once; {counts}; {json.dumps(row)}")


if __name__ == "__main__":
    nephos.main(proof)
