# SPDX-License-Identifier: MIT
"""An outage: the aggregator is killed and stays away until samples go to the spool; meanwhile the agent is killed
too. Afterwards every second is there once, but for what nobody could keep.

What a kill -9 of the agent takes: the samples that it held in memory. Those are the open block, 16 samples at
most, and, within 30 s after the session was lost, the sealed blocks before it; from then on a sealed block goes
to the spool at once (agent/limits.h, SPOOL_AFTER_MS). The agent is killed with its spool in use, so the gap is at
most 16 samples and the time that the agent takes to start.

Beside it, in the same minute: an agent ships at once what crosses a hint, and goes back to its pace.
"""
import os
import re
import signal
import threading
import time

from applications import Health
from nephos import Failed, binary, check, main, until

BLOCK_SAMPLES_MAX = 16
SPOOL_AFTER_S = 30
SPOOLED_LEAST = 32      # samples on disk, two blocks of them, ...
OPEN_S = 5              # ... and so many in memory when the agent is killed
START_S_MAX = 3         # from the kill to the first sample of the next process, on a busy machine
LIVE_S_MAX = 4          # from the connection to a fresh sample in the API
RETRY_S_MAX = 30        # the longest pause between two attempts to connect
STEP_MS = 100           # finer than the samples lie: each has a cell to itself


def samples(aggregator, identity, metric, fold, begin_ms):
    """{cell in ms: value} of a metric without tag, all since `begin_ms`."""
    answer = aggregator.get("/api/v1/query", instance=identity, metric=metric, step=f"{STEP_MS}ms", fold=fold,
                            **{"from": begin_ms, "to": int(time.time() * 1000) + 1000})
    return {t: v for s in answer["series"] if s["tag"] == "" for t, v in zip(answer["t"], s["v"]) if v}


def status(agent):
    """What the agent says of itself at USR1: {name: number}."""
    before = len(agent.said())
    os.kill(agent.pid, signal.SIGUSR1)
    until(lambda: "certificates renewed" in agent.said()[before:], 5, "the agent tells its status")
    return {m[1].strip(): int(m[2]) for m in re.finditer(r"^(\w[\w ]+?)  +(\d+)$", agent.said()[before:], re.M)}


# --- the outage ---

def fresh(aggregator, identity):
    """Seconds since the newest sample in the API was taken."""
    answer = aggregator.get("/api/v1/query", instance=identity, metric="uptime", step=f"{STEP_MS}ms", fold="count",
                            **{"from": "-5s"})
    taken = [t for s in answer["series"] for t, v in zip(answer["t"], s["v"]) if v]
    return time.time() - max(taken) / 1000 if taken else None


def comes_back(aggregator, agent):
    """Starts the aggregator on what it had: how soon live samples show, and whether history was still coming."""
    aggregator.start()
    until(lambda: re.search("connected (again )?to", agent.said()), RETRY_S_MAX + 10, "the agent connects", 0.01)
    connected = time.monotonic()
    was_catching_up = False
    while True:
        is_catching_up = aggregator.instance("vm")["metadata"]["catchingUp"]
        was_catching_up |= is_catching_up
        age = fresh(aggregator, "vm")
        took = time.monotonic() - connected
        if age is not None and age < 1.5:
            break
        check(took < LIVE_S_MAX, f"{took:.1f} s after the connection there is no live sample")
        time.sleep(0.02)
    print(f"a live sample {took:.1f} s after the connection; history "
          f"{'was still on its way' if is_catching_up else 'had arrived' if was_catching_up else 'was not seen'}")


def hold_open(agent):
    """Waits until a block has been open for OPEN_S: a busy machine that skips a sample seals one early. Moments that
    the agent has skipped by then."""
    for _ in range(5):
        had = status(agent)["samples in the spool"]
        time.sleep(OPEN_S)
        now = status(agent)
        if now["samples in the spool"] == had:
            return now["moments without a sample"]
    raise Failed(f"no block stays open for {OPEN_S} s")


def outage(world, aggregator):
    """The agent of after the outage, the moment in ms when the one before was killed, and what it had skipped."""
    agent = world.agent("agent", aggregator.address, "--id", "vm", "--statsd", "", "--token-file",
                        aggregator.token_file())
    until(lambda: any(i["metadata"]["samples"] > 8 for i in aggregator.instances()), 30, "samples arrive")
    first_ms = min(samples(aggregator, "vm", "uptime", "count", int(time.time() * 1000) - 60000))
    aggregator.process.kill()
    lost = time.monotonic()
    until(lambda: status(agent)["samples in the spool"] >= SPOOLED_LEAST, SPOOL_AFTER_S + 25,
          "blocks go to the spool", 1)
    check(time.monotonic() - lost > SPOOL_AFTER_S - 5, "a short outage was written to disk")
    skipped = hold_open(agent)
    killed_ms = time.time() * 1000
    agent.kill()
    again = world.start("again", [binary("nephos-agent"), "--server", aggregator.address, "--id", "vm",
                                  "--statsd", "", "--state", world.path("agent-state")])
    again.says("samples from before")
    time.sleep(5)  # it, too, takes samples without an aggregator
    return again, first_ms, killed_ms, skipped


# --- what is there ---

def gaps(found, most):
    """[(from, to)] where a second has no sample, but for `most` moments that the agent says it has missed."""
    cells = sorted(found)
    double = [t for t in cells if found[t] != 1]
    check(not double, f"samples are there twice at {double[:5]}")
    wide = sorted((a - b, a, b) for a, b in zip(cells, cells[1:]) if b - a >= 2000)
    return [(a, b) for _, a, b in wide[:max(1, len(wide) - most)]]


def every_second_is_there(aggregator, first_ms, killed_ms, skipped):
    found = samples(aggregator, "vm", "uptime", "count", first_ms)
    missing = gaps(found, skipped)
    check(min(found) == first_ms, f"the first sample was at {first_ms} and is at {min(found)} now")
    check(len(missing) <= 1 and all(a <= killed_ms <= b for a, b in missing),
          f"seconds without a sample at another time than the kill ({killed_ms:.0f}): {missing}")
    begin, end = missing[0] if missing else (killed_ms, killed_ms)
    lost_s, pause_s = (killed_ms - begin) / 1000, (end - killed_ms) / 1000
    check(OPEN_S - 1.5 < lost_s < BLOCK_SAMPLES_MAX + 1.5,
          f"the kill took {lost_s:.1f} s of samples, and not one open block")
    check(pause_s < START_S_MAX, f"the next sample came {pause_s:.1f} s after the kill")
    values = sorted(samples(aggregator, "vm", "context_switches", "last", first_ms).items())
    values = [v for v in values if v[0] <= max(found)]
    check(len(values) == len(found), f"context_switches has {len(values)} of {len(found)} samples")
    falls = [(a, b) for a, b in zip(values, values[1:]) if b[1] < a[1]]
    check(not falls, f"a counter falls: {falls[:3]}")
    print(f"{len(found)} samples in {(max(found) - first_ms) / 1000:.0f} s, none twice; the kill took {lost_s:.1f} s "
          f"of them, and {pause_s:.1f} s to start again")


# --- the hint ---

def health_status(aggregator):
    """{time ms: status}"""
    return samples(aggregator, "hinted", "health_status", "last", int(time.time() * 1000) - 20000)


def blocks(aggregator):
    return aggregator.get("/api/v1/self")["gauges"]["ingest_blocks"]


def a_hint_ships_at_once(world, token_file, aggregator):
    health = Health()
    world.agent("hinted", aggregator.address, "--id", "hinted", "--token-file", token_file, "--statsd", "",
                "--health-url", health.url(), "--health-interval", "1s")
    until(lambda: aggregator.try_get("/instances/hinted") is not None and
          200 in health_status(aggregator).values(), 40, "the health check is seen")
    # Right behind a shipment, so that the next one by habit is ten seconds away.
    had = blocks(aggregator)
    until(lambda: blocks(aggregator) > had, 15, "the next shipment")
    had = blocks(aggregator)
    health.status = 503
    told = time.monotonic()
    until(lambda: 503 in health_status(aggregator).values(), 6, "the failed health check is seen", 0.02)
    took, now_ms = time.monotonic() - told, time.time() * 1000
    age_s = (now_ms - min(t for t, v in health_status(aggregator).items() if v == 503)) / 1000
    check(age_s < 2, f"the sample that crossed the hint was seen {age_s:.1f} s after it was taken")
    check(took < 4.5, f"the failure was seen after {took:.1f} s")
    time.sleep(2)  # for the gauge
    had = blocks(aggregator)
    time.sleep(12)
    more = blocks(aggregator) - had
    check(1 <= more <= 3, f"{more} shipments in 12 s though nothing is crossed any more: the pace is 10 s")
    print(f"a crossed hint was visible {age_s:.1f} s after the sample, {took:.1f} s after the failure; then "
          f"{more} shipments in 12 s")


class Beside(threading.Thread):
    """A part of the proof that runs beside the rest; what it finds is raised by finish()."""

    def __init__(self, part, *arguments):
        super().__init__(daemon=True)
        self.part, self.arguments, self.found = part, arguments, None
        self.start()

    def run(self):
        try:
            self.part(*self.arguments)
        except BaseException as e:
            self.found = e

    def finish(self, seconds):
        self.join(seconds)
        check(not self.is_alive(), f"{self.part.__name__} takes longer than {seconds} s")
        if self.found:
            raise self.found


def proof(world):
    aggregator = world.aggregator().start()
    hinting = world.aggregator("hinting", ["--hints", "health_status>500", "--ship-interval", "10s"]).start()
    hint = Beside(a_hint_ships_at_once, world, hinting.token_file(), hinting)
    agent, first_ms, killed_ms, skipped = outage(world, aggregator)
    comes_back(aggregator, agent)
    until(lambda: status(agent)["segments of the spool in use"] == 0, 20, "the spool is empty again", 0.5)
    now = status(agent)
    check(now["samples in the spool"] == 0 and now["samples lost from the spool"] == 0 and
          now["samples lost to a full ring"] == 0, f"samples were lost: {now}")
    metadata = aggregator.instance("vm")["metadata"]
    check(metadata["historySamples"] >= SPOOLED_LEAST and metadata["historyLeft"] == 0 and
          not metadata["catchingUp"], f"history is not counted: {metadata}")
    check(metadata["lostSamples"] == 0 and metadata["missingSamples"] == 0, f"samples are missing: {metadata}")
    every_second_is_there(aggregator, first_ms, killed_ms, skipped + now["moments without a sample"])
    print(f"{metadata['historySamples']} samples came as history")
    hint.finish(60)
    for process in (agent, aggregator.process, hinting.process):
        process.end()


if __name__ == "__main__":
    main(proof)
