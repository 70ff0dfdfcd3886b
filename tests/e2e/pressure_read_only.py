# SPDX-License-Identifier: MIT
"""A file system that stops taking writes under a running aggregator, in three ways: it is full; the database may not
be written; the kernel finds an error in it and makes it read-only. Each time /healthz, /api/v1/self and the log say
which it is and what to do, agents are held back, reading goes on, and a change is answered with 503. From the first two
the same process goes on by itself when it can write again. From the third nobody can without a new mount: killed,
checked by e2fsck and started again, everything that was acknowledged is there.

As root, on ext4 in a loop device; without that it is skipped.
"""
import os
import pathlib
import subprocess

from disks import AGENTS, acknowledged, fill, loaded, mount, nothing_lost, stands_still, unhealthy
from nephos import check, main, until

DISK_MIB = 64


def run(*words):
    made = subprocess.run(words, capture_output=True, text=True)
    check(made.returncode == 0, f"{words}: {made.returncode} {made.stdout} {made.stderr}")


def post_alert(aggregator):
    status, _ = aggregator.send("POST", "/alerts", {"instanceId": "somebody", "alertType": "disk", "severity": "high",
                                                    "message": "as told"})
    return status


def says_so(aggregator, words):
    """Nothing can be stored, and why; who reads is served, who changes is told."""
    said = until(lambda: unhealthy(aggregator), 40, "/healthz says that nothing can be stored").decode()
    check(words in said, f"/healthz says {said!r} and not {words!r}")
    store = aggregator.get("/api/v1/self")["store"]
    check(words in store["trouble"] and store["trouble_since"].endswith("Z"), f"/api/v1/self: {store}")
    check(words in aggregator.process.said(), "the log says so")
    until(lambda: stands_still(aggregator), 20, "nothing is acknowledged any more")
    check(aggregator.get("/instances")["count"] >= AGENTS and aggregator.get("/metrics?limit=5")["count"] == 5,
          "who reads is served")
    check(post_alert(aggregator) == 503, "who changes something is told that it is not stored")


def goes_on(aggregator, pid):
    before = acknowledged(aggregator)
    until(lambda: acknowledged(aggregator) > before, 40, "it goes on by itself")
    until(lambda: not unhealthy(aggregator), 10, "/healthz is well again")
    check("trouble" not in aggregator.get("/api/v1/self")["store"], "and so is /api/v1/self")
    check(aggregator.process.pid == pid and aggregator.process.is_running(), "as the same process")
    check(post_alert(aggregator) == 201, "changes are stored again")


def full(aggregator, ballast):
    fill(ballast)
    says_so(aggregator, "the disk is full")
    os.truncate(ballast, 0)
    goes_on(aggregator, aggregator.process.pid)


def not_to_be_written(aggregator):
    files = [os.path.join(aggregator.data, name) for name in ("nephos.db", "nephos.db-wal")]
    run("chattr", "+i", *files)
    says_so(aggregator, "may not be written")
    run("chattr", "-i", *files)
    goes_on(aggregator, aggregator.process.pid)


def made_read_only(aggregator, folder, image):
    """As the kernel does with errors=remount-ro, the usual setting."""
    device = subprocess.run(["losetup", "-j", image, "-O", "NAME", "-n"], capture_output=True, text=True).stdout.strip()
    pathlib.Path("/sys/fs/ext4", os.path.basename(device), "trigger_fs_error").write_text("1")
    says_so(aggregator, "the file system is read-only")
    aggregator.process.kill()
    run("umount", folder)
    check(subprocess.run(["e2fsck", "-f", "-y", image], capture_output=True).returncode in (0, 1), "e2fsck")
    check(mount("-o", "loop,errors=remount-ro", image, folder).returncode == 0, "mount")
    aggregator.start()


def proof(world):
    folder, image = world.path("disk"), world.path("image")
    os.mkdir(folder)
    with open(image, "wb") as f:
        f.truncate(DISK_MIB << 20)
    can = os.geteuid() == 0 and subprocess.run(["mkfs.ext4", "-q", image], capture_output=True).returncode == 0
    if not can or mount("-o", "loop,errors=remount-ro", image, folder).returncode != 0:
        print("skipped: ext4 in a loop device takes root and a kernel that has both")
        return
    try:
        aggregator, load = loaded(world, folder, 60, more=2)
        full(aggregator, os.path.join(folder, "ballast"))
        not_to_be_written(aggregator)
        made_read_only(aggregator, folder, image)
        end = nothing_lost(world, aggregator, load)
        print(f"full, not to be written, made read-only: {end}")
    finally:
        world.close()
        subprocess.run(["umount", folder], check=False)


if __name__ == "__main__":
    main(proof)
