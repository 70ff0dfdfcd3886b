# SPDX-License-Identifier: MIT
"""What other people's programs say of this machine, under the names of proto/metrics.def.

Each reader answers {(metric, tag): value}, tag as the agent writes it ("device=vda") or "". Nothing here reads
/proc itself: a mistake of ours must not be made twice.
"""
import calendar
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.request

from nephos import ROOT, check, dependencies, free_port, until

ENVIRONMENT = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC",
               "S_COLORS": "never"}


class Metric:
    """One line of proto/metrics.def."""

    def __init__(self, fields, scale):
        self.name, self.unit, kind, self.tag_key, self.prometheus = fields
        self.scale, self.is_counter = scale, kind == "METRIC_COUNTER"


def metrics():
    """{name: Metric}, in the order of the table."""
    text = (ROOT / "proto/metrics.def").read_text()
    line = r'^METRIC\(\w+, "([^"]+)", "([^"]*)", (\d+), (\w+), "([^"]*)", "([^"]*)", "[^"]*", "'
    found = {}
    for name, unit, scale, kind, tag_key, prometheus in re.findall(line, text, re.M):
        found[name] = Metric((name, unit, kind, tag_key, prometheus), int(scale))
    check(len(found) == len(re.findall(r"^METRIC\(", text, re.M)), "proto/metrics.def has lines of another form")
    return found


def output(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                          env=ENVIRONMENT)
    check(done.returncode == 0, f"{' '.join(words)}: {done.returncode} {done.stderr[:300]}")
    return done.stdout


# --- node_exporter ---

COLLECTORS = ("stat", "cpu", "meminfo", "vmstat", "loadavg", "diskstats", "filesystem", "netdev", "netstat",
              "sockstat", "pressure", "time", "timex", "hwmon", "thermal_zone")
# Its label for what we call the tag.
LABELS = {"interface": "device", "mount": "mountpoint", "core": "cpu"}


class Exporter:
    """node_exporter over a root directory: ours is `/`, or a fixture."""

    def __init__(self, world, name, root="/", *flags):
        self.port = free_port()
        self.known = metrics().values()
        folder = dependencies("exporter")
        binary = folder / "usr/bin/prometheus-node-exporter"
        words = [str(binary) if binary.exists() else "prometheus-node-exporter",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error",
                 "--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS),
                 "--no-collector.netdev.netlink", *flags]
        if root != "/":
            sys = pathlib.Path(root) / "sys"
            words += [f"--path.procfs={root}/proc", f"--path.sysfs={sys if sys.exists() else world.folder}",
                      f"--path.rootfs={root}"]
        self.process = world.start(name, words)
        until(self.answers, 20, f"{name} answers (tools/deps exporter fetches it)")

    def answers(self):
        try:
            return self.scrape() != ""
        except OSError:
            return False

    def scrape(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def lines(self):
        """{name: [(labels, value)]}"""
        found = {}
        for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", self.scrape(), re.M):
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            found.setdefault(name, []).append((labels, float(value)))
        return found

    def read(self):
        """Every metric for which the table names a counterpart; lines that differ in labels we do not have
        are added up (CPU time of all cores)."""
        lines, values = self.lines(), {}
        for metric in (m for m in self.known if m.tag_key != "sensor"):
            for labels, value in lines.get(metric.prometheus, []):
                key = metric.tag_key
                tag = f"{key}={labels.get(LABELS.get(key, key), '')}" if key else ""
                values[metric.name, tag] = values.get((metric.name, tag), 0.0) + value
        for ours, parts in SUMS.items():
            for labels, value in (line for part in parts for line in lines.get(part, [])):
                tag = f"interface={labels['device']}" if "device" in labels else ""
                values[ours, tag] = values.get((ours, tag), 0.0) + value
        for labels, value in lines.get("node_cpu_seconds_total", []):
            values["cpu_core_seconds", f"core={labels['cpu']},mode={labels['mode']}"] = value
        return values | temperatures(lines) | derived(values)


# Ours that are the sum of two of theirs.
SUMS = {
    "network_errors": ("node_network_receive_errs_total", "node_network_transmit_errs_total"),
    "network_drops": ("node_network_receive_drop_total", "node_network_transmit_drop_total"),
    "tcp_sockets": ("node_sockstat_TCP_inuse", "node_sockstat_TCP6_inuse"),
    "udp_sockets": ("node_sockstat_UDP_inuse", "node_sockstat_UDP6_inuse"),
}


def temperatures(lines):
    """Sensors of hwmon, or else the thermal zones."""
    names = {(labels["chip"], labels["sensor"]): labels["label"]
             for labels, _ in lines.get("node_hwmon_sensor_label", [])}
    found = {}
    for labels, value in lines.get("node_hwmon_temp_celsius", []):
        chip, sensor = labels["chip"], labels["sensor"]
        found["temperature_celsius", f"sensor={chip} {names.get((chip, sensor), sensor)}"] = value
    for labels, value in lines.get("node_thermal_zone_temp", []) if not found else ():
        found["temperature_celsius", f"sensor={labels['type']}"] = value
    return found


def derived(values):
    """Shares and rests that others leave to the reader."""
    total, available, swap, swap_free = (
        values.get((name, "")) for name in ("memory_total_bytes", "memory_available_bytes", "swap_total_bytes",
                                            "swap_free_bytes"))
    found = {}
    if total and available is not None:
        found["memory_used_bytes", ""] = total - available
        found["memory_usage_percent", ""] = 100 * (total - available) / total
    if swap is not None and swap_free is not None:
        found["swap_used_bytes", ""] = swap - swap_free
    if swap:
        found["swap_usage_percent", ""] = 100 * (swap - swap_free) / swap
    return found


# --- procps, iproute2, coreutils ---

def read_vmstat():
    words = {}
    for number, name in re.findall(r"^ *(\d+) (.+)$", output("vmstat", "-s"), re.M):
        words[name] = int(number)
    modes = {"user": "non-nice user cpu ticks", "nice": "nice user cpu ticks", "system": "system cpu ticks",
             "idle": "idle cpu ticks", "iowait": "IO-wait cpu ticks", "irq": "IRQ cpu ticks",
             "softirq": "softirq cpu ticks", "steal": "stolen cpu ticks"}
    values = {("cpu_seconds", f"mode={mode}"): words[name] / 100 for mode, name in modes.items()}
    for metric, name, unit in (
            ("memory_total_bytes", "K total memory", 1024), ("memory_free_bytes", "K free memory", 1024),
            ("memory_buffers_bytes", "K buffer memory", 1024), ("swap_total_bytes", "K total swap", 1024),
            ("swap_free_bytes", "K free swap", 1024), ("context_switches", "CPU context switches", 1),
            ("forks", "forks", 1), ("boot_time", "boot time", 1),
            ("swap_in_pages", "pages swapped in", 1), ("swap_out_pages", "pages swapped out", 1)):
        values[metric, ""] = words[name] * unit
    return values


def read_vmstat_disks():
    values = {}
    for line in output("vmstat", "-d").splitlines():
        words = line.split()
        if len(words) != 11 or not words[1].isdigit():
            continue
        tag = f"device={words[0]}"
        reads, _, read_sectors, _, writes, _, written_sectors, _, _, seconds = map(int, words[1:])
        values["disk_reads", tag], values["disk_writes", tag] = reads, writes
        values["disk_read_bytes", tag], values["disk_written_bytes", tag] = read_sectors * 512, written_sectors * 512
        values["disk_busy_seconds", tag] = seconds
    return values


def read_free():
    lines = {line.split()[0]: list(map(int, line.split()[1:])) for line in output("free", "-b", "-w").splitlines()[1:]}
    total, _, free, _, buffers, _, available = lines["Mem:"]
    values = {("memory_total_bytes", ""): total, ("memory_free_bytes", ""): free,
              ("memory_buffers_bytes", ""): buffers, ("memory_available_bytes", ""): available,
              ("swap_total_bytes", ""): lines["Swap:"][0], ("swap_free_bytes", ""): lines["Swap:"][2]}
    return values | derived(values)


def read_uptime():
    since = time.strptime(output("uptime", "-s").strip(), "%Y-%m-%d %H:%M:%S")
    loads = re.search(r"load average: ([\d.]+), ([\d.]+), ([\d.]+)", output("uptime"))
    return {("uptime", ""): time.time() - calendar.timegm(since),
            ("load_average_1min", ""): float(loads[1]), ("load_average_5min", ""): float(loads[2]),
            ("load_average_15min", ""): float(loads[3])}


def read_df():
    values = {}
    lines = output("df", "-B1", "--output=used,avail,pcent,itotal,iused,target").splitlines()[1:]
    for used, available, percent, inodes, inodes_used, mount in (line.split(None, 5) for line in lines):
        tag = f"mount={mount}"
        values["disk_used_bytes", tag], values["disk_available_bytes", tag] = int(used), int(available)
        if percent != "-":
            values["disk_usage_percent", tag] = int(percent[:-1])
        if inodes.isdigit() and int(inodes) > 0:
            values["disk_inodes_used", tag] = int(inodes_used)
            values["disk_inodes_usage_percent", tag] = 100 * int(inodes_used) / int(inodes)
    return values


def read_ip_link():
    values = {}
    for link in json.loads(output("ip", "-s", "-j", "link")):
        tag, rx, tx = f"interface={link['ifname']}", link["stats64"]["rx"], link["stats64"]["tx"]
        for direction, counts in (("rx", rx), ("tx", tx)):
            values[f"network_{direction}_bytes", tag] = counts["bytes"]
            values[f"network_{direction}_packets", tag] = counts["packets"]
        values["network_errors", tag] = rx["errors"] + tx["errors"]
    return values


# What nstat calls a counter, and we.
NSTAT = {
    "tcp_active_opens": "TcpActiveOpens", "tcp_passive_opens": "TcpPassiveOpens",
    "tcp_attempt_fails": "TcpAttemptFails", "tcp_resets": "TcpEstabResets", "tcp_segments_in": "TcpInSegs",
    "tcp_segments_out": "TcpOutSegs", "tcp_retransmits": "TcpRetransSegs", "tcp_errors_in": "TcpInErrs",
    "tcp_resets_out": "TcpOutRsts", "udp_datagrams_in": "UdpInDatagrams", "udp_datagrams_out": "UdpOutDatagrams",
    "udp_no_ports": "UdpNoPorts", "udp_errors_in": "UdpInErrors", "udp_receive_buffer_errors": "UdpRcvbufErrors",
    "udp_send_buffer_errors": "UdpSndbufErrors", "tcp_listen_overflows": "TcpExtListenOverflows",
    "tcp_listen_drops": "TcpExtListenDrops",
}


def read_nstat():
    counters = json.loads(output("nstat", "-asz", "-j"))["kernel"]
    return {(ours, ""): counters[theirs] for ours, theirs in NSTAT.items()}


def read_ss():
    text = output("ss", "-s")
    words = {"sockets_used": r"^Total: (\d+)", "tcp_established": r"estab (\d+)", "tcp_orphans": r"orphaned (\d+)",
             "tcp_time_wait": r"timewait (\d+)", "tcp_sockets": r"^TCP\s+(\d+)", "udp_sockets": r"^UDP\s+(\d+)"}
    return {(name, ""): int(re.search(pattern, text, re.M)[1]) for name, pattern in words.items()}


def read_ps(*pids):
    """{pid: (seconds of CPU time, RSS in bytes)}"""
    lines = output("ps", "-o", "pid=,cputimes=,rss=", "-p", ",".join(map(str, pids))).splitlines()
    return {int(pid): (int(seconds), int(kib) * 1024) for pid, seconds, kib in map(str.split, lines)}


READERS = {"vmstat": read_vmstat, "vmstat -d": read_vmstat_disks, "free": read_free, "uptime": read_uptime,
           "df": read_df, "ip": read_ip_link, "nstat": read_nstat, "ss": read_ss}


# --- a second reading ---

def read_groups(root):
    """cgroup v2, for which only systemd-cgtop could be asked, and it wants a systemd that runs: here the files are
    read again, in another language."""
    values = {}
    devices = (root / "proc/devices").read_text().split("Block devices:")[1] if (root / "proc/devices").exists() else ""
    stacked = {line.split()[0] for line in devices.splitlines()
               if line.split()[1:] in (["md"], ["loop"], ["device-mapper"], ["zram"])}
    for group in (root / "sys/fs/cgroup").glob("*.slice"):
        tag = f"slice={group.name}"
        usage = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())["usage_usec"]
        values["cgroup_cpu_seconds", tag] = int(usage) / 1e6
        values["cgroup_memory_bytes", tag] = int((group / "memory.current").read_text())
        lines = [line for line in (group / "io.stat").read_text().splitlines() if line.split(":")[0] not in stacked]
        for ours, theirs in (("cgroup_io_read_bytes", "rbytes"), ("cgroup_io_written_bytes", "wbytes")):
            values[ours, tag] = sum(int(re.search(rf"{theirs}=(\d+)", line)[1]) for line in lines)
    return values


# --- sysstat ---

class Sar:
    """sar and iostat in the background, second by second."""

    def __init__(self, world, seconds):
        self.path = world.path("sar.data")
        self.began = time.time()
        self.sar = world.start("sar", ["sar", "-o", self.path, "1", str(seconds)])
        # Its first report is of all time since boot.
        self.iostat = world.start("iostat", ["iostat", "-x", "-y", "-o", "JSON", "1", str(seconds)])

    def seconds(self):
        """One statistics object of sadf for each second, iostat's devices of that second in it."""
        self.sar.exit_code(30)
        self.iostat.exit_code(30)
        found = json.loads(output("sadf", "-j", self.path, "--", "-A"))["sysstat"]["hosts"][0]["statistics"]
        devices = json.loads(self.iostat.said())["sysstat"]["hosts"][0]["statistics"]
        return [second | {"iostat": its["disk"]} for second, its in zip(found, devices)]
