# SPDX-License-Identifier: MIT
"""The models of the analysis give the same answer on every architecture, to the last digit that is printed: what
one machine learnt another one may go on with, and a test passed here holds there.
"""
import math
import os
import random
import shutil
import subprocess

from nephos import ARCH, binary, check, main

EMULATORS = {"aarch64": "qemu-aarch64-static", "armv7": "qemu-arm-static"}
STEP_S, DAYS = 300, 12


def course(chance, i, of):
    """Something like a host: a daily course, noise, bursts, a growing part, and now and then nonsense."""
    day = math.sin(2 * math.pi * i * STEP_S / 86400 + of)
    value = 40 + 15 * day + chance.gauss(0, 3) + 0.002 * i * of
    if chance.random() < 0.01:
        value *= chance.uniform(0, 4)
    if chance.random() < 0.0005:
        value = chance.choice((0.0, -1e12, 1e17, 1e-30))
    return value


def lines(task):
    chance = random.Random(task)
    width = {"score": 1, "host": 12, "alerts": 3, "forecast": 1}[task]
    hot = 45 if task == "alerts" else 0
    for i in range(DAYS * 86400 // STEP_S):
        yield f"{1700000000 + i * STEP_S}," + ",".join(f"{course(chance, i, k) + hot:.9g}" for k in range(width))
        if task == "forecast" and i % 29 == 0:
            yield "?level,21600"
            yield "?cross,90,172800"


def answer(task, arch, text):
    command = [binary("nephos-yardstick", arch), task]
    if arch != ARCH:
        command.insert(0, shutil.which(EMULATORS[arch]))
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
    check(done.returncode == 0, f"{task} on {arch}: {done.stderr}")
    return done.stdout.splitlines()


def proof(_world):
    arches = [a for a in EMULATORS if a != ARCH]
    compared = 0
    for task in ("score", "host", "alerts", "forecast"):
        text = "\n".join(lines(task)) + "\n"
        here = answer(task, ARCH, text)
        check(len(set(here)) > 3, f"{task}: always the same answer")
        for arch in arches:
            there = answer(task, arch, text)
            check(len(here) == len(there), f"{task}: {len(here)} answers here, {len(there)} on {arch}")
            for number, (a, b) in enumerate(zip(here, there), 1):
                check(a == b, f"{task}, answer {number}: {a} here, {b} on {arch}")
            compared += len(here)
    print(f"{compared} answers of {', '.join(arches)} are those of {ARCH}")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    main(proof)
