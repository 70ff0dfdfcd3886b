#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for the earlier backend behind AWS' API Gateway, with its oddities, so that it can be killed:

    gateway_double.py PORT JOURNAL CONTROL

Two deployments: /sam/ingest takes batches, /serverless/{instances,metrics,alerts} the rest. Ids are made here, so
nothing is idempotent. Each thing that is kept is a line of the file JOURNAL, which outlives a kill, and each answer
that was given is another. CONTROL is a JSON file, read for each request: {deployment: {"key", "bearer", permille of
"busy", "broken", "html", "lost", "late", "crash", and what holds for all: "write_s", "limit_s", "no_table",
"all_html"}}.
"""
import decimal
import http.server
import json
import pathlib
import random
import sys
import threading
import time
import uuid

NUMBER_MAX, WRITE_MAX, LATE_S = 9007199254740991, 25, 4
PAGE = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"
ROUTES = {"sam": ("ingest",), "serverless": ("instances", "metrics", "alerts")}


class Crash(Exception):
    """The handler answers 500 with these words."""


class Timeout(Exception):
    """The gateway has given up."""


def read(text):
    return json.loads(text, parse_float=decimal.Decimal)


def now_iso():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"


class Backend:
    def __init__(self, journal, control):
        self.path, self.control, self.lock = journal, control, threading.Lock()
        self.instances, self.alerts, self.random, self.serial = {}, {}, random.Random(), 0
        for line in pathlib.Path(journal).read_text().splitlines() if pathlib.Path(journal).exists() else ():
            self.recall(json.loads(line))
        self.journal = open(journal, "a", buffering=1, encoding="utf-8")

    def recall(self, row):
        self.serial = max(self.serial, row["request"])
        for kind, rows in (("instance", self.instances), ("alert", self.alerts)):
            if row["what"] == kind:
                rows[row["row"]["id"]] = row["row"]
            elif row["what"] == f"gone {kind}":
                rows.pop(row["id"], None)

    def note(self, request, what, **more):
        with self.lock:
            row = {"request": request, "what": what, **more}
            self.journal.write(json.dumps(row, default=str) + "\n")
            self.recall(row)

    def begin(self):
        with self.lock:
            self.serial += 1
            return self.serial

    def settings(self, deployment):
        return json.loads(pathlib.Path(self.control).read_text()).get(deployment, {})

    def chance(self, permille):
        with self.lock:
            return self.random.randrange(1000) < permille

    # --- the handlers: (status, answer) ---

    def ingest(self, method, _, body, request, s):
        if method != "POST":
            return 404, {"message": "Not Found"}
        if not body.get("instanceId") or not isinstance(body.get("metrics"), list):
            return 400, {"error": "Bad Request", "message": "instanceId and metrics are required"}
        health = body.get("health") or {}
        self.note(request, "instance", row={
            "id": body["instanceId"], "name": body.get("instanceName") or "Vultr Instance",
            "region": body.get("region") or "unknown", "type": body.get("instanceType") or "vultr-compute",
            "endpoint": body.get("endpoint") or "", "status": health.get("status") or "healthy",
            "lastHealthCheck": health.get("lastCheck"), "metadata": {"source": "vultr", "lastSync": now_iso()}})
        if s.get("no_table"):
            raise Crash("Requested resource not found")
        started = time.monotonic()
        self.note(request, "batch", count=len(body["metrics"]))
        for at in range(0, len(body["metrics"]), WRITE_MAX):
            time.sleep(s.get("write_s", 0))
            if time.monotonic() - started > s.get("limit_s", 30):
                raise Timeout
            for m in body["metrics"][at:at + WRITE_MAX]:
                self.keep_metric(request, body["instanceId"], m["name"], m["value"], m.get("unit") or "count",
                                 m.get("timestamp"), m.get("tags") or {})
        return 200, {"message": "Metrics ingested successfully", "metricsIngested": len(body["metrics"]),
                     "instanceUpdated": True, "alertsGenerated": 0}

    def keep_metric(self, request, instance, name, value, unit, timestamp, tags):
        if isinstance(value, bool) or not isinstance(value, (int, decimal.Decimal)) or abs(value) > NUMBER_MAX:
            raise Crash("Number can't be safely represented")
        row = {"id": str(uuid.uuid4()), "instanceId": instance, "metricName": name, "metricValue": str(value),
               "unit": unit, "timestamp": timestamp or int(time.time() * 1000), "tags": tags, "createdAt": now_iso()}
        self.note(request, "metric", row=row)
        return row

    @staticmethod
    def lacking(body, names):
        missing = any(not body.get(n) and not (n == "metricValue" and n in body) for n in names)
        return (400, {"error": "Missing required fields", "required": names}) if missing else None

    def metrics(self, method, path_id, body, request, _):
        if path_id:
            raise Crash("The provided key element does not match the schema")
        if method != "POST":
            return 405, {"error": "Method not allowed"}
        return self.lacking(body, ["instanceId", "metricName", "metricValue", "unit"]) or (
            201, self.keep_metric(request, body["instanceId"], body["metricName"], body["metricValue"], body["unit"],
                                  body.get("timestamp"), body.get("tags") or {}))

    def instances_(self, method, path_id, body, request, _):
        if method == "GET" and not path_id:
            return 200, {"instances": list(self.instances.values()), "count": len(self.instances)}
        if method == "GET":
            found = self.instances.get(path_id)
            return (200, found) if found else (404, {"error": "Instance not found"})
        if method == "DELETE":
            self.note(request, "gone instance", id=path_id)
            return 204, None
        if method == "POST":
            short = self.lacking(body, ["name", "type", "region", "endpoint"])
            row = {k: body.get(k) for k in ("name", "type", "region", "endpoint")} | {
                "id": str(uuid.uuid4()), "status": body.get("status") or "unknown", "createdAt": now_iso(),
                "metadata": body.get("metadata") or {}, "updatedAt": now_iso()}
            if not short:
                self.note(request, "instance", row=row)
            return short or (201, row)
        if body.get("region"):
            raise Crash("Attribute name is a reserved keyword; reserved keyword: region")
        told = {k: body[k] for k in ("name", "type", "status", "endpoint", "metadata") if body.get(k)}
        told |= {k: body[k] for k in ("lastHealthCheck",) if k in body}
        if not told:
            return 400, {"error": "No fields to update"}
        row = {"id": path_id} | self.instances.get(path_id, {}) | told | {"updatedAt": now_iso()}
        self.note(request, "instance", row=row)  # an unknown one is made, without name and type
        return 200, row

    def alerts_(self, method, path_id, body, request, _):
        if method == "POST":
            short = self.lacking(body, ["instanceId", "alertType", "severity", "message"])
            row = {k: body.get(k) for k in ("instanceId", "alertType", "severity", "message")} | {
                "id": str(uuid.uuid4()), "status": "active", "createdAt": now_iso(), "updatedAt": now_iso()}
            if not short:
                self.note(request, "alert", row=row)
            return short or (201, row)
        if method == "PUT":
            told = {k: body[k] for k in ("status", "message") if body.get(k)}
            told |= {"resolvedAt": now_iso()} if "resolvedAt" in body else {}
            if not told:
                return 400, {"error": "No fields to update"}
            known = self.alerts.get(path_id)
            row = {"id": path_id} | (known or {}) | told
            self.note(request, "alert", row=row)
            if known is None:
                raise Crash("Invalid time value")  # and half an alert stays
            return 200, row
        if method == "DELETE":
            self.note(request, "gone alert", id=path_id)
            return 204, None
        return 200, {"alerts": list(self.alerts.values()), "count": len(self.alerts)}

    # --- the gateway before them ---

    def answer(self, method, path, headers, text, request):
        """(status, answer): an object, a page as bytes, or None."""
        deployment, _, rest = path.partition("?")[0].strip("/").partition("/")
        s = self.settings(deployment)
        resource, _, path_id = rest.partition("/")
        if resource not in ROUTES.get(deployment, ()):
            return 404, {"message": "Not Found"}
        if headers.get("x-api-key", "") != s.get("key", "") or (
                s.get("bearer") and headers.get("Authorization", "") != f"Bearer {s['bearer']}"):
            self.note(request, "forbidden", deployment=deployment)
            return 403, {"message": "Forbidden"}
        if s.get("all_html"):
            return 200, PAGE
        for name, status, words in (("busy", 429, "Too Many Requests"), ("broken", 503, "Service Unavailable")):
            if self.chance(s.get(name, 0)):
                return status, {"message": words}
        if self.chance(s.get("html", 0)):
            return 502, PAGE
        if self.chance(s.get("crash", 0)):
            return 500, {"message": "Internal Server Error"}
        if headers.get("Content-Encoding") or (text and headers.get("Content-Type") != "application/json"):
            return 500, {"message": "Internal Server Error"}  # the handler gets base64
        handler = {"ingest": self.ingest, "metrics": self.metrics, "instances": self.instances_, "alerts": self.alerts_}
        self.note(request, "call", method=method, resource=f"{deployment}/{resource}", body=text.decode()[:300])
        try:
            return handler[resource](method, path_id, read(text) if text else {}, request, s)
        except Timeout:
            return 503, {"message": "Service Unavailable"}
        except Crash as e:
            small = "Internal Server Error" if deployment == "sam" else "Internal server error"
            return 500, {"error": small, "message": str(e)}
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            return 500, {"error": "Internal Server Error", "message": str(e)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = None

    def handle_one(self):
        b = self.backend
        request = b.begin()
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = b.answer(self.command, self.path, self.headers, text, request)
        s = b.settings(self.path.strip("/").partition("/")[0])
        is_late = b.chance(s.get("late", 0))
        if is_late:
            time.sleep(LATE_S)
        if is_late or b.chance(s.get("lost", 0)):
            self.close_connection = True
            self.connection.close()
            return
        words = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, bytes) else "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)
        except OSError:
            self.close_connection = True
            return
        b.note(request, "answered", status=status)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def log_message(self, *_):
        pass


def main():
    port, journal, control = sys.argv[1:]
    Handler.backend = Backend(journal, control)
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
