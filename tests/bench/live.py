# SPDX-License-Identifier: MIT
"""Live updates: how long a sample takes from its agent to those who follow, and what a message costs beside
npm's `ws` in node, which sends the same text as often to as many."""
import json
import os
import shutil
import subprocess
import threading

from nephos import BUILD, ROOT, binary, check, free_port, until

AGENTS = int(os.environ.get("BENCH_AGENTS", "1000"))
LISTENERS = int(os.environ.get("BENCH_LISTENERS", "200"))
CROWD = int(os.environ.get("BENCH_CROWD", "1000"))
LIVE_S = int(os.environ.get("BENCH_LIVE_S", "20"))
RATE = 10  # messages a second to each of the crowd


class Listeners:
    """The light client; `begin` and the end of its count are moments at which somebody else's CPU is read."""

    def __init__(self, world, port, count, warm_s, subscribe, pid_cpu):
        self.popen = subprocess.Popen(
            [str(BUILD / "bench/listeners"), str(port), str(count), str(warm_s), str(LIVE_S), subscribe],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=world.environment)
        world.processes.append(self)
        self.pid_cpu, self.result, self.cpu_ns, self.lines = pid_cpu, None, 0, []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        before = 0
        for line in self.popen.stdout:
            self.lines.append(line.strip())
            if line.startswith("begin"):
                before = self.pid_cpu()
            if line.startswith("{"):
                self.cpu_ns, self.result = self.pid_cpu() - before, json.loads(line)

    def wait(self):
        self.thread.join()
        check(self.result is not None, f"the listeners ended with: {self.lines[-1:]}")
        return self.result

    # as World.close() wants it
    name = "listeners"

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def said(self):
        return "\n".join(self.lines)


def start_agents(world, aggregator, name, agents, series):
    token = aggregator.token("--uses", str(agents))
    load = world.start(name, [
        binary("nephos-loadgen"), "--server", aggregator.address, "--token", token, "--agents", str(agents),
        "--series", str(series), "--seconds", "3600", "--ship", "1s"])
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_connected"] >= agents, 300,
          f"{agents} agents are connected")
    return load


def spread(world, report):
    """Many agents, some listeners, each of which follows 16 of them."""
    aggregator = world.aggregator("spread", ["--agents-max", str(AGENTS), "--api-connections-max",
                                             str(LISTENERS + 16), "--websockets-max", str(LISTENERS)]).start()
    load = start_agents(world, aggregator, "spread-load", AGENTS, 40)
    hosts = [host["id"] for host in aggregator.instances()][:16]
    ask = json.dumps({"type": "subscribe", "instances": hosts, "types": ["metric"]})
    listeners = Listeners(world, aggregator.api_port, LISTENERS, 3, ask, aggregator.process.cpu_ns)
    got = listeners.wait()
    expected = LISTENERS * len(hosts) * LIVE_S
    check(got["messages"] > expected * 0.9 and got["missed"] == 0, f"{got} instead of {expected} messages")
    report.row(f"agent sends to listener has it, {AGENTS} agents, {LISTENERS} listeners", f"p50 {got['p50_ms']:.0f} ms",
               f"p99 {got['p99_ms']:.0f} ms, most {got['most_ms']:.0f}; TLS, commit and JSON included; commits are "
               f"at most 100 ms apart; {got['messages']} messages; the listeners took "
               f"{got['cpu_us'] / LIVE_S / 1e4:.0f} % of a CPU", "p99 <= 300 ms", "p99 <= 150 ms")
    load.kill()
    aggregator.process.end()


def crowd(world, report):
    """A crowd that follows everything, RATE messages a second to each."""
    aggregator = world.aggregator("crowd", ["--agents-max", str(RATE), "--api-connections-max", str(CROWD + 16),
                                            "--websockets-max", str(CROWD)]).start()
    load = start_agents(world, aggregator, "crowd-load", RATE, 40)
    ask = json.dumps({"type": "subscribe", "instances": "*", "types": ["metric"]})
    listeners = Listeners(world, aggregator.api_port, CROWD, 3, ask, aggregator.process.cpu_ns)
    ours, our_cpu = listeners.wait(), listeners.cpu_ns
    check(ours["messages"] > CROWD * RATE * LIVE_S * 0.9 and ours["missed"] == 0, f"the crowd got {ours}")
    load.kill()
    aggregator.process.end()
    peer = node_crowd(world, ours["bytes"] // ours["messages"])
    compared = f"p50 {ours['p50_ms']:.0f}, p99 {ours['p99_ms']:.0f} ms from the agent, commit included; "
    if peer is None:
        compared += "node with ws is missing here: tools/deps ws"
    else:
        theirs, cpu = peer
        compared += (f"node's ws, same text, same run: {cpu / theirs['messages'] / 1000:.1f} us, p50 "
                     f"{theirs['p50_ms']:.0f}, p99 {theirs['p99_ms']:.0f} ms from its own send()")
    report.row(f"live message to one of {CROWD}, {RATE} a second each, CPU",
               f"{our_cpu / ours['messages'] / 1000:.1f} us", compared, "<= 11 us", "<= 6 us")
    report.note(f"Live: messages of {ours['bytes'] // ours['messages']} bytes; the crowd itself took "
                f"{ours['cpu_us'] / ours['messages']:.1f} us a message, which is not counted.")


def node_crowd(world, size):
    folder = subprocess.run([str(ROOT / "tools/deps"), "--print-dir"], capture_output=True, text=True,
                            check=True).stdout.strip() + "/ws"
    node = shutil.which("node")
    if node is None or not os.path.exists(folder + "/index.js"):
        return None
    port = free_port()
    text = json.dumps({"type": "samples", "pad": "x" * max(0, size - 60), "t": ["@T@"]}, separators=(",", ":"))
    server = world.start("node", [node, str(ROOT / "tests/bench/broadcast.cjs"), folder, str(port), str(RATE),
                                  text.replace('"@T@"', "@T@")])
    server.says("listening")
    listeners = Listeners(world, port, CROWD, 3, "", server.cpu_ns)
    result = listeners.wait()
    server.kill()
    return result, listeners.cpu_ns


def bench_live(world, report):
    spread(world, report)
    crowd(world, report)
