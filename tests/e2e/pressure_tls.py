# SPDX-License-Identifier: MIT
"""TLS as others judge it, at the agents' port and at the API's: testssl.sh and OpenSSL find nothing below TLS 1.3 and
no weak suite; a client certificate must be ours, whole and in its time; and strangers who shake hands slowly at the
API's door keep no agent out.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time
import warnings

from certificates import openssl
from nephos import check, free_port, main, until
from pressure import Beside, start_agents, tool
from refusals import Peer, enrolled

OLD = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2}
SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
SLOW = 300  # strangers


# --- what is spoken ---

def shake(port, least, most, ciphers=None):
    """The suite agreed on, or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():  # that these are old is why they are tried
        warnings.simplefilter("ignore")
        context.minimum_version, context.maximum_version = least, most
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as tls:
                return tls.version(), tls.cipher()[0]
        except OSError:  # refused, cut off, or too slow
            return None


def versions(port, door):
    for name, version in OLD.items():
        check(shake(port, version, version) is None, f"{door} speaks {name}")
    version, suite = shake(port, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    check(version == "TLSv1.3" and suite in SUITES, f"{door} speaks {version} with {suite}")


def by_openssl(port, door):
    """Each suite and group of TLS 1.3 by itself: the strong ones, and no other."""
    def agrees(*flags):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", *flags],
                              input="", capture_output=True, text=True, timeout=20)
        return "Cipher is TLS_" in done.stdout
    check(not agrees("-ciphersuites", "TLS_AES_128_CCM_8_SHA256"), f"{door} takes a suite with short tags")
    strong = [s for s in sorted(SUITES) if agrees("-ciphersuites", s)]
    check("TLS_AES_128_GCM_SHA256" in strong, f"{door} takes {strong} only")
    groups = [g for g in ("X25519", "P-256", "P-384", "P-521", "ffdhe2048") if agrees("-groups", g)]
    check("P-256" in groups and "ffdhe2048" not in groups, f"{door} takes groups {groups}")
    return f"{door}: {', '.join(strong)}; {', '.join(groups)}"


def by_testssl(world, port, door):
    """Its findings worse than INFO, but for those that a certificate of one's own CA has."""
    path, environment = tool("testssl")
    script = pathlib.Path(path).read_text().replace("/etc/testssl", f"{path.rsplit('/usr/', 1)[0]}/etc/testssl")
    own = world.path(f"testssl-{port}.sh")  # both doors are tried at once
    pathlib.Path(own).write_text(script)
    environment["TESTSSL_INSTALL_DIR"] = f"{path.rsplit('/usr/', 1)[0]}/etc/testssl"
    result = world.path(f"testssl-{port}.json")
    done = subprocess.run(["bash", own, "--quiet", "--color", "0", "--openssl", shutil.which("openssl"), "--ip", "one",
                           "--connect-timeout", "5", "--openssl-timeout", "5", "--warnings", "off", "-p", "-s", "-f",
                           *(["-U"] if os.environ.get("PRESSURE_LONG") else []),
                           "--jsonfile", result, f"127.0.0.1:{port}"], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=200)
    check(os.path.exists(result), f"testssl.sh: {done.stdout[-800:]} {done.stderr[-400:]}")
    found = json.loads(pathlib.Path(result).read_text())
    bad = [f for f in found if f["severity"] not in ("OK", "INFO", "DEBUG") and f["id"] != "engine_problem"]
    return found, bad


def judged(world, port, door):
    found, bad = by_testssl(world, port, door)
    by_id = {f["id"]: f["finding"] for f in found}
    check(not bad, f"testssl.sh at {door}: {bad}")
    for old in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2"):
        check("not offered" in by_id.get(old, ""), f"testssl.sh at {door}: {old} {by_id.get(old)}")
    check("offered" in by_id["TLS1_3"], f"testssl.sh at {door}: TLS 1.3 {by_id['TLS1_3']}")
    return f"testssl.sh at {door}: {len(found)} findings, none worse than INFO"


# --- slow strangers ---

def half_hellos(port, count):
    """Connections that say the first half of a hello, and those that say nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    sockets = []
    for i in range(count):
        s = socket.create_connection(("127.0.0.1", port), 10)
        s.sendall(hello[:len(hello) // 2] if i % 2 else hello)
        sockets.append(s)
    return sockets


def slow_strangers(world, aggregator, https_port):
    """Agents connect while every turn of the public door is taken, again and again."""
    before = time.monotonic()
    sockets = half_hellos(https_port, SLOW)
    agents = start_agents(world, aggregator, 20, 6)
    with Beside(aggregator) as beside:
        while agents.is_running() and time.monotonic() < before + 60:
            for s in sockets:
                s.close()
            sockets = half_hellos(https_port, SLOW)
            time.sleep(0.2)
    for s in sockets:
        s.close()
    check(agents.exit_code(seconds=30) == 0, "agents did not come in beside slow strangers at the API's door")
    said = agents.said()
    summary, _ = json.JSONDecoder().raw_decode(said, said.index("{\n"))
    check(summary["reconnects"] == 0 and summary["connects"] == 20, f"agents had to try again: {summary}")
    beside.check_served("slow strangers")
    until(lambda: shake(https_port, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3), 60, "the door is open again")
    return f"{SLOW} half handshakes again and again: 20 agents joined and shipped at the first try; {beside}"


# --- certificates ---

def foreign(world, aggregator, other):
    """Certificates that are not ours: of another CA, made by oneself, none, and one whose time is over."""
    enrolled(world, "stranger", other)
    made = world.path("self-state")
    os.mkdir(made)
    openssl(world, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            world.path("self.key"), "-out", world.path("self.crt"), "-subj", "/CN=stranger", "-days", "30")
    for kind, name in (("x509", "agent.crt.der"), ("ec", "agent.key.der")):
        openssl(world, kind, "-in", world.path("self.crt" if kind == "x509" else "self.key"), "-outform", "DER", "-out",
                f"{made}/{name}")
    for name, state in (("another CA", world.path("stranger-state")), ("its own hand", made), ("nobody", None)):
        peer = Peer(aggregator, state)
        peer.hello("stranger")
        kind, words = peer.answer() or (0, b"closed")
        check(kind in (0, 9), f"a certificate of {name} is answered with message {kind} {words}")
    check(all(i["id"] != "stranger" for i in aggregator.instances()), "a stranger got in")


def expired(world):
    """Certificates that live for a minute, the shortest there is: good now, and not after it."""
    short = world.aggregator("short", ["--certificate-lifetime", "60s"]).start()
    enrolled(world, "brief", short)
    state = world.path("brief-state")
    peer = Peer(short, state)
    peer.hello("brief")
    kind, words = peer.answer()
    check(kind != 9, f"a good certificate is refused: {words}")
    joined = time.monotonic()
    def is_over():
        peer = Peer(short, state)
        peer.hello("brief")
        answer = peer.answer() or (0, b"closed")
        return answer[0] in (0, 9) and answer
    answer = until(is_over, 75, "the certificate's time is over", 2)
    check(b"expired" in answer[1] or "expired" in short.process.said(), f"not for that reason: {answer}")
    short.process.end()
    return f"an expired certificate: refused (after {time.monotonic() - joined:.0f} s)"


def proof(world):
    https_port = free_port()
    aggregator = world.aggregator(flags=["--api-https", f"127.0.0.1:{https_port}", "--agents-max", "64"]).start()
    other = world.aggregator("other").start()
    foreign(world, aggregator, other)
    other.process.end()
    doors = ((aggregator.port, "the agents' port"), (https_port, "the API's port"))
    for port, door in doors:
        versions(port, door)
        print(by_openssl(port, door))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        print("\n".join(pool.map(lambda door: judged(world, *door), doors)))
    print(slow_strangers(world, aggregator, https_port))
    if os.environ.get("PRESSURE_LONG"):
        print(expired(world))
    check(aggregator.try_get("/healthz"), "it is well afterwards")
    aggregator.process.end()


if __name__ == "__main__":
    main(proof)
