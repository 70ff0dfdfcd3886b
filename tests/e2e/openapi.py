#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""/openapi.json is OpenAPI 3.1, says a validator that is not ours, and the running aggregator answers as it
promises: every GET with good and bad parameters, and a note from its writing to its end."""
import http.client
import json
import pathlib
import subprocess

import nephos
from nephos import check, until

HERE = pathlib.Path(__file__).resolve().parent


class Asker:
    def __init__(self, aggregator):
        self.port, self.answers = aggregator.api_port, []

    def ask(self, method, template, path, expected, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method.upper(), path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json", **headers} if body is not None else headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        media = answer.headers["Content-Type"]
        check(expected in (None, answer.status), f"{method} {path}: {answer.status}, not {expected}: {text[:300]}")
        value = json.loads(text) if media and "json" in media else text
        if answer.status not in (204, 304):
            self.answers.append({"path": template, "method": method, "status": str(answer.status),
                                 "media": media, "body": value})
        connection.close()
        return value

    def get(self, path, expected=200, template=None, **headers):
        return self.ask("get", template or path.split("?")[0], path, expected, **headers)


def read(a, host):
    query = "/api/v1/query"
    document = a.get("/openapi.json")
    a.get("/instances?limit=1")
    a.get("/instances/vm-a", template="/instances/{id}")
    a.get("/api/instances/vm-a", template="/api/instances/{id}")
    a.get("/instances/nobody", 404, "/instances/{id}")
    a.get("/metrics?limit=3")
    a.get("/metrics?limit=0", 400)
    a.get("/metrics", Accept="text/plain;version=0.0.4")
    a.get("/metrics", Accept="application/openmetrics-text;version=1.0.0")
    a.get("/federate?match[]=node_load1")
    a.get("/federate", 400)
    a.get(f"{query}?instance={host}&metric=cpu_*&from=-1m")
    a.get(f"{query}?metric=cpu_core_usage&agg=p95&by=core,region&from=-1m&top=2")
    a.get(f"{query}?metric=cpu_*")
    a.get(f"{query}?metric=cpu_usage&agg=max&format=csv")
    a.get(f"{query}?agg=max", 400)
    a.get(f"{query}?instance=nobody", 404)
    a.get(f"{query}?metric=*&step=1ms&from=-30d", 422)
    a.get(f"/api/v1/series?instance={host}")
    a.get("/api/v1/series", 400)
    a.get(f"/api/v1/processes?instance={host}")
    a.get(f"/api/v1/processes?instance={host}&from=-1m")
    a.get("/api/v1/anomalies")
    a.get(f"/api/v1/anomalies?instance={host}&from=-1h")
    a.get("/api/v1/anomalies?instance=nobody", 404)
    a.get(f"/api/v1/forecast?instance={host}&metric=cpu_usage")
    a.get("/api/v1/forecast", 400)
    a.get("/api/v1/live")
    filtered = a.get("/api/v1/live?metric=load_*&limit=1")
    check(len(filtered["instances"]) == 1 and filtered["next_cursor"] >= 1, "a page of one host")
    check({s["metric"] for s in filtered["instances"][0]["series"]} ==
          {"load_average_1min", "load_average_5min", "load_average_15min"}, "only what is named")
    rest = a.get(f"/api/v1/live?metric=load_*&cursor={filtered['next_cursor']}")
    check([i["id"] for i in filtered["instances"] + rest["instances"]] == ["vm-a", "vm-b"], "both, once each")
    check(a.get("/api/v1/live?instances=vm-b,vm-x")["instances"][0]["id"] == "vm-b", "by a pattern")
    check(a.get("/api/v1/live?region=nowhere")["instances"] == [], "none of that region")
    a.get("/api/v1/live?limit=x", 400)
    for path in ("/alerts", "/insights", "/insights/patterns", "/insights/anomalies", "/insights/predictions",
                 "/insights/summary", "/insights/quick-summary", "/insights/analyze-trend", "/analytics",
                 "/analytics/dashboard", "/api/v1/session", "/api/v1/access", "/api/v1/tokens",
                 "/api/v1/agents", "/api/v1/audit"):
        a.get(path, None)  # whatever it answers here must be described
    a.get("/alerts/none", 404, "/alerts/{id}")
    a.get("/metrics/none", None, "/metrics/{id}")
    a.get("/insights/explain-alert/none", None, "/insights/explain-alert/{id}")
    a.get("/api/v1/alerts/none/explanation", None, "/api/v1/alerts/{id}/explanation")
    alert = a.ask("post", "/alerts", "/alerts", None, {"instanceId": host, "alertType": "asked", "severity": "high",
                                                       "message": "to be explained"})
    a.get(f"/insights/explain-alert/{alert['id']}", 200, "/insights/explain-alert/{id}")
    a.get(f"/api/v1/alerts/{alert['id']}/explanation", 200, "/api/v1/alerts/{id}/explanation")
    a.ask("post", "/insights/summary/generate", "/insights/summary/generate", 200)
    a.get("/api/v1/self")
    a.get("/api/v1/self/memory")
    a.get("/healthz")
    a.get("/")
    a.get("/ws", 426)
    a.get("/assets/none.js", 404, "/assets/{name}")
    return document


def notes(a):
    """Written, read, listed by page, changed, deleted; each answer is durable."""
    base, one = "/api/v1/notes", "/api/v1/notes/{id}"
    made = a.ask("post", base, base, 201, {"text": "deployed 2.4", "instance": "vm-a", "author": "ann"})
    check(made["from"] == made["to"] and made["author"] == "ann", f"a moment of ann's: {made}")
    for k in range(3):
        a.ask("post", base, base, 201, {"text": f"n{k}", "from": 1000 * (k + 1), "to": 1000 * (k + 1) + 500})
    texts, page = [], a.get(base + "?limit=3")
    while True:
        texts += [n["text"] for n in page["notes"]]
        if not page.get("next_cursor"):
            break
        page = a.get(f"{base}?limit=3&cursor={page['next_cursor']}")
    check(texts == ["deployed 2.4", "n2", "n1", "n0"], f"latest first, each once: {texts}")
    within = a.get(base + "?from=1970-01-01T00:00:01.200Z&to=1970-01-01T00:00:02.100Z")
    check([n["text"] for n in within["notes"]] == ["n1", "n0"], f"what touches the range: {within}")
    path = f"{base}/{made['id']}"
    check(a.ask("put", one, path, 200, {"text": "deployed 2.5"})["instance"] == "vm-a", "the rest stays")
    check(a.get(path, template=one)["text"] == "deployed 2.5", "changed")
    a.ask("delete", one, path, 204)
    a.get(path, 404, one)
    a.ask("delete", one, path, 404)
    a.ask("put", one, path, 404, {"text": "x"})
    for bad in ([], {}, {"text": ""}, {"text": 1}, {"text": "x" * 1024}, {"text": "a\0b"},
                {"text": "x", "from": "soon"}, {"text": "x", "from": 5, "to": 4}, {"text": "x", "from": -1}):
        a.ask("post", base, base, 400, bad)
    a.ask("post", base, base, 404, {"text": "x", "instance": "nobody"})
    a.get(base + "?limit=0", 400)
    a.get(base + "?cursor=1.x", 400)


def proof(world):
    aggregator = world.aggregator().start()
    for name in ("vm-a", "vm-b"):
        world.agent(name, aggregator.address, "--token-file", aggregator.token_file(), "--id", name, "--name",
                    name, "--statsd=")
        until(lambda: name in [i["id"] for i in aggregator.instances() if i["status"] == "healthy"], 30, name)
    a = Asker(aggregator)
    until(lambda: aggregator.get("/api/v1/live")["instances"][0]["series"], 20, "samples")
    document = read(a, "vm-a")
    notes(a)
    described = {(p, m) for p, ms in document["paths"].items() for m in ms if m == "get"}
    asked = {(b["path"], b["method"]) for b in a.answers}
    left_out = sorted(p for p, m in described - asked)
    folder = nephos.dependencies("openapi")
    done = subprocess.run(["node", str(HERE / "openapi_check.mjs"), str(folder)], capture_output=True, text=True,
                          input=json.dumps({"document": document, "answers": a.answers}), timeout=60, check=False)
    check(done.returncode == 0, f"the validator (tools/deps openapi fetches it): {done.stderr[-600:]}")
    *wrong, last = done.stdout.strip().splitlines()
    check(not wrong, "; ".join(wrong[:5])[:2000])
    check(last == f"checked {len(a.answers)}", last)
    print(f"{len(document['paths'])} paths, {last} answers; GETs not asked here: {', '.join(left_out) or 'none'}")


if __name__ == "__main__":
    nephos.main(proof)
