# SPDX-License-Identifier: MIT
"""Live updates as an independent client (npm's `ws`) sees them: the shapes of old, subscriptions, going on
after a broken connection and after the aggregator was killed, a stopped client; and RFC 6455 to the letter.
"""
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

from nephos import ROOT, binary, check, dependencies, main, until

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = 60


def ws_folder():
    deps = str(ROOT / "tools/deps")
    subprocess.run([deps, "ws"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return str(dependencies("ws"))


class Listener:
    count = 0

    def __init__(self, world, aggregator, *messages):
        Listener.count += 1
        node = shutil.which("node")
        check(node is not None, "node is needed for the independent client: tools/deps packages build")
        self.process = world.start(f"listener-{Listener.count}", [
            node, f"{HERE}/listener.cjs", ws_folder(), f"ws://127.0.0.1:{aggregator.api_port}/ws",
            *[json.dumps(m) for m in messages]])

    def events(self):
        lines = self.process.said().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def messages(self, kind=None):
        found = [e["data"] for e in self.events() if e["event"] == "message"]
        return [m for m in found if kind in (None, m["type"])]

    def until_message(self, kind, seconds=15, holds=lambda m: True):
        def asks():
            return [m for m in self.messages(kind) if holds(m)]
        return until(asks, seconds, f"{self.process.name} gets {kind}")[0]


def subscription(instances="*", **more):
    return {"type": "subscribe", "instances": instances, **more}


def start_agents(world, aggregator):
    return world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token",
        aggregator.token("--uses", str(HOSTS)), "--agents", str(HOSTS), "--series", "120", "--seconds", "3600",
        "--ship", "1s", "--state", world.path("load-state"), "--patience", "120s"])


# --- shapes and subscriptions ---

def shapes_of_old(world, aggregator):
    silent = Listener(world, aggregator, {"type": "ping"})
    check(silent.until_message("pong") == {"type": "pong"}, "a ping is answered by a bare pong")
    update = silent.until_message("realtime_update")
    check(update["eventType"] == "INSERT" and isinstance(update["data"], dict), f"not an update of old: {update}")
    data = update["data"]
    for name, kind in (("id", str), ("instanceId", str), ("timestamp", int), ("metricName", str),
                       ("metricValue", (int, float)), ("value", (int, float)), ("unit", str), ("tags", dict),
                       ("createdAt", str)):
        check(isinstance(data.get(name), kind), f"{name} of a metric is {data.get(name)!r}")
    check(data["value"] == data["metricValue"], "value and metricValue are one number")
    check(update["timestamp"].endswith("Z") and isinstance(update["seq"], int), f"time and seq: {update}")
    kinds = {"pong", "realtime_update", "dashboard_update"}
    check({m["type"] for m in silent.messages()} <= kinds, "nothing else for a silent client")
    silent.process.kill()


def large_hosts(aggregator):
    """Ten hosts that came first, with so much to tell that a dashboard is larger than a transmit buffer."""
    for n in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", aggregator.api_port, timeout=20)
        connection.request("POST", "/instances", json.dumps({
            "name": f"large-{n}", "type": "web-service", "region": "ewr", "endpoint": "http://large",
            "metadata": {"words": f"grüße {n} " * 130}}), {"Content-Type": "application/json"})
        check(connection.getresponse().status == 201, "an instance is made")
        connection.close()


def dashboards(world, aggregator):
    """In several frames, to who is of old at once and again; to others when they ask; between what else is told."""
    old = Listener(world, aggregator, {"type": "ping"})
    asks = Listener(world, aggregator, subscription(types=["metric", "dashboard"]))
    not_asks = Listener(world, aggregator, subscription([]))
    for listener in (old, asks):
        update = listener.until_message("dashboard_update", 5)
        size = len(json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode())
        check(size > 16384, f"larger than a buffer: {size}")
        check(set(update) == {"type", "data", "timestamp", "source"}, f"members: {set(update)}")
        asked = aggregator.get("/analytics/dashboard")
        check({name: type(value) for name, value in update["data"].items()} ==
              {name: type(value) for name, value in asked.items()}, "the same as /analytics/dashboard")
        check(update["data"]["summary"]["totalInstances"] == HOSTS + 10, update["data"]["summary"])
        check(update["data"]["instances"][3]["metadata"] == asked["instances"][3]["metadata"], "letters of two bytes")
    until(lambda: len(old.messages("dashboard_update")) >= 2, 45, "another one after half a minute")
    check(len(old.messages("realtime_update")) > 20 and len(asks.messages("samples")) > 20, "and news all the time")
    check(not asks.messages("missed") and not not_asks.messages("dashboard_update"), "nobody else is told")
    for listener in (old, asks, not_asks):
        listener.process.kill()


def subscriptions(world, aggregator, hosts):
    one = Listener(world, aggregator, subscription([hosts[3]], types=["metric"]))
    points = Listener(world, aggregator, subscription([hosts[4]], types=["metric"], format="points"))
    nothing = Listener(world, aggregator, subscription([hosts[5]], types=["alert"]))
    until(lambda: len(one.messages("samples")) >= 3, 15, "three shipments of one host")
    points.until_message("realtime_update")
    check({m["instance"] for m in one.messages("samples")} == {hosts[3]}, "samples of one host only")
    check({m["data"]["instanceId"] for m in points.messages("realtime_update")} == {hosts[4]}, "points of one host")
    check([m["type"] for m in nothing.messages()] == ["subscribed"], "who wants alerts gets no metrics")
    sample = one.messages("samples")[0]
    check(len(sample["series"]) == len(sample["v"]) and all(len(v) == len(sample["t"]) for v in sample["v"]),
          "columns are complete")
    known = {s["id"] for s in aggregator.get("/api/v1/series", instance=hosts[3])["series"]}
    check(set(sample["series"]) <= known, "series are those of /api/v1/series")
    for listener in (one, points, nothing):
        listener.process.kill()


# --- going on ---

def times(listener, host):
    return [t for m in listener.messages("samples") if m["instance"] == host for t in m["t"]]


def goes_on(world, aggregator, hosts):
    """A connection that breaks without a word, and ten seconds later another one."""
    host = hosts[0]
    first = Listener(world, aggregator, subscription([host], types=["metric"]))
    stream = first.until_message("subscribed")["stream"]
    until(lambda: len(first.messages("samples")) >= 3, 15, "some samples")
    first.process.kill()
    time.sleep(6)  # the silence is what is tested
    last = first.messages("samples")[-1]["seq"]
    second = Listener(world, aggregator, subscription([host], types=["metric"],
                                                      after={"stream": stream, "seq": last}))
    until(lambda: len(second.messages("samples")) >= 9, 15, "what followed, and more")
    all_times = times(first, host) + times(second, host)
    steps = {b - a for a, b in zip(all_times, all_times[1:])}
    check(steps == {1000}, f"the samples of both connections are not one row: {sorted(steps)}")
    check(not second.messages("missed"), "nothing was missed")
    second.process.kill()
    return stream, second.messages("samples")[-1]["seq"]


def goes_on_after_kill(world, aggregator, hosts, stream, seq):
    listener = Listener(world, aggregator, subscription([hosts[1]]))
    listener.until_message("samples")
    aggregator.process.kill()
    until(lambda: any(e["event"] == "close" for e in listener.events()), 10, "the client sees the end")
    aggregator.start()
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= HOSTS, 60, "agents are back")
    revision = listener.messages("subscribed")[0]["revision"]
    again = Listener(world, aggregator, subscription(
        hosts[:2], after={"stream": stream, "seq": seq, "revision": revision}))
    missed = again.until_message("missed")
    check(missed["missed"] is None and missed["stream"] != stream, f"another process cannot count: {missed}")
    until(lambda: {m["instance"] for m in again.messages("samples")} == set(hosts[:2]), 20, "both hosts go on")
    again.process.kill()


def stopped_client(world, aggregator):
    """It costs its buffers; the others do not notice; it gets the newest when it wakes."""
    stopped = Listener(world, aggregator, subscription(types=["metric"]))
    other = Listener(world, aggregator, subscription(types=["metric"]))
    stopped.until_message("samples")
    other.until_message("samples")
    rss = aggregator.process.status_kib("VmRSS")
    os.kill(stopped.process.pid, signal.SIGSTOP)

    def missed():
        return aggregator.get("/api/v1/self")["api"]["websocket_missed"]
    until(lambda: missed() > 0, 120, "the stopped client's buffers are full", pause_s=0.5)
    seen = len(other.messages("samples"))
    until(lambda: len(other.messages("samples")) > seen + 3 * HOSTS, 30, "the other one goes on")
    check(not other.messages("missed"), "the other one misses nothing")
    grown = aggregator.process.status_kib("VmRSS") - rss
    # work space that is used for the first time; a queue would take ten times that
    check(grown < 8192, f"the aggregator grew by {grown} KiB for a stopped client")
    now_ms = time.time() * 1000
    os.kill(stopped.process.pid, signal.SIGCONT)
    gap = stopped.until_message("missed", 30)
    check(gap["missed"] > 0, f"how much it missed: {gap}")
    stopped.until_message("samples", 30, lambda m: m.get("latest") and m["t"][-1] > now_ms - 5000)
    stopped.process.kill()
    other.process.kill()


# --- the letter ---

class Raw:
    def __init__(self, aggregator, headers=""):
        self.socket = socket.create_connection(("127.0.0.1", aggregator.api_port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n").encode())
        self.buffer = b""
        self.head = self.take_until(b"\r\n\r\n").decode()
        if " 101 " in self.head.splitlines()[0]:
            # No metrics, so that what comes is an answer.
            self.send(1, json.dumps(subscription([], types=[])).encode())
            # Before it is read, what a silent client gets may be on its way.
            while (first := json.loads(self.message()))["type"] != "subscribed":
                check(first["type"] in ("realtime_update", "dashboard_update"), f"instead of a confirmation: {first}")

    def more(self):
        got = self.socket.recv(65536)
        self.buffer += got
        return len(got) > 0

    def take_until(self, mark):
        while mark not in self.buffer:
            check(self.more(), f"closed before {mark!r}")
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def send(self, opcode, payload=b"", final=True, masked=True, reserved=0):
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        size = len(payload)
        bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        mask = os.urandom(4)
        if masked:
            head += mask
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.socket.sendall(head + payload)

    def frame(self):
        while True:
            if len(self.buffer) >= 2:
                size, at = self.buffer[1] & 127, 2
                if size == 126 and len(self.buffer) >= 4:
                    size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
                if size < 126 or at == 4:
                    if len(self.buffer) >= at + size:
                        frame = self.buffer[0] & 15, self.buffer[at:at + size]
                        self.buffer = self.buffer[at + size:]
                        return frame
            check(self.more(), "closed instead of a frame")

    def message(self):
        """One of text, of all its frames."""
        whole, final = b"", False
        while not final:
            until(lambda: self.buffer or self.more(), 10, "a frame begins", 0)
            final = self.buffer[0] & 0x80 != 0
            whole += self.frame()[1]
        return whole

    def close_code(self):
        opcode, payload = self.frame()
        check(opcode == 8, f"opcode {opcode} instead of a close frame")
        while self.more():
            pass  # the server closes
        return struct.unpack(">H", payload[:2])[0] if payload else None


def to_the_letter(aggregator):
    text = b'{"type":"ping"}'
    raw = Raw(aggregator)
    raw.send(9, b"hello")
    check(raw.frame() == (10, b"hello"), "a ping is answered by a pong with the same payload")
    raw.send(1, text[:5], final=False)
    raw.send(9, b"between")  # control frames may come between fragments
    check(raw.frame() == (10, b"between"), "a ping between fragments is answered")
    raw.send(0, text[5:9], final=False)
    raw.send(0, text[9:])
    check(json.loads(raw.frame()[1]) == {"type": "pong"}, "fragments make a message")
    raw.send(10, b"nobody asked")  # allowed, ignored
    raw.send(1, "{\"type\":\"grüße €\"}".encode())
    check(json.loads(raw.frame()[1])["type"] == "error", "nonsense is answered in words")
    raw.send(8, struct.pack(">H", 1000) + b"bye")
    check(raw.close_code() == 1000, "a goodbye is answered with the same code")

    def ends_with(code, *frames):
        raw = Raw(aggregator)
        for words, more in frames:
            raw.send(*words, **more)
        got = raw.close_code()
        check(got == code, f"{frames} ended with {got}, not {code}")
    ends_with(1002, ((1, text), {"masked": False}))
    ends_with(1002, ((1, text), {"reserved": 4}))
    ends_with(1002, ((3, b""), {}))
    ends_with(1002, ((11, b""), {}))
    ends_with(1002, ((0, text), {}))
    ends_with(1002, ((1, b"{"), {"final": False}), ((1, b"}"), {}))
    ends_with(1002, ((9, b""), {"final": False}))
    ends_with(1002, ((9, b"x" * 126), {}))
    ends_with(1002, ((8, b"\x03"), {}))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000):
        ends_with(1002, ((8, struct.pack(">H", code)), {}))
    for code in (1000, 1001, 1003, 1007, 1011, 3000, 4999):
        ends_with(code, ((8, struct.pack(">H", code)), {}))
    ends_with(1007, ((8, b"\x03\xe8\xff"), {}))
    ends_with(1003, ((2, b"binary"), {}))
    ends_with(1007, ((1, b'{"type":"\xc3\x28"}'), {}))
    ends_with(1007, ((1, b'{"type":"\xed\xa0\x80"}'), {}))
    ends_with(1007, ((1, b'{"\xc3'), {"final": False}), ((0, b'\x28":1}'), {}))
    ends_with(1009, ((1, b"x" * 4097), {}))
    ends_with(1009, ((1, b"x" * 70000), {}))
    ends_with(1009, ((1, b"x" * 3000), {"final": False}), ((0, b"x" * 3000), {}))


def places_are_limited(aggregator, places):
    held = [Raw(aggregator) for _ in range(places)]
    extra = Raw(aggregator)
    check(" 503 " in extra.head.splitlines()[0] and "Retry-After" in extra.head, f"one too many: {extra.head}")
    for raw in held:
        raw.socket.close()
    until(lambda: " 101 " in Raw(aggregator).head.splitlines()[0], 5, "places are free again")


def proof(world):
    aggregator = world.aggregator(flags=["--agents-max", "80", "--websockets-max", "8"]).start()
    large_hosts(aggregator)
    start_agents(world, aggregator)
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= HOSTS, 60, "agents are there")
    hosts = sorted(host["id"] for host in aggregator.instances() if not host["name"].startswith("large-"))
    shapes_of_old(world, aggregator)
    dashboards(world, aggregator)
    subscriptions(world, aggregator, hosts)
    stream, seq = goes_on(world, aggregator, hosts)
    to_the_letter(aggregator)
    until(lambda: aggregator.get("/api/v1/self/memory") is not None, 5, "it serves")
    places_are_limited(aggregator, 8)
    goes_on_after_kill(world, aggregator, hosts, stream, seq)
    stopped_client(world, aggregator)


if __name__ == "__main__":
    main(proof)
    print("live updates: shapes, subscriptions, resume, a stopped client, RFC 6455")
