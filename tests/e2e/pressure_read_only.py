# SPDX-License-Identifier: MIT
"""A file system that stops taking writes under a running aggregator, in three ways: it is full; the database may not
be written; the kernel finds an error in it and makes it read-only. Each time /healthz, /api/v1/self and the log say
which it is and what to do, agents are held back, reading goes on, and a change is answered with 503. From the first two
the same process goes on by itself when it can write again. From the third nobody can without a new mount: killed,
checked by e2fsck and started again, everything that was acknowledged is there.

As root, on ext4 in a loop device; without that it is skipped.
"""
import http.client
import json
import os
import pathlib
import subprocess

from kill_nine import compare
from nephos import binary, check, main, until
from pressure_disk import AGENTS, acknowledged, fill, mount, stands_still, start_load, unhealthy

DISK_MIB = 64


def run(*words):
    made = subprocess.run(words, capture_output=True, text=True)
    check(made.returncode == 0, f"{words}: {made.returncode} {made.stdout} {made.stderr}")


def post_alert(aggregator):
    connection = http.client.HTTPConnection("127.0.0.1", aggregator.api_port, timeout=30)
    try:
        connection.request("POST", "/alerts", json.dumps({
            "instanceId": "somebody", "alertType": "disk", "severity": "high", "message": "as told"}),
            {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


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
        aggregator = world.aggregator(flags=["--agents-max", str(AGENTS + 2), "--database-max", "30MiB"])
        aggregator.data = os.path.join(folder, "data")
        aggregator.start()
        load = start_load(world, aggregator, 60)
        until(lambda: acknowledged(aggregator) > AGENTS * 3, 40, "the load begins")
        full(aggregator, os.path.join(folder, "ballast"))
        not_to_be_written(aggregator)
        made_read_only(aggregator, folder, image)
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
        print(f"full, not to be written, made read-only: {summary['samples_acknowledged']} samples acknowledged in the end, "
              f"{summary['samples_resent']} of them sent again, {values} values equal; "
              f"verify: {(out + err).strip().splitlines()[-1]}")
    finally:
        world.close()
        subprocess.run(["umount", folder], check=False)


if __name__ == "__main__":
    main(proof)
