# SPDX-License-Identifier: MIT
"""Who judges the stand-in for Vultr's API, and the aggregator by it: Vultr's own client with the examples that it is
tested with (tools/deps vultr), and a judge of OpenAPI with the published description (tools/deps openapi)."""
import json
import pathlib
import subprocess
import time

import vultr_double
from nephos import check, dependencies
from vultr_double import Vultr

HERE = pathlib.Path(__file__).resolve().parent


def their_view(port, key, per_page, *ids):
    """What Vultr's own client reads."""
    done = subprocess.run(["node", str(HERE / "vultr_client.cjs"), str(dependencies("vultr")), f"http://127.0.0.1:{port}/v2", key,
                           str(per_page), *ids], capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0, f"Vultr's client (tools/deps vultr fetches it): {done.stderr[-600:]}")
    return json.loads(done.stdout)


def add_example(port, key):
    """The answers that the client's own tests are given, as one more server."""
    examples = their_view(port, key, 100)["examples"]
    one = examples["listInstances"]["instances"][0]
    Vultr.days[one["id"]] = examples["getInstanceBandwidth"]
    Vultr.servers.insert(3, one)


def v6_of(server):
    """By the place that the schema has for it, or the one of the examples."""
    return server.get("v6_main_ip") or next((n["main_ip"] for n in server.get("v6_networks", [])), None)


def prove_vendor(servers, port, key):
    """Vultr's client and the aggregator, whose list is servers(), see the same; the aggregator reads the answers of that
    client's own tests. Returns a secret that was in these."""
    second = Vultr.servers[1]["id"]
    theirs = their_view(port, key, 7, second)
    ours = {s["id"]: s for s in servers()}
    check(theirs["pages"] == (len(Vultr.servers) + 6) // 7 and set(ours) == {s["id"] for s in theirs["servers"]}, "the same servers")
    check(any("v6_networks" in s for s in theirs["servers"]) and any("v6_main_ip" in s for s in theirs["servers"]), "both forms")
    for s in theirs["servers"]:
        shown = ours[s["id"]]
        if s["id"] in Vultr.days:
            continue  # an example, which is not as described: its disk is a text
        for name, want in {"label": s["label"], "hostname": s["hostname"], "region": s["region"], "plan": s["plan"], "os": s["os"],
                           "status": s["status"], "powerStatus": s["power_status"], "serverStatus": s["server_status"],
                           "ipAddress": s["main_ip"], "ipv6Address": v6_of(s), "cpuCount": s["vcpu_count"],
                           "memoryBytes": s["ram"] << 20, "diskBytes": s["disk"] * 10**9,
                           "transferAllowanceBytes": s["allowed_bandwidth"] * 10**9}.items():
            check(shown.get(name) == want, f"{s['id']}: {name} is {shown.get(name)}, not {want}")
    month = time.strftime("%Y-%m-", time.gmtime())
    days = [d for day, d in theirs["bandwidth"][second]["bandwidth"].items() if day.startswith(month)]
    check(sum(d["outgoing_bytes"] for d in days) == ours[second]["transferUsedBytes"] == 850_000_000_000, f"{days}")
    check("Invalid API token" in theirs["refused"], theirs["refused"])
    # the examples that its makers test it with
    example = theirs["examples"]["listInstances"]["instances"][0]
    shown = ours[example["id"]]
    check(shown["label"] == example["label"] and shown["region"] == example["region"] and shown["health"] == "healthy"
          and shown["ipAddress"] == example["main_ip"] and shown["ipv6Address"] == example["v6_main_ip"]
          and example["id"] in Vultr.bandwidth_seen and shown["transferUsedBytes"] == 0, f"{shown}")
    return example["kvm"]


def prove_description():
    """What the stand-in answered is what the published description promises."""
    answers = [a for (_, status), a in Vultr.answers.items() if status == 200]
    check({a["path"] for a in answers} == set(vultr_double.DESCRIPTION["paths"]), "each operation was asked for")
    for path, status in Vultr.answers:
        check(str(status) in vultr_double.DESCRIPTION["paths"][path]["get"]["responses"], f"{status} of {path}")
    check(not any(status == 400 for _, status in Vultr.answers), "nothing was asked for that is not described")
    done = subprocess.run(["node", str(HERE / "openapi_check.mjs"), str(dependencies("openapi"))], capture_output=True, text=True,
                          input=json.dumps({"document": vultr_double.DESCRIPTION, "answers": answers}), timeout=60, check=False)
    check(done.returncode == 0, f"the validator (tools/deps openapi fetches it): {done.stderr[-600:]}")
    check(done.stdout.strip() == f"checked {len(answers)}", done.stdout[:2000])
