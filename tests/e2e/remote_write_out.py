#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped aggregator sends what real agents measure to the real Prometheus, a point for each second, while
either is killed with SIGKILL. Every point must be in Prometheus' database once, with the same value, under the
names and labels that docs/SPEC.md promises."""
import json
import math
import pathlib
import re
import time

import nephos
import others
import prometheus
import sinks
from nephos import check, until

SECONDS = 10  # between two faults


class Receiver(prometheus.Prometheus):
    """Prometheus that scrapes nothing and takes what is sent."""

    def __init__(self, world):
        self.world, self.port, self.lives = world, nephos.free_port(), 0
        self.config = world.path("prometheus.yml")
        pathlib.Path(self.config).write_text("global: {scrape_interval: 1h}\n")
        self.start()

    def start(self):
        self.lives += 1
        self.process = self.world.start(f"prometheus-{self.lives}", [
            prometheus.peer("prometheus"), f"--config.file={self.config}",
            f"--storage.tsdb.path={self.world.path('tsdb')}", "--web.enable-remote-write-receiver",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        until(self.is_ready, 30, "prometheus is ready (tools/deps prometheus fetches it)")

    def points(self, instance, start_ms, end_ms):
        """{(name, labels of the tag): {begin of the second: value}}; points stand at the end of theirs."""
        seconds = math.ceil((end_ms - start_ms) / 1000) + 2
        found = {}
        for series in self.query(f'{{instance="{instance}"}}[{seconds}s]', time=end_ms / 1000 + 1):
            labels = series["metric"]
            check(labels["job"] == "nephos" and labels["name"], f"{labels}")
            key = (labels["__name__"], json.dumps({k: v for k, v in labels.items() if k not in HOST}, sort_keys=True))
            values = {round(t * 1000) - 1000: float(v) for t, v in series["values"]}
            values = {t: v for t, v in values.items() if start_ms <= t < end_ms}
            if values:
                check(key not in found, f"{key} is there twice")
                found[key] = values
        return found


HOST = {"__name__", "instance", "job", "name", "provider", "region", "type"}
UNITS = {"percent": ("_percent", "_ratio", 100), "milliseconds": ("_ms", "_seconds", 1000),
         "seconds": ("_seconds", "_seconds", 1), "bytes": ("_bytes", "_bytes", 1)}
KEYS = {"mount": "mountpoint", "interface": "device", "core": "cpu"}


def called(metric):
    """The name that docs/SPEC.md gives it (3.7), and by what its values are divided."""
    if metric.name == "cpu_core_seconds":
        return "node_cpu_seconds_total", 1
    if metric.name == "cpu_seconds":  # on a machine that tells its cores
        return "nephos_cpu_seconds_total", 1
    if metric.prometheus:
        return metric.prometheus, 1
    end, suffix, divisor = UNITS.get(metric.unit, ("", "", 1))
    name = "nephos_" + metric.name.removesuffix(end) + suffix
    return name + ("_total" if metric.is_counter and not name.endswith("_total") else ""), divisor


def ours(aggregator, instance, start_ms, end_ms):
    """The same out of our own store."""
    found, known = {}, others.metrics()
    for (metric, tag), values in sinks.points(aggregator, instance, None, start_ms, end_ms).items():
        name, divisor = called(known[metric])
        pairs = [pair.split("=", 1) for pair in re.split(r",(?=[a-z_]+=)", tag)] if tag else []
        labels = json.dumps({KEYS.get(k, k): v for k, v in pairs}, sort_keys=True)
        found[name, labels] = {t: v / divisor for t, v in values.items()}
    return found


def compare(want, have):
    """Points that were compared."""
    count = 0
    check(want.keys() == have.keys(), f"on one side only: {sorted(want.keys() ^ have.keys())[:3]}")
    for key, values in want.items():
        got = have[key]
        check(got.keys() == values.keys(), f"{key}: on one side only: {sorted(set(values) ^ set(got))[:5]}")
        for t, value in values.items():
            near = math.isclose(got[t], value, rel_tol=1e-9, abs_tol=1e-9)
            check(near, f"{key} at {t}: {got[t]} instead of {value}")
            count += 1
    return count


def proof(world):
    receiver = Receiver(world)
    config = sinks.configuration(world, "prom", {
        "type": "remote_write", "url": f"http://127.0.0.1:{receiver.port}/api/v1/write", "resolution": "1s"})
    aggregator, ids = sinks.two_agents(world, config)
    until(lambda: all(receiver.points(i, 0, time.time() * 1000) for i in ids), 40, "the first points arrive")
    start_ms = (int(time.time()) + 1) * 1000
    sinks.kill_in_turn(aggregator, receiver, ("aggregator", "receiver", "aggregator", "both"), SECONDS, SECONDS / 2)
    end_ms = sinks.end_ms(SECONDS)
    total = 0
    for identity in ids:
        def count_theirs(who=identity):
            return sum(map(len, receiver.points(who, start_ms, end_ms).values()))

        def count_ours(who=identity):
            return sum(map(len, ours(aggregator, who, start_ms, end_ms).values()))
        sinks.settled(count_theirs, count_ours, 60, f"Prometheus has every point of {identity}")
        want = ours(aggregator, identity, start_ms, end_ms)
        total += compare(want, receiver.points(identity, start_ms, end_ms))
    check(total > 2000, f"only {total} points were compared")
    row = sinks.destination(aggregator, "prom")
    print(f"{total} points are the same in Prometheus; {json.dumps(row)}")


if __name__ == "__main__":
    nephos.main(proof)
