# SPDX-License-Identifier: BSD-2-Clause
"""The programs as a host has them: see run."""
from program import main

main(["rows_install", "rows_enroll", "rows_person", "rows_admin",
      "rows_commands", "rows_screens", "rows_pass", "rows_import",
      "rows_accounts", "rows_backup", "rows_key", "rows_login",
      "rows_limits", "rows_service", "rows_systemd", "rows_place"],
     "system.log")
