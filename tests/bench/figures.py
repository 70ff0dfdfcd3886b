# SPDX-License-Identifier: MIT
"""What the parts of the benchmark share: the report, and the meters."""
import os
import pathlib
import select
import socket
import struct
import threading
import time

from nephos import free_port


class Report:
    """Rows as they are measured, in one table."""

    def __init__(self):
        self.rows, self.notes, self.tables = [], [], []

    def row(self, what, figure, compared, first, goal):
        print(f"{what:<58} {figure:>16}   {compared}", flush=True)
        self.rows.append((what, figure, compared, first, goal))

    def note(self, words):
        self.notes.append(words)

    def table(self, title, lines):
        """A table that stands as it was printed."""
        print("\n".join([title, *lines]), flush=True)
        self.tables.append((title, lines))

    def write(self, path):
        cpu = next((line.split(":")[1].strip() for line in
                    pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
        lines = ["# Nephos: what it costs", "",
                 f"Measured {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())} on {os.cpu_count()} x {cpu}, "
                 f"Linux {os.uname().release}. CPU is CPU time. Figures of peers that stand in the table of "
                 "ratios were taken in the same seconds; others earlier on a machine of the same kind. Peers "
                 "talk in clear text; ours is with TLS.", "",
                 "| what | measured | compared | first target | goal |", "|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        for title, table in self.tables:
            lines += ["", title, "", "```", *table, "```"]
        lines += ["", *[f"- {n}" for n in self.notes], ""]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
        print(f"written to {path}")


class Meter:
    """A TCP relay in front of the aggregator that counts every byte and segment of one agent."""

    HEADERS = 52  # IPv4 and TCP with timestamps, each segment

    def __init__(self, port):
        self.target = port
        self.payload = 0
        self.client = None
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            self.client, _ = self.listener.accept()
            try:
                upstream = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                self.client.close()  # the aggregator is away
                continue
            pair = {self.client: upstream, upstream: self.client}
            while pair:
                for source in select.select(list(pair), [], [])[0]:
                    try:
                        data = source.recv(65536)
                        pair[source].sendall(data)
                    except OSError:
                        data = b""
                    self.payload += len(data)
                    if not data:
                        for s in pair:
                            s.close()
                        pair = {}
                        break

    def on_the_wire(self):
        """Bytes so far of the connection that is up now, both ways, headers included."""
        info = self.client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        segments_out, segments_in = struct.unpack_from("=II", info, 136)
        return self.payload + self.HEADERS * (segments_out + segments_in)


def sleep_until(moment):
    """Measuring windows are lengths of time: here sleeping is the point."""
    time.sleep(max(0.0, moment - time.monotonic()))


def committed(aggregator):
    return aggregator.get("/api/v1/self")["store"]["samples_committed"]
