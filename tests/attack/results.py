# SPDX-License-Identifier: BSD-2-Clause
"""What the rows measured, as a table: test, ours, GA, OATH.

A row calls add(AREA, TEST, OURS, ga=..., oath=...) when it has a figure;
write() merges what this run found into BUILD/tests/results.json and makes
BUILD/docs/results.md of it.  A row that did not run keeps what an earlier
run of the same build found; one that never ran is not there.
"""
import json
import os
import re
import subprocess
import time

from rows import row

# The order of the document, and what stands under each heading.
AREAS = {
    "Exactly once, exactly K":
        "Processes stand at their prompt and answer at one instant. GA "
        "with rate limit 3 in 30 s and no reuse, OATH with its users file.",
    "Right and wrong look alike":
        "A pair is one right and one wrong answer in random order. p: "
        "Mann-Whitney U, two-sided; the bound: the median of the paired "
        "differences with 99 % confidence (order statistics).",
    "Faults": "",
    "Hostile neighbours": "",
}
LONG = False
_build = None
_found = []


def start(build, long):
    global _build, LONG
    _build, LONG = build, long


def long_row(name):
    """A row of `make check-long` alone."""
    return row(name) if LONG else lambda function: function


def add(area, test, ours, ga="–", oath="–"):
    assert area in AREAS, area
    _found.append({"area": area, "test": test, "ours": str(ours),
                   "ga": str(ga), "oath": str(oath),
                   "day": time.strftime("%Y-%m-%d")})


def _said(*argv):
    try:
        return subprocess.run(argv, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL,
                              text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def _package(name):
    return _said("dpkg-query", "-W", "-f", "${Version}", name) or "unknown"


def _read(path, pattern):
    with open(path) as f:
        found = re.search(pattern, f.read(), re.M)
    return found.group(1) if found else "unknown"


def _machine():
    memory = int(_read("/proc/meminfo", r"^MemTotal: +(\d+)")) / 2 ** 20
    return (f"{os.cpu_count()} × "
            f"{_read('/proc/cpuinfo', r'^model name.*: (.*)')}, "
            f"{memory:.1f} GiB, Linux {os.uname().release}")


def _versions():
    version = _read(os.path.join(_build, "config.h"),
                    r'^#define PACKAGE_VERSION "(.*)"')
    return ", ".join([
        f"stepup {version}",
        f"GA: libpam-google-authenticator "
        f"{_package('libpam-google-authenticator')}",
        f"OATH: libpam-oath {_package('libpam-oath')}",
        f"SQLite {_package('libsqlite3-0')}",
        f"OpenSSL {_package('libssl3')}",
        f"Linux-PAM {_package('libpam0g')}"])


def _merge(whole):
    path = os.path.join(_build, "tests/results.json")
    try:
        with open(path) as f:
            before = json.load(f)
    except (FileNotFoundError, ValueError):
        before = []
    areas = {r["area"] for r in _found} if whole else set()
    # In place of an earlier figure, else at the end.
    merged = {(r["area"], r["test"]): r for r in before
              if r["area"] not in areas}
    merged.update({(r["area"], r["test"]): r for r in _found})
    rows = list(merged.values())
    with open(path + ".new", "w") as f:
        json.dump(rows, f, indent=1, ensure_ascii=False)
    os.rename(path + ".new", path)
    return rows


def write(whole=False):
    """whole: all rows of these areas have run, what an earlier run found
    in them is forgotten."""
    rows = _merge(whole)
    days = sorted({r["day"] for r in rows})
    lines = ["# Results", "", "Written by `make check-attack` and "
             "`make check-long`; only rows that ran.", "",
             f"- {' to '.join(days[:1] + days[1:][-1:])}",
             f"- {_machine()}", f"- {_versions()}", ""]
    for area, text in AREAS.items():
        mine = [r for r in rows if r["area"] == area]
        if not mine:
            continue
        lines += [f"## {area}", ""] + ([text, ""] if text else [])
        lines += ["| test | ours | GA | OATH |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(r[k].replace("|", "\\|") for k in
                                    ("test", "ours", "ga", "oath")) + " |"
                  for r in mine]
        lines.append("")
    folder = os.path.join(_build, "docs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.md"), "w") as f:
        f.write("\n".join(lines))
