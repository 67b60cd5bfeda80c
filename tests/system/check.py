# SPDX-License-Identifier: BSD-2-Clause
"""check.py BUILD_DIR [--log FILE] [ROW...]: all rows, or those named."""
import argparse
import os
import signal
import sys

from place import Place
from rows import Runner
import rows_install     # noqa: F401  (each fills the table of rows)
import rows_enroll      # noqa: F401
import rows_person      # noqa: F401
import rows_admin       # noqa: F401
import rows_login       # noqa: F401
import rows_limits      # noqa: F401
import rows_service     # noqa: F401
import rows_systemd     # noqa: F401
import rows_place       # noqa: F401


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--log")
    options.add_argument("row", nargs="*")
    options = options.parse_intermixed_args()
    # SIGTERM ends like Ctrl-C: what was started is ended first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    os.umask(0o022)
    path = options.log or os.path.join(options.build, "tests/system.log")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    place = Place(options.build)
    try:
        with open(path, "w") as log:
            place.belongs_to_builder(os.path.dirname(path), path)
            return 0 if Runner(place, log).all(options.row) else 1
    finally:
        place.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
