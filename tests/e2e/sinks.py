# SPDX-License-Identifier: MIT
"""What the proofs of forwarding share: a configuration, points as the aggregator itself tells them, and how a
destination is doing."""
import collections
import pathlib
import re

from nephos import check, until

STEP_MS = 1000


def configuration(world, name, lines):
    path = world.path("forward.conf")
    words = "\n".join(f"{key} = {value}" for key, value in lines.items())
    pathlib.Path(path).write_text(f"[forward.{name}]\n{words}\n")
    return path


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
