# SPDX-License-Identifier: MIT
"""The newest value of everything, of many hosts at once: what scrapers and dashboards ask for every few seconds.

While an answer is made a second client asks for /healthz without a pause: all of it runs in one loop, so the longest
that this client waits is the longest that a batch of samples would have waited.
"""
import http.client
import os
import threading
import time
import urllib.parse

from nephos import binary, check, until

HOSTS = int(os.environ.get("BENCH_LATEST_HOSTS", "1000"))
SERIES = 137
TIMES = 10
TEXT = {"Accept": "text/plain;version=0.0.4"}


class Prober(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.is_over, self.waits = False, []

    def run(self):
        while not self.is_over:
            begin = time.monotonic()
            self.connection.request("GET", "/healthz")
            self.connection.getresponse().read()
            self.waits.append(time.monotonic() - begin)
            time.sleep(0.001)

    def longest_ms(self):
        self.is_over = True
        self.join()
        self.connection.close()
        return max(self.waits) * 1000


def ask(port, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begin, size, head, lines = time.monotonic(), 0, b"", 0
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    while piece := answer.read(65536):
        size += len(piece)
        head, lines = head or piece[:200], lines + piece.count(b"\n")
    connection.close()
    check(answer.status == 200, f"{path}: {answer.status} {head}")
    return (time.monotonic() - begin) * 1000, size, lines


def measure(aggregator, path, headers):
    """Median of milliseconds, bytes, milliseconds of CPU each beside the ingest, and the longest wait of somebody else,
    with it and without."""
    prober = Prober(aggregator.api_port)
    alone = aggregator.process.cpu_ns()
    begin = time.monotonic()
    prober.start()
    time.sleep(3)
    idle_share = (aggregator.process.cpu_ns() - alone) / 1e9 / (time.monotonic() - begin)
    alone_ms = prober.longest_ms()
    prober = Prober(aggregator.api_port)
    cpu, begin = aggregator.process.cpu_ns(), time.monotonic()
    prober.start()
    answers = [ask(aggregator.api_port, path, headers) for _ in range(TIMES)]
    wall = time.monotonic() - begin
    cpu_ms = ((aggregator.process.cpu_ns() - cpu) / 1e6 - idle_share * wall * 1000) / TIMES
    return sorted(a[0] for a in answers)[TIMES // 2], answers[0][1], cpu_ms, prober.longest_ms(), alone_ms


def bench_latest(world, report):
    aggregator = world.aggregator("latest", ["--agents-max", str(HOSTS)]).start()
    token = aggregator.token("--uses", str(HOSTS))
    world.start("loadgen", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", token, "--agents", str(HOSTS),
        "--series", str(SERIES), "--seconds", "600"])
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= HOSTS, 300, "all are connected",
          pause_s=0.5)
    time.sleep(12)  # one shipping cycle, so that every host has values
    lines = ask(aggregator.api_port, "/metrics", TEXT)[2]
    check(lines >= HOSTS * SERIES, f"only {lines} lines of {HOSTS} x {SERIES} series")
    words = urllib.parse.quote("sum by (name) ({__name__=~\".+\"})")
    for what, path, headers in (
            ("/metrics for a scraper", "/metrics", TEXT),
            ("/api/v1/live, all of it", f"/api/v1/live?limit={HOSTS}", {}),
            ("sum of every series by host, by PromQL", f"/prometheus/api/v1/query?query={words}", {})):
        ms, size, cpu_ms, longest_ms, alone_ms = measure(aggregator, path, headers)
        report.row(f"{what}, {HOSTS} hosts x {SERIES} series", f"{cpu_ms:.0f} ms CPU",
                   f"{size / 1e6:.1f} MB in {ms:.0f} ms; somebody else waited {longest_ms:.1f} ms at the longest, "
                   f"{alone_ms:.1f} ms by ingest alone",
                   "", "")
