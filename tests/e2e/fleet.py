#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Twelve simulated hosts, two of them ill, in the shipped aggregator: what it says of them is what a colleague would
say who had looked. The sentence, the counters, the findings, the advice and the forecast fit each other, speak of
the ill hosts only, and hold no word that only a machine would use."""
import json
import re
import time
import urllib.request

from nephos import Process, binary, check, free_port, main, until

FORECAST_S = 200  # the first look at what will be full comes two minutes after the start


def get(base, path):
    with urllib.request.urlopen(base + path, timeout=10) as answer:
        return json.load(answer)


def names(text):
    return set(re.findall(r"\b(?:web|db|api|cache|queue|mail|batch|worker|spare|proxy|build|vpn|[a-z]+)-\d\b", text))


def reads_well(text):
    check(not re.search(r"\b[a-z]+_[a-z_]+\b", text), f"no name of a metric stands in it: {text}")
    check(not re.search(r"an alert\)|\(\)|  |\bnan\b|\binf\b|\bnull\b|-\d+ (hour|minute|second)", text), f"{text}")
    for line in filter(None, text.split("\n")):
        check(line in ("What is wrong", "Do now", "Coming up", "Out of the ordinary", "What keeps happening",
                       "Could be leaner") or line.endswith("."), f"a sentence ends: {line!r}")


def levels_fit(answer, text):
    levels, hosts = answer["levels"], answer["hostCount"]
    check(sum(levels.values()) == hosts == 12, f"each host is counted once: {answer}")
    needing = levels["critical"] + levels["warn"]
    said = re.match(r"(\d+) of 12 hosts needs? attention: ", text)
    check(said and int(said.group(1)) == needing, f"the counters and the sentence agree: {levels}, {text}")


def proof(world):
    base = f"http://127.0.0.1:{free_port()}"
    demo = Process(world, "demo", [binary("nephos-aggregator"), "demo", "--api", base.removeprefix("http://")],
                   world.environment)
    world.processes.append(demo)
    demo.says("are in the store", 60)
    started = time.monotonic()
    alerts = until(lambda: [a for a in get(base, "/alerts?status=active")["alerts"] if a["alertType"] != "anomaly"] or None,
                   90, "what ails them is found", 1)
    check(alerts, "there are alerts")

    def whole():
        answer = get(base, "/insights/summary")
        return answer if "Coming up" in answer["summary"] and "CPU" in answer["summary"] else None
    answer = until(whole, FORECAST_S, "the summary has the forecast, too", 2)
    text = answer["summary"]
    ill = {a["instanceId"].removeprefix("demo-") for a in get(base, "/alerts?status=active&limit=100")["alerts"]}
    check(len(ill) == 2, f"two hosts are ill: {ill}")
    for part in ("What is wrong", "Do now", "Coming up"):
        check(part in text, f"it has the part {part}: {text}")
    findings = text[text.index("What is wrong"):text.index("Do now")]
    check(ill == {n for n in names(findings) if n in ill or n.startswith(("web", "db"))}, f"it speaks of them: {findings}")
    check(re.search(r"CPU use is 9\d(\.\d)? %, at or above", findings), findings)
    check(re.search(r"disk use of /\S+ is 9\d(\.\d)? %, at or above 90 %", findings), findings)
    check(re.search(r"Do now\n1\. \S+: see which process uses the CPU\.\n2\. \S+: free space", text), text)
    check(re.search(r"Coming up\n- /\S+ on \S+ will be full in about \d+ hours \(\d\d % sure\)\.", text), text)
    levels_fit(answer, text)
    reads_well(text)
    quick = get(base, "/insights/quick-summary")
    check("\n" not in quick["summary"] and "; coming up: /" in quick["summary"], quick["summary"])
    reads_well(quick["summary"])
    levels_fit(quick, quick["summary"])

    cpu = next(a for a in get(base, "/alerts?status=active&limit=100")["alerts"] if a["alertType"].startswith("cpu"))
    explained = get(base, f"/insights/explain-alert/{cpu['id']}")
    check("What else moved" in explained["explanation"] and "Busiest processes" in explained["explanation"] and
          "The first to move" not in explained["meaning"], explained["explanation"])
    reads = explained["explanation"].split("What to do:")[0]
    check(not re.search(r"\b[a-z]+_[a-z_]+\b", reads), f"no name of a metric: {reads}")
    # What has not come yet is not said to be.
    forecast = next(a for a in get(base, "/alerts?status=active&limit=100")["alerts"] if a["alertType"] == "forecast")
    foretold = get(base, f"/insights/explain-alert/{forecast['id']}")["meaning"]
    check(foretold.startswith("Foretold at ") or foretold.startswith("Foretold yesterday at "), foretold)
    check(forecast["message"] in foretold and "has been at" not in foretold, foretold)
    demo.end(20)
    print(f"after {time.monotonic() - started:.0f} s the aggregator says:\n{text}\n\n{explained['explanation']}")


if __name__ == "__main__":
    main(proof)
