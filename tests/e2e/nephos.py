# SPDX-License-Identifier: MIT
"""What the end-to-end proofs share: the shipped programs, started on free loopback ports with
temporary directories, and always ended.

Nothing here sleeps to wait for something: `until` asks again and again, with a deadline.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
ARCH = {"armv7l": "armv7"}.get(os.uname().machine, os.uname().machine)


LATE = 75  # exit code of a proof that something came too late for, as sysexits' EX_TEMPFAIL


class Failed(Exception):
    """The property does not hold."""


class Late(Failed):
    """It did not hold in time, which a busy machine can do, too."""


def check(holds, message):
    if not holds:
        raise Failed(message)


def until(question, seconds, what, pause_s=0.05):
    """Asks until the answer is true and returns it; Late after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Late(f"not within {seconds} s: {what}")
        time.sleep(pause_s)


def binary(program, arch=ARCH):
    path = BUILD / arch / program
    if not path.exists():
        raise Failed(f"{path} is missing; run make (make cross for other architectures)")
    return str(path)


def dependencies(name=""):
    """The folder of what `tools/deps NAME` fetches; without a name that of all."""
    made = subprocess.run([ROOT / "tools/deps", "--print-dir"], capture_output=True, text=True, check=True)
    return pathlib.Path(made.stdout.strip()) / name


def free_port():
    """A loopback port that nobody has now; none is given out twice. Proofs side by side draw from ports of their own
    (E2E_LANE), below those that the kernel gives to connections."""
    for port in free_port.ports:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise Failed("no port is free in this lane")


def ports_of_lane():
    size, first = 1000, 20000
    lane = int(os.environ.get("E2E_LANE", "0"))
    ports = list(range(first + lane * size, first + (lane + 1) * size))
    start = os.getpid() % size  # not where the proof before began
    return iter(ports[start:] + ports[:start])


free_port.ports = ports_of_lane()


class Process:
    """One started program; its words go to a file."""

    def __init__(self, world, name, words, environment=None, **more):
        self.name = name
        self.log_path = world.path(f"{name}.log")
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=world.folder,
                env=environment or world.environment, **more)
        self.pid = self.popen.pid

    def said(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def is_running(self):
        return self.popen.poll() is None

    def says(self, words, seconds=10):
        """Waits for the words in the log."""
        return until(lambda: words in self.said(), seconds, f"{self.name} says '{words}'")

    def exit_code(self, seconds=10):
        until(lambda: not self.is_running(), seconds, f"{self.name} ends")
        return self.popen.returncode

    def kill(self):
        """With what it started: a killed strace would leave its program behind."""
        if self.is_running():
            children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            for pid in [*map(int, children), self.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.popen.wait()

    def end(self, seconds=5):
        """SIGTERM; exit code 0 within the seconds is part of every program's promise."""
        self.popen.send_signal(signal.SIGTERM)
        started = time.monotonic()
        code = self.exit_code(seconds)
        check(code == 0, f"{self.name} ended with {code} after SIGTERM")
        return time.monotonic() - started

    # --- what the kernel says of it ---

    def status_kib(self, field):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise Failed(f"/proc/{self.pid}/status has no {field}")

    def cpu_ns(self):
        """CPU time of all its threads, ended ones left out."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
        return total


class Aggregator:
    """`nephos-aggregator serve` with a data directory that outlives a kill."""

    def __init__(self, world, name="aggregator", flags=()):
        self.world, self.name, self.flags = world, name, list(flags)
        self.data = world.path(f"{name}-data")
        self.port, self.api_port = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = None

    def start(self, seconds=10, pause_s=0.05):
        self.process = self.world.start(self.name, [
            binary("nephos-aggregator"), "serve", "--data", self.data, "--listen", self.address,
            "--api", f"127.0.0.1:{self.api_port}", *self.flags])
        self.until_serving(seconds, pause_s)
        return self

    def until_serving(self, seconds, pause_s):
        def asks():
            if not self.process.is_running():
                raise Failed(f"{self.name} ended at start: {self.process.said()[-500:]}")
            return self.try_get("/healthz") is not None
        until(asks, seconds, f"{self.name} answers /healthz", pause_s)

    def try_get(self, path):
        """The body of a 200, or None."""
        try:
            status, body = self.request(path)
        except (OSError, http.client.HTTPException):
            return None
        return body if status == 200 else None

    def request(self, path):
        return self.send("GET", path)

    def send(self, method, path, body=None):
        """(status, what is answered); a body goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {} if body is None else {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, path, body, method="POST"):
        """What is answered to a change that must be taken."""
        status, said = self.send(method, path, body)
        check(status in (200, 201), f"{method} {path} answered {status}: {said[:300]!r}")
        return json.loads(said)

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        status, body = self.request(path)
        check(status == 200, f"GET {path} answered {status}: {body[:300]!r}")
        return json.loads(body)

    def token(self, *flags):
        made = subprocess.run(
            [binary("nephos-aggregator"), "token", "create", "--data", self.data, *flags],
            capture_output=True, text=True, timeout=20, env=self.world.environment)
        check(made.returncode == 0, f"token create: {made.returncode} {made.stderr}")
        check(len(made.stdout.split()) == 1 and not made.stderr,
              f"token create prints one token and nothing else, not: {made.stdout!r} {made.stderr!r}")
        return made.stdout.strip()

    def token_file(self, *flags):
        return self.world.write(f"token-{len(os.listdir(self.world.folder))}", self.token(*flags) + "\n")

    def instances(self):
        return self.get("/instances", limit=1000)["instances"]

    def instance(self, identity):
        return self.get("/instances/" + urllib.parse.quote(identity))


class World:
    """A temporary directory and everything started in it."""

    def __init__(self, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="nephos-e2e-")
        self.processes = []
        # Only what the programs need: no setting of this shell may reach them.
        self.environment = {"PATH": os.environ["PATH"], "TMPDIR": self.folder}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, words):
        """The path of a file that only we may read, put in place whole."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(words)
        os.replace(path + ".new", path)
        return path

    def start(self, name, words, **more):
        process = Process(self, name, words, **more)
        self.processes.append(process)
        return process

    def aggregator(self, name="aggregator", flags=()):
        return Aggregator(self, name, flags)

    def agent(self, name, server, *flags, arch=ARCH, wrapper=(), **more):
        """Starts an agent with its own state directory."""
        return self.start(name, [*wrapper, binary("nephos-agent", arch), "--server", server,
                                 "--state", self.path(f"{name}-state"), *flags], **more)

    def run(self, words, seconds=20):
        """A program that ends by itself: (exit code, stdout, stderr)."""
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, cwd=self.folder, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def close(self):
        for process in self.processes:
            process.kill()


def memory_map(world, program, *flags):
    """(what --print-memory-map says, its total in KiB)"""
    code, out, err = world.run([binary(program), "--print-memory-map", *flags])
    check(code == 0, f"{program} --print-memory-map: {code} {err}")
    total = re.search(r"^total +(\d+)", out, re.M)
    check(total, f"--print-memory-map has no total:\n{out}")
    return out, int(total[1])


def main(proof):
    """Runs one proof as a program: exit 0 when it holds; logs and folder are kept when it does not."""
    world = World()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        proof(world)
    except BaseException as e:
        print(f"{'FAILED' if isinstance(e, Failed) else type(e).__name__}: {e}")
        if not isinstance(e, Failed):
            traceback.print_exc(file=sys.stdout)
        for process in world.processes:
            print(f"--- {process.name} said (last lines):")
            print("\n".join(process.said().splitlines()[-15:]))
        print(f"--- everything is kept in {world.folder}")
        world.close()
        sys.exit(LATE if isinstance(e, Late) else 1)
    world.close()
    shutil.rmtree(world.folder)
