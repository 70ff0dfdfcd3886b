# SPDX-License-Identifier: MIT
"""AWS for the proofs: a front that checks signatures and makes faults (aws_front.cjs), stand-ins for DynamoDB and
Kinesis that keep what they have through a kill (aws_services.cjs), and AWS' own clients as readers (aws_read.cjs)."""
import json
import pathlib
import socket
import subprocess

import nephos
from nephos import check, until

HERE = pathlib.Path(__file__).resolve().parent


def deps_folder():
    return str(nephos.dependencies("aws"))


class Aws:
    """`keys`: {id: secret} or {id: {"secret", "token"}}; with `services`, DynamoDB and Kinesis are behind."""

    def __init__(self, world, keys, services=False):
        self.world, self.folder, self.port = world, deps_folder(), nephos.free_port()
        self.state = {"keys": {}, "faults": {}, "clock_s": 0, "metadata": None, "answer": None}
        self.set(keys=keys)
        self.ports = [nephos.free_port(), nephos.free_port()] if services else []
        self.services = None
        if services:
            self.start_services()
        words = ["node", str(HERE / "aws_front.cjs"), self.folder, str(self.port), world.path("aws-state.json")]
        self.front = world.start("aws-front", [*words, *map(str, self.ports)])
        self.url = f"http://127.0.0.1:{self.port}"
        until(lambda: connects(self.port), 20, "the front listens (tools/deps aws fetches what it needs)")

    def set(self, **more):
        keys = more.get("keys")
        if keys:
            more["keys"] = {k: v if isinstance(v, dict) else {"secret": v} for k, v in keys.items()}
        self.state.update(more)
        self.world.write("aws-state.json", json.dumps(self.state))

    def calls(self):
        return [json.loads(line) for line in self.front.said().splitlines() if line.startswith('{"service"')]

    # --- what is behind ---

    def start_services(self):
        self.services = self.world.start("aws-services", [
            "node", str(HERE / "aws_services.cjs"), self.folder, *map(str, self.ports), self.world.path("aws-data")])
        until(lambda: all(map(connects, self.ports)), 20, "DynamoDB and Kinesis stand-ins listen")

    def kill_services(self):
        self.services.kill()

    def sdk(self, *words, seconds=60):
        """What AWS' own client answers, straight from the stand-ins."""
        done = subprocess.run(["node", str(HERE / "aws_read.cjs"), self.folder, *map(str, self.ports), *words],
                              capture_output=True, text=True, timeout=seconds,
                              env={**self.world.environment, "NODE_NO_WARNINGS": "1"})
        check(done.returncode == 0, f"aws_read {words}: {done.stderr[-1500:]}")
        return json.loads(done.stdout or "null")


def connects(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0
