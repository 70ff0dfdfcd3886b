# SPDX-License-Identifier: MIT
"""Certificates that live for a minute: an agent renews its own again and again, over the session that it has, and
no sample is lost; one that slept through the end of its certificate is refused, told what to do, and does it.
"""
import os
import pathlib
import re
import ssl
import time

from nephos import check, main, until

LIFE_S = 60
LEAD_S = 6              # a certificate begins so long before it was signed: a tenth of its life
RENEWED_S = LIFE_S - (LIFE_S + LEAD_S) / 3  # two thirds of all of it, after the signing
SLACK_S = 6


class Certificate:
    """agent.crt.der in a state directory, as it is now."""

    def __init__(self, state):
        pem = os.path.join(state, "certificate.pem")
        der = pathlib.Path(state, "agent.crt.der").read_bytes()
        pathlib.Path(pem).write_text(ssl.DER_cert_to_PEM_cert(der))
        facts = ssl._ssl._test_decode_cert(pem)
        os.unlink(pem)
        self.serial = facts["serialNumber"]
        self.begins, self.ends = (ssl.cert_time_to_seconds(facts[k]) for k in ("notBefore", "notAfter"))
        self.name = dict(part[0] for part in facts["subject"])["commonName"]


def is_renewed(state, old):
    return Certificate(state).serial != old.serial


def samples(aggregator, identity, begin_ms):
    """When samples were taken, in ms, to a tenth of a second."""
    answer = aggregator.get("/api/v1/query", instance=identity, metric="uptime", step="100ms", fold="count",
                            **{"from": begin_ms, "to": int(time.time() * 1000) + 1000})
    cells = [(t, v) for s in answer["series"] for t, v in zip(answer["t"], s["v"]) if v]
    check(all(v == 1 for _, v in cells), f"samples are there twice: {[c for c in cells if c[1] != 1][:5]}")
    return [t for t, _ in cells]


def first_certificate(state):
    """It lives for a minute, and begins a little earlier."""
    it = Certificate(state)
    check(it.ends - it.begins == LIFE_S + LEAD_S, f"the certificate is good for {it.ends - it.begins} s")
    check(abs(it.ends - time.time() - LIFE_S) < 5, f"it ends in {it.ends - time.time():.0f} s")
    return it


def renews(aggregator, state, old):
    """Waits until the agent has another certificate: at two thirds of the life of the old one."""
    until(lambda: is_renewed(state, old), LIFE_S + 10, "the certificate is renewed", 0.2)
    new = Certificate(state)
    took = time.time() - (old.ends - LIFE_S)
    check(abs(took - RENEWED_S) < SLACK_S, f"renewed {took:.1f} s after the signing, not {RENEWED_S:.0f} s")
    check(new.name == old.name and new.ends > old.ends,
          f"{new.name} until {new.ends}, after {old.name} until {old.ends}")
    print(f"renewed {took:.1f} s after the signing; serial {old.serial[:8]}... is {new.serial[:8]}... now")
    return new


def is_refused_and_joins_again(world, aggregator, old):
    """What is asleep for too long hears what it must do, which helps."""
    before = len(aggregator.process.said())
    agent = world.agent("asleep", aggregator.address, "--id", "asleep", "--statsd", "")
    date = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(old.ends))
    what = f"the agent's certificate ended on {date}: to join again, delete agent.crt.der in its --state and " \
           "start it with a new --token"
    agent.says(what)
    check("refused by" in agent.said() and "samples are kept" in agent.said(), "it says what it does")
    until(lambda: what in aggregator.process.said()[before:], 5, "the aggregator says the same")
    check("asleep" not in [i["id"] for i in aggregator.instances() if i["metadata"]["connected"]], "it got in")
    time.sleep(2)  # it takes samples
    agent.end()
    check("wait in the spool" in agent.said(), "the samples of the refused agent are gone")
    state = world.path("asleep-state")
    os.unlink(os.path.join(state, "agent.crt.der"))
    agent = world.agent("asleep", aggregator.address, "--id", "asleep", "--statsd", "", "--token-file",
                        aggregator.token_file())
    agent.says("joined")
    until(lambda: aggregator.instance("asleep")["metadata"]["connected"], 10, "it is connected again")
    until(lambda: aggregator.instance("asleep")["metadata"]["historySamples"] > 0, 10, "what it kept arrives")
    check(Certificate(state).serial != old.serial, "it has the old certificate still")
    agent.end()


def proof(world):
    aggregator = world.aggregator(flags=["--certificate-lifetime", "1m"]).start()
    asleep = world.agent("asleep", aggregator.address, "--id", "asleep", "--statsd", "", "--token-file",
                         aggregator.token_file())
    agent = world.agent("agent", aggregator.address, "--id", "vm", "--statsd", "", "--token-file",
                        aggregator.token_file())
    state = world.path("agent-state")
    for name in ("vm", "asleep"):
        until(lambda: any(i["id"] == name and i["metadata"]["samples"] > 0 for i in aggregator.instances()), 20,
              f"samples of {name} arrive")
    begin_ms = min(samples(aggregator, "vm", int(time.time() * 1000) - 30000))
    slept = Certificate(world.path("asleep-state"))
    asleep.end()
    first = first_certificate(state)
    second = renews(aggregator, state, first)
    agent.says("the certificate was renewed")
    check(agent.said().count("connected") == 1 and "cannot reach" not in agent.said(), "the session did not last")

    # The first one ends. A connection is made anew, and shows the second one.
    time.sleep(max(0, first.ends + 1 - time.time()))
    aggregator.process.kill()
    aggregator.start()
    agent.says("connected again to", 15)
    is_refused_and_joins_again(world, aggregator, slept)
    renews(aggregator, state, second)
    check("refused by" not in agent.said(), "the agent was refused")
    until(lambda: aggregator.get("/api/v1/self")["gauges"]["agents_renewed"] == 1, 5, "the renewal is counted")

    agent.end()
    taken = samples(aggregator, "vm", begin_ms)
    wide = [(a, b) for a, b in zip(taken, taken[1:]) if b - a >= 2000]
    check(not wide and len(taken) > 60, f"{len(taken)} samples, and none at {wide}")
    check("every sample has arrived" in agent.said(), "the agent ends with samples left")
    metadata = aggregator.instance("vm")["metadata"]
    check(metadata["missingSamples"] == 0 and metadata["lostSamples"] == 0, f"samples are missing: {metadata}")
    lines = [line for line in agent.said().splitlines() if re.search(r"level=(warn|error)", line)]
    check(len(lines) == 1 and "cannot reach" in lines[0], f"the agent complains of more than the kill: {lines}")
    print(f"{len(taken)} samples in {(taken[-1] - taken[0]) / 1000:.0f} s, with two renewals and one kill")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)
