#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Alerts leave the shipped aggregator: a webhook over TLS that fails, throttles and breaks while the aggregator
is killed; a dead destination beside it; a mail server with STARTTLS and a login; SNS, whose signature is checked
by AWS' own signer. Nothing is lost, secrets stay secret, and what the way takes is measured."""
import http.server
import json
import pathlib
import random
import ssl
import threading
import time

import aws_double
import nephos
from certificates import authority, signed
from nephos import check, until

TOKEN, KEY, PASSWORD = "tok-5ecret-0f-hook", "aws5ecretKEY/with+signs", "ma1l-5ecret"
HOOK_PATH = "/hook/5ecret-path"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Notes keys of alerts with the time; `faults` may make an answer of its own."""
    protocol_version = "HTTP/1.1"
    lock, keys, events, refused, faults, requests = threading.Lock(), {}, [], 0, None, 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        cls = type(self)
        with cls.lock:
            cls.requests += 1
        fault = cls.faults() if cls.faults else None
        good = self.path == HOOK_PATH and self.headers["Authorization"] == f"Bearer {TOKEN}"
        if not good:
            return self.answer(403)
        if fault in (429, 500, 503):
            return self.answer(fault)
        with cls.lock:
            for alert in json.loads(body)["alerts"]:
                cls.keys.setdefault(alert["key"], []).append(now)
                cls.events.append((alert["event"], alert["instanceId"]))
        if fault == "reset":  # taken, and the sender does not learn of it
            self.close_connection = True
            self.connection.close()
            return None
        return self.answer(200)

    def do_GET(self):
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(port, tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def raise_alert(aggregator, instance, severity="high"):
    """The alert's id; when this returns it is committed."""
    status, body = aggregator.send("POST", "/alerts", {"instanceId": instance, "alertType": "cpu_usage_critical",
                                                        "severity": severity, "message": f"CPU of {instance} at 97 %"})
    check(status == 201, f"POST /alerts: {status} {body}")
    return json.loads(body)["id"]


def state_of(aggregator, name):
    return next(d for d in aggregator.get("/api/v1/destinations")["destinations"] if d["name"] == name)


def lines_of(process):
    return [json.loads(line) for line in process.said().splitlines() if line.startswith("{")]


def prove_faults_and_kills(aggregator):
    """Each alert arrives though answers fail and the aggregator is killed; doubles only where there was doubt."""
    chance = random.Random(7)
    Receiver.faults = lambda: chance.choice([None, None, 429, 500, 503, "reset"])
    ids = []
    kills = 0
    for i in range(40):
        ids.append(raise_alert(aggregator, f"vm-{i}"))
        if i % 8 == 7:
            aggregator.process.kill()
            kills += 1
            aggregator.start()
    Receiver.faults = None
    until(lambda: all(f"{i}:raised:0" in Receiver.keys for i in ids), 100, "all alerts arrive")
    doubles = sum(len(times) - 1 for times in Receiver.keys.values())
    for i in ids:
        status, body = aggregator.send("PUT", f"/alerts/{i}", {"status": "resolved", "resolvedAt": "now"})
        check(status == 200, f"PUT: {status} {body}")
    until(lambda: all(f"{i}:resolved:0" in Receiver.keys for i in ids), 100, "their ends arrive")
    return len(ids), kills, doubles


def prove_latency(aggregator):
    cpu, requests = aggregator.process.cpu_ns(), Receiver.requests
    took = []
    for i in range(100):
        alert = raise_alert(aggregator, f"fast-{i}")
        committed = time.monotonic()
        until(lambda: f"{alert}:raised:0" in Receiver.keys, 10, "it arrives", 0.001)
        took.append(max(0, Receiver.keys[f"{alert}:raised:0"][0] - committed))
    took.sort()
    cpu = (aggregator.process.cpu_ns() - cpu) / 100 / 1e6
    return took[50] * 1e3, took[98] * 1e3, cpu, (Receiver.requests - requests) / 100


def prove_mail_and_sns(aggregator, mail, sns):
    alert = raise_alert(aggregator, "db-1", "critical")
    got = until(lambda: [m for m in lines_of(mail) if "db-1" in m["text"]], 30, "the mail arrives")[0]
    check(got["tls"] and got["to"] == ["ops@example.net"] and "[CRITICAL] db-1" in got["subject"], f"{got}")
    def about(topic):
        return [m for m in sns.calls() if "db-1" in m["fields"].get("Message", "") and m["fields"]["TopicArn"].endswith(topic)]
    published = until(lambda: about(":nephos-alerts-dev"), 30, "SNS has it")
    check(published[0]["good"], f"AWS' signer makes another signature: {published[0]}")
    fields = published[0]["fields"]
    check(fields["Action"] == "Publish" and fields["TopicArn"].endswith(":nephos-alerts-dev") and
          fields["MessageAttributes.entry.1.Value.StringValue"] == "critical", f"{fields}")
    # a topic that keeps order: it takes no message without an id, and would leave out one whose id it has seen
    ordered = until(lambda: len(about(".fifo")) >= 3 and about(".fifo"), 60, "a topic that keeps order is reminded twice")
    check(len({m["fields"]["MessageDeduplicationId"] for m in ordered}) == len(ordered) and
          {m["fields"]["MessageGroupId"] for m in ordered} == {"nephos"}, f"{ordered}")
    return alert


def command(world, aggregator, *words):
    return world.run([nephos.binary("nephos-aggregator"), *words, "--data", aggregator.data], 40)


def prove_commands(world, aggregator):
    code, out, err = command(world, aggregator, "notify", "test", "hook")
    check(code == 0 and "taken" in out, f"notify test hook: {code} {out}{err}")
    code, out, err = command(world, aggregator, "notify", "test", "dead")
    check(code != 0 and "cannot connect" in err, f"notify test dead: {code} {out}{err}")
    code, out, err = command(world, aggregator, "notify", "test", "stranger")
    check(code != 0 and "certificate is not good" in err, f"a certificate of another CA: {code} {out}{err}")
    code, out, err = command(world, aggregator, "notify", "list")
    check(code == 0 and "hook" in out and "dead" in out, f"notify list: {code} {out}{err}")
    check(aggregator.send("POST", "/api/v1/destinations/none/test")[0] == 404, "a name that nobody has is 404")


def proof(world):
    deps = nephos.dependencies()
    ca_pair = authority(world)
    ca, (cert, key) = ca_pair[0], signed(world, "server", ca_pair, 2)
    hook, mail_port, dead = (nephos.free_port() for _ in range(3))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    serve(hook, tls)
    mail = world.start("mail", ["python3", str(nephos.ROOT / "tests/e2e/mail_double.py"), str(mail_port), cert, key, PASSWORD],
                       environment={**world.environment, "PYTHONPATH": str(deps / "mail/usr/lib/python3/dist-packages")})
    sns = aws_double.Aws(world, {"AKIDEXAMPLE": KEY})
    config = world.write("aggregator.conf", f"""
[notify.hook]
type = webhook
url_file = {world.write('url', f'https://localhost:{hook}{HOOK_PATH}')}
token_file = {world.write('token', TOKEN)}
ca_file = {ca}
group = 0s
[notify.stranger]
type = webhook
url = https://localhost:{hook}/
severity = critical
[notify.dead]
type = slack
url = http://127.0.0.1:{dead}/
[notify.mail]
type = email
url = smtp://localhost:{mail_port}
ca_file = {ca}
user = nephos
password_file = {world.write('password', PASSWORD)}
from = nephos@example.net
to = ops@example.net
severity = critical
[notify.topic]
type = sns
url = {sns.url}/
to = arn:aws:sns:eu-west-1:123456789012:nephos-alerts-dev
region = eu-west-1
user = AKIDEXAMPLE
password_file = {world.write('aws', KEY)}
severity = critical
[notify.ordered]
type = sns
url = {sns.url}/
to = arn:aws:sns:eu-west-1:123456789012:nephos-alerts.fifo
user = AKIDEXAMPLE
password_file = {world.path('aws')}
severity = critical
repeat = 10s
""")
    aggregator = world.aggregator(flags=["--config", config, "--agents-max", "8"]).start()
    count, kills, doubles = prove_faults_and_kills(aggregator)
    p50, p99, cpu, requests = prove_latency(aggregator)
    prove_mail_and_sns(aggregator, mail, sns)
    prove_commands(world, aggregator)
    there = state_of(aggregator, "dead")
    check(there["state"] in ("down", "retrying") and there["oldestUnsentMs"] > 0 and "cannot connect" in
          there["lastError"], f"{there}")
    shown = aggregator.process.said() + json.dumps(aggregator.get("/api/v1/self")) + json.dumps(
        aggregator.get("/api/v1/destinations")) + pathlib.Path(f"/proc/{aggregator.process.pid}/cmdline").read_text()
    for secret in (TOKEN, KEY, PASSWORD, HOOK_PATH):
        check(secret not in shown, f"the secret {secret} can be read")
    aggregator.process.end()
    print(f"{count} alerts and their ends through faults and {kills} kills, {doubles} told again; committed to received "
          f"p50 {p50:.1f} ms, p99 {p99:.1f} ms; {cpu:.2f} ms CPU and {requests:.2f} requests an alert")


if __name__ == "__main__":
    nephos.main(proof)
