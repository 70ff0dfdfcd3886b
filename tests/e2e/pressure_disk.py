# SPDX-License-Identifier: MIT
"""A disk that is full, then one that cannot be written, below an aggregator that is fed: it says so, stays alive and
answers; agents wait with what is not acknowledged; when there is room again everything arrives, and `verify` finds
nothing wrong. Also after a kill -9 with the disk full.

As root in a small tmpfs; without root it is skipped.
"""
import os
import subprocess

from disks import AGENTS, acknowledged, fill, loaded, mount, nothing_lost, stands_still, unhealthy
from nephos import binary, check, main, until

DISK_MIB = 40


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
        aggregator, load = loaded(world, folder, 45)
        words = full(world, aggregator, os.path.join(folder, "ballast"))
        read_only(world, aggregator, folder)
        end = nothing_lost(world, aggregator, load)
        print("read-only: it says so and ends")
        print(f"full: {words.decode().strip()[:200]}; {end}")
    finally:
        world.close()
        subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    main(proof)
