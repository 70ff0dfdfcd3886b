# SPDX-License-Identifier: MIT
"""Health checks of HTTPS services with the certificates that there are: RSA of 2048 and 4096 bits, alone and signed by
another with SHA-384, and P-256 signed by P-384, as public authorities do. What the agent offers such a stranger is
not what it offers its aggregator: that is TLS 1.3 with P-256 and nothing else.
"""
import os
import socket
import threading

from applications import Health
from certificates import openssl
from nephos import binary, check, free_port, main

EXTENSION_GROUPS, EXTENSION_SIGNATURES, EXTENSION_VERSIONS = 10, 13, 43
ECDSA_P256, RSA_PSS_SHA256, TLS_1_3 = 0x0403, 0x0804, 0x0304
X25519, P256 = 29, 23


def alone(world, name, key):
    openssl(world, "req", "-x509", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt",
            "-subj", "/CN=localhost", "-days", "2")


def signed(world, name, key, authority_key):
    """With the authority's certificate behind it; SHA-384 throughout."""
    alone(world, f"{name}-ca", [*authority_key, "-sha384"])
    openssl(world, "req", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
            "/CN=localhost")
    openssl(world, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.crt", "-CAkey", f"{name}-ca.key",
            "-CAcreateserial", "-sha384", "-days", "2", "-out", f"{name}.one")
    with open(world.path(f"{name}.crt"), "w") as chain:
        for part in (f"{name}.one", f"{name}-ca.crt"):
            with open(world.path(part)) as one:
                chain.write(one.read())


def certificates(world):
    p256, p384 = (["ec", "-pkeyopt", f"ec_paramgen_curve:{c}"] for c in ("prime256v1", "secp384r1"))
    alone(world, "RSA-2048", ["rsa:2048"])
    alone(world, "RSA-4096", ["rsa:4096"])
    alone(world, "P-256", p256)
    signed(world, "RSA-2048 by RSA-4096", ["rsa:2048"], ["rsa:4096"])
    signed(world, "P-256 by P-384", p256, p384)
    alone(world, "P-384", p384)
    return ("RSA-2048", "RSA-4096", "P-256", "RSA-2048 by RSA-4096", "P-256 by P-384"), ("P-384",)


def asks(world, url):
    """What one look says: (text of --once=json, warnings)."""
    code, out, err = world.run([binary("nephos-agent"), "--once=json", "--health-url", url])
    check(code == 0, f"--once with {url}: {code} {err}")
    return out.replace(" ", ""), err


def numbers(data, size=2):
    return {int.from_bytes(data[i:i + size], "big") for i in range(0, len(data), size)}


def hello_of(world, name, *flags):
    """{extension: content} of the first words of an agent that finds nobody who answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = {}

    def listen():
        peer, _ = listener.accept()
        peer.settimeout(10)
        data = b""
        while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
            data += peer.recv(4096)
        at = 5 + 4 + 2 + 32                                   # record, handshake, version, random
        at += 1 + data[at]                                    # session
        at += 2 + int.from_bytes(data[at:at + 2], "big")      # suites
        at += 1 + data[at] + 2                                # compression
        while at + 4 <= len(data):
            kind, size = (int.from_bytes(data[at + i:at + i + 2], "big") for i in (0, 2))
            found[kind] = data[at + 4:at + 4 + size]
            at += 4 + size
        peer.close()
    thread = threading.Thread(target=listen)
    thread.start()
    port = listener.getsockname()[1]
    agent = world.start(name, [binary("nephos-agent"), "--state", world.path(f"{name}-state"), "--statsd", "",
                               *[f.replace("PORT", str(port)) for f in flags]])
    thread.join(20)
    check(not thread.is_alive() and found, f"{name} says no hello")
    agent.kill()
    listener.close()
    return found


def proof(world):
    token = world.path("token")
    aggregator = world.aggregator().start()
    os.rename(aggregator.token_file(), token)
    aggregator.process.end()
    good, refused = certificates(world)
    for name in (*good, *refused):
        health = Health((world.path(f"{name}.crt"), world.path(f"{name}.key")))
        out, err = asks(world, health.url())
        is_up = '"metric":"health_status","tag":"","value":200' in out
        check(is_up == (name in good), f"{name}: {[w for w in out.splitlines() if 'health' in w]} {err}")
        check(is_up or "neither RSA nor for P-256" in err, f"{name} is refused in these words: {err}")
    own = hello_of(world, "joining", "--server", "127.0.0.1:PORT", "--token-file", token)
    other = hello_of(world, "looking", "--server", f"127.0.0.1:{free_port()}", "--token-file", token,
                     "--health-url", "https://127.0.0.1:PORT/", "--health-interval", "1s")
    for who, hello, signatures in (("the aggregator", own, {ECDSA_P256}),
                                   ("a stranger", other, {ECDSA_P256, RSA_PSS_SHA256})):
        check(numbers(hello[EXTENSION_VERSIONS][1:]) == {TLS_1_3}, f"{who} is offered {hello[EXTENSION_VERSIONS]}")
        check(numbers(hello[EXTENSION_GROUPS][2:]) == {X25519, P256}, f"{who} is offered {hello[EXTENSION_GROUPS]}")
        offered = numbers(hello[EXTENSION_SIGNATURES][2:])
        check(offered == signatures, f"{who} is offered signatures {[hex(s) for s in sorted(offered)]}")
    print(f"asked: {', '.join(good)}; refused: {', '.join(refused)}; RSA is offered to strangers only")


if __name__ == "__main__":
    main(proof)
