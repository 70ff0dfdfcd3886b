# SPDX-License-Identifier: MIT
"""What others tell: StatsD datagrams, a *.prom file and a health check, sent and written by real programs and
read back through the aggregator's API. Also a flood, which costs nobody else a sample, and a broken file.
"""
import http.server
import os
import pathlib
import socket
import subprocess
import threading

from nephos import ROOT, Aggregator, binary, check, free_port, main, until


class Service(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.server.paths.append((self.path, self.headers["Host"]))
        self.send_response(Service.status)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve():
    server = http.server.HTTPServer(("127.0.0.1", 0), Service)
    server.paths = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def newest(aggregator: Aggregator, identity, metric):
    """{tag: last value} of the last half minute."""
    answer = aggregator.get("/api/v1/query", instance=identity, metric=metric, step="1s", fold="last",
                            **{"from": "-30s"})
    found = {}
    for series in answer["series"]:
        values = [v for v in series["v"] if v is not None]
        if values:
            found[series["tag"]] = values[-1]
    return found


def expect(aggregator, identity, metric, tag, value, seconds=40):
    def asks():
        found = newest(aggregator, identity, metric).get(tag)
        return found is not None and (value(found) if callable(value) else found == value)
    until(asks, seconds, f"{metric}{{{tag}}} is {value}: {newest(aggregator, identity, metric)}", 0.5)


def proof(world):
    service = serve()
    port = service.server_address[1]
    statsd = free_port()
    folder = pathlib.Path(world.path("textfile"))
    folder.mkdir()
    (folder / "backup.prom").write_text('# TYPE backups_total counter\nbackups_total{job="db",kind="full"} 7\n'
                                        "backup_bytes 1.5e9\n")
    (folder / "broken.prom").write_text("half 1\nbroken{\n")
    aggregator = world.aggregator().start()
    agent = world.agent("agent", aggregator.address, "--token-file", aggregator.token_file(), "--id", "web",
                        "--statsd", f"127.0.0.1:{statsd}", "--textfile-dir", str(folder),
                        "--health-url", f"http://localhost:{port}/health?deep=1", "--health-interval", "1s")
    until(lambda: aggregator.instances(), 15, "the instance appears")

    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", statsd))
    sender.send(b"orders:3|c|#shop:b,region:eu\norders:1|c|@0.5|#region:eu,shop:b\nnonsense\nqueue:12.5|g\n"
                b"queue:+1|g\nwait:10:20:30|ms\nvisitors:ann|s\nvisitors:bob|s\nvisitors:ann|s\ncpu_usage:1|g")
    expect(aggregator, "web", "orders", "region=eu,shop=b", 5)
    expect(aggregator, "web", "queue", "", 13.5)
    expect(aggregator, "web", "wait.count", "", 3)
    expect(aggregator, "web", "statsd_bad_lines", "", 1)
    expect(aggregator, "web", "statsd_refused", "", 1)
    expect(aggregator, "web", "backups_total", "job=db,kind=full", 7)
    expect(aggregator, "web", "backup_bytes", "", 1.5e9)
    expect(aggregator, "web", "textfile_errors", "", 1)
    check(not newest(aggregator, "web", "half"), "a part of the broken file is taken")
    agent.says("broken.prom:2")
    expect(aggregator, "web", "health_up", "", 1)
    expect(aggregator, "web", "health_status", "", 200)
    expect(aggregator, "web", "response_time_ms", "", lambda ms: 0 < ms < 5000)
    check(("/health?deep=1", f"localhost:{port}") in service.paths, f"asked: {service.paths[:3]}")
    tags = aggregator.get("/api/v1/query", instance="web", metric="orders")["series"][0]["tags"]
    check(tags == {"region": "eu", "shop": "b"}, f"tags {tags}")

    Service.status = 503
    expect(aggregator, "web", "health_status", "", 503)
    expect(aggregator, "web", "health_up", "", 0)
    (folder / "backup.prom").unlink()
    before = newest(aggregator, "web", "statsd_datagrams")[""]

    # A flood: sampling goes on, each second; what the kernel drops is nobody's loss but the sender's.
    samples = aggregator.instance("web")["metadata"]["samples"]
    for _ in range(50000):
        sender.send(b"flood:1|c")
    sender.send(b"after:1|g")
    expect(aggregator, "web", "flood", "", lambda n: n > 1000)
    # What was sent was read, or was dropped and counted.
    sent = before + 50001
    until(lambda: newest(aggregator, "web", "statsd_datagrams")[""] +
          newest(aggregator, "web", "statsd_dropped")[""] == sent, 20,
          f"{sent} datagrams: {newest(aggregator, 'web', 'statsd_datagrams')} and "
          f"{newest(aggregator, 'web', 'statsd_dropped')} dropped", 0.5)
    check(newest(aggregator, "web", "statsd_dropped")[""] > 0, "the flood was none")
    until(lambda: aggregator.instance("web")["metadata"]["samples"] >= samples + 12, 30, "sampling goes on")
    until(lambda: not aggregator.get("/api/v1/query", instance="web", metric="backup_bytes", step="1s",
                                     **{"from": "-3s"})["series"]
          or all(v is None for s in aggregator.get("/api/v1/query", instance="web", metric="backup_bytes",
                                                   step="1s", **{"from": "-3s"})["series"] for v in s["v"]),
          40, "the series of a file that has gone ends", 1)

    # The example of a web application does what it says.
    example = subprocess.run(["python3", ROOT / "packaging/examples/webapp-statsd.py", "--statsd",
                              f"127.0.0.1:{statsd}", "--seconds", "3"], capture_output=True, text=True)
    check(example.returncode == 0, f"the example: {example.stderr}")
    for metric in ("active_users", "request_rate", "response_time_ms", "error_rate", "traffic_sources"):
        until(lambda m=metric: newest(aggregator, "web", m), 40, f"{metric} of the example", 0.5)
    check(any("source=" in tag for tag in newest(aggregator, "web", "traffic_sources")), "no traffic sources")

    # Without an agent that runs: one sample on the terminal, with everything but StatsD.
    code, out, err = world.run([binary("nephos-agent"), "--once=json", "--textfile-dir", str(folder),
                                "--health-url", f"http://127.0.0.1:{port}/"])
    check(code == 0 and "health_status" in out and "textfile_errors" in out, f"--once: {code} {out[-300:]} {err}")

    # The port is taken: one warning, and on.
    second = world.agent("second", aggregator.address, "--token-file", aggregator.token_file(), "--id", "second",
                         "--statsd", f"127.0.0.1:{statsd}", "--textfile-dir=")
    second.says("no StatsD")
    until(lambda: len(aggregator.instances()) == 2, 15, "the second agent goes on")
    for process in (agent, second, aggregator.process):
        process.end()
    os.close(service.fileno())


if __name__ == "__main__":
    main(proof)
