# SPDX-License-Identifier: MIT
"""Who may do what: tokens, roles, logins, limits, the audit log, HTTPS that is renewed while it serves, and
agents that are shut out.
"""
import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading

from certificates import openssl
from nephos import binary, check, free_port, main, until

ROLES = ("ingest", "viewer", "operator", "admin")
# Method, path, body, and who may. What exists is asked for where that costs nothing.
ROUTES = [
    ("GET", "/instances", None, {"viewer", "operator", "admin"}),
    ("GET", "/api/v1/self", None, {"viewer", "operator", "admin"}),
    ("GET", "/api/v1/session", None, {"viewer", "operator", "admin"}),
    ("GET", "/api/v1/access", None, {"admin"}),
    ("POST", "/api/v1/access", "{}", {"admin"}),
    ("DELETE", "/api/v1/access/nobody", None, {"admin"}),
    ("GET", "/api/v1/tokens", None, {"admin"}),
    ("POST", "/api/v1/tokens", '{"uses":0}', {"admin"}),
    ("DELETE", "/api/v1/tokens/0000000000000000", None, {"admin"}),
    ("GET", "/api/v1/agents", None, {"admin"}),
    ("POST", "/api/v1/agents/nobody/revoke", "", {"admin"}),
    ("POST", "/api/v1/agents/nobody/allow", "", {"admin"}),
    ("GET", "/api/v1/audit", None, {"admin"}),
    ("POST", "/metrics", "{}", {"ingest", "operator", "admin"}),
    ("POST", "/ingest", "{}", {"ingest", "operator", "admin"}),
    ("POST", "/api/v1/write", "", {"ingest", "operator", "admin"}),
    ("POST", "/v1/metrics", "", {"ingest", "operator", "admin"}),
    ("GET", "/alerts", None, {"viewer", "operator", "admin"}),
    ("PUT", "/alerts/nobody", "{}", {"operator", "admin"}),
    ("DELETE", "/alerts/nobody", None, {"operator", "admin"}),
    ("DELETE", "/instances/nobody", None, {"admin"}),
]


def ask(port, method, path, token=None, body=None, **headers):
    """Status, headers and body."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def command(world, data, *words, code=0):
    got, out, err = world.run([binary("nephos-aggregator"), *words, "--data", data])
    check(got == code, f"{' '.join(words)}: exit {got} instead of {code}: {out}{err}")
    return out.strip() if code == 0 else err


def create(world, data, name, role, *flags):
    return command(world, data, "access", "create", "--name", name, "--role", role, *flags)


def roles(world, aggregator, tokens):
    """Every role at every route: let in or not, and nobody without a token."""
    port = aggregator.api_port
    for method, path, body, allowed in ROUTES:
        status, headers, _ = ask(port, method, path, body=body)
        check(status == 401 and "Bearer" in headers["WWW-Authenticate"], f"{method} {path} by nobody: {status}")
        for role in ROLES:
            status, _, answer = ask(port, method, path, tokens[role], body)
            is_in = status not in (401, 403)
            check(is_in == (role in allowed), f"{method} {path} as {role}: {status} {answer[:200]}")
    for path in ("/healthz", "/"):
        check(ask(port, "GET", path)[0] == 200, f"{path} holds no data and is open")


def lives(world, aggregator):
    """A token ends at its time, and at once when it is revoked."""
    port, data = aggregator.api_port, aggregator.data
    short = create(world, data, "short", "viewer", "--ttl", "2s")
    check(ask(port, "GET", "/instances", short)[0] == 200, "a new token is good at once")
    until(lambda: ask(port, "GET", "/instances", short)[0] == 401, 10, "an expired token is refused")
    token = create(world, data, "gone", "operator")
    check(ask(port, "GET", "/instances", token)[0] == 200, "good before it is revoked")
    command(world, data, "access", "revoke", "gone")
    check(ask(port, "GET", "/instances", token)[0] == 401, "a revoked token is refused at once")
    check("there is no API token" in command(world, data, "access", "revoke", "gone", code=1), "it is gone")
    check("is a token called" in command(world, data, "access", "create", "--name", "short", code=1),
          "names are for one")
    listed = command(world, data, "access", "list")
    check("viewer" in listed and "short" in listed and short not in listed, f"the list tells no secret: {listed}")


def log_in(port, token, **headers):
    status, answer, body = ask(port, "POST", "/api/v1/session", body=json.dumps({"token": token}), **headers)
    return status, answer.get("Set-Cookie", ""), body


def upgrade(port, ends=None, **headers):
    """The status line of a WebSocket's handshake. `ends` is called while it is open: it must then be closed with
    1008."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall("\r\n".join(["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
                               "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                               "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
                               *lines, "", ""]).encode())
        line = s.recv(4096).split(b"\r\n")[0].decode()
        if ends is not None:
            check(" 101 " in line, line)
            ends()
            words = b""
            while b"\x88\x02\x03\xf0" not in words:
                more = s.recv(4096)
                check(more, f"the listener is told why it ends: {words!r}")
                words += more
        return line


def logins(world, aggregator, tokens):
    """A cookie no script reads and no other page can use; it is as good as its token."""
    port, data = aggregator.api_port, aggregator.data
    token = create(world, data, "browser", "admin")
    own = f"http://127.0.0.1:{port}"
    status, cookie, _ = log_in(port, token, Origin=own)
    check(status == 200, f"login: {status}")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
        check(part in cookie, f"{part} in {cookie}")
    cookie = cookie.split(";")[0]
    check(token not in cookie, "the cookie is not the token")
    check(log_in(port, token, Origin="https://evil.example")[0] == 403, "another page cannot log in here")
    status, _, body = ask(port, "GET", "/api/v1/session", Cookie=cookie)
    check(status == 200 and json.loads(body) == {"name": "browser", "role": "admin", "login": True}, body)
    change = ("POST", "/api/v1/tokens", None, '{"uses":1}')
    for origin in ("https://evil.example", f"http://127.0.0.1:{port + 1}", "null"):
        check(ask(port, *change, Cookie=cookie, Origin=origin)[0] == 403, f"a page of {origin} changes nothing")
        headers = ask(port, "GET", "/instances", Cookie=cookie, Origin=origin)[1]
        check("Access-Control-Allow-Origin" not in headers, f"a page of {origin} reads nothing")
        check(" 403 " in upgrade(port, Cookie=cookie, Origin=origin), f"a page of {origin} listens to nothing")
    check(ask(port, *change, Cookie=cookie, Sec_Fetch_Site="cross-site")[0] == 403, "nor without a name")
    check(ask(port, *change, Cookie=cookie, Origin=own)[0] == 201, "our own page may")
    check(" 101 " in upgrade(port, Cookie=cookie, Origin=own), "and listens")
    check(" 401 " in upgrade(port), "nobody listens without either")
    protocol = "nephos, bearer." + base64.urlsafe_b64encode(tokens["viewer"].encode()).decode().rstrip("=")
    check(" 101 " in upgrade(port, Sec_WebSocket_Protocol=protocol), "a token in a subprotocol")
    check(" 403 " in upgrade(port, Authorization=f"Bearer {tokens['ingest']}"), "who only pushes does not listen")
    check(ask(port, "DELETE", "/api/v1/session", Cookie=cookie, Origin=own)[0] == 204, "logout")
    check(ask(port, "GET", "/api/v1/session", Cookie=cookie)[0] == 401, "and then the cookie is worth nothing")
    cookie = log_in(port, token)[1].split(";")[0]
    upgrade(port, lambda: command(world, data, "access", "revoke", "browser"), Cookie=cookie, Origin=own)
    check(ask(port, "GET", "/api/v1/session", Cookie=cookie)[0] == 401, "a login ends with its token")


def audit_log(world, aggregator, tokens):
    """What was done is there, once each, page by page, and no secret with it."""
    port, entries, before = aggregator.api_port, [], ""
    while True:
        status, _, body = ask(port, "GET", f"/api/v1/audit?limit=3{before}", tokens["admin"])
        check(status == 200, f"audit: {status}")
        page = json.loads(body)
        entries += page["entries"]
        if "next" not in page:
            break
        before = f"&before={page['next']}"
    ids = [e["id"] for e in entries]
    check(ids == list(range(len(ids), 0, -1)), f"each entry once, newest first: {ids}")
    did = [(e["who"], e["what"]) for e in reversed(entries)]
    expected = [("command", f"created the API token {role} with the role {role}") for role in ROLES]
    expected += [("command", "created the API token short with the role viewer"),
                 ("command", "created the API token gone with the role operator"),
                 ("command", "revoked the API token gone"),
                 ("command", "created the API token browser with the role admin"),
                 ("browser", "created a join token for 1 agents"),
                 ("command", "revoked the API token browser")]
    check(did == expected, f"the log tells all that was done and nothing else: {did}")
    check(entries[1]["address"].startswith("127.0.0.1:") and entries[1]["role"] == "admin", str(entries[1]))
    for file in [aggregator.process.log_path, *pathlib.Path(aggregator.data).glob("nephos.db*")]:
        words = pathlib.Path(file).read_bytes()
        for role in ROLES:
            check(tokens[role].encode() not in words, f"{file} holds the token of {role}")


def throttles(world):
    """Wrong tokens and too many requests of one address are told to wait."""
    aggregator = world.aggregator("limited", ["--api-closed", "--api-rate", "5"]).start()
    port = aggregator.api_port
    token = create(world, aggregator.data, "t", "viewer")
    answers = [ask(port, "GET", "/instances", token) for _ in range(40)]
    refused = [headers for status, headers, _ in answers if status == 429]
    check(refused and int(refused[0]["Retry-After"]) >= 1, "a burst ends in 429")
    check(sum(status == 200 for status, _, _ in answers) >= 10, "and begins with answers")
    aggregator.process.end()
    aggregator = world.aggregator("guessed", ["--api-closed"]).start()
    port = aggregator.api_port
    token = create(world, aggregator.data, "t", "viewer")
    wrong = token[:-2] + ("AA" if token[-2:] != "AA" else "BA")
    statuses = [ask(port, "GET", "/instances", wrong)[0] for _ in range(14)]
    check(statuses[:10] == [401] * 10 and statuses[-1] == 429, f"guesses: {statuses}")
    status, headers, _ = ask(port, "POST", "/api/v1/session", body='{"token":"x"}')
    check(status == 429 and "Retry-After" in headers, f"the login counts, too: {status}")
    aggregator.process.says("a wrong, expired or revoked token from 127.0.0.1")
    check(wrong not in aggregator.process.said(), "what was tried is not in the log")
    aggregator.process.end()


def certificate(world, name):
    """A key and a certificate of its own, as from anybody's CA."""
    paths = world.path(f"{name}.crt"), world.path(f"{name}.key")
    openssl(world, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-sha384", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", paths[1], "-out",
            paths[0])
    return paths


def put(world, pair):
    """In the place that the aggregator was told, each file whole."""
    for path, name in zip(pair, ("now.crt", "now.key")):
        pathlib.Path(world.path("new")).write_bytes(pathlib.Path(path).read_bytes())
        os.replace(world.path("new"), world.path(name))


class Load(threading.Thread):
    """Asks again and again, now on a connection that stays, now on a new one; counts and remembers."""

    def __init__(self, port, token, context):
        super().__init__(daemon=True)
        self.port, self.token, self.context = port, token, context
        self.done, self.failed, self.ends = 0, [], threading.Event()

    def run(self):
        kept = None
        while not self.ends.is_set():
            try:
                fresh = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.context)
                kept = kept or http.client.HTTPSConnection("localhost", self.port, timeout=20,
                                                           context=self.context)
                for connection in (fresh, kept):
                    connection.request("GET", "/instances", headers={"Authorization": f"Bearer {self.token}"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        self.failed.append(answer.status)
                    self.done += 1
                fresh.close()
            except (OSError, http.client.HTTPException) as e:
                self.failed.append(repr(e))


def subject(port):
    der = ssl.get_server_certificate(("127.0.0.1", port))
    return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=der, capture_output=True,
                          text=True, check=True).stdout


def https(world):
    """TLS 1.3 only; a renewed certificate is shown from the next handshake on, and nobody notices."""
    pairs = [certificate(world, "first"), certificate(world, "second")]
    put(world, pairs[0])
    port = free_port()
    aggregator = world.aggregator("tls", ["--api-https", f"127.0.0.1:{port}", "--api-cert",
                                          world.path("now.crt"), "--api-key", world.path("now.key"),
                                          "--api-rate", "0"]).start()
    token = create(world, aggregator.data, "load", "viewer")
    context = ssl.create_default_context()
    for crt, _ in pairs:
        context.load_verify_locations(crt)
    older = ssl.create_default_context()
    older.check_hostname, older.verify_mode = False, ssl.CERT_NONE
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as s, older.wrap_socket(s):
            check(False, "TLS 1.2 is let in")
    except ssl.SSLError:
        pass
    check("first" in subject(port), "the certificate of the file is shown")
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    connection.request("GET", "/instances")
    answer = connection.getresponse()
    answer.read()
    check(answer.status == 401 and "max-age" in answer.headers["Strict-Transport-Security"],
          "HTTPS asks for a token although HTTP on loopback is open")
    loads = [Load(port, token, context) for _ in range(3)]
    for load in loads:
        load.start()
    for k in range(6):
        before = sum(load.done for load in loads)
        put(world, pairs[(k + 1) % 2])
        os.kill(aggregator.process.pid, signal.SIGHUP)
        name = ("second", "first")[k % 2]
        until(lambda name=name: name in subject(port), 10, f"certificate {name} is shown")
        until(lambda before=before: sum(load.done for load in loads) > before + 30, 30, "the load goes on")
    pathlib.Path(world.path("now.key")).write_text("not a key")
    os.kill(aggregator.process.pid, signal.SIGHUP)
    aggregator.process.says("stays as it was")
    check("first" in subject(port), "a damaged file changes nothing")
    for load in loads:
        load.ends.set()
    for load in loads:
        load.join(30)
        check(not load.failed, f"no request is dropped: {load.failed[:3]} of {load.done}")
    aggregator.process.end()


def reload(world):
    """SIGHUP: what can change does, the rest is named, a mistake changes nothing."""
    config = world.path("aggregator.conf")
    pathlib.Path(config).write_text("[api]\nclosed = no\n")
    aggregator = world.aggregator("reloaded", ["--config", config]).start()
    check(ask(aggregator.api_port, "GET", "/instances")[0] == 200, "loopback is open")
    pathlib.Path(config).write_text("[api]\nclosed = yes\nwebsockets_max = 3\n")
    os.kill(aggregator.process.pid, signal.SIGHUP)
    aggregator.process.says("the settings were read again; changed: api.closed")
    aggregator.process.says("after a restart only: api.websockets_max")
    check(ask(aggregator.api_port, "GET", "/instances")[0] == 401, "and is closed")
    pathlib.Path(config).write_text("[api]\nclosd = no\n")
    os.kill(aggregator.process.pid, signal.SIGHUP)
    aggregator.process.says("the old ones stay in force")
    check(ask(aggregator.api_port, "GET", "/instances")[0] == 401, "and stays closed")
    aggregator.process.end()


def agents(world):
    """A revoked agent is cut off and stays out, ticket or not, until it is allowed again."""
    aggregator = world.aggregator("house").start()
    agent = world.agent("agent", aggregator.address, "--id", "web-1", "--name", "web",
                        "--token-file", aggregator.token_file())
    agent.says("connected to")
    until(lambda: aggregator.try_get("/instances/web-1") and aggregator.instance("web-1")["status"] == "healthy",
          20, "the agent's samples come")
    check("connected" in command(world, aggregator.data, "agent", "list"), "it is listed")
    command(world, aggregator.data, "agent", "revoke", "web")
    aggregator.process.says("was revoked")
    until(lambda: "revoked" in command(world, aggregator.data, "agent", "list"), 10, "the list tells")

    def gauges():
        return aggregator.get("/api/v1/self")["gauges"]
    until(lambda: gauges()["agents_refused_revoked"] >= 2, 90, "it comes back and is refused again")
    check(not aggregator.instance("web-1")["metadata"]["connected"], "it is not connected")
    aggregator.process.kill()
    aggregator.start()
    until(lambda: gauges()["agents_refused_revoked"] >= 1, 120, "a restart does not forget")
    check(not aggregator.instance("web-1")["metadata"]["connected"], "and it is still out")
    again = world.agent("other", aggregator.address, "--id", "web-1", "--token-file", aggregator.token_file())
    again.says("was revoked", 20)
    again.kill()
    command(world, aggregator.data, "agent", "allow", "web-1")
    until(lambda: aggregator.instance("web-1")["metadata"]["connected"], 120, "allowed again, it comes back")
    agent.end()
    token = aggregator.token()
    identity = command(world, aggregator.data, "token", "list").split("\n")[-1].split()[0]
    for line in command(world, aggregator.data, "token", "list").split("\n")[1:]:
        command(world, aggregator.data, "token", "revoke", line.split()[0])
    check(identity not in command(world, aggregator.data, "token", "list"), "the token is gone")
    path = world.path("revoked-token")
    pathlib.Path(path).write_text(token)
    late = world.agent("late", aggregator.address, "--id", "web-2", "--token-file", path)
    late.says("the join token is unknown here", 20)
    aggregator.process.end()


def proof(world):
    check("no aggregator runs" in command(world, world.path("nowhere"), "access", "list", code=1),
          "a command says that nobody is there")
    aggregator = world.aggregator(flags=["--api-closed", "--api-rate", "0"]).start()
    socket_mode = os.stat(os.path.join(aggregator.data, "command.sock")).st_mode & 0o777
    check(socket_mode == 0o600, f"the socket is its owner's alone: {socket_mode:o}")
    tokens = {role: create(world, aggregator.data, role, role) for role in ROLES}
    roles(world, aggregator, tokens)
    lives(world, aggregator)
    logins(world, aggregator, tokens)
    audit_log(world, aggregator, tokens)
    aggregator.process.kill()
    aggregator.start()
    check(ask(aggregator.api_port, "GET", "/instances", tokens["viewer"])[0] == 200, "tokens outlive a kill")
    aggregator.process.end()
    throttles(world)
    reload(world)
    https(world)
    agents(world)


if __name__ == "__main__":
    main(proof)
