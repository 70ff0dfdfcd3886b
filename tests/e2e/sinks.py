# SPDX-License-Identifier: MIT
"""What the proofs of forwarding share: a configuration, points as the aggregator itself tells them, and how a
destination is doing."""
import collections
import pathlib
import re
import time

from nephos import check, dependencies, until

STEP_MS = 1000


def configuration(world, name, lines):
    path = world.path("forward.conf")
    words = "\n".join(f"{key} = {value}" for key, value in lines.items())
    pathlib.Path(path).write_text(f"[forward.{name}]\n{words}\n")
    return path


class Double:
    """A receiver of others, or what stands in for it, that is killed and started again."""

    def __init__(self, world, name, words):
        self.world, self.name, self.words, self.lives = world, name, words, 0
        self.start()

    def start(self):
        self.lives += 1
        self.process = self.world.start(f"{self.name}-{self.lives}", self.words)
        self.process.says("ready", 30)


def forward_tools():
    folder = dependencies("forward")
    check(folder.exists(), "tools/deps forward fetches what stands in for receivers")
    return str(folder)


def two_agents(world, config):
    """(an aggregator with that configuration, the ids of two agents that ship to it each second)"""
    aggregator = world.aggregator(flags=["--config", config, "--agents-max", "8"]).start()
    token = aggregator.token_file("--uses", "2")
    for name in ("one", "two"):
        world.agent(name, aggregator.address, "--id", name, "--token-file", token, "--interval", "1s", "--statsd=")
    until(lambda: len(aggregator.instances()) == 2, 20, "two agents join")
    return aggregator, [i["id"] for i in aggregator.instances()]


def kill_in_turn(aggregator, double, whom, pause_s, away_s, back=lambda: None):
    """SIGKILL to "aggregator", "receiver" or "both", each after a pause; the receiver stays away for a while, and
    `back` is called when it is there again."""
    for one in whom:
        time.sleep(pause_s)
        if one != "receiver":
            aggregator.process.kill()
        if one != "aggregator":
            double.process.kill()
            time.sleep(away_s)
            double.start()
            back()
        if one != "receiver":
            aggregator.start()


def end_ms(pause_s):
    """The end of what is compared, after a pause; its last window is over."""
    time.sleep(pause_s)
    end = int(time.time()) * 1000
    time.sleep(3)
    return end


def destination(aggregator, name):
    """Its row of /api/v1/destinations, or None."""
    told = aggregator.get("/api/v1/destinations")
    for rows in told.values():
        for row in rows if isinstance(rows, list) else []:
            if row.get("name") == name:
                return row
    return None


def points(aggregator, instance, metrics, from_ms, to_ms):
    """{(metric, tag): {begin of the second: value}}: the mean of a gauge, the last of a counter. `metrics`: a set,
    a pattern, or None for all."""
    def is_wanted(name):
        return metrics is None or (metrics.match(name) if isinstance(metrics, re.Pattern) else name in metrics)
    found = collections.defaultdict(dict)
    listed = aggregator.get("/api/v1/series", instance=instance)["series"]
    kinds = {s["metric"]: s["kind"] for s in listed if is_wanted(s["metric"])}
    names = sorted(kinds)
    for kind, fold in (("gauge", "avg"), ("counter", "last")):
        chosen = [name for name in names if kinds[name] == kind]
        for at in range(0, len(chosen), 8):
            answer = aggregator.get("/api/v1/query", instance=instance, metric=",".join(chosen[at:at + 8]),
                                    step="1s", fold=fold, **{"from": from_ms, "to": to_ms})
            check(answer["step_ms"] == STEP_MS, f"a step of {answer['step_ms']} ms")
            for series in answer["series"]:
                values = {t: v for t, v in zip(answer["t"], series["v"]) if v is not None}
                if values:
                    found[series["metric"], series["tag"]] = values
    return found


def settled(count, want, seconds, what):
    """Until `count()` says as many as `want()`; both may grow meanwhile."""
    seen = []

    def asks():
        seen[:] = [count(), want()]
        return seen[0] == seen[1]
    try:
        until(asks, seconds, what, 0.5)
    except Exception as e:
        raise type(e)(f"{e}: there are {seen[0]} of {seen[1]}") from e
    return seen[0]
