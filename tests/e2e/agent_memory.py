# SPDX-License-Identifier: MIT
"""The agent's memory never grows: traced, it asks the kernel for none after its start, through
connection, outage and reconnection; and its resident size stays where it was after a minute, also of an agent that
does everything it can while applications flood it.

The ring fills slowly, so a size that is watched for a minute proves little. Therefore the ring must be
resident from the start; only buffers for machines with very many devices may be untouched. What the kernel says
that the agent may ever write to is what `--print-memory-map` promises, so RSS has an end.

The loaded agent looks at an HTTPS service with RSA of 4096 bits each second, far more often than anybody would. While
it shakes hands, some 40 ms, the code for that is resident, too, and is given back afterwards.
"""
import os
import pathlib
import re
import subprocess
import threading
import time

from applications import Applications
from certificates import openssl
from nephos import binary, check, main, memory_map, until

RSS_KIB_MAX = 768         # on a machine of a few disks and mounts, also with every input on and every table full
RSS_SHAKING_KIB_MAX = 832 # of the latter, within a handshake
PAGE_NOISE_KIB = 32       # work space that is used for the first time
PAGE = 4096
UNPRINTED_KIB_MAX = 24    # of the C library and of the settings, which the map does not list
STACK_KIB_MAX = 64
MINUTE_S = 45
OUTAGE_S = 25             # at least, and until the spool is used
FORBIDDEN = "brk,mmap,mmap2,mremap,munmap,execve,execveat,fork,vfork,clone,clone3"


def samples(aggregator, identity):
    for instance in aggregator.instances():
        if instance["id"] == identity:
            return instance["metadata"]["samples"]
    return 0


def wait_seconds(seconds):
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 1, "time passes")


def outage(aggregator, identity, seconds, spooling=()):
    """Ends the aggregator hard, brings it back when those agents use their spools, waits for new samples."""
    aggregator.process.kill()
    wait_seconds(seconds)
    for agent in spooling:
        until(lambda a=agent: "spool: " in a.said(), 60, f"{agent.name} uses its spool in the outage", 0.5)
    aggregator.start()
    until(lambda: samples(aggregator, identity) > seconds, 60, f"{identity} comes back")


def writable_kib(pid):
    """(mapped, of that not resident yet) of memory for writing: the stack aside, and the few pages of constants and
    initial values that come from the file."""
    mapped = resident = 0
    counts = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if re.match(r"[0-9a-f]+-[0-9a-f]+$", words[0]):
            counts = "w" in words[1] and (len(words) == 5 or words[5] == "[heap]")
        elif counts and words[0] == "Size:":
            mapped += int(words[1])
        elif counts and words[0] == "Rss:":
            resident += int(words[1])
    return mapped, mapped - resident


def resident(agent):
    """(RSS of most of the time, the most, of these what belongs to no file) of a second, in KiB."""
    seen = []
    for _ in range(100):
        seen.append((agent.status_kib("VmRSS"), agent.status_kib("RssAnon")))
        time.sleep(0.01)
    seen.sort()
    return seen[len(seen) // 2][0], seen[-1][0], sorted(anonymous for _, anonymous in seen)[len(seen) // 2]


def flood(applications, stop):
    """More names than there is room for, more datagrams than are read at once, every kind, and nonsense."""
    turn = 0
    while not stop.is_set():
        for i in range(200):
            n = (turn + i) % 5000
            applications.send(f"flood.counter{n}:1|c|#host:h{n % 7}", f"flood.gauge{n}:{n}|g",
                              f"flood.timer{n}:{n}|ms", f"flood.set{n % 12}:user{turn}-{i}|s", "x" * (n % 900))
        turn += 200
        applications.work()
        time.sleep(0.1)


def ring_is_resident(agent, ring_size):
    """The ring is the end of the one struct that is all of the agent."""
    done = subprocess.run(["nm", "-S", binary("nephos-agent") + ".debug"], capture_output=True, text=True, check=True)
    address, size = (int(word, 16) for word in re.search(r"^(\w+) (\w+) b agent$", done.stdout, re.M).groups())
    first, end = (address + size - ring_size + PAGE - 1) // PAGE, (address + size) // PAGE
    with open(f"/proc/{agent.pid}/pagemap", "rb") as pages:
        pages.seek(first * 8)
        found = pages.read((end - first) * 8)
    absent = sum(found[i + 7] >> 7 == 0 for i in range(0, len(found), 8))
    check(len(found) >= ring_size // PAGE * 8 - 16, f"pagemap tells only {len(found) // 8} pages of the ring")
    check(absent == 0, f"{absent} pages of the ring are not resident: RSS will grow with it")


def map_is_honest(world, agent):
    out, total = memory_map(world, "nephos-agent")
    ring_is_resident(agent, int(re.search(r"^agent: ring of unacknowledged blocks +1 +(\d+)", out, re.M)[1]))
    mapped, absent = writable_kib(agent.pid)
    check(total <= mapped + 1, f"the map promises {total} KiB, the kernel knows {mapped} KiB only")
    check(mapped <= total + UNPRINTED_KIB_MAX, f"{mapped} KiB may be written to, the map says {total}")
    most = mapped + os.path.getsize(binary("nephos-agent")) // 1024 + STACK_KIB_MAX
    rss = agent.status_kib("VmRSS")
    check(rss <= most, f"RSS is {rss} KiB though all there is are {most} KiB")
    print(f"map {total} KiB; {mapped} KiB writable, {absent} KiB of them never touched; with the program itself RSS "
          f"is at most {most} KiB for ever")


def proof(world):
    # The flooded agent fills its table of custom series beside its own: more than are kept by default.
    aggregator = world.aggregator().start()
    trace = world.path("trace")
    world.agent("traced", aggregator.address, "--id", "traced", "--token-file", aggregator.token_file(),
                wrapper=["strace", "-f", "-ttt", "-e", f"trace={FORBIDDEN}", "-o", trace])
    certificate = world.path("rsa.crt"), world.path("rsa.key")
    openssl(world, "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-out", certificate[0], "-keyout", certificate[1],
            "-subj", "/CN=localhost")
    applications = Applications(world, certificate=certificate)
    for i in range(8):
        applications.textfile(f"many{i}.prom", "".join(f"shop_{i}_{n} {n}\n" for n in range(300)))
    agents = {name: world.agent(name, aggregator.address, "--id", name, "--token-file", aggregator.token_file(),
                                *flags)
              for name, flags in (("plain", ()), ("loaded", applications.flags))}
    for name in ("traced", *agents):
        until(lambda: samples(aggregator, name) > 0, 30, f"the first samples of {name} arrive")
    started = time.time()
    stop = threading.Event()
    threading.Thread(target=flood, args=(applications, stop), daemon=True).start()

    outage(aggregator, "traced", 8)
    wait_seconds(max(0.0, MINUTE_S - (time.time() - started)))
    early = {name: resident(agent) for name, agent in agents.items()}
    outage(aggregator, "plain", OUTAGE_S, agents.values())
    until(lambda: samples(aggregator, "loaded") > OUTAGE_S, 60, "the loaded agent comes back")
    wait_seconds(10)
    stop.set()
    late = {name: resident(agent) for name, agent in agents.items()}
    for name, most in (("plain", RSS_KIB_MAX), ("loaded", RSS_SHAKING_KIB_MAX)):
        print(f"{name} agent: RSS {early[name][0]} KiB after a minute (at most {early[name][1]}), {late[name][0]} KiB "
              f"after an outage (at most {late[name][1]})")
        for usual, peak, _ in (early[name], late[name]):
            check(usual <= RSS_KIB_MAX and peak <= most, f"{name}: RSS is {usual} KiB, and {peak} at times")
        check(abs(late[name][2] - early[name][2]) <= PAGE_NOISE_KIB,
              f"{name}: its own memory went from {early[name][2]} to {late[name][2]} KiB")
    check(applications.health.asked > 10, f"the health check asked {applications.health.asked} times only")
    map_is_honest(world, agents["plain"])

    calls = [(float(m[1]), m[2]) for m in
             re.finditer(r"^\d+ +(\d+\.\d+) (\w+)\(", pathlib.Path(trace).read_text(), re.M)]
    check(any(name == "execve" for _, name in calls), "the trace is empty: strace does not work here")
    late = [name for when, name in calls if when > started]
    check(not late, f"after its start the agent called {', '.join(late)}")
    check(sum(name.startswith("exec") for _, name in calls) == 1, "the agent started another program")


if __name__ == "__main__":
    main(proof)
