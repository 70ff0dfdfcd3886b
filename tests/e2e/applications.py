# SPDX-License-Identifier: MIT
"""Applications of one machine, as an agent meets them: they tell metrics by StatsD, leave *.prom files, and
answer a health check. What they tell is known, so what arrives can be compared to the digit.
"""
import http.server
import os
import socket
import ssl
import threading
import time

from nephos import free_port

HEALTH_S = 0.04


class Health:
    """An HTTP service that takes its time and answers with the status it is told to; HTTPS with the files of a
    certificate and its key."""

    def __init__(self, certificate=None):
        self.status, self.asked, health = 200, 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                health.asked += 1
                time.sleep(HEALTH_S)
                self.send_response(health.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass
        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # who asks may go away, as at the end of a test
        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}/health"


class Applications:
    """`flags` are for the agent. Every tell_* is counted here, the way the agent should."""

    def __init__(self, world, name="applications", health_interval="1s", certificate=None):
        self.folder = world.path(f"{name}-textfile")
        os.mkdir(self.folder)
        self.port = free_port()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.health = Health(certificate)
        self.flags = ["--statsd", f"127.0.0.1:{self.port}", "--textfile-dir", self.folder, "--health-url",
                      self.health.url(), "--health-interval", health_interval]
        self.told = {}
        self.datagrams = self.bad = 0

    def send(self, *lines):
        self.socket.sendto("\n".join(lines).encode(), ("127.0.0.1", self.port))
        self.datagrams += 1

    def count(self, name, by, tag=""):
        """A counter, with a tag "key=value" or none."""
        key, _, value = tag.partition("=")
        self.send(f"{name}:{by}|c" + (f"|#{key}:{value}" if tag else ""))
        self.told[name, tag] = self.told.get((name, tag), 0) + by

    def gauge(self, name, value):
        self.send(f"{name}:{value}|g")
        self.told[name, ""] = value

    def nonsense(self):
        self.send("this is no metric")
        self.bad += 1

    def textfile(self, name, text):
        """Whole or not at all, as writers of such files must."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def work(self):
        """One second of a small shop."""
        self.count("request_rate", 40)
        self.count("error_rate", 2)
        self.count("traffic_sources", 3, "source=search")
        self.count("traffic_sources", 1, "source=mail")
        self.count("orders", 7)
        self.gauge("active_users", 10 + self.datagrams % 7)
        self.send("checkout:12.5|ms", "checkout:37.5|ms", "visitors:anna|s", "visitors:bert|s")
        self.nonsense()

    def work_each_second(self):
        def always():
            while True:
                self.work()
                time.sleep(1)
        threading.Thread(target=always, daemon=True).start()
