#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped aggregator sends what real agents measure as OTLP, a point for each second, to a receiver that
throttles, breaks and is killed with SIGKILL, as the aggregator is. Every point must have arrived with its value,
under OpenTelemetry's name; what arrived twice must say the same. The secret header comes from a file."""
import json
import math
import pathlib
import time
import urllib.request

import nephos
import sinks
from nephos import check, until

# ours: name, unit, divisor, an attribute of the name, what the tag's key is called, sum
NAMES = {
    "cpu_usage": ("system.cpu.utilization", "1", 100, {}, None, False),
    "memory_used_bytes": ("system.memory.usage", "By", 1, {"system.memory.state": "used"}, None, False),
    "load_average_1min": ("system.cpu.load_average.1m", "1", 1, {}, None, False),
    "uptime": ("system.uptime", "s", 1, {}, None, False),
    "forks": ("nephos.forks", "1", 1, {}, None, True),
    "network_rx_bytes": ("system.network.io", "By", 1, {"network.io.direction": "receive"}, "network.interface.name", True),
    "network_tx_bytes": ("system.network.io", "By", 1, {"network.io.direction": "transmit"}, "network.interface.name", True),
    "disk_usage_percent": ("system.filesystem.utilization", "1", 100, {}, "system.filesystem.mountpoint", False),
}


class Receiver(sinks.Double):
    def __init__(self, world):
        self.port, self.file = nephos.free_port(), world.path("otlp.lines")
        script = str(nephos.ROOT / "tests/e2e/otlp_receiver.cjs")
        super().__init__(world, "receiver", ["node", script, sinks.forward_tools(), str(self.port), self.file])

    def tell(self, **words):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/double", json.dumps(words).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def points(self):
        """{(host, name, attributes, begin of the second): line}; what comes twice must be alike."""
        found = {}
        for words in pathlib.Path(self.file).read_text().splitlines():
            line = json.loads(words)
            key = (line["resource"]["host.id"], line["name"], json.dumps(line["attributes"], sort_keys=True),
                   int(line["time"]) // 10**6 - 1000)
            before = found.setdefault(key, line)
            check(before["value"] == line["value"], f"{key} is {before['value']} and {line['value']}")
        return found


def expected(aggregator, identity, start_ms, end_ms):
    """The same keys out of our own store: {key: (value, sum, unit)}."""
    found = {}
    for (metric, tag), values in sinks.points(aggregator, identity, set(NAMES), start_ms, end_ms).items():
        name, unit, divisor, more, tag_key, is_sum = NAMES[metric]
        attributes = dict(more)
        if tag:
            attributes[tag_key] = tag.split("=", 1)[1]
        for t, value in values.items():
            found[identity, name, json.dumps(attributes, sort_keys=True), t] = (value / divisor, is_sum, unit)
    return found


def boot_times():
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    return 0


def check_point(key, line, want):
    value, is_sum, unit = want
    check(math.isclose(line["value"], value, rel_tol=1e-4, abs_tol=1e-4), f"{key}: {line['value']} instead of {value}")
    check(line["unit"] == unit, f"{key}: unit {line['unit']}")
    check(line["sum"] == ([2, True] if is_sum else None), f"{key}: {line['sum']}")
    started = int(line["start"]) / 10**9
    check(abs(started - boot_times()) <= 2 if is_sum else started == 0, f"{key}: it began at {started}")


def proof(world):
    receiver = Receiver(world)
    headers = world.write("headers", "x-api-key: k3y\n")
    config = sinks.configuration(world, "otel", {
        "type": "otlp", "url": f"http://127.0.0.1:{receiver.port}/v1/metrics", "headers_file": headers,
        "resolution": "1s", "metrics": ", ".join(NAMES)})
    aggregator, ids = sinks.two_agents(world, config)
    until(lambda: len({k[0] for k in receiver.points()}) == 2, 40, "the first points arrive")
    start_ms = (int(time.time()) + 1) * 1000
    receiver.tell(next=["429", "503", "reset"])
    sinks.kill_in_turn(aggregator, receiver, ("aggregator", "receiver", "both"), 10, 4,
                       lambda: receiver.tell(next=["reset", "429"]))
    end_ms = sinks.end_ms(10)

    def all_expected():
        return {k: v for identity in ids for k, v in expected(aggregator, identity, start_ms, end_ms).items()}

    def inside():
        return {k for k in receiver.points() if start_ms <= k[3] < end_ms}
    sinks.settled(lambda: len(inside()), lambda: len(all_expected()), 60, "every point has arrived")
    want = all_expected()
    missing = want.keys() - inside()
    check(not missing, f"{len(missing)} points have not arrived: {sorted(missing)[:3]}")
    have = receiver.points()
    for key, value in want.items():
        check_point(key, have[key], value)
    odd = {k for k in have if start_ms <= k[3] < end_ms} - want.keys()
    check(not odd, f"{len(odd)} points that we do not have: {sorted(odd)[:3]}")
    check(len(want) > 500, f"only {len(want)} points were compared")
    resource = next(iter(have.values()))["resource"]
    check({"host.name", "host.id", "service.name", "os.description"} <= resource.keys(), f"{resource}")
    receiver.tell(next=["partial"])
    dropped = until(lambda: (sinks.destination(aggregator, "otel") or {}).get("dropped"), 20, "a rejected point is counted")
    log = aggregator.process.said()
    check("k3y" not in log and "k3y" not in json.dumps(sinks.destination(aggregator, "otel")), "the key is told")
    print(f"{len(want)} points have arrived as they are; {dropped} rejected; {json.dumps(sinks.destination(aggregator, 'otel'))}")


if __name__ == "__main__":
    nephos.main(proof)
