#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prometheus itself scrapes the shipped aggregator for a minute, by /metrics and by /federate, and its own
query API must then tell the same values that ours tells; promtool finds nothing in the text to complain of."""
import json
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import nephos
import others
from nephos import check, until

SECONDS = 60
TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: hosts
    honor_labels: true
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: federate
    honor_labels: true
    metrics_path: /federate
    params: {{"match[]": ['{{__name__=~"node_.+"}}']}}
    static_configs: [{{targets: ["{target}"]}}]
"""


def peer(name):
    folder = nephos.dependencies()
    path = folder / "prometheus/usr/bin" / name
    return str(path) if path.exists() else name


class Prometheus:
    def __init__(self, world, target):
        self.port = nephos.free_port()
        config = world.path("prometheus.yml")
        pathlib.Path(config).write_text(CONFIG.format(target=target))
        self.process = world.start("prometheus", [
            peer("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={world.path('tsdb')}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        until(self.is_ready, 30, "prometheus is ready (tools/deps prometheus fetches it)")

    def is_ready(self):
        try:
            return self.get("/-/ready")
        except OSError:
            return None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def query(self, words, **more):
        text = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": words, **more}))
        return json.loads(text)["data"]["result"]


def scrape(aggregator, path, accept):
    request = urllib.request.Request(f"http://127.0.0.1:{aggregator.api_port}{path}",
                                     headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def check_negotiation(aggregator):
    """Who asks as before gets JSON, as before."""
    for accept in ("*/*", "application/json, text/plain, */*", "text/html,application/xhtml+xml,*/*;q=0.8",
                   "application/json;q=1,text/plain;version=0.0.4;q=0.5"):
        kind, text = scrape(aggregator, "/metrics", accept)
        check(kind == "application/json" and "metrics" in json.loads(text), f"Accept: {accept}: {kind}")
    kind, text = scrape(aggregator, "/metrics", OPENMETRICS + ",text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
    check(kind.startswith("application/openmetrics-text") and text.endswith("# EOF\n"), f"{kind}")
    kind, text = scrape(aggregator, "/metrics", TEXT)
    check(kind == "text/plain; version=0.0.4; charset=utf-8" and text.endswith("\n"), f"{kind}")
    return text


def check_with_promtool(text):
    """Nothing but the names that node_exporter chose."""
    done = subprocess.run([peer("promtool"), "check", "metrics"], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if not re.match(r"node_\S+ metric names should be written in 'snake_case'", line)]
    check(not said, "promtool check metrics: " + "; ".join(said[:5]))
    families = re.findall(r"^# TYPE (\S+)", text, re.M)
    check(len(families) == len(set(families)), "every family stands together")
    lines = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    check(len(lines) == len(set(lines)), "no series stands twice")
    return len(lines)


class Ours:
    """Every sample of every series with a name of node_exporter's: {(name, labels): {second: value}}."""

    def __init__(self, aggregator, instance, begin_ms, end_ms):
        self.values = {}
        table = {m.name: m for m in others.metrics().values()}
        answer = aggregator.get("/api/v1/query", instance=instance, step="1s", fold="last",
                                **{"from": begin_ms, "to": end_ms})
        has_cores = any(s["metric"] == "cpu_core_seconds" for s in answer["series"])
        for s in answer["series"]:
            name = table[s["metric"]].prometheus if s["metric"] in table else ""
            if s["metric"] == "cpu_core_seconds":
                name = "node_cpu_seconds_total"
            elif s["metric"] == "cpu_seconds" and has_cores:
                name = ""
            if not name:
                continue
            labels = {others.LABELS.get(k, k): v for k, v in s["tags"].items()} | {"instance": instance}
            values = {t // 1000: v for t, v in zip(answer["t"], s["v"]) if v is not None}
            self.values[name, tuple(sorted(labels.items()))] = values


def key_of(metric):
    labels = {k: v for k, v in metric.items() if k not in ("__name__", "job")}
    return metric["__name__"], tuple(sorted(labels.items()))


def compare(prometheus, ours):
    """Federated values carry their time: they are ours of that second. Scraped ones are among the recent."""
    compared = 0
    for job in ("federate", "hosts"):
        names = 0
        for series in prometheus.query(f'{{job="{job}",__name__=~"node_.+"}}[{SECONDS - 20}s]'):
            key = key_of(series["metric"])
            if key[0] == "node_uname_info":
                continue
            check(key in ours.values, f"{job}: Prometheus has {key}, we do not")
            mine = ours.values[key]
            names += 1
            for at, value in series["values"]:
                seconds = [int(at)] if job == "federate" else range(int(at) - 13, int(at) + 2)
                wanted = [mine[s] for s in seconds if s in mine]
                if not wanted and job == "hosts" and max(mine) < at:  # gone, as a mount of another proof
                    wanted = [mine[max(mine)]]
                check(wanted, f"{job}: {key} at {at}: we have no sample of that time")
                check(any(abs(float(value) - v) <= 1e-9 * abs(v) for v in wanted),
                      f"{job}: {key} at {at}: Prometheus has {value}, we have {wanted}")
                compared += 1
        check(names >= 60, f"{job}: only {names} series were compared")
    return compared


def check_federate(aggregator):
    """Selection by name, label and fact; what cannot be read is refused."""
    def lines(*matches):
        query = urllib.parse.urlencode([("match[]", m) for m in matches])
        return [line for line in scrape(aggregator, "/federate?" + query, "*/*")[1].splitlines()
                if not line.startswith("#")]
    check(len(lines("node_load1")) == 2, "one series of each of the two hosts")
    check(len(lines('node_load1{name="vm-b"}')) == 1, "by the name of a host")
    check(len(lines('node_load1{name=~"vm-.",instance!~".*"}')) == 0, "all matchers hold")
    check(len(lines("node_load1", "node_load5")) == 4, "two selectors")
    check(len(lines('node_cpu_seconds_total{mode=~"idle|user",name="vm-a"}')) % 2 == 0, "by a tag")
    check(lines("nobody_has_this") == [], "nothing")
    for bad in ("", "{", 'a{b="c"', 'a{b=~"("}', '{a=~".*"}', 'a{b="c"} x'):
        try:
            lines(bad)
        except urllib.error.HTTPError as e:
            check(e.code == 400, f"{bad} was answered with {e.code}")
        else:
            check(False, f"{bad} was answered")


def proof(world):
    aggregator = world.aggregator().start()
    for name in ("vm-a", "vm-b"):
        world.agent(name, aggregator.address, "--token-file", aggregator.token_file(), "--id", name, "--name", name, "--statsd=")
    until(lambda: len([i for i in aggregator.instances() if i["status"] == "healthy"]) == 2, 30,
          "both hosts are there")
    until(lambda: "node_load1{" in scrape(aggregator, "/metrics", TEXT)[1], 20, "samples are told")
    text = check_negotiation(aggregator)
    lines = check_with_promtool(text)
    check_federate(aggregator)

    prometheus = Prometheus(world, f"127.0.0.1:{aggregator.api_port}")
    begin = time.time()
    time.sleep(SECONDS)
    down = prometheus.query(f"min by (job) (min_over_time(up[{SECONDS - 10}s]))")
    check([d["value"][1] for d in down] == ["1", "1"], f"every scrape succeeded: {down}")
    told = prometheus.query('scrape_samples_scraped{job="hosts"}')
    check(int(told[0]["value"][1]) >= lines, f"all {lines} lines were taken: {told}")
    every = {}
    for instance in aggregator.instances():
        every |= Ours(aggregator, instance["id"], int(begin - 30) * 1000, int(time.time() + 2) * 1000).values
    ours = Ours.__new__(Ours)
    ours.values = every
    compared = compare(prometheus, ours)
    print(f"{lines} lines by /metrics; {compared} values in Prometheus are ours")
    host = prometheus.query('node_load1{job="hosts"} * on(instance) group_left(name) '
                            'nephos_instance_info{job="hosts"}')
    check(sorted(h["metric"]["name"] for h in host) == ["vm-a", "vm-b"], "facts of a host join its values")


if __name__ == "__main__":
    nephos.main(proof)
