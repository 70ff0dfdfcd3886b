# SPDX-License-Identifier: MIT
"""The dashboard with many hosts: script time of an update, heap, and the page of a host beside the same page whose
charts draw nothing."""
import json
import os
import pathlib
import shutil
import subprocess

from nephos import ROOT, binary, check, until

HOSTS = int(os.environ.get("BENCH_DASHBOARD_HOSTS", "500"))
HERE = pathlib.Path(__file__).resolve().parent


def bench_dashboard(world, report):
    folder = pathlib.Path(subprocess.run([ROOT / "tools/deps", "--print-dir"], capture_output=True, text=True, check=True).stdout.strip())
    chromium = shutil.which("chromium") or str(folder / "chromium/usr/lib/chromium/chromium")
    check((folder / "browser/node_modules").exists() and os.path.exists(chromium), "run tools/deps browser first")
    aggregator = world.aggregator("many", ["--agents-max", str(HOSTS + 8)]).start()
    world.start("loadgen", [binary("nephos-loadgen"), "--server", aggregator.address, "--token", aggregator.token("--uses", str(HOSTS)),
                            "--agents", str(HOSTS), "--series", "40", "--seconds", "3600"])
    world.agent("real", aggregator.address, "--id", "real", "--name", "real", "--statsd", "", "--token-file", aggregator.token_file())
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] > HOSTS, 120, f"{HOSTS} hosts are connected")
    until(lambda: sum(i["status"] == "healthy" for i in aggregator.instances()) > HOSTS, 60, f"{HOSTS} hosts are live")
    done = subprocess.run(["node", HERE / "dashboard_page.mjs"], capture_output=True, text=True, timeout=300, cwd=world.folder,
                          env={**world.environment, "HOME": world.folder, "MODULES": str(folder / "browser/node_modules"), "CHROMIUM": chromium,
                               "BASE": f"http://127.0.0.1:{aggregator.api_port}/", "HOSTS": str(HOSTS + 1)})
    check(done.returncode == 0, f"the browser ended with: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    m = json.loads(done.stdout.strip().splitlines()[-1])
    many, bare = m["list"], m["bare_list"]
    report.row(f"dashboard, {HOSTS} hosts: script of one update", f"{many['update_ms']:.2f} ms", f"{many['rows']} rows in the page; without charts {bare['update_ms']:.2f} ms; 200 rows rewritten by lit-html 1.4 ms", "<= 8 ms", "<= 4 ms")
    report.row(f"dashboard, {HOSTS} hosts: script of one step of scrolling", f"{many['scroll_ms']:.2f} ms", f"without charts {bare['scroll_ms']:.2f} ms; a frame is 16.7 ms", "<= 8 ms", "<= 4 ms")
    report.row(f"dashboard, {HOSTS} hosts: heap", f"{many['heap'] / 1e6:.1f} MB", f"without charts {bare['heap'] / 1e6:.1f} MB", "<= 30 MB", "<= 15 MB")
    report.row("page of a host: script of a live second", f"{m['host_ms']:.2f} ms", f"charts that draw nothing {m['bare_ms']:.2f} ms, x{m['host_ms'] / max(0.01, m['bare_ms']):.1f}", "<= 30 ms", "<= 15 ms")
    report.row("page of a host: heap", f"{m['host_heap'] / 1e6:.1f} MB", f"charts that draw nothing {m['bare_heap'] / 1e6:.1f} MB", "<= 30 MB", "<= 15 MB")
