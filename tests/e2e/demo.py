# SPDX-License-Identifier: MIT
"""The demonstration: one command shows twelve hosts, two of them ill, says that they are simulated, and leaves
nothing behind, whichever way it ends.
"""
import json
import os
import pathlib
import signal
import urllib.request

from nephos import Process, binary, check, free_port, main, until

ILL = {"demo-web-2": "cpu_critical", "demo-db-1": "disk_space_warning"}


class Demo:
    def __init__(self, world, name):
        self.folder = pathlib.Path(world.path(f"{name}-tmp"))
        self.folder.mkdir()
        self.base = f"http://127.0.0.1:{free_port()}"
        words = [binary("nephos-aggregator"), "demo", "--api", self.base.removeprefix("http://")]
        self.process = Process(world, name, words, {**world.environment, "TMPDIR": str(self.folder)})
        world.processes.append(self.process)
        self.process.says("are in the store", 60)

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:
            return json.load(answer)

    def is_gone(self):
        return not list(self.folder.iterdir())


def shows_the_product(demo):
    check(demo.get("/api/v1/self")["demo"] is True, "it does not say that it is a demonstration")
    check(demo.get("/instances")["count"] == 12, "there are not twelve hosts")

    def ailments():
        alerts = demo.get("/alerts?status=active")["alerts"]
        return {(a["instanceId"], a["alertType"]) for a in alerts} >= set(ILL.items())

    until(ailments, 60, f"alerts {ILL}")
    words = demo.get("/insights/summary")["summary"]
    check("2 of 12 hosts need attention" in words.splitlines()[0], f"the summary says: {words}")
    week = demo.get("/api/v1/query?instance=demo-pi-garage&metric=cpu_usage&from=-6d&step=1h")
    filled = [v for v in week["series"][0]["v"] if v is not None]
    check(len(filled) >= 6 * 24 - 1, f"only {len(filled)} hours of the last six days have samples")


def proof(world):
    demo = Demo(world, "demo")
    shows_the_product(demo)
    demo.process.end()
    check(demo.is_gone(), f"left behind after SIGTERM: {list(demo.folder.iterdir())}")

    demo = Demo(world, "killed")
    os.kill(demo.process.pid, signal.SIGKILL)
    demo.process.popen.wait()
    until(demo.is_gone, 10, "nothing is left behind after kill -9")


if __name__ == "__main__":
    main(proof)
