#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenTelemetry's own exporter sends to the shipped aggregator, as protobuf and as JSON, plain and gzip; what it
measured must be there, point by point, under the host that its resource names."""
import http.client
import json

import nephos
from nephos import check

FORMS = [("proto", "none"), ("proto", "gzip"), ("json", "none"), ("json", "gzip")]
# (metric, tag): what the last of five exports says; the resource's service and the point's own attributes
WANTED = {
    ("orders", "kind=book,service.name=shop"): (15, "counter"),
    ("queue.length", "service.name=shop"): (4, "gauge"),
    ("temperature", "room=7,service.name=shop"): (21.375, "gauge"),
    ("latency_count", "ok=true,service.name=shop"): (5, "counter"),
    ("latency_sum", "ok=true,service.name=shop"): (60, "counter"),
    ("latency_bucket", "le=5,ok=true,service.name=shop"): (1, "counter"),
    ("latency_bucket", "le=50,ok=true,service.name=shop"): (5, "counter"),
    ("latency_bucket", "le=+Inf,ok=true,service.name=shop"): (5, "counter"),
}


def post(aggregator, body, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", aggregator.api_port, timeout=20)
    connection.request("POST", "/v1/metrics", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def check_sender(world, aggregator, form, compression):
    host = f"{form}-{compression}"
    folder = nephos.dependencies("otlp")
    check(folder.exists(), "tools/deps otlp fetches OpenTelemetry's exporter")
    script = str(nephos.ROOT / "tests/e2e/otlp_sender.js")
    code, out, err = world.run(["node", script, str(folder), f"http://127.0.0.1:{aggregator.api_port}/v1/metrics",
                                form, compression, host], 60)
    check(code == 0, f"{host}: the exporter failed: {out}{err}")
    have = {(s["metric"], s["tag"]): s for s in aggregator.get("/api/v1/series", instance=host)["series"]}
    check(have.keys() == WANTED.keys(), f"{host}: {sorted(have)}")
    for key, (value, kind) in WANTED.items():
        check(have[key]["v"] == value and have[key]["kind"] == kind, f"{host} {key}: {have[key]}")
    answer = aggregator.get("/api/v1/query", instance=host, metric="orders", fold="count", step="1h",
                            **{"from": "-1h", "to": "now"})
    count = sum(v for series in answer["series"] for v in series["v"] if v)
    check(1 <= count <= 5 + 1, f"{host}: {count} points of five exports and a last one")
    instance = aggregator.instance(host)
    check((instance["provider"], instance["region"], instance["status"]) == ("aws", "eu-west-1", "healthy"),
          f"{instance}")


def proof(world):
    aggregator = world.aggregator(flags=["--agents-max", "8"]).start()
    for form, compression in FORMS:
        check_sender(world, aggregator, form, compression)
    # What an exporter may be told.
    status, body = post(aggregator, b"{", **{"Content-Type": "application/json"})
    check(status == 400 and json.loads(body)["code"] == 3, f"{status} {body}")
    status, body = post(aggregator, b"\x08", **{"Content-Type": "application/x-protobuf"})
    check(status == 400 and body.startswith(b"\x08\x03\x12"), f"{status} {body}")
    status, body = post(aggregator, b"", **{"Content-Type": "application/x-protobuf"})
    check((status, body) == (200, b""), f"{status} {body}")
    status, body = post(aggregator, b"x", **{"Content-Type": "application/json", "Content-Encoding": "br"})
    check(status == 415, f"{status} {body}")
    point = {"timeUnixNano": "1795281776968000000", "asInt": "1"}
    message = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [point]}}]}]}]}
    status, body = post(aggregator, json.dumps(message), **{"Content-Type": "application/json"})
    partial = json.loads(body).get("partialSuccess", {})
    check(status == 200 and partial.get("rejectedDataPoints") == "1", f"{status} {body}")
    print(f"{len(FORMS)} forms, {len(WANTED)} series each, values and kinds as measured")


if __name__ == "__main__":
    nephos.main(proof)
