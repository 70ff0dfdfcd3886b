# SPDX-License-Identifier: MIT
"""What forwarding costs: an aggregator that is fed, with two destinations and without, side by side.

The destinations are a sink in this process, which answers at once. CPU is that of the aggregator alone; what it costs
more than the one without, over the samples that the points are made of.
"""
import http.server
import os
import pathlib
import threading
import time

from figures import committed, sleep_until
from nephos import binary, check, until

AGENTS = int(os.environ.get("BENCH_FORWARD_AGENTS", "200"))
FORWARD_S = int(os.environ.get("BENCH_FORWARD_S", "60"))
SERIES = 40
SECTIONS = {"apigateway": "mode = nephos", "remote_write": ""}


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


def fed(world, kind, port):
    """(us of CPU a sample, points and requests a second, samples) of an aggregator that forwards by `kind`."""
    flags = ["--agents-max", str(AGENTS), "--analysis-series-max", "0"]
    if kind:
        config = world.path(f"{kind}.conf")
        pathlib.Path(config).write_text(f"[forward.sink]\ntype = {kind}\nurl = http://127.0.0.1:{port}/\n"
                                        f"resolution = 30s\nsend = metrics\n{SECTIONS[kind]}\n")
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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    without, *_ = fed(world, "", 0)
    for kind in SECTIONS:
        cost, points, requests, samples = fed(world, kind, server.server_port)
        report.row(f"forwarding to {kind}, points of 30 s, CPU a million samples",
                   f"{(cost - without) * 1e6 / 1000:.0f} ms", f"{cost / without:.2f} x ingest alone "
                   f"({without:.3f} us a sample); {points * 1e6 / samples:.0f} points, "
                   f"{requests * 1e6 / samples:.0f} requests", "-", "-")
    server.shutdown()
