# SPDX-License-Identifier: MIT
"""The aggregator beside Prometheus' remote-write receiver, fed the same samples in the same run.

Nephos takes them from the load generator over TLS; what it stored is exported, and a small sender gives it to
Prometheus in clear text, as remote-write requests of one host and ten seconds each, which is how agents send. CPU is
that of the server alone, all threads.
"""
import http.client
import json
import os
import struct
import subprocess
import time
import urllib.parse

from nephos import binary, check, free_port, until
from prometheus import peer

HOSTS = int(os.environ.get("BENCH_RIVAL_HOSTS", "100"))
SECONDS = int(os.environ.get("BENCH_RIVAL_S", "600"))
SERIES = 40
BATCH = 10


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def snappy(content):
    """A valid stream of literals: the receiver has the less to do for it."""
    out = bytearray(varint(len(content)))
    for at in range(0, len(content), 65536):
        piece = content[at:at + 65536]
        out += b"\xf4" + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


def requests_of(world, data, flags):
    """Bodies in the order of time: of every host ten seconds, then the next ten."""
    export = subprocess.Popen([binary("nephos-aggregator"), "export", "--data", data, "--format", "jsonl", *flags],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=world.environment)
    slots = {}
    for piece in map(json.loads, export.stdout):
        labels = {"__name__": piece["metric"], "instance": piece["instance"], "tag": piece["tag"]}
        head = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items()) if v)
        for t, v in zip(piece["t"], piece["v"]):
            sample = field(2, b"\x09" + struct.pack("<d", v) + b"\x10" + varint(t))
            slots.setdefault((t // (BATCH * 1000), piece["instance"]), {}).setdefault(head, []).append((t, sample))
    check(export.wait() == 0, "the export fails")
    for _, series in sorted(slots.items()):
        yield snappy(b"".join(field(1, head + b"".join(s for _, s in sorted(samples)))
                              for head, samples in series.items()))


def median_ms(port, path, count=15, says=None):
    """`says` must stand in the answer: an empty one is quick."""
    times = []
    for _ in range(count):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        begin = time.monotonic()
        c.request("GET", path)
        answer = c.getresponse()
        body = answer.read()
        times.append((time.monotonic() - begin) * 1000)
        check(answer.status == 200, f"{path}: {answer.status} {body[:200]}")
        check(says is None or says in body, f"{path}: no {says} in {body[:200]}")
        c.close()
    return sorted(times)[count // 2]


def restart_ms(start, ready):
    begin = time.monotonic()
    start()
    until(ready, 60, "it serves again", pause_s=0.002)
    return (time.monotonic() - begin) * 1000


def run_nephos(world):
    aggregator = world.aggregator("rival", ["--agents-max", str(HOSTS)]).start()
    token = aggregator.token("--uses", str(HOSTS))
    idle_kib, before = aggregator.process.status_kib("VmRSS"), aggregator.process.cpu_ns()
    load = world.start("load", [binary("nephos-loadgen"), "--server", aggregator.address, "--token", token, "--agents",
                                str(HOSTS), "--series", str(SERIES), "--state", world.path("load-state"), "--seconds",
                                str(SECONDS), "--rate", "max"])
    check(load.exit_code(seconds=200) == 0, "the load fails")
    cpu_s = (aggregator.process.cpu_ns() - before) / 1e9
    hosts = aggregator.instances()
    one, end = hosts[0]["id"], int(time.time() * 1000)
    q = f"/api/v1/query?instance={one}&from={end - 3600000}&to={end}"
    figures = {"cpu_s": cpu_s, "rss_kib": aggregator.process.status_kib("VmRSS") - idle_kib,
               "one": median_ms(aggregator.api_port, q + "&metric=cpu_usage&step=1000ms", says=b'"cpu_usage"'),
               "many": median_ms(aggregator.api_port, q + "&step=60s", says=b'"cpu_usage"'),
               "latest": median_ms(aggregator.api_port, f"/api/v1/query?metric=cpu_usage&fold=last&step=1h&from="
                                   f"{end - 3600000}&to={end}", says=b'"%s"' % hosts[-1]["id"].encode())}
    aggregator.process.kill()
    figures["restart"] = restart_ms(lambda: aggregator.start(pause_s=0.002), lambda: True)
    aggregator.process.end()
    copy = world.path("sealed.db")
    world.run([binary("nephos-aggregator"), "backup", copy, "--data", aggregator.data], seconds=60)
    figures["bytes"] = os.stat(copy).st_size
    return aggregator, figures


def run_prometheus(world, data, flags):
    config, port = world.path("prometheus.yml"), free_port()
    open(config, "w").write("global: {scrape_interval: 1h}\n")
    words = [peer("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={world.path('tsdb')}",
             f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--web.enable-admin-api"]

    def ask(method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        c.request(method, path, body, headers or {})
        answer = c.getresponse()
        return answer.status, answer.read()

    def ready():
        try:
            return ask("GET", "/-/ready")[0] == 200
        except OSError:
            return False
    process = world.start("prometheus", words)
    until(ready, 60, "Prometheus is ready")
    idle_kib, cpu_ns, times = process.status_kib("VmRSS"), 0, []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    before = process.cpu_ns()
    for body in requests_of(world, data, flags):
        connection.request("POST", "/api/v1/write", body, {
            "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0"})
        answer = connection.getresponse()
        said = answer.read()
        times.append(answer.status)
        check(answer.status in (200, 204), f"Prometheus answers {answer.status}: {said[:300]}")
    cpu_ns = process.cpu_ns() - before
    end = int(time.time())
    one = urllib.parse.quote('cpu_usage{instance="load-1-00000"}')
    every = urllib.parse.quote('{instance="load-1-00000"}')
    span = f"&start={end - 3600}&end={end}"
    figures = {"cpu_s": cpu_ns / 1e9, "rss_kib": process.status_kib("VmRSS") - idle_kib,
               "one": median_ms(port, f"/api/v1/query_range?query={one}{span}&step=1", says=b'"values"'),
               "many": median_ms(port, f"/api/v1/query_range?query={every}{span}&step=60", says=b'"values"'),
               "latest": median_ms(port, "/api/v1/query?query=" + urllib.parse.quote(
                   f"last_over_time(cpu_usage[{SECONDS + 3600}s])"), says=b'"value"')}
    status, said = ask("POST", "/api/v1/admin/tsdb/snapshot")
    check(status == 200, f"no snapshot: {said[:200]}")
    folder = os.path.join(world.path("tsdb"), "snapshots", json.loads(said)["data"]["name"])
    figures["bytes"] = sum(os.stat(os.path.join(d, f)).st_size for d, _, files in os.walk(folder) for f in files)
    process.kill()
    figures["restart"] = restart_ms(lambda: world.start("prometheus-again", words), ready)
    return figures


def bench_rival(world, report):
    aggregator, ours = run_nephos(world)
    theirs = run_prometheus(world, aggregator.data, aggregator.flags)
    values, series = HOSTS * SECONDS * SERIES, HOSTS * SERIES
    rows = [("CPU seconds per million samples", lambda f: f["cpu_s"] * 1e6 / values, "{:.3f}"),
            ("bytes per sample on disk", lambda f: f["bytes"] / values, "{:.3f}"),
            ("RSS per active series above idle, bytes", lambda f: f["rss_kib"] * 1024 / series, "{:.0f}"),
            ("query: one series, last hour, ms", lambda f: f["one"], "{:.1f}"),
            (f"query: {SERIES} series, last hour, 60 s step, ms", lambda f: f["many"], "{:.1f}"),
            (f"query: {HOSTS} hosts' newest value of a metric, ms", lambda f: f["latest"], "{:.1f}"),
            ("restart after kill -9 to serving, ms", lambda f: f["restart"], "{:.0f}")]
    lines = ["| | Nephos (TLS) | Prometheus (clear text) | ratio |", "|---|---|---|---|"]
    for what, of, form in rows:
        a, b = of(ours), of(theirs)
        lines.append(f"| {what} | {form.format(a)} | {form.format(b)} | {a / b if b else 0:.2f} |")
    report.table(f"The same {values:,} samples ({HOSTS} hosts x {SERIES} series x {SECONDS} s), one run", lines)
