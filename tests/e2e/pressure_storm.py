# SPDX-License-Identifier: MIT
"""All agents lose their aggregator at one moment (kill -9) and come back at once, by TLS resumption: each is let in,
nothing acknowledged is lost, and `verify` finds the database good.

PRESSURE_AGENTS says how many: 1,000, or 10,000 with PRESSURE_LONG=1. Before they can resume each has joined and shaken
hands with certificates, which costs about eight times its return: patience grows with the fleet. What the return cost
is printed and not judged: a machine that is busy is slow.
"""
import json
import os
import resource
import signal
import subprocess

from nephos import binary, check, main, until

AGENTS = int(os.environ.get("PRESSURE_AGENTS", "10000" if os.environ.get("PRESSURE_LONG") else "1000"))
FIRST_S = 120 + AGENTS // 10   # patience of proofs, not of agents: until all have joined, and until all are connected
RETURN_S = 60 + AGENTS // 50   # until all are back
LONG_S = 2 * FIRST_S + RETURN_S + 600  # of samples: the run is told when it is enough


def load(world, aggregator, name, *flags):
    return world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--agents", str(AGENTS), "--series", "10",
        "--state", world.path("fleet"), "--patience", f"{FIRST_S}s", *flags])


def gauges(aggregator):
    body = aggregator.try_get("/api/v1/self")
    return json.loads(body)["gauges"] if body else None


def until_connected(aggregator, seconds, what):
    """The gauges once all are; told with them when it lasts too long."""
    seen = {}

    def asks():
        seen.update(gauges(aggregator) or {})
        return seen.get("agents_connected") == AGENTS
    try:
        until(asks, seconds, what, 0.2)
    except Exception:
        print({name: value for name, value in seen.items() if name.startswith("agent")})
        raise
    return seen


def storm(world, aggregator):
    run = load(world, aggregator, "fleet-run", "--seconds", str(LONG_S), "--ship", "10s", "--opening", str(AGENTS))
    until_connected(aggregator, FIRST_S, "all agents are connected")
    aggregator.process.kill()
    aggregator.start(seconds=60)
    seen = until_connected(aggregator, RETURN_S, "all agents are connected again")
    cpu_ms = aggregator.process.cpu_ns() / 1e6
    run.popen.send_signal(signal.SIGUSR2)
    check(run.exit_code(seconds=RETURN_S) == 0, "not everything was acknowledged")
    said = run.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    return summary, cpu_ms, seen


def proof(world):
    _, files_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(files_most == resource.RLIM_INFINITY or files_most > AGENTS * 9 // 8 + 200,
          f"{files_most} open files are too few for {AGENTS} agents: raise ulimit -Hn")
    aggregator = world.aggregator("server", ["--agents-max", str(AGENTS), "--series-max", "16"]).start()
    joined = load(world, aggregator, "join", "--token", aggregator.token("--uses", str(AGENTS)), "--enroll-only")
    check(joined.exit_code(seconds=FIRST_S) == 0, "not all agents joined")
    summary, cpu_ms, seen = storm(world, aggregator)
    for name in ("acknowledged_never_sent", "acknowledged_then_lost", "agents_failed", "refused"):
        check(summary[name] == 0, f"{name}: {summary[name]}")
    check(summary["complete"], "some agents did not come to the end")
    check(summary["reconnects"] >= AGENTS, f"only {summary['reconnects']} came back")
    # A ticket that was on its way when the connection broke is lost; all others resume.
    resumed, full = summary["handshakes_resumed"], summary["handshakes_full"] - AGENTS
    check(resumed >= AGENTS * 95 // 100, f"{resumed} of {AGENTS} resumed, {full} with certificates again")
    aggregator.process.end(seconds=20)
    verified = subprocess.run([binary("nephos-aggregator"), "verify", "--data", aggregator.data], text=True,
                              capture_output=True, timeout=60 + AGENTS // 50, env=world.environment)
    check(verified.returncode == 0, f"verify: {verified.returncode} {verified.stdout} {verified.stderr}")
    print(f"{AGENTS} agents at once: {resumed} resumed, {full} not, {seen['agent_handshakes_failed']} had to come again; "
          f"server {cpu_ms:.0f} ms CPU in all, {cpu_ms / AGENTS:.2f} ms for each; longest from connecting to Welcome "
          f"{summary['reconnect_wait_ms_most']} ms, longest from the kill to Welcome {summary['away_ms_most']} ms")


if __name__ == "__main__":
    main(proof)
