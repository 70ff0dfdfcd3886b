# SPDX-License-Identifier: MIT
"""The programs that people run today for the same work, started beside the agent: each second, on loopback,
their own habits otherwise. `make bench-packages` fetches them; one that is missing is left out and said.
"""
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

from nephos import ROOT, check, free_port, until


def peers_folder():
    made = subprocess.run([str(ROOT / "tools/deps"), "--print-dir"], capture_output=True, text=True, check=True)
    return pathlib.Path(made.stdout.strip()) / "peers"


def find(program):
    """The unpacked one, or an installed one, or None."""
    for folder in ("usr/sbin", "usr/bin"):
        path = peers_folder() / folder / program
        if path.exists():
            return str(path)
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")


def environment(world):
    """The unpacked programs look for their libraries beside them."""
    multiarch = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True).stdout.strip()
    libraries = peers_folder() / "usr/lib" / multiarch
    return {**world.environment, "LD_LIBRARY_PATH": str(libraries)}


class Tree:
    """A process with all that it has started, as the kernel counts them."""

    def __init__(self, pid):
        self.pid = pid

    def pids(self):
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in self.tasks(pid):
                try:
                    waiting += map(int, (task / "children").read_text().split())
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return found

    @staticmethod
    def tasks(pid):
        try:
            return list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        except (FileNotFoundError, ProcessLookupError):
            return []

    def cpu_ns(self):
        """Of every thread that lives, and of every child that has ended."""
        total = 0
        for pid in self.pids():
            for task in self.tasks(pid):
                try:
                    total += int((task / "schedstat").read_text().split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    pass
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[13]) + int(fields[14])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total

    def memory_kib(self):
        """(RSS, PSS) of all together; shared pages count whole in the first, by share in the second."""
        rss = pss = 0
        for pid in self.pids():
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    words = line.split()
                    rss += int(words[1]) if words[0] == "Rss:" else 0
                    pss += int(words[1]) if words[0] == "Pss:" else 0
            except (FileNotFoundError, ProcessLookupError):
                pass
        return rss, pss

    def file_bytes(self):
        """Of the program files that are mapped: the program with its plugins and libraries, libc apart."""
        files = set()
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                path = line.split(None, 5)[-1]
                if path.startswith("/") and not path.startswith(("/usr/lib/locale", "/dev", "/memfd")):
                    files.add(path.removesuffix(" (deleted)"))
        return sum(os.path.getsize(f) for f in files if os.path.isfile(f) and "/libc.so" not in f)


class Peer:
    """One peer that runs; what it sends away is counted."""

    def __init__(self, name, process):
        self.name, self.process, self.tree = name, process, Tree(process.pid)
        self.sent_bytes = 0

    def in_background(self, work):
        threading.Thread(target=work, daemon=True).start()
        return self


def start_exporter(world, *flags, name="node_exporter"):
    """Asked each second over a kept connection, as Prometheus does."""
    program = find("prometheus-node-exporter")
    if program is None:
        return None
    port = free_port()
    process = world.start(name, [program, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", *flags],
                          environment=environment(world))
    peer = Peer(name, process)

    def scrape():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        body = connection.getresponse().read()
        return connection, len(body)

    def answers():
        try:
            return scrape()[1] > 0
        except OSError:
            return False
    until(answers, 20, f"{name} answers")

    def each_second():
        connection, _ = scrape()
        at = time.monotonic()
        while True:
            at += 1
            time.sleep(max(0.0, at - time.monotonic()))
            try:
                connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                peer.sent_bytes += len(connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                return
    return peer.in_background(each_second)


COLLECTD = """
Interval 1
FQDNLookup false
BaseDir "{base}"
PIDFile "{base}/pid"
PluginDir "{plugins}"
TypesDB "{types}"
{loads}
<Plugin cpu>
  ReportByCpu {by_cpu}
</Plugin>
<Plugin interface>
  Interface "lo"
  IgnoreSelected true
</Plugin>
<Plugin df>
  MountPoint "/"
</Plugin>
<Plugin network>
  Server "127.0.0.1" "{port}"
</Plugin>
"""
COLLECTD_DEFAULT = ("cpu", "load", "memory", "swap", "disk", "interface", "df", "uptime", "contextswitch",
                    "processes", "network")


def start_collectd(world):
    """With its network plugin to a socket of ours, the plugins that read what the agent reads."""
    program = find("collectd")
    if program is None:
        return None
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    base = pathlib.Path(world.path("collectd"))
    base.mkdir()
    unpacked = peers_folder() / "usr"
    share = unpacked if program.startswith(str(unpacked)) else pathlib.Path("/usr")
    config = base / "collectd.conf"
    config.write_text(COLLECTD.format(
        base=base, plugins=share / "lib/collectd", types=share / "share/collectd/types.db", by_cpu="true",
        port=sink.getsockname()[1], loads="\n".join(f"LoadPlugin {p}" for p in COLLECTD_DEFAULT)))
    process = world.start("collectd", [program, "-f", "-C", str(config)], environment=environment(world))
    peer = Peer("collectd", process)
    sink.settimeout(20)
    check(sink.recv(65536), "collectd sends")

    def drain():
        while True:
            try:
                peer.sent_bytes += len(sink.recv(65536))
            except OSError:
                return
    return peer.in_background(drain)


NETDATA = """
[global]
  run as user = root
  update every = 1
[db]
  mode = dbengine
[directories]
  config = {base}/etc
  stock config = {share}/lib/netdata/conf.d
  log = {base}
  web = {share}/share/netdata/web
  cache = {base}/cache
  lib = {base}/lib
  home = {base}
  plugins = "{share}/lib/netdata/plugins.d"
[web]
  bind to = 127.0.0.1:{port}
[statsd]
  enabled = no
[registry]
  enabled = no
"""


def start_netdata(world):
    """As Debian ships it, with its own disk store; nobody looks at its dashboard."""
    program = find("netdata")
    if program is None:
        return None
    base = pathlib.Path(world.path("netdata"))
    for folder in ("etc", "cache", "lib/registry", "lib/cloud.d"):
        (base / folder).mkdir(parents=True)
    unpacked = peers_folder() / "usr"
    share = unpacked if program.startswith(str(unpacked)) else pathlib.Path("/usr")
    port = free_port()
    config = base / "etc/netdata.conf"
    config.write_text(NETDATA.format(base=base, share=share, port=port))
    (base / "etc/.opt-out-from-anonymous-statistics").touch()
    process = world.start("netdata", [program, "-D", "-c", str(config)], environment=environment(world))

    def answers():
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/v1/info")
            return connection.getresponse().status == 200
        except OSError:
            return False
    until(answers, 30, "netdata answers")
    return Peer("netdata", process)
