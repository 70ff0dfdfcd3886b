# SPDX-License-Identifier: MIT
"""Certificates of others, as the proofs need them: made by openssl, for localhost and 127.0.0.1."""
import pathlib
import subprocess

from nephos import check

ISSUER = "Proof CA"


def openssl(world, *words):
    done = subprocess.run(["openssl", *words], cwd=world.folder, capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"openssl {words[0]}: {done.stderr[-300:]}")


def authority(world):
    """(certificate, key) of a CA, RSA as most of the world has."""
    ca = world.path("ca.pem"), world.path("ca.key")
    openssl(world, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca[1], "-out", ca[0], "-subj", f"/CN={ISSUER}",
            "-days", "400")
    return ca


def signed(world, name, ca, days):
    """(certificate, key) of a server, by that CA; good for so many days, ended with -1."""
    key, request, cert = (world.path(f"{name}.{end}") for end in ("key", "req", "pem"))
    names = world.path(f"{name}.ext")
    pathlib.Path(names).write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(world, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    openssl(world, "x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial", "-out", cert, "-days",
            str(days), "-extfile", names)
    return cert, key
