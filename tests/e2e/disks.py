# SPDX-License-Identifier: MIT
"""What the proofs of disks that take no writes share: a load that keeps a ledger, a disk of their own, and what must be
true at the end."""
import json
import os
import pathlib
import subprocess
import time

from kill_nine import compare
from nephos import binary, check, until

AGENTS = 20


def mount(*words):
    return subprocess.run(["mount", *words], capture_output=True, text=True)


def acknowledged(aggregator):
    return sum(i["metadata"]["samples"] for i in aggregator.instances())


def stands_still(aggregator):
    """Nothing more is stored, for two seconds, while agents go on."""
    before = acknowledged(aggregator)
    time.sleep(2)
    return acknowledged(aggregator) == before


def fill(path):
    """Takes all the room that is left."""
    with open(path, "wb", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    ballast.write(b"\xff" * size)
            except OSError:
                pass


def unhealthy(aggregator):
    status, body = aggregator.request("/healthz")
    return status == 503 and body


def loaded(world, folder, seconds, more=0):
    """(aggregator whose data are in that folder, the load), once samples come; `more`: places for other instances."""
    aggregator = world.aggregator(flags=["--agents-max", str(AGENTS + more), "--database-max", "30MiB"])
    aggregator.data = os.path.join(folder, "data")
    aggregator.start()
    load = world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(AGENTS)),
        "--agents", str(AGENTS), "--series", "40", "--ship", "1s", "--seconds", str(seconds), "--state",
        world.path("load-state"), "--ledger", world.path("ledger"), "--patience", "90s"])
    until(lambda: acknowledged(aggregator) > AGENTS * 3, 40, "the load begins")
    return aggregator, load


def nothing_lost(world, aggregator, load):
    """Ends both. In words: what was acknowledged is there, and the database is in order."""
    check(load.exit_code(seconds=150) == 0, "not everything was acknowledged at the end")
    said = load.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    for name in ("acknowledged_never_sent", "acknowledged_then_lost"):
        check(summary[name] == 0, f"{name}: {summary[name]}")
    values = sum(compare(aggregator, json.loads(line))
                 for line in pathlib.Path(world.path("ledger")).read_text().splitlines())
    aggregator.process.end(seconds=20)
    code, out, err = world.run([binary("nephos-aggregator"), "verify", "--data", aggregator.data], seconds=60)
    check(code == 0, f"verify: {code} {out} {err}")
    return (f"{summary['samples_acknowledged']} samples acknowledged in the end, {summary['samples_resent']} of them sent "
            f"again, {values} values equal; verify: {(out + err).strip().splitlines()[-1]}")
