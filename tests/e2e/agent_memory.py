# SPDX-License-Identifier: MIT
"""The agent's memory never grows: traced, it asks the kernel for none after its start, through
connection, outage and reconnection; and its resident size stays where it was after a minute.

The ring fills slowly, so a size that is watched for a minute proves little. Therefore the ring must be
resident from the start; only buffers for machines with very many devices may be untouched, and with them
too it stays below the limit.
"""
import pathlib
import re
import time

from nephos import check, main, until

RSS_KIB_MAX = 768
PAGE_NOISE_KIB = 16
UNTOUCHED_KIB_MAX = 192  # the ring alone is more
ALL_KIB_MAX = 768
MINUTE_S = 45
FORBIDDEN = "brk,mmap,mmap2,mremap,munmap,execve,execveat,fork,vfork,clone,clone3"


def samples(aggregator, identity):
    for instance in aggregator.instances():
        if instance["id"] == identity:
            return instance["metadata"]["samples"]
    return 0


def wait_seconds(seconds):
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 1, "time passes")


def outage(aggregator, identity, seconds):
    """Ends the aggregator hard, brings it back, waits for new samples."""
    aggregator.process.kill()
    wait_seconds(seconds)
    aggregator.start()
    until(lambda: samples(aggregator, identity) > seconds, 60, f"{identity} comes back")


def absent_kib(pid):
    """KiB of writable memory, the stack aside, that are mapped but not resident yet."""
    absent, counts = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if re.match(r"[0-9a-f]+-[0-9a-f]+$", words[0]):
            counts = "w" in words[1] and not line.endswith("[stack]")
        elif counts and words[0] == "Size:":
            absent += int(words[1])
        elif counts and words[0] == "Rss:":
            absent -= int(words[1])
    return absent


def proof(world):
    aggregator = world.aggregator().start()
    trace = world.path("trace")
    world.agent("traced", aggregator.address, "--id", "traced", "--token-file", aggregator.token_file(),
                wrapper=["strace", "-f", "-ttt", "-e", f"trace={FORBIDDEN}", "-o", trace])
    plain = world.agent("plain", aggregator.address, "--id", "plain", "--token-file",
                        aggregator.token_file())
    def sampling():
        return samples(aggregator, "traced") > 0 and samples(aggregator, "plain") > 0
    until(sampling, 30, "both agents' samples arrive")
    started = time.time()

    outage(aggregator, "traced", 8)
    wait_seconds(max(0.0, MINUTE_S - (time.time() - started)))
    after_a_minute = plain.status_kib("VmRSS")
    outage(aggregator, "plain", 15)
    wait_seconds(10)
    at_the_end, absent = plain.status_kib("VmRSS"), absent_kib(plain.pid)
    print(f"agent RSS {after_a_minute} KiB after a minute, {at_the_end} KiB after an outage, "
          f"{absent} KiB of its data never touched")
    check(at_the_end <= RSS_KIB_MAX, f"RSS is {at_the_end} KiB, more than {RSS_KIB_MAX}")
    check(abs(at_the_end - after_a_minute) <= PAGE_NOISE_KIB,
          f"RSS went from {after_a_minute} to {at_the_end} KiB")

    calls = [(float(m[1]), m[2]) for m in
             re.finditer(r"^\d+ +(\d+\.\d+) (\w+)\(", pathlib.Path(trace).read_text(), re.M)]
    check(any(name == "execve" for _, name in calls), "the trace is empty: strace does not work here")
    late = [name for when, name in calls if when > started]
    check(not late, f"after its start the agent called {', '.join(late)}")
    check(sum(name.startswith("exec") for _, name in calls) == 1, "the agent started another program")
    check(absent <= UNTOUCHED_KIB_MAX, f"{absent} KiB of its data are not resident: RSS will grow with the ring")
    check(at_the_end + absent <= ALL_KIB_MAX, f"RSS may grow to {at_the_end + absent} KiB")


if __name__ == "__main__":
    main(proof)
