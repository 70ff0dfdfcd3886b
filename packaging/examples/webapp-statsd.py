#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web application that tells Nephos how it does, by StatsD: five metrics with known names.

    active_users      gauge    users at work now
    request_rate      counter  one for each request; shown as requests per second
    error_rate        counter  one for each request that failed; shown as errors per second
    response_time_ms  timer    duration of each request: mean, .min, .max, .p50, .p95, .p99, .count
    traffic_sources   counter  one for each visit, with the tag source=search, direct, social, ...

Run it beside nephos-agent to see them appear:  python3 webapp-statsd.py --seconds 60
In an application of yours the four lines of `tell` are all that is needed; no library, and no waiting: UDP to
this machine never blocks, also when no agent runs.
"""
import argparse
import random
import socket
import time


class StatsD:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.to = (host, int(port))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def tell(self, *lines):
        self.socket.sendto("\n".join(lines).encode(), self.to)


def handle_request(statsd, chance):
    """What a request handler would do around its work."""
    milliseconds = chance.lognormvariate(3, 0.6)
    source = chance.choices(["search", "direct", "social", "mail"], [5, 3, 2, 1])[0]
    lines = ["request_rate:1|c", f"response_time_ms:{milliseconds:.2f}|ms", f"traffic_sources:1|c|#source:{source}"]
    if chance.random() < 0.02:
        lines.append("error_rate:1|c")
    statsd.tell(*lines)


def main():
    options = argparse.ArgumentParser(description="send the metrics of a made-up web application by StatsD")
    options.add_argument("--statsd", default="127.0.0.1:8125", help="ADDRESS:PORT of nephos-agent")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--requests", type=float, default=20, help="per second")
    chosen = options.parse_args()
    statsd, chance = StatsD(chosen.statsd), random.Random()
    statsd.tell("error_rate:0|c")  # known from the start, also while nothing fails
    end = time.monotonic() + chosen.seconds
    while time.monotonic() < end:
        statsd.tell(f"active_users:{chance.randint(80, 120)}|g")
        for _ in range(max(1, round(chosen.requests / 2))):
            handle_request(statsd, chance)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
