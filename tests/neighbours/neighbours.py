# SPDX-License-Identifier: BSD-2-Clause
"""The installed programs beside hostile users: see run."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "system"), HERE]
sys.path.append(os.path.join(TESTS, "attack"))

import results                  # noqa: E402
from program import main        # noqa: E402

main(["place_of_neighbours", "rows_flood", "rows_parked",
      "rows_listener", "rows_units"], "neighbours.log", results)
