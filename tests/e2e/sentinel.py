#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped aggregator looks from outside: at Vultr's servers through a stand-in of its API that fails in every
way, and at services that are good, slow, silent, wrong, redirected without end, or shown with certificates that are
expired, self-signed or nearly over. Each change is told once; what hangs holds up nobody else. The stand-in is built
from the description that Vultr publishes, its answers are held against that by a judge of OpenAPI, and Vultr's own
client sees there what the aggregator sees."""
import http.server
import json
import pathlib
import signal
import socket
import ssl
import threading
import time

import nephos
import vultr_double
import vultr_judges
from certificates import ISSUER, authority, openssl, signed
from nephos import check, until
from vultr_double import Vultr

KEY, OTHER_KEY = "VULTR-s3cret-KEY-0123456789", "VULTR-s3cret-KEY-rotated"
SERVERS = 60
RULES = "[server_down]\nfor = 2s\n[check_down]\nfor = 3s\n[check_slow]\nfor = 3s\n"


class Service(http.server.BaseHTTPRequestHandler):
    """What is looked at; `good` says whether /flips is."""
    protocol_version = "HTTP/1.1"
    good = True

    def do_GET(self):
        body = b'{"status":"ok"}'
        if self.path == "/slow":
            time.sleep(1.3)
        if self.path == "/loop":
            return self.answer(302, b"", Location="/loop")
        if self.path.startswith("/hop"):
            left = int(self.path[4:])
            return self.answer(302, b"", Location=f"hop{left - 1}" if left > 1 else "/fine")
        if self.path == "/elsewhere":
            return self.answer(302, b"", Location="ftp://198.51.100.1/")
        if self.path == "/huge":
            body = b"x" * 20_000_000
        if self.path == "/flips" and not type(self).good:
            return self.answer(503, b"no")
        return self.answer(404 if self.path == "/missing" else 200, body)

    def answer(self, status, body, **headers):
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who looks at a certificate and does not like it leaves."""


def serve(tls=None, host="127.0.0.1"):
    port = nephos.free_port()
    server = Server((host, port), Service)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return port


def hang():
    """Takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", nephos.free_port()), backlog=64)
    kept = []

    def take():
        while True:
            kept.append(listener.accept())
    threading.Thread(target=take, daemon=True).start()
    return listener.getsockname()[1]


def made_certificates(world):
    """A CA of our own, and certificates by it that are good for so many days; one by nobody."""
    ca = authority(world)
    made = {name: signed(world, name, ca, days) for name, days in (("good", 90), ("ending", 5), ("expired", -1))}
    made["own"] = world.path("own.pem"), world.path("own.key")
    openssl(world, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", made["own"][1], "-out", made["own"][0],
            "-subj", "/CN=localhost", "-days", "30", "-addext", "subjectAltName=DNS:localhost")
    return ca[0], made


def checks(aggregator):
    return {c["name"]: c for c in aggregator.get("/api/v1/checks")["checks"]}


def vultr(aggregator):
    return aggregator.get("/api/v1/checks")["vultr"]


def alerts(aggregator):
    """{(instance, type): [status, ...]}"""
    found = {}
    for a in aggregator.get("/alerts", limit=500)["alerts"]:
        found.setdefault((a["instanceId"], a["alertType"]), []).append(a["status"])
    return found


def section(name, **values):
    return f"[check.{name}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items())


def servers(aggregator):
    listed, cursor = [], None
    while True:
        page = aggregator.get("/api/v1/servers", limit=25, **({"cursor": cursor} if cursor else {}))
        listed += page["servers"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return listed


def newest(aggregator, instance, metric):
    live = aggregator.get("/api/v1/live", instance=instance, metric=metric)["instances"]
    return {s["metric"]: s.get("v") for i in live for s in i["series"]}


def prove_servers(world, aggregator):
    def listed():
        return vultr(aggregator)["state"] == "good" and len(servers(aggregator)) == SERVERS
    until(listed, 30, "all pages are read")
    check({0, 25, 50} <= Vultr.pages_seen, f"pages asked for: {Vultr.pages_seen}")
    first = Vultr.servers[0]
    shown = aggregator.instance(first["id"])
    check(shown["name"] == "vm 1" and shown["status"] == "healthy" and shown["provider"] == "vultr" and shown["region"] == "ewr"
          and shown["type"] == "vultr-compute" and shown["metadata"]["ipAddress"] == "198.51.100.1"
          and shown["metadata"]["plan"] == "vc2-1c-1gb", f"an instance without an agent: {shown}")
    # an agent comes on one of them: it is the same instance
    fifth = Vultr.servers[4]["id"]
    world.agent("agent", aggregator.address, "--token-file", aggregator.token_file(), "--id", fifth)
    until(lambda: any(s["id"] == fifth and s["hasAgent"] for s in servers(aggregator)), 30, "the agent is known")
    check(sum(i["id"] == fifth for i in aggregator.instances()) == 1 and aggregator.instance(fifth)["metadata"]["source"] ==
          "nephos-agent", "one instance, which its agent speaks for")
    # transfer: of this month alone, against the plan
    Vultr.sent[first["id"]] = 0
    until(lambda: first["id"] in Vultr.bandwidth_seen, 30, "bandwidth is asked for")
    second = until(lambda: next((s for s in servers(aggregator) if s["id"] == Vultr.servers[1]["id"] and
                                 "transferUsedBytes" in s), None), 30, "bandwidth of the second")
    check(second["transferUsedBytes"] == 850_000_000_000 and second["transferUsagePercent"] == 85
          and second["transferReceivedBytes"] == 5, f"{second}")
    until(lambda: newest(aggregator, second["id"], "transfer_usage_percent,server_status") ==
          {"transfer_usage_percent": 85, "server_status": 0}, 10, "its samples are stored")


def prove_changes(aggregator):
    """Stopped: one alert, however many rounds see it; started: resolved. Gone: marked."""
    third = Vultr.servers[2]
    key = (third["id"], "instance_down")
    third["power_status"] = "stopped"
    until(lambda: alerts(aggregator).get(key) == ["active"], 30, "a stopped server is told")
    requests = vultr(aggregator)["requests"]
    until(lambda: vultr(aggregator)["requests"] > requests + 12, 30, "some more rounds")
    check(alerts(aggregator)[key] == ["active"], "it is told once")
    said = next(a["message"] for a in aggregator.get("/alerts", limit=500)["alerts"] if a["instanceId"] == third["id"])
    check(said == "vm 3 is down, says its provider: status active, power stopped, server ok", said)
    third["power_status"] = "running"
    until(lambda: alerts(aggregator)[key] == ["resolved"], 30, "it is over when it runs")
    gone = Vultr.servers.pop()
    until(lambda: aggregator.instance(gone["id"])["status"] == "vanished", 30, "one that is gone is marked")
    check(next(s for s in servers(aggregator) if s["id"] == gone["id"])["health"] == "vanished", "in the list, too")
    Vultr.servers.append(gone)
    until(lambda: aggregator.instance(gone["id"])["status"] == "healthy", 30, "and is back when it is back")
    check(not [k for k in alerts(aggregator) if k[1].startswith("host_silent")], "nobody is called silent")


def prove_faults(world, aggregator, key_file):
    words = {500: "HTTP 500", 503: "HTTP 503", 429: "HTTP 429", "html": "HTML", "cut": "cut off", "huge": "64 KiB",
             301: "elsewhere"}
    for fault, word in words.items():
        Vultr.fault = fault
        until(lambda: word in vultr(aggregator).get("error", ""), 90, f"{fault} is shown, not {vultr(aggregator)}")
        check(vultr(aggregator)["state"] in ("failing", "refused"), f"{vultr(aggregator)}")
        if fault == 429:
            count = len(Vultr.times)
            until(lambda: len(Vultr.times) > count, 10, "it is asked again")
            at = [t for t, _ in Vultr.times[count - 1:count + 1]]
            check(at[1] - at[0] > 1.9, f"Retry-After of 2 s is kept: {at[1] - at[0]:.2f} s")
        Vultr.fault = None
        aggregator.process.popen.send_signal(signal.SIGHUP)  # nothing changed: nothing happens
        if fault == 301:  # a person must mend it: looked at again in minutes, or when the settings change
            world.write("sentinel.conf", pathlib.Path(world.path("sentinel.conf")).read_text().replace(
                "interval = 1s", "interval = 1200ms"))
            aggregator.process.popen.send_signal(signal.SIGHUP)
        until(lambda: vultr(aggregator)["state"] == "good", 90, f"good again after {fault}")
    Vultr.key = OTHER_KEY
    until(lambda: vultr(aggregator)["state"] == "refused", 30, "a wrong key is told")
    error = vultr(aggregator)["error"]
    check(error.startswith("HTTP 401: Invalid API token.") and "vultr.key_file" in error, error)
    before = len(Vultr.times)
    deadline = time.monotonic() + 4
    until(lambda: time.monotonic() > deadline, 6, "four seconds")
    check(len(Vultr.times) == before, "a wrong key is not tried again for minutes")
    check(len(servers(aggregator)) == SERVERS, "what is known stays known")
    world.write("vultr-key", OTHER_KEY + "\n")
    check(key_file == world.path("vultr-key"), "the same file")
    aggregator.process.popen.send_signal(signal.SIGHUP)
    until(lambda: vultr(aggregator)["state"] == "good", 30, "a new key is taken at once")


EXPECTED = {  # health, and what the error says
    "fine": ("healthy", None), "hops": ("healthy", None), "tls-good": ("healthy", None), "port": ("healthy", None),
    "tls-port": ("healthy", None), "name": ("healthy", None), "huge": ("healthy", None), "flips": ("healthy", None),
    "wants-404": ("healthy", None), "tls-ending": ("healthy", None),
    "slow": ("degraded", "High latency: 1"),
    "missing": ("unhealthy", "HTTP 404"), "words": ("unhealthy", 'does not have ""status":"fine"" in it'),
    "loop": ("unhealthy", "too many redirects"), "elsewhere": ("unhealthy", "redirects to an address that is none"),
    "tls-expired": ("unhealthy", "certificate has expired"), "tls-own": ("unhealthy", "not of a CA that is trusted"),
    "tls-other": ("unhealthy", "of another host"), "tls-plain": ("unhealthy", "TLS"),
    "closed": ("unhealthy", "nobody listens"), "no-name": ("unhealthy", ""), "hang-0": ("unhealthy", "no answer in time"),
    "hang-tls": ("unhealthy", "no answer in time"),
}


def configuration(world, ca, made, key_file, vultr_port):
    plain, silent = serve(), hang()
    tls = {name: serve(files) for name, files in made.items()}
    tls["other"] = serve(made["good"], "127.0.0.2")
    web = f"http://127.0.0.1:{plain}"
    of = {"interval": "5s"}
    sections = [
        section("fine", url=f"{web}/", contains='"status":"ok"', **of), section("hops", url=f"{web}/hop3", **of),
        section("flips", url=f"{web}/flips", **of), section("huge", url=f"{web}/huge", **of),
        section("slow", url=f"{web}/slow", **of), section("missing", url=f"{web}/missing", **of),
        section("wants-404", url=f"{web}/missing", status=404, **of),
        section("words", url=f"{web}/", contains='"status":"fine"', **of), section("loop", url=f"{web}/loop", **of),
        section("elsewhere", url=f"{web}/elsewhere", **of), section("port", url=f"tcp://127.0.0.1:{plain}", **of),
        section("name", url="dns://localhost", contains="127.0.0.1", **of),
        section("no-name", url="dns://no-such-host.invalid", timeout="3s", **of),
        section("closed", url="tcp://127.0.0.1:1", **of),
        section("tls-good", url=f"https://localhost:{tls['good']}/", ca_file=ca, **of),
        section("tls-port", url=f"tls://localhost:{tls['good']}", ca_file=ca, **of),
        section("tls-ending", url=f"https://localhost:{tls['ending']}/", ca_file=ca, **of),
        section("tls-expired", url=f"https://localhost:{tls['expired']}/", ca_file=ca, **of),
        section("tls-own", url=f"https://localhost:{tls['own']}/", ca_file=ca, **of),
        section("tls-other", url=f"https://127.0.0.2:{tls['other']}/", ca_file=ca, **of),
        section("tls-plain", url=f"https://127.0.0.1:{plain}/", ca_file=ca, **of),
        section("hang-tls", url=f"https://127.0.0.1:{silent}/", ca_file=ca, timeout="2s", **of),
        *[section(f"hang-{i}", url=f"http://127.0.0.1:{silent}/", timeout="3s", **of) for i in range(5)]]
    return world.write("sentinel.conf", f"[vultr]\nkey_file = {key_file}\nurl = http://127.0.0.1:{vultr_port}/v2\n"
                 "interval = 1s\n" + "".join(sections))


def prove_checks(aggregator):
    def wrong():
        now = checks(aggregator)
        return [f"{n}: {now[n]['status']} {now[n].get('error')}" for n, (health, error) in EXPECTED.items()
                if now[n]["status"] != health or (error is None) != ("error" not in now[n])
                or (error is not None and error not in now[n]["error"])]
    try:
        until(lambda: not wrong(), 60, "all checks find what is there")
    except nephos.Failed:
        raise nephos.Failed(f"not as they are: {wrong()}") from None
    now = checks(aggregator)
    check(89 < now["tls-good"]["certificateDaysLeft"] <= 90 and 4 < now["tls-ending"]["certificateDaysLeft"] <= 5
          and -1.1 < now["tls-expired"]["certificateDaysLeft"] < -0.9, "days of certificates")
    check(now["tls-good"]["certificateIssuer"] == ISSUER and now["tls-port"]["certificateIssuer"] == ISSUER, "issuer")
    check(0 < now["tls-good"]["tlsTimeMs"] <= now["tls-good"]["responseTimeMs"] and now["slow"]["responseTimeMs"] > 1300,
          f"times: {now['tls-good']} {now['slow']}")
    check(now["fine"]["runs"] >= 2 and now["fine"]["responseTimeMs"] < 1000, "what hangs holds up nobody else")
    values = newest(aggregator, "check-tls-good", "*")
    check(set(values) == {"check_status", "response_time_ms", "dns_time_ms", "connect_time_ms", "tls_time_ms", "first_byte_ms",
                          "http_status", "certificate_days_left"} and values["check_status"] == 0, f"samples: {values}")


def prove_alerts(aggregator):
    down = [n for n, (health, _) in EXPECTED.items() if health == "unhealthy"]
    wanted = {(f"check-{n}", "instance_down"): ["active"] for n in [*down, *[f"hang-{i}" for i in range(1, 5)]]}
    wanted |= {("check-slow", "performance_degradation"): ["active"], ("check-tls-ending", "certificate_expiring"): ["active"],
               ("check-tls-expired", "certificate_expiring"): ["active"]}

    def of_checks():
        return {k: v for k, v in alerts(aggregator).items() if k[0].startswith("check-")}
    until(lambda: of_checks() == wanted, 60, "each is told") if of_checks() != wanted else None
    said = {a["instanceId"]: a["message"] for a in aggregator.get("/alerts", limit=500)["alerts"]
            if a["alertType"] == "instance_down"}
    check(said["check-missing"] == "missing fails its check (check=missing): HTTP 404", said["check-missing"])
    aggregator.process.kill()  # and once more from the beginning: what is told is not told again
    aggregator.start()
    runs = until(lambda: min(c["runs"] for c in checks(aggregator).values()) >= 3, 60, "all were looked at again")
    check(runs and of_checks() == wanted, f"after a kill the same, once: {of_checks()}")
    Service.good = False
    until(lambda: of_checks().get(("check-flips", "instance_down")) == ["active"], 60, "one that fails now is told")
    Service.good = True
    until(lambda: of_checks()[("check-flips", "instance_down")] == ["resolved"], 60, "and is over")
    others = {k: v for k, v in of_checks().items() if k[0] != "check-flips"}
    check(others == wanted, "of the others nothing was told")


def prove_api(aggregator):
    for body, status in (({"name": "made", "url": "dns://localhost", "interval_ms": 5000}, 201),
                         ({"name": "made", "url": "dns://localhost"}, 409), ({"name": "fine", "url": "dns://localhost"}, 409),
                         ({"name": "x", "url": "file:///etc/passwd"}, 400), ({"name": "../x", "url": "dns://a"}, 400),
                         ({"name": "x", "url": "dns://a", "interval_ms": 1}, 400), ({"name": "x"}, 400),
                         ({"name": "x", "url": "dns://a", "instance": "nobody"}, 404),
                         ({"name": "x", "url": "http://a", "contains": "a # b"}, 400)):
        got, text = aggregator.send("POST", "/api/v1/checks", body)
        check(got == status, f"POST {body}: {got} {text}")
    until(lambda: checks(aggregator).get("made", {}).get("status") == "healthy", 20, "a check made over the API runs")
    aggregator.process.kill()
    aggregator.start()
    until(lambda: checks(aggregator).get("made", {}).get("status") == "healthy", 20, "and is there after a kill")
    check(aggregator.send("DELETE", "/api/v1/checks/fine")[0] == 409, "one of the configuration is not deleted")
    check(aggregator.send("DELETE", "/api/v1/checks/made")[0] == 204, "DELETE")
    until(lambda: "made" not in checks(aggregator), 10, "it is gone")
    check(aggregator.send("DELETE", "/api/v1/checks/made")[0] == 404, "twice")
    check("check-made" not in [i["id"] for i in aggregator.instances()], "and its instance with it")


def measure(aggregator):
    """CPU of the whole aggregator for each check, a third of them with a TLS handshake; Vultr's rounds are in it."""
    def runs():
        return sum(c["runs"] for c in checks(aggregator).values())
    before, cpu, started = runs(), aggregator.process.cpu_ns(), time.monotonic()
    until(lambda: time.monotonic() - started > 10, 12, "ten seconds", 1)
    made = runs() - before
    return made, (aggregator.process.cpu_ns() - cpu) / 1e6 / max(made, 1)


def proof(world):
    ca, made = made_certificates(world)
    port = nephos.free_port()
    vultr_double.start(port, SERVERS - 1, KEY)
    vultr_judges.add_example(port, KEY)
    Vultr.sent[Vultr.servers[1]["id"]] = 850_000_000_000
    key_file = world.write("vultr-key", KEY + "\n")
    config = configuration(world, ca, made, key_file, port)
    aggregator = world.aggregator(flags=["--config", config, "--agents-max", "200", "--rules", world.write("rules", RULES)])
    aggregator.start()
    prove_servers(world, aggregator)
    prove_changes(aggregator)
    prove_checks(aggregator)
    prove_alerts(aggregator)
    prove_api(aggregator)
    made_checks, cpu_ms = measure(aggregator)
    prove_faults(world, aggregator, key_file)
    vultr_judges.prove_description()
    console = vultr_judges.prove_vendor(lambda: servers(aggregator), port, OTHER_KEY)
    shown = aggregator.process.said() + json.dumps(aggregator.get("/api/v1/self")) + json.dumps(aggregator.get(
        "/api/v1/checks")) + json.dumps(servers(aggregator)) + json.dumps(aggregator.instances()) + pathlib.Path(
        f"/proc/{aggregator.process.pid}/cmdline").read_text()
    for secret in (KEY, OTHER_KEY, "r00t-s3cret", "c0ns0le-s3cret", console):
        check(secret not in shown, f"the secret {secret} can be read")
    aggregator.process.end()
    print(f"{SERVERS} servers of {len(Vultr.times)} requests, {len(EXPECTED) + 4} checks; faults, kills and a new key; "
          f"{cpu_ms:.2f} ms CPU for each of {made_checks} checks")


if __name__ == "__main__":
    nephos.main(proof)
