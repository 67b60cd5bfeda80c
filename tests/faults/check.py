# SPDX-License-Identifier: BSD-2-Clause
"""check.py BUILD_DIR [--long] [--log FILE] [ROW...]: all rows, or those
named.  Rows are those of tests/system; figures go to tests/attack's
results.py."""
import argparse
import importlib
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "system"), HERE]
sys.path.append(os.path.join(TESTS, "attack"))

import results                  # noqa: E402
from place import Place         # noqa: E402
from rows import Runner         # noqa: E402

# Each fills the table of rows, in this order; the first makes the place.
MODULES = ["rows_begin", "rows_kill", "rows_space", "rows_files",
           "rows_clock", "rows_names", "rows_callers", "rows_peers"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--log")
    options.add_argument("--long", action="store_true")
    options.add_argument("row", nargs="*")
    options = options.parse_intermixed_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    os.umask(0o022)
    results.start(options.build, options.long)
    for name in MODULES:
        importlib.import_module(name)
    path = options.log or os.path.join(options.build, "tests/faults.log")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    place = Place(options.build)
    try:
        with open(path, "w") as log:
            passed = Runner(place, log).all(options.row)
        results.write()
        return 0 if passed else 1
    finally:
        place.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
