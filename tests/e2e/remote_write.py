#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prometheus itself sends what it scrapes, of itself and of node_exporter, to the shipped aggregator for a minute;
in the middle the aggregator is killed with SIGKILL and started again. Every sample that Prometheus has in its own
database must then be in ours, once, with the same value.

Left out, by rule: what is not a number. Of long labels the tag has what docs/SPEC.md says.
"""
import collections
import math
import pathlib
import time

import nephos
import others
import prometheus
from nephos import check, until

SECONDS_BEFORE, SECONDS_DOWN, SECONDS_AFTER = 25, 5, 30
STEP_MS = 500
TAG_MAX, METRIC_MAX, MORE_AT = 79, 95, 56
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: prometheus, static_configs: [{{targets: ["127.0.0.1:{own}"]}}]}}
  - {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{node}"]}}]}}
remote_write:
  - url: http://127.0.0.1:{ours}/api/v1/write
    queue_config: {{max_samples_per_send: 400, batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 1s}}
"""


class Prometheus(prometheus.Prometheus):
    def __init__(self, world, node_port, our_port):
        self.port = nephos.free_port()
        config = world.path("prometheus.yml")
        pathlib.Path(config).write_text(CONFIG.format(own=self.port, node=node_port, ours=our_port))
        self.process = world.start("prometheus", [
            prometheus.peer("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={world.path('tsdb')}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        until(self.is_ready, 30, "prometheus is ready (tools/deps prometheus fetches it)")


def tag_of(labels):
    """As docs/SPEC.md says; None when the name is too long."""
    rest = sorted((k, v) for k, v in labels.items() if k not in ("__name__", "instance") and v)
    words = [f"{k}={v.replace(',', ';')}" for k, v in rest]
    if len(labels["__name__"]) > METRIC_MAX:
        return None
    if len(",".join(words).encode()) <= TAG_MAX:
        return ",".join(words)
    kept, h = [], 0xcbf29ce484222325
    for (k, v), word in zip(rest, words):
        for byte in f"{k}\0{v}\0".encode():
            h = (h ^ byte) * 0x100000001b3 % 2 ** 64
        if len(",".join([*kept, word]).encode()) <= MORE_AT and k != "_more":
            kept.append(word)
    return ",".join([*kept, f"_more={h:016x}"])


def theirs(peer, start_ms, end_ms):
    """{(instance, metric, tag): {ms: value}} of Prometheus' own database, and how many were left out."""
    seconds = math.ceil((end_ms - start_ms) / 1000)
    found, left_out = {}, 0
    for series in peer.query(f'{{__name__=~".+"}}[{seconds}s]', time=end_ms / 1000):
        values = {round(t * 1000): float(v) for t, v in series["values"] if start_ms < t * 1000 < end_ms}
        numbers = {t: v for t, v in values.items() if abs(v) <= 2 ** 63}
        tag = tag_of(series["metric"])
        left_out += len(values) - len(numbers) if tag is not None else len(values)
        if tag is not None and numbers:
            found[series["metric"]["instance"], series["metric"]["__name__"], tag] = numbers
    return found, left_out


def ours(aggregator, instance, start_ms, end_ms):
    """{(metric, tag): {step: [count, last value]}}: no step is so long that it holds two samples."""
    listed = aggregator.get("/api/v1/series", instance=instance)
    names = sorted({series["metric"] for series in listed["series"]})
    found = collections.defaultdict(dict)
    for at in range(0, len(names), 3):
        words = {"instance": instance, "metric": ",".join(names[at:at + 3]), "step": f"{STEP_MS}ms",
                 "from": start_ms, "to": end_ms}
        for fold in ("count", "last"):
            answer = aggregator.get("/api/v1/query", fold=fold, **words)
            for series in answer["series"]:
                cells = found[series["metric"], series["tag"]]
                for t, v in zip(answer["t"], series["v"]):
                    if fold == "count" and v:
                        cells.setdefault(t, [0, None])[0] += int(v)
                    elif fold == "last" and v is not None:
                        cells[t][1] = v
    return found


def compare(aggregator, want, start_ms, end_ms):
    by_instance = collections.defaultdict(dict)
    for (instance, metric, tag), values in want.items():
        by_instance[instance][metric, tag] = values
    compared = 0
    for instance, wanted in by_instance.items():
        have = ours(aggregator, instance, start_ms, end_ms)
        for key, values in wanted.items():
            cells = dict(have.get(key, {}))
            for t, value in sorted(values.items()):
                cell = cells.pop(t - t % STEP_MS, None)
                check(cell is not None, f"{instance} {key}: the sample of {t} ({value}) is missing")
                check(cell[0] == 1, f"{instance} {key}: {cell[0]} samples instead of one at {t}")
                near = math.isclose(cell[1], value, rel_tol=1e-9, abs_tol=1e-9)
                check(near, f"{instance} {key} at {t}: {cell[1]} instead of {value}")
                compared += 1
            # a step at either end may hold a sample from beyond it
            more = [t for t in cells if start_ms < t < end_ms - STEP_MS]
            check(not more, f"{instance} {key}: samples that Prometheus does not have: {more[:3]}")
    return compared


def newest_ms(aggregator, instance):
    told = aggregator.get("/api/v1/live", instance=instance, metric="up")
    return max(series["t"] for host in told["instances"] for series in host["series"])


def proof(world):
    exporter = others.Exporter(world, "exporter")
    aggregator = world.aggregator(flags=["--agents-max", "16", "--series-max", "4096"]).start()
    peer = Prometheus(world, exporter.port, aggregator.api_port)
    until(lambda: len(aggregator.instances()) == 2, 20, "both targets are instances")
    start_ms = int(time.time() * 1000)
    start_ms -= start_ms % STEP_MS
    time.sleep(SECONDS_BEFORE)
    aggregator.process.kill()
    time.sleep(SECONDS_DOWN)
    aggregator.start()
    time.sleep(SECONDS_AFTER)
    end_ms = int(time.time() * 1000)
    end_ms -= end_ms % STEP_MS

    # It sends in order, several requests at a time: what is later by seconds has come behind the rest.
    until(lambda: all(newest_ms(aggregator, i["id"]) > end_ms + 4000 for i in aggregator.instances()), 60,
          "what was not acknowledged has come again")
    want, left_out = theirs(peer, start_ms, end_ms)
    check(len(want) > 400, f"only {len(want)} series")
    compared = compare(aggregator, want, start_ms, end_ms)
    statuses = {i["id"]: (i["status"], i["provider"]) for i in aggregator.instances()}
    check(all(s == "healthy" for s, _ in statuses.values()), f"{statuses}")
    print(f"{compared} samples of {len(want)} series, each once and with its value; {left_out} left out by rule;"
          f" kill -9 after {SECONDS_BEFORE} s, {SECONDS_DOWN} s away")


if __name__ == "__main__":
    nephos.main(proof)
