# SPDX-License-Identifier: MIT
"""All agents lose their aggregator at one moment (kill -9) and come back at once, by TLS resumption: each is let in,
nothing acknowledged is lost, and `verify` finds the database good.

PRESSURE_AGENTS (1,000) says how many. What it cost is printed and not judged: a machine that is busy is slow.
"""
import json
import os
import subprocess

from nephos import binary, check, main, until

AGENTS = int(os.environ.get("PRESSURE_AGENTS", "1000"))
PATIENCE_S = 60 + AGENTS // 50  # of proofs, not of agents


def load(world, aggregator, name, *flags):
    return world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--agents", str(AGENTS), "--series", "10",
        "--state", world.path("fleet"), "--patience", f"{PATIENCE_S}s", *flags])


def are_connected(aggregator):
    body = aggregator.try_get("/api/v1/self")
    return body and json.loads(body)["gauges"]["agents_connected"] == AGENTS


def storm(world, aggregator):
    run = load(world, aggregator, "fleet-run", "--seconds", str(40 + AGENTS // 100), "--ship", "10s",
               "--opening", str(AGENTS))
    until(lambda: are_connected(aggregator), PATIENCE_S, "all agents are connected", 0.2)
    aggregator.process.kill()
    aggregator.start()
    until(lambda: are_connected(aggregator), PATIENCE_S, "all agents are connected again", 0.2)
    cpu_ms = aggregator.process.cpu_ns() / 1e6
    check(run.exit_code(seconds=2 * PATIENCE_S) == 0, "not everything was acknowledged")
    said = run.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    return summary, cpu_ms


def proof(world):
    aggregator = world.aggregator("server", ["--agents-max", str(AGENTS), "--series-max", "16"]).start()
    joined = load(world, aggregator, "join", "--token", aggregator.token("--uses", str(AGENTS)), "--enroll-only")
    check(joined.exit_code(seconds=4 * PATIENCE_S) == 0, "not all agents joined")
    summary, cpu_ms = storm(world, aggregator)
    for name in ("acknowledged_never_sent", "acknowledged_then_lost", "agents_failed", "refused"):
        check(summary[name] == 0, f"{name}: {summary[name]}")
    check(summary["complete"], "some agents did not come to the end")
    check(summary["reconnects"] >= AGENTS, f"only {summary['reconnects']} came back")
    # A ticket that was on its way when the connection broke is lost; all others resume.
    resumed, full = summary["handshakes_resumed"], summary["handshakes_full"] - AGENTS
    check(resumed >= AGENTS * 95 // 100, f"{resumed} of {AGENTS} resumed, {full} with certificates again")
    aggregator.process.end(seconds=20)
    verified = subprocess.run([binary("nephos-aggregator"), "verify", "--data", aggregator.data], text=True,
                              capture_output=True, timeout=60, env=world.environment)
    check(verified.returncode == 0, f"verify: {verified.returncode} {verified.stdout} {verified.stderr}")
    print(f"{AGENTS} agents at once: {resumed} resumed, {full} not; server {cpu_ms:.0f} ms CPU in all, "
          f"{cpu_ms / AGENTS:.2f} ms for each; longest from connecting to Welcome {summary['reconnect_wait_ms_most']} ms, "
          f"longest from the kill to Welcome {summary['away_ms_most']} ms")


if __name__ == "__main__":
    main(proof)
