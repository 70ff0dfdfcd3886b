#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dashboard in a real browser: every page on real data, by pointer and by keys, light and dark, desktop and phone.
dashboard.mjs steers; a console error, a breach of the content policy, a request elsewhere or a fault of accessibility
fails it. Screenshots are kept in BUILD/screenshots."""
import contextlib
import gzip
import http.client
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import vultr_double
from nephos import BUILD, ROOT, binary, check, dependencies, free_port, main, until
from vultr_double import Vultr

HERE = pathlib.Path(__file__).resolve().parent
WEIGHT_MAX = 60 * 1024
HOSTILE = '<img src=x onerror="document.title=1">'
HOSTS = 14  # agents and loadgen together, before one is added


def browser():
    """(folder with the packages, the browser)."""
    folder = dependencies()
    check((folder / "browser/node_modules/playwright-core").exists(), "playwright-core is missing: run tools/deps browser")
    found = shutil.which("chromium") or str(folder / "chromium/usr/lib/chromium/chromium")
    check(os.path.exists(found), "Chromium is missing: run tools/deps browser")
    return folder / "browser/node_modules", found


def weigh(aggregator):
    """Bytes of the whole page as they travel."""
    total = 0
    for name in ("", "assets/app.js", "assets/app.css", "assets/theme.js", "assets/icon.svg"):
        connection = http.client.HTTPConnection("127.0.0.1", aggregator.api_port, timeout=20)
        connection.request("GET", "/" + name, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        check(answer.status == 200 and answer.getheader("Content-Encoding") == "gzip" and gzip.decompress(body),
              f"/{name} comes compressed")
        total += len(body)
    check(total <= WEIGHT_MAX, f"the page weighs {total} bytes compressed, more than {WEIGHT_MAX}")
    return total


def fill(world, aggregator):
    """Two agents (one of them with a name that is markup, beside a process with such a name), a fleet, an alert."""
    for index, (name, provider) in enumerate([("web-1", "vultr"), (HOSTILE, "aws")]):
        world.agent(f"agent-{index}", aggregator.address, "--id", f"host-{index}", "--name", name, "--provider", provider,
                    "--region", "ams", "--statsd", "", "--token-file", aggregator.token_file())
    shell = world.path("<b>busy")
    shutil.copy("/bin/bash", shell)
    world.start("busy", ["nice", "-n", "19", shell, "-c", "while :; do :; done"])
    fleet = HOSTS - 2
    world.start("loadgen", [binary("nephos-loadgen"), "--server", aggregator.address, "--agents", str(fleet), "--seconds", "600",
                            "--history-s", "1800", "--token-file", aggregator.token_file("--uses", str(fleet))])
    until(lambda: sum(i["status"] == "healthy" for i in aggregator.instances()) == HOSTS, 60, f"{HOSTS} hosts are live")
    for severity, message in (("high", "CPU use above 90 % for 5 min <b>now</b>"), ("medium", "Disk is filling")):
        aggregator.post("/alerts", {"instanceId": "host-0", "alertType": "cpu_usage" if severity == "high" else "disk_usage",
                                             "severity": severity, "message": message})


def proof(world):
    modules, chromium = browser()
    settings = world.path("settings.conf")
    pathlib.Path(settings).write_text("")
    aggregator = world.aggregator(flags=["--agents-max", "40", "--config", settings]).start()
    weight = weigh(aggregator)
    shots = BUILD / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    admin = subprocess.run([binary("nephos-aggregator"), "access", "create", "--role", "admin", "--name", "browser", "--data",
                            aggregator.data], capture_output=True, text=True, timeout=20, env=world.environment)
    check(admin.returncode == 0, f"access create: {admin.stderr}")
    environment = {**world.environment, "MODULES": str(modules), "CHROMIUM": chromium, "BASE": f"http://127.0.0.1:{aggregator.api_port}/",
                   "SHOTS": str(shots), "TOKEN": admin.stdout.strip(), "HOSTILE": HOSTILE, "HOSTS": str(HOSTS), "HOME": world.folder,
                   "SERIES": str(ROOT / "aggregator/dashboard/series.js")}
    node = subprocess.Popen(["node", HERE / "dashboard.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, env=environment, cwd=world.folder)
    said = []

    def agent(token):
        path = world.write("added-token", token + "\n")
        world.agent("added", aggregator.address, "--id", "added", "--name", "added", "--statsd", "", "--token-file", path)

    def vultr(_):
        port = free_port()
        vultr_double.start(port, 3, "a-key-of-vultr")
        Vultr.sent[Vultr.servers[1]["id"]] = 850_000_000_000
        Vultr.servers[2]["power_status"] = "stopped"
        pathlib.Path(world.path("key")).write_text("a-key-of-vultr")
        pathlib.Path(settings).write_text(f"[vultr]\nkey_file = {world.path('key')}\nurl = http://127.0.0.1:{port}/v2\n")
        aggregator.process.popen.send_signal(signal.SIGHUP)

    def notice(_):
        """Analysis needs a week for this: what it would have stored."""
        now = int(time.time() * 1000)
        with contextlib.closing(sqlite3.connect(pathlib.Path(aggregator.data, "nephos.db"))) as database, database:
            database.execute("INSERT INTO insight SELECT coalesce(max(number), 0) + 1, 1, 1, 'noticed', 'pattern/spare/host-0', 0, 0,"
                             " 'web-1 is <i>idle</i>', 'It had little to do all week.', 'Take a smaller plan.', 'host-0', 'cpu_usage', 900,"
                             " ?, ?, '', 0 FROM insight", (now, now + 86400000))

    orders = {"NOTICE": notice, "VULTR": vultr, "FILL": lambda _: fill(world, aggregator), "KILL": lambda _: aggregator.process.kill(),
              "START": lambda _: aggregator.start(), "AGENT": agent}
    try:
        for line in node.stdout:
            order, _, rest = line.strip().partition(" ")
            if order in orders:
                orders[order](rest)
                node.stdin.write("done\n")
                node.stdin.flush()
            else:
                said.append(line)
        check(node.wait(20) == 0, "the browser found:\n" + "".join(said[-60:]))
    finally:
        if node.poll() is None:
            node.terminate()
            node.wait(10)
    print(f"{weight} bytes compressed in all; {''.join(said).strip()}")


if __name__ == "__main__":
    main(proof)
