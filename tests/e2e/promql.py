#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prometheus itself scrapes node_exporter and a target with counters that fall, and writes all of it to the
shipped aggregator as well: both then have the same samples. The same queries, put to both below
/prometheus/api/v1 and /api/v1, must have the same answers: labels alike, values to 1e-9 of theirs. What cannot
be read must be refused with the same status and kind of error.

Left out of the comparison: name, provider, region and type, which our series tell of their host in addition.
"""
import http.server
import json
import math
import pathlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import nephos
import others
import prometheus
from nephos import check, until

SECONDS = 75
FACTS = {"name", "provider", "region", "type"}
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{node}"]}}]}}
  - {{job_name: own, static_configs: [{{targets: ["127.0.0.1:{own}"]}}]}}
remote_write:
  - url: http://127.0.0.1:{ours}/api/v1/write
    write_relabel_configs: [{{source_labels: [__name__], regex: ".*_build_info", action: drop}}]
    queue_config: {{max_samples_per_send: 400, batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 1s}}
"""

RANGES = ("7s", "10s", "20s", "1m")
RANGED = ("rate", "irate", "increase", "delta", "idelta", "changes", "resets", "avg_over_time", "min_over_time",
          "max_over_time", "sum_over_time", "count_over_time", "last_over_time", "present_over_time")
CPU = 'node_cpu_seconds_total{job="node"}'
QUERIES = [
    *(f"{f}(fall_total[{r}])" for f in RANGED for r in RANGES),
    *(f"{f}(swing[10s] offset {o})" for f in ("rate", "delta", "avg_over_time") for o in ("5s", "13s")),
    "fall_total", 'fall_total{way="fast"}', 'fall_total{way!="fast"}', 'fall_total{way=~"f.*"}',
    'fall_total{way!~"f.*|x"}', '{__name__=~"fall_total|swing",job="own"}', "swing offset 10s",
    *(f"{a}(fall_total)" for a in ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")),
    *(f"{a} by (way) (rate({CPU}[10s]))" for a in ("sum", "avg")),
    f"sum by (mode) (rate({CPU}[10s]))", f"sum without (cpu, instance) (rate({CPU}[20s]))",
    f"avg by (mode) (irate({CPU}[10s])) * 100", f"max(rate({CPU}[10s])) by (mode)",
    f'100 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle",job="node"}}[10s])) * 100',
    f"topk(3, {CPU})", f"bottomk(2, {CPU})", f"topk by (cpu) (1, {CPU})", f"topk(0, {CPU})",
    f"quantile(0.9, {CPU})", f"quantile by (mode) (0.5, {CPU})", "quantile(2, swing)",
    "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    "node_memory_MemTotal_bytes - node_memory_MemFree_bytes",
    "(node_memory_MemTotal_bytes - node_memory_MemFree_bytes) / node_memory_MemTotal_bytes * 100 > 1",
    "node_load1 + node_load5 * node_load15", "2 ^ 3 ^ 2", "-2 ^ 2", "1 + 2 * 3 - 4 / 8 % 3", "-(3 - 5)", "0x1F",
    "1 / 0", "-1 / 0", "0 / 0", "1e3", "inf", '"a text"', "swing > 0", "swing < bool 0", "0 < swing", "swing == swing",
    "swing != bool swing", "1 == bool 1", "-swing", "+swing", "swing % 3", "swing ^ 2", "3 - swing", "swing / 0",
    'fall_total{way="fast"} / ignoring (way) fall_total{way="slow"}',
    'fall_total{way="fast"} - on (instance) fall_total{way="slow"}',
    "fall_total * on (instance) group_left () swing", "swing * on (instance) group_right fall_total",
    'fall_total and fall_total{way="fast"}', 'fall_total unless fall_total{way="fast"}', "fall_total or swing",
    "fall_total and on (instance) swing > 0", "swing > 0 or vector(7)",
    *(f"{f}(swing)" for f in ("abs", "ceil", "floor", "exp", "sgn")),
    *(f"{f}(fall_total)" for f in ("sqrt", "ln", "log2", "log10")),
    "round(swing)", "round(swing, 0.25)", "clamp(swing, -2, 3)", "clamp_min(swing, 1)", "clamp_max(swing, 1)",
    "clamp(swing, 3, 1)", "absent(swing)", 'absent(nobody{way="x",b=~"y"})', "absent(sum(nobody))", "scalar(swing)",
    "scalar(fall_total)", "vector(3)", "time()", "time() - node_boot_time_seconds", "sort(fall_total)",
    "sort_desc(fall_total)", "sum(nobody)", "nobody", "count(up)", "sum(rate(fall_total[10s])) by (way) > 1",
    "max_over_time(swing[20s]) - min_over_time(swing[20s])", "swing # and a comment",
    "node_cpu_seconds_total{job=\"node\",mode='idle'}", "rate(node_cpu_seconds_total{job=`node`}[10s])",
    'sum(node_network_receive_bytes_total{device!="lo"}) or vector(0)',
    "count by (job) ({__name__=~\"node_memory_.*\"})", "sum(fall_total) / count(fall_total)",
    "avg without (way) (fall_total)", "sum(swing) + scalar(sum(fall_total))",
]
REFUSED = [
    "", "(", "swing{", 'swing{a="b"', "swing[", "swing[5]", "rate(swing)", "rate(swing[5m]", "swing swing", "1 +",
    "sum()", "sum(1)", "nothing(1)", "round(swing, swing)", "1 == 1", "1 and 1", '"a" + 1', "{}", '{a=~".*"}',
    "by (x)", "sum by (1) (swing)", "topk(swing, swing)", "swing[0s]", "rate(sum(swing)[5m])",
    'swing{a=~"("}', "fall_total * on (instance) fall_total", "fall_total + on (job) group_left fall_total",
]
UNSUPPORTED = ["rate(swing[5m:1m])", "swing @ 1", "histogram_quantile(0.9, swing)", "swing[5m]",
               'label_replace(swing, "a", "b", "c", "d")', "avg_over_time(swing[5m:])"]


class Target(http.server.BaseHTTPRequestHandler):
    """Counters that fall now and then, and a gauge on both sides of zero: all follow from the second."""
    begun = time.time()

    def do_GET(self):
        s = int(time.time() - self.begun)
        lines = [f'fall_total{{way="fast"}} {s % 9 * 7}', f'fall_total{{way="slow"}} {s % 31 / 4}',
                 f'fall_total{{way="never"}} {100 + s}', f"swing {(s * 37 % 23 - 11) / 2}"]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(("\n".join(lines) + "\n").encode())

    def log_message(self, *_):
        pass


class Peer(prometheus.Prometheus):
    def __init__(self, world, node_port, own_port, our_port):
        self.port = nephos.free_port()
        config = world.path("prometheus.yml")
        pathlib.Path(config).write_text(CONFIG.format(node=node_port, own=own_port, ours=our_port))
        self.process = world.start("prometheus", [
            prometheus.peer("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={world.path('tsdb')}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"])
        until(self.is_ready, 30, "prometheus is ready (tools/deps prometheus fetches it)")


def ask(base, path, form=False, **words):
    """Status and answer, whatever it is."""
    data = urllib.parse.urlencode(words, doseq=True)
    request = urllib.request.Request(f"{base}/api/v1/{path}" + ("" if form else "?" + data),
                                     data=data.encode() if form else None)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def labels(metric):
    return tuple(sorted((k, v) for k, v in metric.items() if k not in FACTS))


def is_near(a, b):
    a, b = float(a), float(b)
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def points_of(data):
    """{labels: {time: value}} of any result."""
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return {(): {result[0]: result[1]}}
    found = {}
    for row in result:
        key = labels(row["metric"])
        check(key not in found, f"{key} stands twice")
        found[key] = dict(row["values"] if kind == "matrix" else [row["value"]])
    return found


def compare(words, theirs, ours):
    check(theirs[0] == ours[0] == 200, f"{words}: {theirs} {ours}")
    a, b = theirs[1]["data"], ours[1]["data"]
    check(a["resultType"] == b["resultType"], f"{words}: {b['resultType']} instead of {a['resultType']}")
    if a["resultType"] == "string":
        check(a["result"][1] == b["result"][1], f"{words}: {b}")
        return 1
    want, have = points_of(a), points_of(b)
    check(want.keys() == have.keys(), f"{words}: series {sorted(have.keys() ^ want.keys())[:4]}: theirs "
          f"{len(want)}, ours {len(have)}")
    compared = 0
    for key, values in want.items():
        check(values.keys() == have[key].keys(),
              f"{words}: {key}: times {sorted(values.keys() ^ have[key].keys())[:5]}")
        for at, value in values.items():
            check(is_near(value, have[key][at]), f"{words}: {key} at {at}: {have[key][at]} instead of {value}")
            compared += 1
    return compared


def check_queries(theirs, ours, end):
    compared, empty = 0, []
    for number, words in enumerate(QUERIES):
        before = compared
        for at in (end, end - 7.3, end - 20.125):
            asked = {"query": words, "time": f"{at:.3f}"}
            compared += compare(f"{words} at {at}", ask(theirs, "query", **asked),
                                ask(ours, "query", form=number % 2 == 0, **asked))
        if words == '"a text"':
            continue
        for step, start in (("5", end - 30), ("7s", end - 31.5)):
            asked = {"query": words, "start": start, "end": end, "step": step}
            compared += compare(f"{words} each {step}", ask(theirs, "query_range", **asked),
                                ask(ours, "query_range", form=number % 2 == 1, **asked))
        if compared == before:
            empty.append(words)
    check(len(empty) <= 8, f"expressions without a value on either side: {empty}")
    return compared


def check_refusals(theirs, ours, end):
    def alike(path, **words):
        a, b = ask(theirs, path, **words), ask(ours, path, **words)
        check(a[0] == b[0] and a[0] != 200, f"{path} {words}: {b} instead of {a}")
        check(b[1].keys() == {"status", "errorType", "error"} and b[1]["status"] == "error" and
              a[1]["errorType"] == b[1]["errorType"] and b[1]["error"], f"{path} {words}: {b[1]} instead of {a[1]}")
    for words in REFUSED:
        alike("query", query=words, time=end)
    one = {"query": "swing", "start": end - 60, "end": end}
    alike("query", query="swing", time="never")
    alike("query_range", **one, step="0")
    alike("query_range", **one, step="x")
    alike("query_range", **one, step="0.001")
    alike("query_range", **(one | {"end": end - 100}), step="1")
    alike("query_range", query="swing", step="1")
    alike("query_range", **(one | {"query": '"a text"'}), step="1")
    alike("series")
    alike("series", **{"match[]": "{"})
    alike("label/a-b/values")
    for words in UNSUPPORTED:
        status, answer = ask(ours, "query", query=words, time=end)
        check(status == 422 and answer["errorType"] == "execution" and "not supported" in answer["error"],
              f"{words}: {status} {answer}")


def check_names(theirs, ours):
    """What variables of dashboards are filled from."""
    match = {"match[]": ["fall_total", 'node_cpu_seconds_total{mode=~"idle|user"}']}
    for path, words in (("label/way/values", {}), ("label/mode/values", {}), ("label/mode/values", match),
                        ("label/__name__/values", match), ("label/nobody/values", {}),
                        ("label/job/values", match), ("label/instance/values", match)):
        a, b = ask(theirs, path, **words), ask(ours, path, **words)
        check(a == b, f"{path} {words}: {b} instead of {a}")
    for form in (False, True):
        a, b = ask(theirs, "labels", **match), ask(ours, "labels", form=form, **match)
        check(set(a[1]["data"]) == set(b[1]["data"]) - FACTS and b[1]["data"] == sorted(b[1]["data"]), f"{a} {b}")
        a, b = ask(theirs, "series", **match), ask(ours, "series", form=form, **match)
        check(sorted(map(labels, a[1]["data"])) == sorted(map(labels, b[1]["data"])), f"series: {b}")
    status, answer = ask(ours, "metadata")
    told = answer["data"]
    check(status == 200 and told["node_cpu_seconds_total"][0]["type"] == "counter" and
          all(m[0].keys() == {"type", "help", "unit"} for m in told.values()), f"metadata: {told}")
    check(ask(ours, "status/buildinfo")[1]["data"].keys() == ask(theirs, "status/buildinfo")[1]["data"].keys(),
          "buildinfo")


def proof(world):
    exporter = others.Exporter(world, "exporter")
    target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    aggregator = world.aggregator(flags=["--agents-max", "16", "--series-max", "4096"]).start()
    peer = Peer(world, exporter.port, target.server_port, aggregator.api_port)
    until(lambda: len(aggregator.instances()) == 2, 20, "both targets are instances")
    time.sleep(SECONDS)
    theirs = f"http://127.0.0.1:{peer.port}"
    ours = f"http://127.0.0.1:{aggregator.api_port}/prometheus"
    end = round(time.time() - 5, 3)
    # It writes in order, several requests at a time: what is later by seconds has come behind the rest.
    until(lambda: all(i["last_sample_ms"] > (end + 4) * 1000
                      for i in aggregator.get("/api/v1/live", metric="up")["instances"]), 60,
          "what was scraped has come")
    compared = check_queries(theirs, ours, end)
    check_refusals(theirs, ours, end)
    check_names(theirs, ours)
    target.shutdown()
    print(f"{len(QUERIES)} expressions, {compared} values alike; {len(REFUSED)} refused alike")


if __name__ == "__main__":
    nephos.main(proof)
