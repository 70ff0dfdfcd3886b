# SPDX-License-Identifier: MIT
"""The API that existing clients know, route by route: shapes, status codes, errors, CORS, paging, restart.

Everything goes over HTTP to the shipped program. The shapes were taken down from the backend that those
clients were written for; where ours answers better the line says so.
"""
import concurrent.futures
import http.client
import json
import re
import socket
import time
import urllib.parse

from nephos import check, main, until

ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
METHODS = {"instances": "GET,POST,PUT,DELETE,OPTIONS", "alerts": "GET,POST,PUT,DELETE,OPTIONS",
           "metrics": "GET,POST,OPTIONS", "insights": "GET,POST,OPTIONS", "analytics": "GET,OPTIONS",
           "ingest": "POST,OPTIONS"}
server = None


def ask(method, path, body=None, headers=None):
    """(status, decoded JSON or raw bytes, headers)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.api_port, timeout=20)
    data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
    try:
        connection.request(method, path, data, headers or {"Content-Type": "application/json"})
        answer = connection.getresponse()
        raw = answer.read()
        try:
            return answer.status, json.loads(raw), answer.headers
        except ValueError:
            return answer.status, raw, answer.headers
    finally:
        connection.close()


def good(method, path, body=None, status=200):
    got, value, headers = ask(method, path, body)
    check(got == status, f"{method} {path} answered {got}, not {status}: {value}")
    check(headers["Content-Type"] == "application/json", f"{path}: {headers['Content-Type']}")
    group = path[1:].split("/")[0].split("?")[0]
    if group in METHODS:
        check(headers["Access-Control-Allow-Origin"] == "*", f"{path}: no CORS")
        check(headers["Access-Control-Allow-Headers"] == "Content-Type,Authorization", f"{path}: CORS headers")
        check(headers["Access-Control-Allow-Methods"] == METHODS[group],
              f"{path}: CORS methods {headers['Access-Control-Allow-Methods']}")
    return value


def bad(method, path, body, status, error=None):
    value = good(method, path, body, status)
    check(isinstance(value.get("error"), str) and isinstance(value.get("message"), str),
          f"{method} {path}: an error has error and message: {value}")
    check(error is None or value["error"] == error, f"{method} {path}: {value}")
    return value


def has_shape(value, shape, where):
    """Every named member is there and of its kind; others may be."""
    for name, kind in shape.items():
        optional = name.endswith("?")
        name = name.rstrip("?")
        if optional and name not in value:
            continue
        check(name in value, f"{where}: {name} is missing in {value}")
        got = value[name]
        if kind == "iso":
            check(isinstance(got, str) and ISO.match(got), f"{where}: {name} is {got!r}")
        elif kind == "number":
            check(isinstance(got, (int, float)) and not isinstance(got, bool), f"{where}: {name} is {got!r}")
        else:
            check(isinstance(got, kind), f"{where}: {name} is {got!r}")


INSTANCE = {"id": str, "name": str, "type": str, "status": str, "region": str, "endpoint": str, "provider": str,
            "metadata": dict, "createdAt": "iso", "updatedAt": "iso", "lastHealthCheck?": "iso"}
METRIC = {"id": str, "instanceId": str, "timestamp": int, "metricName": str, "metricValue": "number",
          "value": "number", "unit": str, "tags": dict, "createdAt": "iso"}
ALERT = {"id": str, "instanceId": str, "alertType": str, "severity": str, "message": str, "status": str,
         "createdAt": "iso", "updatedAt": "iso", "resolvedAt?": "iso"}
WEB = {"name": "web-1", "type": "web-service", "region": "us-east-1", "endpoint": "http://web-1:3000"}
PLAIN = {"instanceId": "i-1", "alertType": "disk", "severity": "high", "message": "disk is nearly full"}


def instances():
    made = good("POST", "/instances", {**WEB, "metadata": {"ipAddress": "10.0.0.9", "deep": {"a": [1, 2.5]}}}, 201)
    has_shape(made, INSTANCE, "POST /instances")
    check(UUID.match(made["id"]) and made["status"] == "unknown" and made["provider"] == "aws", made)
    check(made["metadata"] == {"ipAddress": "10.0.0.9", "deep": {"a": [1, 2.5]}}, made)
    check("lastHealthCheck" not in made, "absent times are left out")
    again = good("POST", "/instances", WEB, 201)
    check(again["id"] == made["id"] and again["metadata"] == made["metadata"], "POST is idempotent by name")
    own = good("POST", "/instances", {**WEB, "name": "other", "id": "my-own:id.1"}, 201)
    check(own["id"] == "my-own:id.1", "an id of the caller's is taken")
    check(good("POST", "/instances", {**WEB, "id": "my-own:id.1"}, 201)["id"] == own["id"], "and is idempotent")
    check(good("GET", "/instances/my-own%3Aid%2E1")["id"] == own["id"], "ids are percent-decoded")
    check(good("GET", "/api/instances/" + made["id"])["id"] == made["id"], "from the page's own origin")
    for word, provider in {"vultr-compute": "vultr", "my-gcp": "gcp", "azure-vm": "azure", "cache": "other"}.items():
        got = good("PUT", f"/instances/of-{word}", {"type": word})
        check(got["provider"] == provider and got["name"] == f"of-{word}" and got["region"] == "unknown", got)
        check(good("DELETE", f"/instances/of-{word}") == {"success": True}, "DELETE")
        bad("GET", f"/instances/of-{word}", None, 404, "Instance not found")
        bad("DELETE", f"/instances/of-{word}", None, 404, "Instance not found")
    put = good("PUT", f"/instances/{made['id']}", {"region": "ewr", "status": "degraded", "unknown": 1,
                                                   "lastHealthCheck": "2026-01-15T12:00:00.000Z"})
    check((put["region"], put["status"], put["name"]) == ("ewr", "degraded", "web-1"), put)
    check(put["lastHealthCheck"] == "2026-01-15T12:00:00.000Z" and put["endpoint"] == WEB["endpoint"], put)
    listed = good("GET", "/instances?status=degraded")
    check([i["id"] for i in listed["instances"]] == [made["id"]] and listed["count"] == 1, listed)
    check("lastEvaluatedKey" not in listed, "no key on the last page")
    check(good("GET", "/instances?status=no-such-word")["count"] == 0, "exact match")
    missing = bad("POST", "/instances", {"name": "x", "type": "", "region": False, "endpoint": 0}, 400,
                  "Missing required fields")
    check(missing["required"] == ["name", "type", "region", "endpoint"], missing)
    bad("PUT", f"/instances/{made['id']}", {"name": "", "foo": 1}, 400, "No fields to update")
    bad("PUT", "/instances/no%20spaces", {"name": "x"}, 400)
    bad("POST", "/instances", {**WEB, "name": "n" * 64}, 400)
    bad("POST", "/instances", {**WEB, "name": 17}, 400)
    bad("POST", "/instances", {**WEB, "metadata": []}, 400)
    bad("POST", "/instances", {**WEB, "metadata": {"a": "x" * 2100}}, 400)
    return made


def bodies():
    for body in (b"", b"null", b"[]", b"{", b'{"name":}', b'{"a":1e999}', b'{"a":"\xff"}', b'{"a":"\\u0000"}x',
                 b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", b"\x00\x01", b'{"a":1}{"b":2}'):
        for method, path in (("POST", "/instances"), ("PUT", "/instances/x"), ("POST", "/metrics"),
                             ("POST", "/alerts"), ("PUT", "/alerts/x"), ("POST", "/ingest")):
            status, value, _ = ask(method, path, body)
            check(status in (400, 411) and "error" in value, f"{method} {path} {body[:20]!r}: {status} {value}")
    big = ask("POST", "/alerts", {**PLAIN, "message": "x" * 70000})
    check(big[0] == 413, f"64 KiB is the most of one alert: {big[0]}")
    bad("POST", "/alerts", {**PLAIN, "message": "x" * 400}, 400)
    bad("POST", "/alerts", {**PLAIN, "instanceId": "a\0b"}, 400)


def metrics():
    now = int(time.time() * 1000)
    body = {"instanceId": "m-1", "metricName": "response_time_ms", "metricValue": "240.75ms", "unit": "milliseconds",
            "timestamp": now - 5000, "tags": {"b": "2", "a": "1"}}
    made = good("POST", "/metrics", body, 201)
    has_shape(made, METRIC, "POST /metrics")
    check(made["metricValue"] == made["value"] == 240.75 and made["timestamp"] == now - 5000, made)
    check(made["tags"] == {"a": "1", "b": "2"} and made["unit"] == "milliseconds", made)
    check(good("GET", "/metrics/" + urllib.parse.quote(made["id"], safe=""))["value"] == 240.75, "by its id")
    check(good("POST", "/metrics", body, 201)["id"] == made["id"], "a repeat is the same sample")
    bad("POST", "/metrics", {**body, "metricValue": 7}, 409)
    zero = good("POST", "/metrics", {**body, "metricName": "zero", "metricValue": 0, "timestamp": 0}, 201)
    check(zero["value"] == 0 and abs(zero["timestamp"] - time.time() * 1000) < 5000, "0 is a value; now is the time")
    iso = good("POST", "/metrics", {**body, "metricName": "iso", "timestamp": "2026-01-15T12:00:00.000Z"}, 201)
    check(iso["timestamp"] == 1768478400000, iso)
    large = good("POST", "/metrics", {**body, "metricName": "large", "metricValue": 2 ** 60 + 1}, 201)
    check(large["value"] == 2 ** 60 + 1, "beyond 2^53 exactly")
    for value in ("10.0.0.1", "abc", "", None, "0x10", "inf", [], {}, True):
        bad("POST", "/metrics", {**body, "metricName": "no", "metricValue": value}, 400)
    check(bad("POST", "/metrics", {}, 400)["required"] == ["instanceId", "metricName", "metricValue", "unit"], "")
    for member, value in (("timestamp", "soon"), ("timestamp", now + 10 ** 9), ("tags", []), ("tags", {"a": 1}),
                          ("unit", "u" * 40), ("instanceId", "with blank"), ("metricName", 5)):
        bad("POST", "/metrics", {**body, member: value}, 400)
    bad("GET", "/metrics/m-1-99-5", None, 404, "Metric not found")
    bad("GET", "/metrics/nothing", None, 404, "Metric not found")
    for t in range(30):  # several in the same half second, and in no order
        good("POST", "/metrics", {"instanceId": "m-2", "metricName": "burst", "metricValue": t, "unit": "count",
                                  "timestamp": now - 60000 + (t * 7 % 30) * 40}, 201)
    got = good("GET", "/metrics?instanceId=m-2&metricName=burst&limit=25")
    check(got["count"] == 25 == len(got["metrics"]), f"an explicit limit is exact, not {got['count']}")
    times = [m["timestamp"] for m in got["metrics"]]
    check(times == sorted(times, reverse=True) and times[0] == now - 60000 + 29 * 40, f"newest first: {times}")
    check(len(set(times)) == 25, "no sample twice")
    pages, query, key = [], "/metrics?instanceId=m-2&metricName=burst&limit=7", ""
    while key is not None:
        page = good("GET", query + key)
        pages += page["metrics"]
        key = page.get("lastEvaluatedKey")
        key = None if key is None else "&lastEvaluatedKey=" + key
    whole = good("GET", "/metrics?instanceId=m-2&metricName=burst&limit=30")
    check(pages == whole["metrics"], "pages of metrics")
    check("lastEvaluatedKey" not in whole, "no key where there are exactly as many as asked for")
    for key in ("rubbish", "1-2", "1-2-3-4", "1-x-3"):
        bad("GET", "/metrics?limit=5&lastEvaluatedKey=" + key, None, 400)
    check(good("GET", "/metrics?")["count"] >= 20, "an empty query is legal")
    check(good("GET", "/metrics?instanceId=nobody")["metrics"] == [], "filters come before the limit")
    for limit in ("0", "-1", "abc", "5xyz", "1001"):
        for path in ("/metrics", "/instances", "/alerts", "/insights"):
            bad("GET", f"{path}?limit={limit}", None, 400)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # without a time of their own none gets lost
        made = list(pool.map(lambda v: good("POST", "/metrics", {"instanceId": "m-3", "metricName": "crowd",
                             "metricValue": v, "unit": "count"}, 201)["value"], range(24)))
    got = good("GET", "/metrics?instanceId=m-3&limit=100")
    check(sorted(m["value"] for m in got["metrics"]) == list(range(24)) == sorted(made), got)


def alerts():
    made = good("POST", "/alerts", {**PLAIN, "status": "resolved"}, 201)
    has_shape(made, ALERT, "POST /alerts")
    check(UUID.match(made["id"]) and made["status"] == "active" and "resolvedAt" not in made, made)
    again = good("POST", "/alerts", {**PLAIN, "severity": "critical", "message": "full"}, 201)
    check(again["id"] == made["id"] and again["severity"] == "critical" and again["occurrences"] == 2,
          f"one breach is one alert: {again}")
    path = "/alerts/" + made["id"]
    check(good("PUT", path, {"status": "acknowledged"})["status"] == "acknowledged", "acknowledge")
    done = good("PUT", path, {"status": "resolved", "resolvedAt": "2020-01-01T00:00:00.000Z", "severity": "low"})
    check(done["status"] == "resolved" and done["severity"] == "critical", done)
    check(not done["resolvedAt"].startswith("2020"), "only the presence of resolvedAt counts")
    check(good("GET", path) == done, "GET is what PUT answered")
    check(good("PUT", path, {"message": "mended"})["message"] == "mended", "message")
    bad("PUT", path, {"severity": "low"}, 400, "No fields to update")
    bad("PUT", path, {"status": "sleeping"}, 400)
    bad("PUT", "/alerts/unknown", {"status": "resolved"}, 404, "Alert not found")
    check(good("GET", "/alerts")["count"] > 0, "an unknown id has made no half alert")
    bad("POST", "/alerts", {**PLAIN, "severity": "terrible"}, 400)
    check(bad("POST", "/alerts", {}, 400)["required"] == ["instanceId", "alertType", "severity", "message"], "")
    for n in range(23):
        good("POST", "/alerts", {**PLAIN, "instanceId": f"i-{n % 3}", "alertType": f"type-{n}"}, 201)
    for where in ("", "&instanceId=i-1", "&status=active", "&status=active&instanceId=i-2"):
        all_of_it = good("GET", "/alerts?limit=1000" + where)
        check("lastEvaluatedKey" not in all_of_it and all_of_it["count"] == len(all_of_it["alerts"]), where)
        seen, key = [], ""
        while key is not None:
            page = good("GET", f"/alerts?limit=4{where}{key}")
            check(0 < page["count"] <= 4, f"{where}: no page is empty")
            seen += page["alerts"]
            key = page.get("lastEvaluatedKey")
            key = None if key is None else "&lastEvaluatedKey=" + urllib.parse.quote(key)
        check(seen == all_of_it["alerts"], f"{where}: pages are the whole list")
        check(all(a["createdAt"] >= b["createdAt"] for a, b in zip(seen, seen[1:])), "newest first")
    check(good("GET", "/alerts?status=sleeping")["alerts"] == [], "a word that no alert has")
    bad("GET", "/alerts?lastEvaluatedKey=rubbish", None, 400)
    check(good("DELETE", path) == {"success": True}, "DELETE answers JSON, so that clients can parse it")
    for method in ("GET", "DELETE"):
        bad(method, path, None, 404, "Alert not found")
    bad("PUT", path, {"status": "active"}, 404, "Alert not found")


def ingest():
    batch = {"instanceId": "b-1", "instanceName": "batch-1", "region": "ewr", "endpoint": "http://b-1/health",
             "metrics": [{"name": "cpu_usage", "value": 12.34, "unit": "percent"},
                         {"name": "memory_usage_percent", "value": "50"},
                         {"name": "network_eth0_ip", "value": "10.0.0.1", "unit": "string"}],
             "health": {"status": "degraded", "lastCheck": "2026-01-15T12:00:00.000Z"}}
    done = good("POST", "/ingest", batch)
    check(done == {"message": "Metrics ingested successfully", "metricsIngested": 2, "instanceUpdated": True,
                   "alertsGenerated": 0}, done)
    one = good("GET", "/instances/b-1")
    has_shape(one, INSTANCE, "an ingested instance")
    check((one["name"], one["region"], one["type"], one["provider"], one["status"]) ==
          ("batch-1", "ewr", "vultr-compute", "vultr", "degraded"), one)
    check(one["metadata"]["source"] == "vultr" and ISO.match(one["metadata"]["lastSync"]), one)
    check(one["lastHealthCheck"] == "2026-01-15T12:00:00.000Z" and one["endpoint"] == "http://b-1/health", one)
    good("POST", "/ingest/vultr", {"instanceId": "b-1", "metrics": []})
    kept = good("GET", "/instances/b-1")
    check((kept["name"], kept["region"], kept["endpoint"], kept["createdAt"]) ==
          (one["name"], one["region"], one["endpoint"], one["createdAt"]), f"what is left out is kept: {kept}")
    check(kept["status"] == "healthy", "the default of a batch")
    bare = good("POST", "/ingest", {"instanceId": "b-2", "metrics": []})
    check(bare["metricsIngested"] == 0 and good("GET", "/instances/b-2")["name"] == "Vultr Instance", bare)
    for body in ({}, {"instanceId": "b-1"}, {"metrics": []}, {"instanceId": "b-1", "metrics": {}}):
        check(bad("POST", "/ingest", body, 400, "Bad Request")["message"] == "instanceId and metrics are required", "")
    for rotten in ({"name": "cpu_usage"}, {"name": "cpu_usage", "value": "10.0.0.1"}, {"value": 1}, 5,
                   {"name": "cpu_usage", "value": 1, "timestamp": "soon"}):
        bad("POST", "/ingest", {"instanceId": "b-3", "metrics": [{"name": "load", "value": 1}, rotten]}, 400)
    bad("GET", "/instances/b-3", None, 404)

    def send(cpu):
        time.sleep(0.002)  # each at a time of its own
        return good("POST", "/ingest", {"instanceId": "b-1", "metrics": [{"name": "cpu_usage", "value": cpu,
                                                                         "unit": "percent"}]})["alertsGenerated"]
    check([send(90), send(95), send(75), send(99)] == [1, 0, 0, 0], "one alert for one breach")
    open_ones = good("GET", "/alerts?status=active&instanceId=b-1")["alerts"]
    check(len(open_ones) == 1 and open_ones[0]["alertType"] == "cpu_usage_critical", open_ones)
    check(open_ones[0]["message"] == "cpu_usage is critical: 99percent (threshold: 90)", open_ones[0])
    explained = good("GET", "/insights/explain-alert/" + open_ones[0]["id"])
    has_shape(explained, {"explanation": str, "meaning": str, "cause": str, "action": str, "urgency": int,
                          "generatedAt": "iso"}, "explain-alert")
    check("peak 99 %" in explained["meaning"] and 1 <= explained["urgency"] <= 10, explained)
    bad("GET", "/insights/explain-alert/unknown", None, 404, "Alert not found")
    check(send(10) == 0, "no alert for a quiet host")
    until(lambda: good("GET", "/alerts?status=active&instanceId=b-1")["alerts"] == [], 5, "it resolves itself")
    check(send(70) == 1, "the next breach is a new one")
    check(good("GET", "/alerts?instanceId=b-1&status=active")["alerts"][0]["severity"] == "high", "70 is a warning")


def analytics():
    now = int(time.time() * 1000)
    hour = now - now % 3600000 - 3600000
    for value, at in ((1, hour), (2, hour + 1000), (3, hour + 3599999), (10, hour + 3600000)):
        good("POST", "/metrics", {"instanceId": "a-1", "metricName": "cpu_usage", "metricValue": value,
                                  "unit": "percent", "timestamp": at}, 201)
    got = good("GET", "/analytics?instanceId=a-1&metricName=cpu_usage")
    has_shape(got, {"hourlyMetrics": list, "activeAlertsCount": int, "healthyInstancesCount": int,
                    "unhealthyInstancesCount": int, "totalInstancesCount": int}, "/analytics")
    rows = got["hourlyMetrics"]
    check(len(rows) == 2, rows)
    check((rows[0]["avgValue"], rows[0]["maxValue"], rows[0]["minValue"], rows[0]["sampleCount"]) == (2, 3, 1, 3), rows)
    check(rows[0]["hour"] == time.strftime("%Y-%m-%dT%H:00:00.000Z", time.gmtime(hour / 1000)), rows)
    day = time.strftime("%Y-%m-%d", time.gmtime(hour / 1000))
    check(good("GET", f"/analytics?startDate={day}&endDate={day}&instanceId=a-1")["hourlyMetrics"], "days")
    check(good("GET", "/analytics?startDate=2020-01-01&endDate=2020-01-02")["hourlyMetrics"] == [], "long ago")
    check(good("GET", "/analytics?instanceId=nobody")["hourlyMetrics"] == [], "filters")
    for range_ in ("startDate=soon", "endDate=2026-13-01", "startDate=2026-01-02&endDate=2026-01-01"):
        bad("GET", "/analytics?" + range_, None, 400)
    dash = good("GET", "/analytics/dashboard")
    has_shape(dash, {"summary": dict, "instances": list, "recentAlerts": list, "recentMetrics": list}, "dashboard")
    has_shape(dash["summary"], {n: int for n in ("totalInstances", "healthyInstances", "activeAlerts",
                                                 "criticalAlerts", "avgLatency")}, "summary")
    check(len(dash["instances"]) <= 10 and len(dash["recentAlerts"]) <= 10 and len(dash["recentMetrics"]) <= 20, "")
    check(dash["summary"]["avgLatency"] == 241, dash["summary"])
    check(dash["summary"]["activeAlerts"] == good("GET", "/alerts?status=active&limit=1000")["count"], "counts")
    check(dash["summary"]["totalInstances"] == good("GET", "/instances?limit=1000")["count"], "counts")
    for one, shape in (("instances", INSTANCE), ("recentAlerts", ALERT), ("recentMetrics", METRIC)):
        check(dash[one], f"{one} is not empty here")
        for value in dash[one]:
            has_shape(value, shape, one)
    trend = good("GET", "/insights/analyze-trend?instanceId=a-1&metricName=cpu_usage&hours=4")
    check(trend["samples"] == 4 and trend["trend"] == "rising" and trend["slopePerHour"] > 0, trend)
    check("CPU use on a-1 is rising by" in trend["analysis"], trend)
    bad("GET", "/insights/analyze-trend", None, 400)
    bad("GET", "/insights/analyze-trend?instanceId=nobody&metricName=x", None, 404, "Instance not found")
    bad("GET", "/insights/analyze-trend?instanceId=a-1&metricName=x", None, 404, "Metric not found")


def insights():
    for path, kind in (("patterns", "pattern"), ("anomalies", "anomaly"), ("predictions", "prediction")):
        check(good("GET", "/insights/" + path) == {"type": kind, "insights": [], "count": 0}, path)
    check(good("GET", "/insights?limit=20&severity=high&type=pattern") == {"insights": [], "count": 0}, "")
    summary = good("GET", "/insights/summary")
    has_shape(summary, {"summary": str, "stats": list, "generatedAt": "iso"}, "summary")
    check(summary["criticalInsight"] is None and "\n" in summary["summary"], summary)
    check(good("GET", "/insights/quick-summary")["summary"].count(".") == 1, "one sentence")
    made = good("POST", "/insights/generate")
    has_shape(made, {"insights": list, "count": int, "generatedAt": "iso"}, "generate")
    fresh = good("POST", "/insights/summary/generate", {})
    check(fresh["metadata"]["freshGeneration"] is True and isinstance(fresh["metadata"]["aiModel"], str), fresh)


def routes():
    """Preflight, unknown paths and methods of every route."""
    paths = {"/instances": "GET POST", "/instances/x": "GET PUT DELETE", "/metrics": "GET POST", "/metrics/x": "GET",
             "/alerts": "GET POST", "/alerts/x": "GET PUT DELETE", "/analytics": "GET", "/analytics/dashboard": "GET",
             "/insights": "GET", "/insights/summary": "GET", "/insights/quick-summary": "GET",
             "/insights/patterns": "GET", "/insights/anomalies": "GET", "/insights/predictions": "GET",
             "/insights/explain-alert/x": "GET", "/insights/analyze-trend": "GET", "/insights/generate": "POST",
             "/insights/summary/generate": "POST", "/ingest": "POST", "/ingest/vultr": "POST",
             "/api/instances/x": "GET"}
    for path, methods in paths.items():
        status, body, headers = ask("OPTIONS", path, None, {"Origin": "http://dashboard.example",
                                    "Access-Control-Request-Method": "GET",
                                    "Access-Control-Request-Headers": "content-type"})
        check((status, body) == (200, b""), f"OPTIONS {path}: {status} {body}")
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - set(methods.split()):
            status, value, headers = ask(method, path, {} if method != "GET" else None)
            check(status == 405 and value["error"] == "Method not allowed", f"{method} {path}: {status} {value}")
            check(set(methods.split()) <= set(headers["Allow"].replace(",", " ").split()), headers["Allow"])
    for path in ("/instances/", "/Instances", "/nothing", "/insights/unknown/more", "/ingest/other"):
        status, value, _ = ask("GET", path)
        check(status == 404 and value["message"] == "Not Found", f"{path}: {status} {value}")


def asked_again():
    """Who has an answer already is told so, and no more; what has changed is sent."""
    for path in ("/alerts?limit=3", "/instances?limit=3", "/api/v1/silences", "/api/v1/rules?limit=2", "/insights",
                 "/api/v1/notes", "/api/v1/destinations"):
        status, value, headers = ask("GET", path)
        check(status == 200 and headers["ETag"], f"{path}: {status} without an ETag")
        status, again, headers = ask("GET", path, None, {"If-None-Match": headers["ETag"]})
        check((status, again) == (304, b"") and headers["ETag"], f"{path}: {status} {again}")
    _, _, headers = ask("GET", "/api/v1/silences")
    made = ask("POST", "/api/v1/silences", {"instance": "nobody", "for_ms": 60000})
    check(made[0] == 201, made)
    status, value, _ = ask("GET", "/api/v1/silences", None, {"If-None-Match": headers["ETag"]})
    check(status == 200 and len(value["silences"]) == 1, "what has changed is sent")
    check(ask("DELETE", "/api/v1/silences/" + value["silences"][0]["id"])[0] in (200, 204), "no more")


def pages_of_lists():
    """next_cursor leads through the whole list, once."""
    whole = ask("GET", "/api/v1/rules")[1]
    check(len(whole["rules"]) > 3 and "next_cursor" not in whole, "without a limit it is all of it")
    seen, cursor = [], 0
    while cursor is not None:
        page = ask("GET", f"/api/v1/rules?limit=2&cursor={cursor}")[1]
        check(0 < len(page["rules"]) <= 2, f"a page of two: {page}")
        seen += page["rules"]
        cursor = page.get("next_cursor")
    check(seen == whole["rules"], "pages are the whole list")
    for query in ("limit=0", "limit=1001", "cursor=x", "cursor=-1"):
        status, value, _ = ask("GET", "/api/v1/rules?" + query)
        check(status == 400 and value["message"], f"{query}: {status} {value}")


def half_closed():
    """A client that says all it will say, closes its half (as `nc -N` does), and waits for the answer."""
    body = json.dumps({**WEB, "name": "half"}).encode()
    request = (b"POST /instances HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body
    for times, pause_s in ((1, 0), (1, 0.001), (1, 0.02), (3, 0)):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", server.api_port), timeout=20) as s:
                s.sendall(request * times)
                time.sleep(pause_s)  # the end comes with the request, while it is committed, or after
                s.shutdown(socket.SHUT_WR)
                got = b"".join(iter(lambda: s.recv(65536), b""))
            check(got.count(b" 201 Created") == times, f"{times} requests, then the end: {got[:200]}")


def earlier_agents():
    """What the speed agent says, in its order: one instance is seen, under the agent's own id."""
    mine = "vultr-box-7-0a1b2c3d4e5f"
    registered = good("POST", "/instances", {"name": "box-7", "type": "vultr-server", "region": "vultr-default",
                      "endpoint": "http://box-7", "metadata": {"platform": "linux", "arch": "x64", "cpus": 2,
                                                               "totalMemory": 4122345472, "hostname": "box-7"}}, 201)
    put = good("PUT", f"/instances/{mine}", {"status": "healthy", "lastHealthCheck": "2026-01-15T12:00:00.000Z"})
    check((put["id"], put["name"], put["metadata"]["cpus"]) == (mine, "box-7", 2), put)
    check(put["createdAt"] == registered["createdAt"], "it is the one that was registered")
    boxes = [i for i in good("GET", "/instances?limit=1000")["instances"] if i["name"] == "box-7"]
    check([i["id"] for i in boxes] == [mine], f"one instance is seen: {boxes}")
    now = int(time.time() * 1000)
    for name, value, unit in (("cpu_usage", 97, "percent"), ("memory_usage_percent", 61.23456789012345, "percent"),
                              ("memory_usage", 2524971008, "bytes"), ("load_average_1min", 0.5, "load"),
                              ("load_average_5min", 0.25, "load"), ("load_average_15min", 0.1, "load"),
                              ("uptime", 86400.12, "seconds")):
        good("POST", "/metrics", {"instanceId": mine, "metricName": name, "metricValue": value, "unit": unit,
                                  "timestamp": now}, 201)
    for _ in range(3):
        good("POST", "/alerts", {"instanceId": mine, "alertType": "high_cpu_usage", "severity": "critical",
                                 "message": "CPU usage is at 97.00%"}, 201)
    own = [a for a in good("GET", f"/alerts?instanceId={mine}")["alerts"] if a["alertType"] == "high_cpu_usage"]
    check(len(own) == 1 and own[0]["occurrences"] == 3, own)
    check(good("GET", f"/metrics?instanceId={mine}&limit=7")["count"] == 7, "its seven metrics")
    check(good("POST", "/instances", {"name": "box-7", "type": "vultr-server", "region": "vultr-default",
                                      "endpoint": "http://box-7"}, 201)["id"] == mine, "its next start")
    check(good("PUT", f"/instances/{mine}", {"status": "unknown"})["status"] == "unknown", "its end")


def snapshot():
    return {path: good("GET", path) for path in (
        "/alerts?limit=1000", "/insights", "/metrics?instanceId=m-2&limit=25", "/metrics?instanceId=m-3&limit=100")}


def proof(world):
    global server
    server = world.aggregator().start()
    made = instances()
    bodies()
    metrics()
    alerts()
    ingest()
    earlier_agents()
    analytics()
    insights()
    routes()
    asked_again()
    pages_of_lists()
    half_closed()
    before, listed = snapshot(), good("GET", "/instances?limit=1000")["instances"]
    server.process.kill()
    server.start()
    check(snapshot() == before, "everything that was answered is there after a kill")
    for old, new in zip(listed, good("GET", "/instances?limit=1000")["instances"]):
        for name in set(old) - {"metadata", "status", "lastHealthCheck"}:
            check(old[name] == new[name], f"{old['id']}: {name} was {old[name]}, is {new[name]}")
    check(good("GET", "/instances/" + made["id"])["metadata"]["deep"] == {"a": [1, 2.5]}, "metadata")
    seen, key = [], ""
    while key is not None:
        page = good("GET", "/instances?limit=3" + key)
        seen += page["instances"]
        key = page.get("lastEvaluatedKey")
        key = None if key is None else "&lastEvaluatedKey=" + key
    check([i["id"] for i in seen] == [i["id"] for i in listed], "pages of instances")


if __name__ == "__main__":
    main(proof)
