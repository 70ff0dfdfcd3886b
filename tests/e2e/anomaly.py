#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two days of a host are pushed, with a disk that fills, and then ten minutes of trouble up to now: the shipped
aggregator says which metrics moved, raises one alert, keeps the level as a series, and foretells the disk. After
SIGKILL it still knows all of it."""
import http.client
import json
import math
import random
import time

import nephos
from nephos import check, until

HOST = "shop-1"
DAY_S = 86400
METRICS = {"cpu_usage": "percent", "memory_usage_percent": "percent", "load_average_1min": "load",
           "disk_busy_percent": "percent", "tcp_established": "count", "disk_usage_percent": "percent"}


def values_at(dice, t, start, stress):
    season = 0.5 - 0.5 * math.cos(2 * math.pi * (t % DAY_S) / DAY_S)
    load = 0.1 + 0.25 * season + 0.02 * dice.gauss(0, 1) + stress
    return {"cpu_usage": 100 * min(1, max(0, load)), "memory_usage_percent": 40 + 4 * load + 0.2 * dice.gauss(0, 1),
            "load_average_1min": max(0, 4 * load + 0.1 * dice.gauss(0, 1)),
            "disk_busy_percent": max(0, min(100, 60 * load + dice.gauss(0, 1))),
            "tcp_established": max(0, 200 * load + 5 * dice.gauss(0, 1)),
            "disk_usage_percent": 40 + (t - start) / 3600}


def push(aggregator, samples):
    """[(seconds, {metric: value})] as OTLP."""
    metrics = []
    for name, unit in METRICS.items():
        points = [{"timeUnixNano": str(t * 10 ** 9), "asDouble": round(v[name], 2),
                   "attributes": [{"key": "mount", "value": {"stringValue": "/"}}] if "disk_usage" in name else []}
                  for t, v in samples]
        metrics.append({"name": name, "unit": unit, "gauge": {"dataPoints": points}})
    host = {"attributes": [{"key": "host.name", "value": {"stringValue": HOST}}]}
    body = json.dumps({"resourceMetrics": [{"resource": host, "scopeMetrics": [{"metrics": metrics}]}]})
    connection = http.client.HTTPConnection("127.0.0.1", aggregator.api_port, timeout=20)
    for _ in range(200):
        connection.request("POST", "/v1/metrics", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            check(b"rejected" not in text, f"nothing of it is rejected: {text[:300]!r}")
            return
        check(answer.status in (429, 503), f"POST /v1/metrics: {answer.status} {text[:300]!r}")
        time.sleep(0.05)
    raise nephos.Failed("the aggregator never had room for the samples")


def now_of(aggregator):
    found = [h for h in aggregator.get("/api/v1/anomalies")["hosts"] if h["name"] == HOST]
    return found[0] if found else None


def raised(aggregator):
    return [a for a in aggregator.get("/alerts")["alerts"] if a["alertType"] == "anomaly"]


def past(aggregator, dice, start, end):
    for begin in range(start, end, 4 * 3600):
        push(aggregator, [(t, values_at(dice, t, start, 0)) for t in range(begin, min(end, begin + 4 * 3600), 60)])


def proof(world):
    dice = random.Random(1)
    aggregator = nephos.Aggregator(world).start()
    end = int(time.time()) // 60 * 60 + 60
    start = end - 2 * DAY_S
    past(aggregator, dice, start, end - 600)
    until(lambda: (now_of(aggregator) or {"state": ""})["state"] == "usual", 20, "two days are enough to know it")
    check(raised(aggregator) == [], "what is old raises nothing")
    for t in range(end - 600, end, 60):
        push(aggregator, [(t, values_at(dice, t, start, 0.6))])
    until(lambda: now_of(aggregator)["state"] == "unusual", 20, "the trouble is seen")
    host = now_of(aggregator)
    print(f"level {host['level']:.2f}; first: " + ", ".join(m["metric"] for m in host["metrics"][:3]))
    top = host["metrics"][0]
    check(host["level"] >= 2 and top["state"] > 3 and top["z_24h"] > 2, f"what stands out is told: {host}")
    plain = {m["metric"]: max(abs(m["z_24h"]), abs(m["z_7d"])) for m in host["three_sigma"]}
    check(host["three_sigma_series"] >= len(plain) > 0 and min(plain.values()) > 3, f"so is what the plain rule finds: {host}")
    check(list(plain.values()) == sorted(plain.values(), reverse=True), f"the farthest first: {plain}")
    check(top["metric"] != "disk_usage_percent", "and it is not what has always grown")
    # The level is known when the minute has been judged, the alert when it is on the disk.
    until(lambda: raised(aggregator), 10, "the trouble raises an alert")
    alerts = raised(aggregator)
    check(len(alerts) == 1, f"one alert for one trouble, not {len(alerts)}")
    events = aggregator.get("/api/v1/anomalies", **{"from": "-1h"})["events"]
    check(any(HOST in e["title"] and "unusually" in e["title"] for e in events), f"it is recorded: {events}")
    identity = host["id"]
    level = aggregator.get("/api/v1/query", instance=identity, metric="anomaly_level", **{"from": "-1h"})
    check(any(v is not None and v >= 2 for s in level["series"] for v in s["v"]), f"level as a series: {level}")

    forecast = aggregator.get("/api/v1/forecast", instance=identity, metric="disk_usage_percent", hours=24)
    check(len(forecast["points"]) == 24, f"a point for every hour: {forecast}")
    crossing = aggregator.get("/api/v1/forecast", instance=identity, metric="disk_usage_percent")["crossing"]
    check(crossing is not None, "the disk will be full")
    hours = (crossing["expected_ms"] / 1000 - end) / 3600
    print(f"the disk is expected to be full in {hours:.1f} hours; it would be in 7.0")
    check(3.5 <= hours <= 14, "and about when")
    check(crossing["earliest_ms"] <= crossing["expected_ms"], "an interval in order")
    half = aggregator.get("/api/v1/forecast", instance=identity, metric="disk_usage_percent", threshold=92.5)["crossing"]
    check(half["threshold"] == 92.5 and half["expected_ms"] < crossing["expected_ms"], f"a lower level is reached sooner: {half}")
    # Any metric has a level that it may reach, in its own unit: none that nobody names, one that lies below at once.
    for level, reached in (({}, None), ({"threshold": 0.5}, 0), ({"threshold": 1e12}, None)):
        told = aggregator.get("/api/v1/forecast", instance=identity, metric="tcp_established", **level)
        check((told["crossing"] and told["crossing"]["expected_ms"] - told["last_ms"]) == reached, f"{level}: {told}")
    for wrong in ("0", "-5", "nan", "5GiB"):
        path = f"/api/v1/forecast?instance={identity}&metric=tcp_established&threshold={wrong}"
        check(aggregator.request(path)[0] == 400, f"{wrong} is no level")
    nothing = aggregator.get("/api/v1/forecast", instance=identity, metric="memory_usage_percent")
    check(nothing["crossing"] is None, f"no crossing where there is none: {nothing}")
    for path in ("instance=nobody&metric=x", "instance=" + identity + "&metric=x"):
        check(aggregator.request("/api/v1/forecast?" + path)[0] == 404, f"{path}: 404")

    aggregator.process.kill()
    aggregator.start()
    until(lambda: now_of(aggregator)["state"] in ("usual", "unusual"), 30, "it knows the host again after SIGKILL")
    again = now_of(aggregator)
    check(again["minute_ms"] >= host["minute_ms"], "up to the newest minute")
    check([a["id"] for a in raised(aggregator)] == [alerts[0]["id"]], "and raises no second alert")


if __name__ == "__main__":
    nephos.main(proof)
