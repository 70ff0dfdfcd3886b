#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver takes a request on a connection that was used before and dies with it, so that what libcurl tries next is
refused. The request may have arrived: it is sent again and counted as doubtful, though its last error is a refusal."""
import http.server
import json
import socket
import threading

from nephos import check, free_port, main, until
from notify import command, raise_alert, state_of


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys, connections, dies_at = [], 0, ""

    def setup(self):
        super().setup()
        Receiver.connections += 1

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        keys = [alert["key"] for alert in body.get("alerts", [])]
        Receiver.keys += keys
        if Receiver.dies_at and any(Receiver.dies_at in json.dumps(alert) for alert in body["alerts"]):
            Receiver.dies_at = ""
            self.server.socket.shutdown(socket.SHUT_RDWR)  # nobody listens any more when the connection ends
            self.server.socket.close()
            self.connection.close()
            self.close_connection = True
            threading.Thread(target=self.server.shutdown, daemon=True).start()
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


def proof(world):
    port = free_port()
    serve(port)
    config = world.write("aggregator.conf",
                   f"[notify.hook]\ntype = webhook\nurl = http://127.0.0.1:{port}/\ngroup = 0s\n")
    aggregator = world.aggregator(flags=("--config", config)).start()
    first = raise_alert(aggregator, "vm-1")
    until(lambda: any(first in key for key in Receiver.keys), 20, "the first alert arrives")
    check(Receiver.connections == 1 and state_of(aggregator, "hook")["doubtful"] == 0, "by one connection, no doubt")

    Receiver.dies_at = "vm-2"
    second = raise_alert(aggregator, "vm-2")
    row = until(lambda: (lambda r: r if r.get("lastError") else None)(state_of(aggregator, "hook")), 20, "it fails")
    check(Receiver.connections == 1 and any(second in key for key in Receiver.keys), "by the same connection it arrived")
    check("cannot connect" in row["lastError"] and row["doubtful"] == 1, f"it may have arrived, and that is counted: {row}")

    serve(port)
    command(world, aggregator, "notify", "test", "hook")  # it need not wait for its next try
    until(lambda: sum(second in key for key in Receiver.keys) == 2, 60, "it is sent again, under its key")
    print(f"{row['lastError']}; doubtful all the same")


if __name__ == "__main__":
    main(proof)
