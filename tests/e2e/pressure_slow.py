# SPDX-License-Identifier: MIT
"""Slow clients, many clients and stopped ones, with slowhttptest and wrk: whoever is slow gives way, a normal client
and the agents beside them are served, and when there is no place left the newcomer is told so at once.

PRESSURE_S (8) is how long each attack lasts.
"""
import json
import os
import re
import signal
import socket
import subprocess
import time

from nephos import check, main, until
from pressure import Beside, start_agents, tool, until_connected

SECONDS = int(os.environ.get("PRESSURE_S", "8"))
AGENTS = 20
CONNECTIONS = 400  # of an attacker; the API has 64
ATTACKS = {
    "slow headers": ["-H", "-i", "1", "-t", "GET"],
    "slow bodies": ["-B", "-i", "1", "-s", "8192", "-t", "POST", "-f", "application/json"],
    "slow readers": ["-X", "-w", "16", "-y", "64", "-n", "2", "-z", "8", "-k", "3"],
}


def self_api(aggregator):
    return aggregator.get("/api/v1/self")["api"]


def attack(world, aggregator, name, flags):
    path = {"slow bodies": "/metrics", "slow readers": "/openapi.json"}.get(name, "/instances")
    words, environment = tool("slowhttptest")
    with Beside(aggregator) as beside:
        run = world.start(name.replace(" ", "-"), [
            words, "-c", str(CONNECTIONS), "-r", "200", "-l", str(SECONDS), "-p", "3", "-u",
            f"http://127.0.0.1:{aggregator.api_port}{path}", *flags], environment=environment)
        until(lambda: not run.is_running(), SECONDS + 30, f"slowhttptest ({name}) ends")
    said = re.sub(r"\x1b\[[0-9;]*m", "", run.said())
    check(re.search(r"connected: +\d+", said) or "closed" in said, f"slowhttptest said nothing of the kind: {said[-400:]}")
    check("service available:   NO" not in said.splitlines()[-12:], "slowhttptest found the service unavailable")
    beside.check_served(name)
    return f"{name}: {beside}"


def many(aggregator):
    """wrk, with as many connections as there are places, and with more."""
    words, environment = tool("wrk")
    results = []
    for connections in (32, 400):
        with Beside(aggregator) as beside:
            done = subprocess.run([words, "-t", "1", "-c", str(connections), "-d", f"{max(2, SECONDS // 2)}s",
                                   f"http://127.0.0.1:{aggregator.api_port}/instances"], text=True,
                                  capture_output=True, env=environment, timeout=SECONDS + 60)
        rate = re.search(r"Requests/sec: +([0-9.]+)", done.stdout)
        check(done.returncode == 0 and rate, f"wrk: {done.stdout} {done.stderr}")
        if connections <= 32:
            check("Non-2xx" not in done.stdout, f"wrk with {connections} connections: {done.stdout}")
            beside.check_served(f"wrk with {connections} connections")
        else:  # all of these are quick, so all keep their places: the client is one of many who want one
            check(set(beside.failed) <= {503}, f"other answers than 200 and 503: {set(beside.failed)}")
            check(beside.answered > 0, "who comes again and again gets a turn")
        results.append(f"wrk with {connections} connections: {rate[1]} requests/s, {beside}")
    return results


def stopped(world, aggregator):
    """Clients that the kernel stops in the midst of everything."""
    path, environment = tool("wrk")
    hosts = [world.start(f"stopped-{i}", [path, "-t", "1", "-c", "20", "-d", "60s",
                                          f"http://127.0.0.1:{aggregator.api_port}/openapi.json"],
                         environment=environment) for i in range(2)]
    idle = start_agents(world, aggregator, 10, 3600, "stopped-agents", seed=2)
    until_connected(aggregator, AGENTS + 10)
    for process in (*hosts, idle):
        os.kill(process.pid, signal.SIGSTOP)
    with Beside(aggregator) as beside:
        time.sleep(SECONDS / 2)
    for process in (*hosts, idle):
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
    beside.check_served("stopped clients")
    return f"40 clients and 10 agents stopped: {beside}"


def answer_of(s):
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(4096)
        if not more:
            break
        data += more
    return data


def silent_place(aggregator):
    """A connection that has a place and says nothing; None when there was none."""
    s = socket.create_connection(("127.0.0.1", aggregator.api_port), 10)
    s.settimeout(0.5)  # on a busy machine the 503 takes its time
    try:
        s.recv(1)  # the 503, or its end
    except TimeoutError:
        return s
    s.close()
    return None


def nine(aggregator):
    """(eight half-said requests, a newcomer, what it is told at once); None when a busy machine took so long over
    them that one of the eight had to give way."""
    held = [socket.create_connection(("127.0.0.1", aggregator.api_port), 10) for _ in range(8)]
    for s in held:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    newcomer = socket.create_connection(("127.0.0.1", aggregator.api_port), 0.5)
    try:
        return held, newcomer, answer_of(newcomer)
    except TimeoutError:
        for s in (*held, newcomer):
            s.close()
    return None


def full(world):
    """All places are taken by clients that are not slow yet: the newcomer hears 503 before it has said a word."""
    small = world.aggregator("small", ["--api-connections-max", "8", "--websockets-max", "1"]).start()
    held, newcomer, answer = until(lambda: nine(small), 10, "eight clients take all places before one of them is slow")
    check(answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 2\r\n" in answer, f"the ninth was told {answer!r}")
    for s in held[:4]:
        s.sendall(b"\r\n")
        check(answer_of(s).startswith(b"HTTP/1.1 200 "), "who holds a place is served")
    # They give their places back after the answer; whoever is early hears 503 once more and comes again.
    fresh = [until(lambda: silent_place(small), 10, "a place is given back") for _ in range(4)]
    # Later all of them have been silent for longer than a newcomer can be asked to wait.
    until(lambda: small.try_get("/healthz"), 10, "somebody silent gives way")
    check(self_api(small)["gave_way"] >= 1 and self_api(small)["refused_full"] >= 1, f"counted: {self_api(small)}")
    for s in (*held, *fresh, newcomer):
        s.close()
    small.process.end()


def proof(world):
    aggregator = world.aggregator(flags=["--agents-max", "64"]).start()
    agents = start_agents(world, aggregator, AGENTS, SECONDS * 8 + 10)
    until_connected(aggregator, AGENTS)
    full(world)
    for name, flags in ATTACKS.items():
        print(attack(world, aggregator, name, flags))
    print("\n".join(many(aggregator)))
    print(stopped(world, aggregator))
    print("api:", json.dumps(self_api(aggregator)))
    check(agents.exit_code(seconds=SECONDS * 8 + 60) == 0, "agents were not served beside all this")
    said = agents.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    check(summary["reconnects"] == 0, f"{summary['reconnects']} agents lost their connection")
    print(f"agents: {summary['samples_acknowledged']} samples acknowledged, none lost its connection, the longest "
          f"waited {summary['live_batch_to_ack_ms_most']} ms for it")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)
