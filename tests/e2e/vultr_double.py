# SPDX-License-Identifier: MIT
"""A stand-in for Vultr's API, version 2: it keeps servers and pages through them. Its paths, parameters and their
ranges are those of the published description (vultr_description.json), which is also what its answers are held
against; Vultr's own client reads it, too (vultr_client.cjs). Faults are switched on from outside."""
import http.server
import json
import pathlib
import threading
import time
import urllib.parse
import uuid

DESCRIPTION = json.loads((pathlib.Path(__file__).parent / "vultr_description.json").read_text())


def wrong_in(path, query):
    """What the description does not allow of a query; "" when all is as it should be."""
    known = {p["name"]: p["schema"] for p in DESCRIPTION["paths"][path]["get"]["parameters"] if p["in"] == "query"}
    for name, values in query.items():
        schema = known.get(name)
        if schema is None or len(values) != 1:
            return name
        if schema["type"] == "integer" and not (values[0].isascii() and values[0].isdigit()
                                                and schema["minimum"] <= int(values[0]) <= schema["maximum"]):
            return name
    return ""


def server(number):
    """As the description has it, with what must never be kept: a password and a link to a console."""
    return {"id": str(uuid.UUID(int=0x4f0f12e51f84404faa8485f431000000 + number)), "os": "Debian 12 x64 (bookworm)",
            "ram": 1024, "disk": 25, "main_ip": f"198.51.100.{number}", "vcpu_count": 1, "region": "ewr",
            "plan": "vc2-1c-1gb", "date_created": "2026-01-10T05:43:21+00:00", "status": "active",
            "allowed_bandwidth": 1000, "netmask_v4": "255.255.254.0", "gateway_v4": "198.51.100.254",
            "power_status": "running", "server_status": "ok", "v6_network": "2001:db8::", "v6_main_ip":
            f"2001:db8::{number:x}", "v6_network_size": 64, "label": f"vm {number}", "internal_ip": "", "kvm":
            "https://my.vultr.com/subs/vps/novnc/api.php?data=c0ns0le-s3cret", "hostname": f"vm{number}", "os_id": 2136,
            "app_id": 0, "image_id": "", "firewall_group_id": "", "features": ["ipv6"], "tags": ["web"],
            "user_scheme": "root", "default_password": "r00t-s3cret"}


def by_schema(one):
    """The same with its IPv6 address where the schema has it: examples have another place for it."""
    kept = {k: v for k, v in one.items() if not k.startswith("v6_")}
    return kept | {"v6_networks": [{"network": one["v6_network"], "main_ip": one["v6_main_ip"], "network_size": 64}]}


class Vultr(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    key, fault, servers, sent, days, times = "", None, [], {}, {}, []
    pages_seen, bandwidth_seen = set(), set()
    answers = {}  # the newest of each kind, as openapi_check.mjs wants them

    template = ""

    def do_GET(self):
        cls = type(self)
        self.template = ""
        cls.times.append((time.monotonic(), self.path))
        if cls.fault is not None:
            return self.fail(cls.fault)
        if self.headers["Authorization"] != f"Bearer {cls.key}":
            return self.say(401, {"error": "Invalid API token.", "status": 401})
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
        parts = url.path.split("/")
        if url.path == "/v2/instances":
            return self.page(query)
        if len(parts) == 5 and parts[:3] == ["", "v2", "instances"] and parts[4] == "bandwidth":
            return self.bandwidth(parts[3], query)
        return self.say(404, {"error": "Invalid endpoint", "status": 404})

    def page(self, query):
        cls = type(self)
        self.template = "/instances"
        wrong = wrong_in(self.template, query)
        if wrong:
            return self.say(400, {"error": f"{wrong} is not allowed", "status": 400})
        size = int(query.get("per_page", ["100"])[0])
        begin = 0
        if "cursor" in query:  # as opaque as theirs, with characters that must be encoded
            text = query["cursor"][0]
            if not text.startswith("bmV4dF9f+/") or not text.endswith("=="):
                return self.say(400, {"error": "Invalid cursor", "status": 400})
            begin = int(text[10:-2])
        listed = cls.servers[begin:begin + size]
        more = begin + size < len(cls.servers)
        cls.pages_seen.add(begin)
        if any(s["id"] in cls.days for s in listed):
            self.template = ""  # an example of others, as it is
        return self.say(200, {"instances": listed, "meta": {"total": len(cls.servers), "links": {
            "next": f"bmV4dF9f+/{begin + size}==" if more else "", "prev": ""}}})

    def bandwidth(self, name, query):
        cls = type(self)
        self.template = "/instances/{instance-id}/bandwidth"
        wrong = wrong_in(self.template, query)
        if wrong:
            return self.say(400, {"error": f"{wrong} is not allowed", "status": 400})
        if name not in [s["id"] for s in cls.servers]:
            return self.say(404, {"error": "instance not found", "status": 404})
        cls.bandwidth_seen.add(name)
        if name in cls.days:
            self.template = ""
            return self.say(200, cls.days[name])
        now = time.gmtime()
        before = time.gmtime(time.time() - 31 * 86400)
        return self.say(200, {"bandwidth": {
            time.strftime("%Y-%m-%d", before): {"incoming_bytes": 10**15, "outgoing_bytes": 10**15},
            time.strftime("%Y-%m-%d", now): {"incoming_bytes": 5, "outgoing_bytes": cls.sent.get(name, 0)}}})

    def fail(self, fault):
        if fault == "html":
            return self.raw(200, b"<!doctype html><title>Maintenance</title>", "text/html")
        if fault == "cut":
            return self.raw(200, b'{"instances":[{"id":"4f0f', "application/json")
        if fault == "huge":
            return self.raw(200, b'{"instances":[' + b" " * 6_000_000 + b"]}", "application/json")
        if fault == "hang":
            time.sleep(60)
            return None
        if fault == 301:
            return self.raw(301, b"", "text/html", Location=self.path)
        if fault == 429:
            return self.raw(429, b'{"error":"Rate limit","status":429}', "application/json", **{"Retry-After": "2"})
        return self.raw(fault, b"<html>" + str(fault).encode() + b"</html>", "text/html")

    def say(self, status, answer):
        if self.template:
            type(self).answers[self.template, status] = {"path": self.template, "method": "get", "status": str(status),
                                                         "media": "application/json", "body": answer}
        return self.raw(status, json.dumps(answer).encode(), "application/json")

    def raw(self, status, body, kind, **headers):
        try:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # who asked had enough

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who asked may have been killed."""


def start(port, count, key):
    Vultr.key, Vultr.servers = key, [server(i + 1) if i % 2 == 0 else by_schema(server(i + 1)) for i in range(count)]
    made = Server(("127.0.0.1", port), Vultr)
    threading.Thread(target=made.serve_forever, daemon=True).start()
