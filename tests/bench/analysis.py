#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the aggregator's own models against labelled data: analysis.py FOLDER YARDSTICK, where FOLDER has
yardstick.py and its data, and YARDSTICK is nephos-yardstick. Prints the scores beside those of the plain rules
(three standard deviations over a day or a week, fixed thresholds, a straight line) and the targets.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# what, arguments, mode, figure, plain rules, first target, goal
ROWS = (
    ("nab: standard score", ["nab"], "score", "nab/standard", "33.6 (24 h) 39.6 (7 d)", "72", "78"),
    ("nab: at the shipped threshold", ["nab"], "score", "nab/shipped_threshold_score", "-198", "68", "75"),
    ("ms: standard score", ["ms"], "score", "ms/standard", "64.5 (24 h) 56.4 (7 d)", "", ""),
    ("machines: VUS-PR smd", ["machines", "--host"], "host", "machines/smd_vus_pr", "0.262 (24 h) 0.539 (7 d)",
     "0.65", "0.75"),
    ("machines: VUS-PR asd", ["machines", "--host"], "host", "machines/asd_vus_pr", "0.144 (24 h) 0.128 (7 d)",
     "0.36", "0.50"),
    ("machines: recall at 1 false a week, smd", ["machines", "--host"], "host",
     "machines/smd_recall_at_1_false_per_host_week", "0.150", "", ""),
    ("machines: recall at 1 false a week, asd", ["machines", "--host"], "host",
     "machines/asd_recall_at_1_false_per_host_week", "0.128", "", ""),
    ("quiet: alarms a VM-month, host", ["quiet", "--host"], "host", "quiet/alarms_per_host_month", "198", "", ""),
    ("alerts: false and repeated pages a VM-month", ["alerts"], "alerts",
     "alerts/all/false_and_repeat_pages_per_host_month", "44.2", "2.4", "0.5"),
    ("alerts: coverage", ["alerts"], "alerts", "alerts/all/coverage", "1.00", "0.98", "0.98"),
    ("level: MASE", ["level"], "forecast", "level/mase", "1.27", "0.75", "0.68"),
    ("level: P10..P90 covers (0.8 is right)", ["level"], "forecast", "level/coverage_10_90_want_0.8", "", "", ""),
    ("cross: F1", ["cross"], "forecast", "cross/f1", "0.30", "0.55", "0.70"),
    ("cross: false forecasts", ["cross"], "forecast", "cross/false_forecast_rate", "0.016", "0.015", "0.01"),
)


def score(folder, program, task, mode):
    """The scorer's figures of one task."""
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "result.json"
        command = [sys.executable, "-B", str(folder / "yardstick.py"), *task, "--json", str(out), "--", program, mode]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(task)}: {done.stderr.strip()}")
        return json.loads(out.read_text())


def figure(results, path):
    for name in path.split("/"):
        results = results[name]
    return results


def main():
    if len(sys.argv) != 3 or not (pathlib.Path(sys.argv[1]) / "yardstick.py").exists():
        sys.exit("analysis.py FOLDER PROGRAM: FOLDER must hold yardstick.py and its data (make bench-analysis "
                 "YARDSTICK=FOLDER)")
    folder, program = pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])
    done = {}
    print(f"{'':46} {'measured':>9}   {'plain rules':26} {'first':>6} {'goal':>6}")
    for what, task, mode, path, plain, first, goal in ROWS:
        key = tuple(task)
        if key not in done:
            done[key] = score(folder, program, task, mode)
        print(f"{what:46} {figure(done[key], path):>9}   {plain:26} {first:>6} {goal:>6}", flush=True)


main()
