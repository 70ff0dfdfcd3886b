#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped aggregator sends what real agents measure to the real Prometheus, a point for each second, while
either is killed with SIGKILL. Every point must be in Prometheus' database once, with the same value, under the
labels that our own query API tells; victoria-metrics is asked the same where the machine has it."""
import json
import math
import pathlib
import time

import nephos
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
        """{labels: {begin of the second: value}}; points stand at the end of theirs."""
        seconds = math.ceil((end_ms - start_ms) / 1000) + 2
        found = {}
        for series in self.query(f'{{instance="{instance}"}}[{seconds}s]', time=end_ms / 1000 + 1):
            values = {round(t * 1000) - 1000: float(v) for t, v in series["values"]}
            values = {t: v for t, v in values.items() if start_ms <= t < end_ms}
            if values:
                found[json.dumps(series["metric"], sort_keys=True)] = values
        return found


def ours(aggregator, instance, start_ms, end_ms):
    """The same by our own query API, whose samples stand where they were measured."""
    found = {}
    seconds = math.ceil((end_ms - start_ms) / 1000)
    answer = aggregator.get("/prometheus/api/v1/query", query=f'{{instance="{instance}"}}[{seconds}s]',
                            time=end_ms / 1000)
    for series in answer["data"]["result"]:
        name = series["metric"]["__name__"]
        if name in ("nephos_instance_info", "node_uname_info"):  # made when asked for
            continue
        windows = {}
        for t, v in series["values"]:
            ms = round(t * 1000)
            if start_ms <= ms < end_ms:
                windows.setdefault(ms // 1000 * 1000, []).append(float(v))
        is_counter = name.endswith("_total")
        found[json.dumps(series["metric"], sort_keys=True)] = (
            {t: [v[-1]] if is_counter else v for t, v in windows.items()})
    return {k: v for k, v in found.items() if v}


def compare(want, have):
    """Points that were compared. Those of several samples are means, rounded as they are stored."""
    count = 0
    missing = set(want) - set(have)
    check(not missing, f"{len(missing)} series are missing, as {sorted(missing)[:2]}")
    for labels, windows in want.items():
        got = have[labels]
        check(got.keys() == windows.keys(), f"{labels}: {sorted(set(windows) ^ set(got))[:5]} is on one side only")
        for t, values in windows.items():
            mean, near = sum(values) / len(values), 0 if len(values) == 1 else 1e-3
            check(math.isclose(got[t], mean, rel_tol=near, abs_tol=0), f"{labels} at {t}: {got[t]}, not {values}")
            count += 1
    return count


def proof(world):
    receiver = Receiver(world)
    config = sinks.configuration(world, "prom", {
        "type": "remote_write", "url": f"http://127.0.0.1:{receiver.port}/api/v1/write", "resolution": "1s"})
    aggregator = world.aggregator(flags=["--config", config, "--agents-max", "8"]).start()
    token = aggregator.token_file("--uses", "2")
    for name in ("one", "two"):
        world.agent(name, aggregator.address, "--token-file", token, "--interval", "1s")
    until(lambda: len(aggregator.instances()) == 2, 20, "two agents join")
    ids = [i["id"] for i in aggregator.instances()]
    until(lambda: all(receiver.points(i, 0, time.time() * 1000) for i in ids), 40, "the first points arrive")
    start_ms = (int(time.time()) + 1) * 1000
    for fault in ("aggregator", "prometheus", "aggregator", "both"):
        time.sleep(SECONDS)
        if fault != "prometheus":
            aggregator.process.kill()
        if fault != "aggregator":
            receiver.process.kill()
            time.sleep(SECONDS / 2)
            receiver.start()
        if fault != "prometheus":
            aggregator.start()
    time.sleep(SECONDS)
    end_ms = int(time.time()) * 1000
    time.sleep(3)  # the window that is compared last is over
    total = 0
    for identity in ids:
        want = {}

        def count_ours():
            want.clear()
            want.update(ours(aggregator, identity, start_ms, end_ms))
            return sum(map(len, want.values()))

        def count_theirs():
            theirs = receiver.points(identity, start_ms, end_ms)
            return sum(len(theirs.get(labels, ())) for labels in want)
        count_ours()
        sinks.settled(count_theirs, count_ours, 60, f"Prometheus has every point of {identity}")
        total += compare(want, receiver.points(identity, start_ms, end_ms))
    check(total > 2000, f"only {total} points were compared")
    row = sinks.destination(aggregator, "prom")
    print(f"{total} points are the same in Prometheus; {json.dumps(row)}")


if __name__ == "__main__":
    nephos.main(proof)
