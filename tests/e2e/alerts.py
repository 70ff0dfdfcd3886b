# SPDX-License-Identifier: MIT
"""An alert from really busy CPUs (so many runnable threads that what else runs here does not matter): seen by
the agent, judged by a rule, told over REST and WebSocket, resolved by itself; rules that are read again, a mistake that changes nothing, a silence, a restart in the middle, and
the same rule tried on what is stored.
"""
import json
import os
import pathlib
import signal
import subprocess
import time

from nephos import binary, check, main, until
from websocket import Listener, subscription

BURNERS = 70

RULE = """[busy]
value = processes_running
warn = {warn}
warn_clear = {clear}
critical = 100000
for = 3s
bridge = 5s
clear_for = 2s
repeat = 1s
message = {{name}} is busy: {{value}} threads
"""


def ask(aggregator, method, path, body=None):
    status, said = aggregator.send(method, path, body)
    return status, json.loads(said) if said else None


def burn(world):
    """Loops that leave the CPU to whoever wants it, and are always ready to run."""
    return [world.start(f"burner-{n}", ["nice", "-n", "19", "sh", "-c", "while :; do :; done"])
            for n in range(BURNERS)]


def alerts(aggregator, status=None):
    query = {} if status is None else {"status": status}
    return [a for a in aggregator.get("/alerts", **query)["alerts"] if a["alertType"].startswith("busy")]


def proof(world):
    rules = pathlib.Path(world.path("rules.conf"))
    rules.write_text(RULE.format(warn=60, clear=50))
    aggregator = world.aggregator(flags=("--alert-profile", "none", "--rules", str(rules))).start()
    agent = world.agent("agent", aggregator.address, "--token-file", aggregator.token_file())
    agent.says("connected to")
    status, answer = ask(aggregator, "GET", "/api/v1/rules")
    check([r["name"] for r in answer["rules"]] == ["busy"] and answer["profile"] == "none", "the file holds")
    listener = Listener(world, aggregator, subscription(types=["alert"]))
    until(lambda: aggregator.get("/instances")["instances"], 20, "the host is known")

    # Busy: one alert, however many samples; over REST and WebSocket.
    burners = burn(world)
    until(lambda: alerts(aggregator, "active"), 60, "an alert follows from a busy machine")
    first = alerts(aggregator, "active")[0]
    check("is busy" in first["message"], first["message"])
    until(lambda: any("is busy" in json.dumps(m) for m in listener.messages()), 15, "a WebSocket client hears of it")
    time.sleep(8)
    check(len(alerts(aggregator)) == 1, "one incident is one alert")

    # A restart in the middle: the same alert goes on.
    aggregator.process.end()
    aggregator.start()
    time.sleep(12)
    again = alerts(aggregator, "active")
    check([a["id"] for a in again] == [first["id"]], f"the alert goes on after a restart: {again}")

    # A mistake in the file changes nothing, and is named.
    rules.write_text("[busy]\nvalue = cpu_usge\n")
    os.kill(aggregator.process.pid, signal.SIGHUP)
    aggregator.process.says("did you mean cpu_usage?")
    check(ask(aggregator, "GET", "/api/v1/rules")[1]["rules"][0]["warn"]["at"] == 60, "the old rules stay")

    for burner in burners:
        burner.kill()
    until(lambda: not alerts(aggregator, "active"), 60, "it resolves by itself")
    check([a["id"] for a in alerts(aggregator, "resolved")] == [first["id"]], "and is the same one")

    # The same rule over what is stored.
    status, answer = ask(aggregator, "POST", "/api/v1/rules/test",
                         {"text": RULE.format(warn=60, clear=50), "from": "-10m", "step_ms": 1000})
    check(status == 200 and answer["fired"] >= 1 and answer["seconds"] > 0, f"{answer}")
    said = subprocess.run([binary("nephos-aggregator"), "rules", "test", "busy", "--from", "-10m", "--data",
                           aggregator.data], capture_output=True, text=True, timeout=30)
    check(said.returncode == 0 and "busy: fired" in said.stdout, said.stdout + said.stderr)

    # Several at once: a text of two and one that looks at the clock, by patterns, and on the command line.
    text = RULE.format(warn=60, clear=50) + RULE.format(warn=100000, clear=50).replace("[busy]", "[busier]").replace(
        "critical = 100000", "critical = 200000") + "[away]\nvalue = missed_shipments\ncritical = 3\n"
    status, answer = ask(aggregator, "POST", "/api/v1/rules/test", {"text": text, "from": "-10m", "step_ms": 1000})
    found = {r["rule"]: r for r in answer["rules"]}
    check(status == 200 and set(found) == {"busy", "busier"} and answer["not_tested"] == ["away"], f"{answer}")
    check(found["busy"]["fired"] >= 1 and found["busy"]["hosts"] and found["busier"]["fired"] == 0 and
          found["busier"]["series"] == 1 and answer["fired"] == found["busy"]["fired"], f"{answer}")
    status, answer = ask(aggregator, "POST", "/api/v1/rules/test", {"rule": "b*,nobody", "from": "-10m"})
    check(status == 200 and [r["rule"] for r in answer["rules"]] == ["busy"], f"{answer}")
    check(ask(aggregator, "POST", "/api/v1/rules/test", {"rule": "nobody*"})[0] == 404, "a pattern that nothing matches")
    file = pathlib.Path(world.path("two.conf"))
    file.write_text(text)
    for what in ("*", str(file)):
        said = subprocess.run([binary("nephos-aggregator"), "rules", "test", what, "--from", "-10m", "--data", aggregator.data],
                              capture_output=True, text=True, timeout=30)
        check(said.returncode == 0 and "busy: fired" in said.stdout and "in all: fired" in said.stdout,
              said.stdout + said.stderr)
        check(("not tested" in said.stdout and "away" in said.stdout) == (what != "*"), said.stdout)
    status, answer = ask(aggregator, "POST", "/api/v1/rules/test", {"rule": "busy", "step_ms": 5})
    check(status == 400 and "step_ms" in answer["message"], f"{answer}")

    # Over the API: a mistake is refused, a change holds at once and survives a restart.
    status, answer = ask(aggregator, "PUT", "/api/v1/rules", {"text": "[busy]\nwarm = 95\n"})
    check(status == 400 and "did you mean warn?" in answer["message"], f"{answer}")
    status, answer = ask(aggregator, "PUT", "/api/v1/rules", {"text": "[busy]\nwarn = 70\nunless = bsy\n"})
    check(status == 400 and "rules:3: unless" in answer["message"] and "did you mean busy?" in answer["message"], f"{answer}")
    rules.write_text(RULE.format(warn=60, clear=50))
    os.kill(aggregator.process.pid, signal.SIGHUP)
    status, answer = ask(aggregator, "PUT", "/api/v1/rules", {"text": "[busy]\nwarn = 55\nwarn_clear = 45\n"})
    check(status == 200, f"{answer}")
    check(ask(aggregator, "GET", "/api/v1/rules")[1]["rules"][0]["origin"] == "api", "what was put holds")

    # Silenced: busy again, and nothing is said.
    status, answer = ask(aggregator, "POST", "/api/v1/silences", {"rule": "busy", "for_ms": 3600000,
                                                                  "comment": "load test"})
    check(status == 201, f"{answer}")
    burners = burn(world)
    time.sleep(15)
    check(not alerts(aggregator, "active"), "a silence holds")
    silence = ask(aggregator, "GET", "/api/v1/silences")[1]["silences"][0]
    check(silence["active"] and silence["comment"] == "load test", f"{silence}")
    check(ask(aggregator, "DELETE", f"/api/v1/silences/{silence['id']}")[0] == 204, "it is ended")
    until(lambda: alerts(aggregator, "active"), 60, "what goes on is told once the silence is over")
    for burner in burners:
        burner.kill()
    print("one alert for one busy machine: told, kept over a restart, resolved; silenced; tried on what is stored")


if __name__ == "__main__":
    main(proof)
