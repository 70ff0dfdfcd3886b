#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may be believed of an alarm of a host: calibrate.py FOLDER PROGRAM, with a folder as for analysis.py.

Runs `nephos-yardstick host` over labelled machines and tells, by how unusual the state was (level) when an alarm
was raised (score 1 and more), how many of the alarms lie in a labelled window, or up to an hour before or after
it. aggregator/analysis/confidence.h has the table that follows from it.
"""
import gzip
import json
import pathlib
import subprocess
import sys

NEAR_S = 3600
LEVELS = (0, 2.0, 2.5, 3.0, 3.5, 4.0, 6.0)
SCORES = (1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 12, 100)


def alarms_of(folder, program, name, facts):
    """(score, level, does it lie in a window) of each alarm in the labelled part."""
    with gzip.open(folder / f"{name}.csv.gz", "rt") as file:
        rows = [row.rstrip("\n") for row in file]
    step = facts["step"]
    start = 1_600_000_000 // 86400 * 86400
    text = "".join(f"{start + i * step},{row}\n" for i, row in enumerate(rows))
    out = subprocess.run([program, "host"], input=text, capture_output=True, text=True, check=True).stdout
    near = NEAR_S // step
    first = facts["unlabelled_rows"]
    for i, line in enumerate(out.splitlines()):
        score, level = map(float, line.split())
        if i >= first and score >= 1:
            yield score, level, any(a - near <= i - first <= b + near for a, b in facts["segments"])


def tell(what, alarms):
    hits = sum(hit for _, _, hit in alarms)
    share = f"{hits / len(alarms):.2f}" if alarms else "-"
    print(f"{what:32} {len(alarms):5} alarms, {hits:5} in a labelled window: {share}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]) / "data" / "machines"
    machines = json.loads((folder / "labels.json").read_text())
    alarms = [a for name, facts in machines.items() for a in alarms_of(folder, sys.argv[2], name, facts)]
    tell("all", alarms)
    for kind in ("smd", "asd"):
        tell(kind, [a for name, facts in machines.items() if name.startswith(kind)
                    for a in alarms_of(folder, sys.argv[2], name, facts)])
    for low, high in zip(SCORES, SCORES[1:]):
        tell(f"score {low} to {high}", [a for a in alarms if low <= a[0] < high])
    for low in SCORES[1:-1]:
        tell(f"score {low} and more", [a for a in alarms if a[0] >= low])
    for low, high in zip(LEVELS, LEVELS[1:]):
        tell(f"level {low} to {high}", [a for a in alarms if low <= a[1] < high])


main()
