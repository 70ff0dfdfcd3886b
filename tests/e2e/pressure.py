# SPDX-License-Identifier: MIT
"""What the proofs under pressure share: the tools of others, and a normal client beside them."""
import os
import shutil
import threading
import time

from nephos import binary, check, dependencies, until

SHARE_LEAST = 0.98  # of its requests, whatever others do


def tool(name, group="pressure"):
    """(path, environment) of a program of `tools/deps GROUP`."""
    folder = str(dependencies(group))
    libraries = [root for root, _, files in os.walk(folder + "/usr/lib") if any(".so" in f for f in files)]
    path = folder + "/usr/bin/" + name
    if not os.path.exists(path):
        path = shutil.which(name)
    check(path is not None, f"{name} is missing: tools/deps {group}")
    return path, {"PATH": os.environ["PATH"] + ":" + folder + "/usr/bin", "HOME": "/tmp",
                  "LD_LIBRARY_PATH": ":".join(libraries), "TERM": "dumb"}


class Beside:
    """A client that asks ten times a second, each time by a new connection, while something else goes on."""

    def __init__(self, aggregator, path="/instances"):
        self.aggregator, self.path = aggregator, path
        self.asked = self.answered = 0
        self.longest_ms = 0.0
        self.failed = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.wait(0.1):
            started = time.monotonic()
            self.asked += 1
            try:
                status, _ = self.aggregator.request(self.path)
            except Exception as e:  # whatever it is, it is no answer
                status = repr(e)
            if status == 200:
                self.answered += 1
                self.longest_ms = max(self.longest_ms, (time.monotonic() - started) * 1000)
            else:
                self.failed.append(status)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def check_served(self, what, share=SHARE_LEAST):
        check(self.asked > 0 and self.answered >= share * self.asked,
              f"beside {what} only {self.answered} of {self.asked} requests were answered: {self.failed[:5]}")

    def __str__(self):
        return f"beside it {self.answered} of {self.asked} requests answered, the longest in {self.longest_ms:.0f} ms"


def start_agents(world, aggregator, count, seconds, name="agents", seed=1):
    """A fleet that ships each second; its exit code is 0 when all it sent was acknowledged."""
    return world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(count)),
        "--agents", str(count), "--series", "20", "--seconds", str(seconds), "--ship", "1s", "--state",
        world.path(f"{name}-state"), "--seed", str(seed), "--patience", "60s"])


def until_connected(aggregator, count):
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= count, 60, "agents are connected")
