# SPDX-License-Identifier: MIT
"""Who am I? A real HTTP server plays the metadata service of each cloud, strictly; the firmware's words lie in a
directory of their own. What the agent finds out is what the aggregator shows.
"""
import http.server
import pathlib
import socket
import threading
import time

from nephos import binary, check, main, until

TOKEN = "AQAEAFakeTokenOfTheTest=="
PLAIN = "format=text"
CLOUDS = {
    "vultr": {
        "sign": ("sys_vendor", "Vultr"), "headers": {},
        "answers": {"/v1/instance-v2-id": "17b0f286-7f0e-4c1e-9f5e-3f1a2b3c4d5e", "/v1/region/regioncode": "EWR"},
        "expect": ("17b0f286-7f0e-4c1e-9f5e-3f1a2b3c4d5e", "ewr", "vultr-compute"),
    },
    "aws": {
        "sign": ("sys_vendor", "Amazon EC2"), "headers": {"X-aws-ec2-metadata-token": TOKEN},
        "answers": {"/latest/meta-data/instance-id": "i-0abcdef1234567890",
                    "/latest/meta-data/placement/region": "eu-west-1",
                    "/latest/meta-data/instance-type": "t3.micro"},
        "expect": ("i-0abcdef1234567890", "eu-west-1", "t3.micro"),
    },
    "gcp": {
        "sign": ("product_name", "Google Compute Engine"), "headers": {"Metadata-Flavor": "Google"},
        "answers": {"/computeMetadata/v1/instance/id": "8087716956832600000",
                    "/computeMetadata/v1/instance/zone": "projects/123456789/zones/us-central1-a",
                    "/computeMetadata/v1/instance/machine-type": "projects/123456789/machineTypes/e2-micro"},
        "expect": ("8087716956832600000", "us-central1", "e2-micro"),
    },
    "azure": {
        "sign": ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77"), "headers": {"Metadata": "true"},
        "answers": {f"/metadata/instance/compute/vmId?api-version=2021-02-01&{PLAIN}":
                    "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
                    f"/metadata/instance/compute/location?api-version=2021-02-01&{PLAIN}": "westeurope",
                    f"/metadata/instance/compute/vmSize?api-version=2021-02-01&{PLAIN}": "Standard_B1s"},
        "expect": ("02aab8a4-74ef-476e-8182-f6d2ba4166a6", "westeurope", "Standard_B1s"),
    },
    "digitalocean": {
        "sign": ("sys_vendor", "DigitalOcean"), "headers": {},
        "answers": {"/metadata/v1/id": "2756294", "/metadata/v1/region": "nyc3"},
        "expect": ("2756294", "nyc3", "droplet"),
    },
}


class Metadata(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        wants = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        good = self.server.cloud == "aws" and self.path == "/latest/api/token" and wants
        self.answer(200 if good else 404, TOKEN.encode() if good else b"")

    def do_GET(self):
        cloud = CLOUDS[self.server.cloud]
        for name, value in cloud["headers"].items():
            if self.headers.get(name) != value:
                self.answer(401, b"")
                return
        body = cloud["answers"].get(self.path)
        self.answer(200 if body else 404, (body or "").encode())

    def log_message(self, *_):
        pass


def machine(world, name, sign):
    """A root directory with the kernel's /proc and a firmware of our own."""
    root = pathlib.Path(world.path(f"{name}-root"))
    dmi = root / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    (root / "proc").symlink_to("/proc")
    (dmi / sign[0]).write_text(sign[1] + "\n")
    return str(root)


def enrolled(world, name, aggregator):
    return [binary("nephos-agent"), "--server", aggregator.address, "--state", world.path(f"{name}-state")]


def proof(world):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_address[1]}"
    aggregator = world.aggregator().start()
    common = ("--statsd=", "--metadata-address", address)

    for cloud, facts in CLOUDS.items():
        server.cloud = cloud
        agent = world.agent(cloud, aggregator.address, "--token-file", aggregator.token_file(),
                            "--root", machine(world, cloud, facts["sign"]), *common)
        identity, region, kind = facts["expect"]
        until(lambda i=identity: i in [it["id"] for it in aggregator.instances()], 15, f"{cloud}: {identity}")
        until(lambda i=identity: aggregator.instance(i)["provider"] != "other", 15, f"{cloud}: its first Hello")
        shown = aggregator.instance(identity)
        check(shown["region"] == region, f"{cloud}: region {shown['region']}")
        check(shown["provider"] == cloud, f"{cloud}: provider {shown['provider']}")
        check(shown["type"] == kind, f"{cloud}: type {shown['type']}")
        agent.end()

    # The id stays that of the certificate whatever a later service says; the user's words win.
    server.cloud = "vultr"
    CLOUDS["vultr"]["answers"]["/v1/instance-v2-id"] = "another"
    again = world.start("vultr-again", [*enrolled(world, "vultr", aggregator), *common, "--region", "home",
                                        "--root", world.path("vultr-root")])
    identity = CLOUDS["vultr"]["expect"][0]
    until(lambda: aggregator.instance(identity)["region"] == "home", 15, "the user's region")
    check("another" not in [it["id"] for it in aggregator.instances()], "the id has changed after joining")
    again.end()

    # A service that takes connections and says nothing: a little later, with an id of our own.
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    before = {it["id"] for it in aggregator.instances()}
    started = time.monotonic()
    agent = world.agent("silent", aggregator.address, "--token-file", aggregator.token_file(), "--statsd=",
                        "--root", machine(world, "silent", ("sys_vendor", "Vultr")),
                        "--metadata-address", f"127.0.0.1:{silent.getsockname()[1]}")
    new = until(lambda: {it["id"] for it in aggregator.instances()} - before, 15, "it joins all the same")
    took = time.monotonic() - started
    check(2.4 < took < 8, f"it joined after {took:.1f} s")
    check(len(next(iter(new))) == 32, f"the id {new} is not a hash")
    agent.says("does not answer")
    for process in (agent, aggregator.process):
        process.end()
    server.shutdown()


if __name__ == "__main__":
    main(proof)
