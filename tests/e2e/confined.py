# SPDX-License-Identifier: MIT
"""The agent as a service: it speaks to its manager, takes signals, gives up its rights once it runs, and goes
on working without them through joining, looking up names, losing its aggregator and coming back."""
import pathlib
import re
import signal
import socket

from nephos import binary, check, main, until

WATCHDOG_S = 2


class Manager:
    """The other end of sd_notify(3)."""

    def __init__(self, world, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)
        self.told = []
        self.environment = {**world.environment, "NOTIFY_SOCKET": name.replace("\0", "@"),
                            "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}

    def listen(self):
        while True:
            try:
                self.told += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.told

    def hears(self, line, times=1, seconds=10):
        until(lambda: self.listen().count(line) >= times, seconds, f"the manager hears {line} {times} times")


def status_of(process, field):
    words = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+)", words, re.M).group(1))


def batches_told(agent):
    return [int(n) for n in re.findall(r"^batches sent +(\d+)$", agent.said(), re.M)]


def check_rights(agent):
    agent.says("confined: ")
    if "not confined: " in agent.said() or "no landlock" in agent.said():
        print("skipped in part: this kernel lacks what the agent confines itself with")
        return
    check(status_of(agent, "Seccomp") == 2, "the agent has no seccomp filter")
    check(status_of(agent, "NoNewPrivs") == 1, "the agent could get new privileges")


def check_signals(manager, agent):
    agent.popen.send_signal(signal.SIGUSR1)
    until(lambda: len(batches_told(agent)) == 1, 5, "SIGUSR1 is answered")
    check("total   " in agent.said() and "nothing grows after start" in agent.said(), "no memory map")
    def sent_at_once():  # each second a batch; by itself the agent sends one in ten
        agent.popen.send_signal(signal.SIGUSR2)
        agent.popen.send_signal(signal.SIGUSR1)
        return batches_told(agent)[-1] >= batches_told(agent)[0] + 4
    until(sent_at_once, 8, "SIGUSR2 sends a batch", 0.5)
    agent.popen.send_signal(signal.SIGHUP)
    manager.hears("RELOADING=1")
    manager.hears("READY=1", times=2)
    agent.popen.send_signal(signal.SIGPIPE)


def check_second(world, server):
    """Two agents on one state would be one identity with two voices."""
    code, _, err = world.run([binary("nephos-agent"), "--server", server, "--state", world.path("agent-state")])
    check(code == 73 and "is this program running already?" in err, f"a second agent: {code} {err}")


def check_names(world):
    """A name that no file knows is asked of the resolver, whatever that answers here."""
    aggregator = world.aggregator("other").start()
    lost = world.agent("lost", "no-such-host.invalid:7443", "--token-file", aggregator.token_file())
    lost.says("confined")
    lost.says("no-such-host.invalid")
    until(lambda: "has no address" in lost.said() or "no name server answers" in lost.said(), 20,
          "the lookup ends in words")
    check("not permitted" not in lost.said(), "the resolver was kept from working")
    lost.end()


def check_unconfined(world, aggregator):
    free = world.agent("free", aggregator.address, "--token-file", aggregator.token_file(), "--confine=no")
    free.says("connected to")
    check(status_of(free, "Seccomp") == 0 and "confined" not in free.said(), "--confine=no is not obeyed")
    free.end()


def proof(world):
    aggregator = world.aggregator().start()
    server = f"localhost:{aggregator.port}"
    manager = Manager(world, "\0" + f"nephos-e2e-{aggregator.port}")
    agent = world.agent("agent", server, "--token-file", aggregator.token_file(),
                        environment=manager.environment)
    manager.hears("READY=1")
    agent.says("connected to")
    check_rights(agent)
    check_second(world, server)
    check_signals(manager, agent)
    aggregator.process.kill()
    agent.says("samples are kept and sent later")
    aggregator.start()
    agent.says("connected again", seconds=40)
    manager.hears("WATCHDOG=1", times=3)
    check(any(line.startswith("STATUS=connected to localhost") for line in manager.told), f"{manager.told}")
    check("not permitted" not in agent.said().lower(), "something was kept from working")
    agent.end()
    manager.hears("STOPPING=1")
    check_names(world)
    check_unconfined(world, aggregator)


if __name__ == "__main__":
    main(proof)
