# SPDX-License-Identifier: MIT
"""The systemd units: what systemd-analyze thinks of them, with the limits that we set ourselves; and that they let the
programs have what their memory maps promise."""
import pathlib
import re
import shutil

from nephos import ROOT, check, main, memory_map

EXPOSURE_MAX = {"nephos-agent": 1.7, "nephos-aggregator": 1.7}


def score(world, unit):
    code, out, err = world.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit])
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", out)
    check(found, f"systemd-analyze security: {code} {out[-300:]} {err}")
    return float(found.group(1))


def lines_it_does_not_know(world, unit):
    """Everything but that program and manual are not installed here."""
    _, out, err = world.run(["systemd-analyze", "verify", unit])
    return [line for line in (out + err).splitlines()
            if "is not executable" not in line and "Command 'man " not in line and "/units/" not in line and unit.rsplit("/")[-1] in line]


def memory_max_kib(unit):
    size, unit_of_it = re.search(r"^MemoryMax=(\d+)([MG])$", pathlib.Path(unit).read_text(), re.M).groups()
    return int(size) * {"M": 1024, "G": 1024 * 1024}[unit_of_it]


def proof(world):
    for name in EXPOSURE_MAX:
        most = memory_max_kib(ROOT / f"packaging/systemd/{name}.service")
        _, promised = memory_map(world, name)
        check(0 < promised * 3 // 2 <= most, f"{name}.service: MemoryMax is {most} KiB; of its own {name} may use "
                                             f"{promised} KiB, and files and sockets come on top")
    if shutil.which("systemd-analyze") is None:
        print("skipped: there is no systemd-analyze here")
        return
    for name, most in EXPOSURE_MAX.items():
        unit = str(ROOT / f"packaging/systemd/{name}.service")
        exposure = score(world, unit)
        print(f"{name}: exposure {exposure}")
        check(exposure <= most, f"{name}.service: exposure {exposure}, at most {most}; "
                                "see systemd-analyze security --offline=true")
        unknown = lines_it_does_not_know(world, unit)
        check(not unknown, f"systemd-analyze verify: {unknown}")
    loose = world.path("loose.service")
    with open(loose, "w") as f:
        f.write("[Service]\nExecStart=/bin/true\nNoSuchSetting=yes\n")
    check(score(world, loose) > 9, "an open unit must score badly, or this proof proves nothing")
    check(lines_it_does_not_know(world, loose), "an unknown setting must be found")


if __name__ == "__main__":
    main(proof)
