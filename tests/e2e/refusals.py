# SPDX-License-Identifier: MIT
"""Every refusal, with the words of both sides: what, where, what to do."""
import os
import pathlib
import shutil
import time

from nephos import binary, check, free_port, main, until


def refused(world, name, server, agent_says, aggregator_says, *flags):
    """Starts an agent that must not get in; both sides must say why."""
    before = len(server.process.said())
    agent = world.agent(name, server.address, "--id", name, *flags)
    for words in agent_says:
        agent.says(words)
    for words in aggregator_says:
        until(lambda: words in server.process.said()[before:], 10,
              f"the aggregator says '{words}' about {name}")
    check(all(i["id"] != name for i in server.instances()), f"{name} got in")
    agent.kill()
    return agent


def enrolled(world, name, server):
    """An agent that got in, ended again; its state directory stays."""
    agent = world.agent(name, server.address, "--id", name, "--token-file", server.token_file())
    until(lambda: any(i["id"] == name for i in server.instances()), 15, f"{name} enrols")
    until(lambda: server.instance(name)["metadata"]["connected"], 15, f"{name} connects")
    agent.end()


def tokens(world, a, b):
    refused(world, "no-token", a, ["token"], [])
    expired_at = time.time() + 1
    expired = a.token_file("--ttl", "1s")
    used = a.token_file()
    enrolled_with = world.agent("first", a.address, "--id", "first", "--token-file", used)
    until(lambda: any(i["id"] == "first" for i in a.instances()), 15, "the first use of a token")
    enrolled_with.end()
    refused(world, "used", a, ["used already", "token create"], ["used already"], "--token-file", used)
    until(lambda: time.time() > expired_at + 0.1, 5, "the token expires")
    refused(world, "expired", a, ["expired at", "token create"], ["expired at"], "--token-file", expired)

    # The token of another aggregator: the agent finds out by itself, before it says the token.
    refused(world, "pinned", a, ["token"], [], "--token-file", b.token_file())

    good = a.token()
    for name, bad in {"cut": good[:-3], "typo": good[:20] + ("A" if good[20] != "A" else "B") + good[21:],
                      "empty": "", "words": "please let me in"}.items():
        code, out, err = world.run([binary("nephos-agent"), "--server", a.address, "--state",
                                    world.path(f"{name}-state"), "--token", bad])
        check(code in (64, 78), f"malformed token ({name}) ends with {code}, not 64 or 78")
        check("token" in err and "token create" in err, f"malformed token ({name}): {err!r}")
        check(good not in err, "the refusal repeats the token")


def certificates(world, a, b):
    enrolled(world, "stranger", b)
    # It trusts b's authority: it must not believe a.
    refused(world, "stranger", a, ["certificate"], [])
    # With a's authority in its hands it comes as far as a, which must not believe its certificate.
    enrolled(world, "donor", a)
    own, donor = (pathlib.Path(world.path(f"{n}-state")) for n in ("stranger", "donor"))
    ca = [f.name for f in donor.iterdir() if f.name.startswith("ca")]
    check(ca, f"no CA certificate in {sorted(f.name for f in donor.iterdir())}")
    shutil.copy(donor / ca[0], own / ca[0])
    refused(world, "stranger", a, ["certificate"], ["certificate"])
    # A good certificate under another name.
    shutil.copytree(donor, world.path("impostor-state"))
    refused(world, "impostor", a, ["certificate"], ["certificate"])


def places(world, a):
    """Port in use, directory in use, directory that cannot be."""
    serve = [binary("nephos-aggregator"), "serve"]
    code, _, err = world.run([*serve, "--data", world.path("other"), "--listen", a.address,
                              "--api", f"127.0.0.1:{free_port()}"])
    check(code == 1 and a.address in err and "in use" in err, f"agents' port in use: {code} {err!r}")
    code, _, err = world.run([*serve, "--data", world.path("other"), "--api", f"127.0.0.1:{a.api_port}",
                              "--listen", f"127.0.0.1:{free_port()}"])
    check(code == 1 and str(a.api_port) in err and "in use" in err, f"API port in use: {code} {err!r}")
    free = ["--listen", f"127.0.0.1:{free_port()}", "--api", f"127.0.0.1:{free_port()}"]
    code, _, err = world.run([*serve, "--data", a.data, *free])
    check(code != 0 and a.data in err and "another" in err, f"data directory in use: {code} {err!r}")
    check(a.try_get("/healthz"), "the refused one hurt the running one")
    file = world.path("a-file")
    pathlib.Path(file).write_text("")
    for folder in (file, os.path.join(file, "below"), "/proc/nephos"):
        code, _, err = world.run([*serve, "--data", folder, *free])
        check(code in (1, 73, 77, 78) and folder in err, f"impossible directory {folder}: {code} {err!r}")


def words_of_the_command_line(world):
    conf = world.path("bad.conf")
    for program in ("nephos-agent", "nephos-aggregator"):
        code, out, err = world.run([binary(program), "--confg", "x"])
        check(code == 64 and "--confg" in err and "--config" in err and not out,
              f"{program} with an unknown flag: {code} {err!r}")
        pathlib.Path(conf).write_text("[log]\nlevl = info\n")
        code, _, err = world.run([binary(program), "--config", conf, "--check-config"])
        check(code == 78 and "bad.conf:2" in err and "log.level" in err.replace("[log] level", "log.level"),
              f"{program} with an unknown key: {code} {err!r}")
        pathlib.Path(conf).write_text("[log]\nlevel = loud\n")
        code, _, err = world.run([binary(program), "--config", conf, "--check-config"])
        check(code == 78 and "loud" in err, f"{program} with a bad value: {code} {err!r}")
        code, _, err = world.run([binary(program), "--config", world.path("absent.conf")])
        check(code == 78 and "absent.conf" in err, f"{program} without its file: {code} {err!r}")
        for flag in ("--help", "--version", "--print-config", "--print-memory-map", "--check-config"):
            code, out, err = world.run([binary(program), flag])
            check(code == 0 and out and not err, f"{program} {flag}: {code} {err!r}")
    code, _, err = world.run([binary("nephos-agent"), "--interval", "soon"])
    check(code == 64 and "--interval" in err and "soon" in err, f"a bad duration: {code} {err!r}")


def unreachable(world):
    """Keeps trying, and says so once."""
    port = free_port()
    aggregator = world.aggregator("late")
    aggregator.port, aggregator.address = port, f"127.0.0.1:{port}"
    aggregator.start()
    token = aggregator.token_file()
    aggregator.process.end()
    agent = world.agent("early", aggregator.address, "--id", "early", "--token-file", token)
    agent.says(aggregator.address)
    started = time.monotonic()
    until(lambda: time.monotonic() - started > 5, 6, "five seconds pass")
    lines = [l for l in agent.said().splitlines() if aggregator.address in l]
    check(len(lines) <= 2, f"says it again and again: {lines}")
    aggregator.start()
    until(lambda: any(i["id"] == "early" for i in aggregator.instances()), 40, "the agent gets in")
    agent.end()


def proof(world):
    a, b = world.aggregator("a").start(), world.aggregator("b").start()
    words_of_the_command_line(world)
    tokens(world, a, b)
    certificates(world, a, b)
    places(world, a)
    unreachable(world)
    a.process.end()
    b.process.end()


if __name__ == "__main__":
    main(proof)
