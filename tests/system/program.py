# SPDX-License-Identifier: BSD-2-Clause
"""The program behind each `run`: BUILD_DIR [--long] [--log FILE] [ROW...]."""
import argparse
import importlib
import os
import signal
import sys

from place import Place
from rows import Runner


def _go(modules, log, options, figures):
    # SIGTERM ends like Ctrl-C: what was started is ended first.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    os.umask(0o022)
    if figures:
        figures.start(options.build, options.long)
    for name in modules:
        importlib.import_module(name)
    path = options.log or os.path.join(options.build, "tests", log)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    place = Place(options.build)
    try:
        with open(path, "w") as file:
            place.belongs_to_builder(os.path.dirname(path), path)
            passed = Runner(place, file).all(options.row)
        if figures:
            figures.write(whole=options.long and not options.row)
        return 0 if passed else 1
    finally:
        place.close()


def main(modules, log, figures=None):
    """All rows, or those named.  modules: each fills the table of rows, in
    this order, the first makes the place; figures: where they are kept
    (tests/attack/results.py), for programs that know long rows."""
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--log")
    if figures:
        options.add_argument("--long", action="store_true")
    options.add_argument("row", nargs="*")
    try:
        sys.exit(_go(modules, log, options.parse_intermixed_args(), figures))
    except KeyboardInterrupt:
        sys.exit(130)
