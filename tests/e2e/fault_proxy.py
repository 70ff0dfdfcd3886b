# SPDX-License-Identifier: MIT
"""Stands between the aggregator and a service that speaks HTTP, and makes the faults of a bad day."""
import http.client
import http.server
import random
import threading
import time

import nephos

BUSY, BROKEN, SLOW_S = 429, 503, 1.5


class FaultProxy:
    """`faults`: {"busy", "broken", "slow", "unheard", "lost"}: permille of requests. unheard: the connection breaks
    before the service has the request; lost: after it has answered."""

    def __init__(self, target_port, faults, seed):
        self.target_port, self.faults, self.requests = target_port, dict(faults), 0
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.port = nephos.free_port()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                try:
                    proxy.handle(self)
                except OSError:
                    self.close_connection = True  # who asked has died

            do_GET = do_POST = do_PUT = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def chance(self, name):
        with self.lock:
            return self.random.randrange(1000) < self.faults.get(name, 0)

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self.lock:
            self.requests += 1
        for name, status in (("busy", BUSY), ("broken", BROKEN)):
            if self.chance(name):
                return self.answer(request, status, {"Retry-After": "1"}, b"")
        if self.chance("unheard"):
            return self.hang_up(request)
        if self.chance("slow"):
            time.sleep(SLOW_S)
        try:
            there = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=30)
            there.request(request.command, request.path, body or None, dict(request.headers.items()))
            told = there.getresponse()
            words = told.read()
            there.close()
        except (OSError, http.client.HTTPException):
            return self.hang_up(request)  # the service has died
        if self.chance("lost"):
            return self.hang_up(request)
        kept = {k: v for k, v in told.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")}
        return self.answer(request, told.status, kept, words)

    @staticmethod
    def answer(request, status, headers, body):
        request.send_response_only(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    @staticmethod
    def hang_up(request):
        request.close_connection = True
        request.connection.close()
