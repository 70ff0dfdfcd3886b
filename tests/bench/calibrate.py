#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may be believed of an alarm of a host: calibrate.py FOLDER PROGRAM, with a folder as for analysis.py.

Gives labelled machines to `nephos-yardstick calibrate` and prints what it says: by score and by level, how many of
the alarms lie in a labelled window, or up to an hour before or after it. aggregator/analysis/confidence.h has the
table that follows from it.
"""
import gzip
import json
import pathlib
import subprocess
import sys

START = 1_600_000_000 // 86400 * 86400


def lines_of(folder, name, facts):
    """TIME,LABEL,V1,...: rows before the labelled part have the label -1."""
    yield f"# {name}\n"
    first = facts["unlabelled_rows"]
    with gzip.open(folder / f"{name}.csv.gz", "rt") as file:
        for i, row in enumerate(file):
            label = -1 if i < first else int(any(a <= i - first <= b for a, b in facts["segments"]))
            yield f"{START + i * facts['step']},{label},{row.rstrip()}\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]) / "data" / "machines"
    machines = json.loads((folder / "labels.json").read_text())
    for kind in ("smd", "asd", ""):
        text = "".join(line for name, facts in machines.items() if name.startswith(kind)
                       for line in lines_of(folder, name, facts))
        print(f"{kind or 'all'}:")
        sys.stdout.flush()
        subprocess.run([sys.argv[2], "calibrate"], input=text, text=True, check=True)


main()
