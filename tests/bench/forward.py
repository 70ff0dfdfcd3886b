# SPDX-License-Identifier: MIT
"""What forwarding costs: an aggregator that is fed, with a destination of each type and without, one after the other.

The destinations are a sink in this process, which answers at once as each of them does when all is well. CPU is that of
the aggregator alone; what it costs more than the one without, over the samples that the points are made of.
"""
import http.server
import json
import os
import pathlib
import threading
import time

from figures import committed, sleep_until
from nephos import binary, check, until

AGENTS = int(os.environ.get("BENCH_FORWARD_AGENTS", "200"))
FORWARD_S = int(os.environ.get("BENCH_FORWARD_S", "60"))
SERIES = 40
KEYS = "region = eu-west-1\naccess_key = AKIDEXAMPLE\nsecret_key_file = {secret}"
SECTIONS = {"apigateway": "mode = nephos", "dynamodb": "stage = bench\n" + KEYS, "kinesis": "stream = bench\n" + KEYS,
            "snowflake": "account = MYORG-BENCH\nuser = NEPHOS\ntoken_file = {secret}\ninterval = 30s", "otlp": "",
            "remote_write": ""}
TYPES = os.environ.get("BENCH_FORWARD_TYPES", " ".join(SECTIONS)).split()


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body, answer = self.rfile.read(int(self.headers.get("Content-Length", 0))), b"{}"
        if self.headers.get("X-Amz-Target", "").endswith(".PutRecords"):
            answer = json.dumps({"FailedRecordCount": 0, "Records": [
                {"SequenceNumber": str(i), "ShardId": "0"} for i in range(body.count(b'"PartitionKey"'))]}).encode()
        elif "/statements" in self.path:
            answer = b'{"code":"090001","sqlState":"00000","statementHandle":"0-1","data":[]}'
        elif self.headers.get("Content-Type") == "application/x-protobuf":
            answer = b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Who forwards is killed at the end."""


def fed(world, kind, port):
    """(us of CPU a sample, points and requests a second, samples) of an aggregator that forwards by `kind`."""
    flags = ["--agents-max", str(AGENTS), "--analysis-series-max", "0"]
    if kind:
        config, secret = world.path(f"{kind}.conf"), world.path("secret")
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write("0123456789")
        pathlib.Path(config).write_text(f"[forward.sink]\ntype = {kind}\nurl = http://127.0.0.1:{port}/\n"
                                        f"resolution = 30s\nsend = metrics\n{SECTIONS[kind].format(secret=secret)}\n")
        flags += ["--config", config]
    aggregator = world.aggregator(f"forward-{kind}", flags).start()
    load = world.start(f"load of {kind}", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(AGENTS)),
        "--agents", str(AGENTS), "--series", str(SERIES), "--seconds", str(FORWARD_S + 300)])
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= AGENTS, 200, "all are connected")

    def sent():
        rows = aggregator.get("/api/v1/destinations")["destinations"]
        return (rows[0]["points"], rows[0]["requests"]) if rows else (0, 0)
    sleep_until(time.monotonic() + 40)  # the first windows have gone
    cpu, samples, before = aggregator.process.cpu_ns(), committed(aggregator), sent()
    sleep_until(time.monotonic() + FORWARD_S)
    cpu, samples = aggregator.process.cpu_ns() - cpu, committed(aggregator) - samples
    points, requests = (a - b for a, b in zip(sent(), before))
    load.kill()
    aggregator.process.kill()
    check(samples > 0 and (not kind or points * 30 > samples * 0.6), f"{points} points of {samples} samples")
    return cpu / samples / 1000, points, requests, samples


def bench_forward(world, report):
    server = Server(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    without, *_ = fed(world, "", 0)
    for kind in TYPES:
        cost, points, requests, samples = fed(world, kind, server.server_port)
        report.row(f"forwarding to {kind}, points of 30 s, CPU a million samples",
                   f"{(cost - without) * 1e6 / 1000:.0f} ms", f"{cost / without:.2f} x ingest alone "
                   f"({without:.3f} us a sample); {points * 1e6 / samples:.0f} points, "
                   f"{requests * 1e6 / samples:.0f} requests", "-", "-")
    server.shutdown()
