# SPDX-License-Identifier: MIT
"""The command line: one sample in three forms, a dry run, names of earlier agents, exit codes, log formats."""
import json
import os
import shutil
import signal
import subprocess
import time

from nephos import binary, check, main


def once(world):
    agent = binary("nephos-agent")
    code, out, err = world.run([agent, "--once"])
    check(code == 0 and "\nMemory\n" in out and "GiB" in out or "MiB" in out, f"--once: {code} {out[:300]} {err}")
    check("\033" not in out, "no colour where no terminal is")
    code, out, err = world.run([agent, "--once=json"])
    names = {m["metric"] for m in json.loads(out)["metrics"]}
    check(code == 0 and {"cpu_usage", "memory_usage_percent"} <= names, f"--once=json: {code} {err}")
    code, out, err = world.run([agent, "--once=prom"])
    check(code == 0 and "\nnode_memory_MemTotal_bytes " in out, f"--once=prom: {code} {err}")
    promtool = shutil.which("promtool")
    if promtool:
        done = subprocess.run([promtool, "check", "metrics"], input=out, capture_output=True, text=True)
        # node_exporter's own names are what it finds fault with: 3 is "valid, but".
        wrong = [line for line in done.stderr.splitlines() if not line.startswith("node_")]
        check(done.returncode in (0, 3) and not wrong, f"promtool: {done.returncode} {done.stderr[:500]}")


def dry_run(world):
    run = subprocess.Popen([binary("nephos-agent"), "--dry-run"], stdout=subprocess.PIPE, text=True,
                           cwd=world.folder, env=world.environment)
    time.sleep(12.5)  # one batch of ten samples
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=5)
    check(run.returncode == 0 and "\n    1       10 " in out and "Nothing was sent." in out,
          f"--dry-run: {run.returncode} {out[-600:]}")
    check(not os.path.exists(world.path("nephos-agent-state")), "a dry run leaves nothing behind")


def earlier_names(world):
    world.environment |= {"NEPHOS_API_URL": "http://central.example:3000", "COLLECTION_INTERVAL": "30000",
                          "INSTANCE_NAME": "web", "VULTR_REGION": "ewr", "DEBUG": "true"}
    code, out, err = world.run([binary("nephos-agent"), "--check-config"])
    check(code == 0, f"--check-config: {code} {err}")
    for words in ("address = central.example:3000", "environment NEPHOS_API_URL", "interval = 30s",
                  "environment COLLECTION_INTERVAL", "name = web", "region = ewr", "level = debug"):
        check(words in out, f"'{words}' is missing: {out}")
    check(len(err.splitlines()) == 5 and "NEPHOS_SERVER=central.example:3000" in err,
          f"one line for each earlier name: {err}")
    world.environment |= {"COLLECTION_INTERVAL": "soon"}
    code, out, err = world.run([binary("nephos-agent"), "--once"])
    check(code == 78 and "COLLECTION_INTERVAL" in err, f"a bad earlier value: {code} {err}")
    for name in ("NEPHOS_API_URL", "COLLECTION_INTERVAL", "INSTANCE_NAME", "VULTR_REGION", "DEBUG"):
        del world.environment[name]


def credential(world):
    """A token in systemd's directory of credentials is found; it is never shown."""
    folder = world.path("credentials")
    os.mkdir(folder)
    aggregator = world.aggregator().start()
    token = aggregator.token()
    with open(f"{folder}/token", "w") as f:
        f.write(token + "\n")
    world.environment |= {"CREDENTIALS_DIRECTORY": folder}
    agent = world.agent("agent", aggregator.address, "--log-format=json")
    agent.says('"msg":"joined ')
    for line in agent.said().splitlines():
        check(set(json.loads(line)) >= {"time", "level", "msg"}, f"not a line of the log: {line}")
    check(token not in agent.said(), "the token is not logged")
    agent.end()
    code, out, _ = world.run([binary("nephos-agent"), "--check-config"])
    check(code == 0 and "credential in $CREDENTIALS_DIRECTORY" in out and token not in out,
          f"--check-config tells where the token is: {out}")


def proof(world):
    once(world)
    dry_run(world)
    earlier_names(world)
    credential(world)


if __name__ == "__main__":
    main(proof)
