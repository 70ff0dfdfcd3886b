# SPDX-License-Identifier: MIT
"""A disk that is full, then one that cannot be written, below an aggregator that is fed: it says so, stays alive and
answers; agents wait with what is not acknowledged; when there is room again everything arrives, and `verify` finds
nothing wrong. Also after a kill -9 with the disk full.

As root in a small tmpfs; without root it is skipped.
"""
import json
import os
import pathlib
import subprocess
import time

from kill_nine import compare
from nephos import binary, check, main, until

AGENTS = 20
DISK_MIB = 40


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


def start_load(world, aggregator, seconds):
    return world.start("load", [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(AGENTS)),
        "--agents", str(AGENTS), "--series", "40", "--ship", "1s", "--seconds", str(seconds), "--state",
        world.path("load-state"), "--ledger", world.path("ledger"), "--patience", "90s"])


def full(world, aggregator, ballast):
    fill(ballast)
    words = until(lambda: unhealthy(aggregator), 40, "/healthz says that nothing can be stored")
    until(lambda: stands_still(aggregator), 20, "nothing is acknowledged any more")
    check(aggregator.get("/instances")["count"] == AGENTS, "it still answers")
    # And killed like that: it starts, or says why it cannot; then there is room.
    aggregator.process.kill()
    os.truncate(ballast, 0)
    aggregator.start()
    before = acknowledged(aggregator)
    until(lambda: acknowledged(aggregator) > before, 40, "with room again, samples are stored again")
    return words


def read_only(world, aggregator, folder):
    """Killed, and started again on a disk that takes no writes: it says what is wrong and where, and ends."""
    aggregator.process.kill()
    made = mount("-o", "remount,ro", folder)
    check(made.returncode == 0, f"remount: {made.stderr}")
    code, out, err = world.run([
        binary("nephos-aggregator"), "serve", "--data", aggregator.data, "--listen", aggregator.address, "--api",
        f"127.0.0.1:{aggregator.api_port}", *aggregator.flags])
    check(code not in (0, -6, -11) and "read-only" in err.lower() and aggregator.data in err,
          f"on a read-only disk: {code} {out} {err}")
    check(mount("-o", "remount,rw", folder).returncode == 0, "remount")
    aggregator.start()


def proof(world):
    folder = world.path("disk")
    os.mkdir(folder)
    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", folder).returncode != 0:
        print("skipped: a file system of its own takes root")
        return
    try:
        aggregator = world.aggregator(flags=["--agents-max", str(AGENTS), "--database-max", "30MiB"])
        aggregator.data = os.path.join(folder, "data")
        aggregator.start()
        load = start_load(world, aggregator, 45)
        until(lambda: acknowledged(aggregator) > AGENTS * 3, 40, "the load begins")
        words = full(world, aggregator, os.path.join(folder, "ballast"))
        read_only(world, aggregator, folder)
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
        print("read-only: it says so and ends")
        print(f"full: {words.decode().strip()[:200]}; {summary['samples_acknowledged']} samples acknowledged in the end, "
              f"{summary['samples_resent']} of them sent again, {values} values equal; verify: {(out + err).strip().splitlines()[-1]}")
    finally:
        world.close()
        subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    main(proof)
