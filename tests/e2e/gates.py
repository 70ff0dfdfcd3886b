# SPDX-License-Identifier: MIT
"""What the agent cannot do, read from the linked binaries, and proof that each gate can refuse."""
import os

from nephos import ARCH, ROOT, binary, check, main


def dependencies(world):
    code, out, err = world.run([str(ROOT / "tools/deps"), "--print-dir"])
    check(code == 0, err)
    return out.strip()


def proof(world):
    world.environment["HOME"] = os.environ.get("HOME", "/root")
    if "NEPHOS_DEPS" in os.environ:
        world.environment["NEPHOS_DEPS"] = os.environ["NEPHOS_DEPS"]
    tool = str(ROOT / "tools/check_binary")
    code, _, err = world.run([tool, "--self-test", f"{dependencies(world)}/{ARCH}/bin/cc"], seconds=60)
    check(code == 0, err)
    for arch in {ARCH, "aarch64", "armv7"}:
        code, _, err = world.run([tool, binary("nephos-agent", arch)])
        check(code == 0, err)


if __name__ == "__main__":
    main(proof)
