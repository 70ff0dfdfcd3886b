# SPDX-License-Identifier: MIT
"""Every refusal, with the words of both sides: what, where, what to do."""
import base64
import os
import pathlib
import re
import shutil
import socket
import ssl
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
    enrolled_with.says("joined")
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


class Peer:
    """A hostile agent: real TLS 1.3, any certificate, any bytes."""

    def __init__(self, server, state=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if state:
            pem = os.path.join(state, "peer.pem")
            with open(pem, "w") as f:
                for label, name in (("CERTIFICATE", "agent.crt.der"), ("EC PRIVATE KEY", "agent.key.der")):
                    der = pathlib.Path(state, name).read_bytes()
                    f.write(f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}"
                            f"-----END {label}-----\n")
            context.load_cert_chain(pem)
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.tls = context.wrap_socket(plain, server_hostname="nephos-aggregator")

    def send(self, kind, payload):
        self.tls.sendall(bytes([kind]) + len(payload).to_bytes(3, "little") + payload)

    def hello(self, identity):
        text = identity.encode()
        self.send(3, b"\x08\x01" + b"\x1a" + bytes([len(text)]) + text + b"\x29" + bytes([7] + [0] * 7))

    def answer(self):
        """(type, payload) of the next frame; None when there is none."""
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[1:4], "little"):
            try:
                more = self.tls.recv(4096)
            except OSError as e:
                return 0, str(e).encode()
            if not more:
                return None
            data += more
        return data[0], data[4:]


def certificates(world, a, b):
    enrolled(world, "stranger", b)
    own = world.path("stranger-state")
    # It trusts b's authority, so it does not believe a; a only sees that it goes away.
    refused(world, "stranger", a, ["certificate is of another CA", "join again"], ["another CA"])
    # With a's CA beside its own certificate, it notices by itself.
    enrolled(world, "donor", a)
    donor = world.path("donor-state")
    shutil.copytree(own, world.path("mixed-state"))
    shutil.copy(os.path.join(donor, "ca.crt.der"), world.path("mixed-state"))
    refused(world, "mixed", a, ["certificate"], [])
    # One that believes everything shows its foreign certificate.
    before = len(a.process.said())
    peer = Peer(a, own)
    peer.hello("stranger")
    kind, words = peer.answer() or (0, b"closed")
    check(kind in (0, 9), f"a foreign certificate is answered with message {kind}")
    until(lambda: "certificate is of another CA" in a.process.said()[before:], 10,
          "the aggregator says that the certificate is foreign")

    peer = Peer(a)
    peer.hello("nobody")
    kind, words = peer.answer()
    check(kind == 9 and b"certificate" in words, f"no certificate is answered with {kind} {words}")
    until(lambda: "certificate" in a.process.said()[before:], 10, "the aggregator says why")

    # A good certificate under another name: as an agent, and as a hostile peer.
    shutil.copytree(donor, world.path("impostor-state"))
    agent = world.agent("impostor", a.address, "--id", "impostor")
    agent.says("donor")
    check(all(i["id"] != "impostor" for i in a.instances()), "an impostor got in")
    agent.kill()
    peer = Peer(a, donor)
    peer.hello("impostor")
    kind, words = peer.answer()
    check(kind == 9 and b"donor" in words, f"another identity is answered with {kind} {words}")
    until(lambda: "not the one in its certificate" in a.process.said()[before:], 10,
          "the aggregator says that the identity is not the certificate's")

    # Bytes that are no TLS, and frames that are no message.
    with socket.create_connection(("127.0.0.1", a.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        until(lambda: "TLS 1.3" in a.process.said()[before:], 10, "the aggregator says what it missed")
    peer = Peer(a, donor)
    peer.send(3, b"\xff" * 40)
    kind, words = peer.answer()
    check(kind == 9 and b"does not parse" in words, f"nonsense is answered with {kind} {words}")
    check(a.try_get("/healthz"), "nonsense hurt the aggregator")


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
    check(code != 0 and "another" in err and "--data" in err, f"data directory in use: {code} {err!r}")
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


def versions(world):
    for program in ("nephos-agent", "nephos-aggregator", "nephos-loadgen"):
        _, out, _ = world.run([binary(program), "--version"])
        check(re.fullmatch(rf"{program} [0-9.]+ \(git ([0-9a-f]+|unknown), \w+, mbedTLS [0-9.]+, protocol 1\)\n", out),
              f"--version: {out!r}")


def directory_in_use(world, a):
    """A second aggregator names the directory."""
    code, _, err = world.run([binary("nephos-aggregator"), "serve", "--data", a.data, "--listen", "127.0.0.1:0",
                              "--api", "127.0.0.1:0"])
    check(code != 0 and f"directory {a.data}" in err, f"a second aggregator: {code} {err!r}")


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
    check(all(l.count(aggregator.address) == 1 for l in lines), f"says the address twice: {lines}")
    aggregator.start()
    until(lambda: any(i["id"] == "early" for i in aggregator.instances()), 40, "the agent gets in")
    agent.end()


def proof(world):
    a, b = world.aggregator("a").start(), world.aggregator("b").start()
    words_of_the_command_line(world)
    versions(world)
    directory_in_use(world, a)
    tokens(world, a, b)
    certificates(world, a, b)
    places(world, a)
    unreachable(world)
    a.process.end()
    b.process.end()


if __name__ == "__main__":
    main(proof)
