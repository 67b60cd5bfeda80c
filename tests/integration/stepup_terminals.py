# SPDX-License-Identifier: BSD-2-Clause
"""Windows, locales and terminals of all kinds. Run by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import Service, base32                      # noqa: E402
from stepup import (DOOR, URI, Run, begin, check, equal, kept, now_code, row,
                    scan)                                    # noqa: E402


@row
def cli_small_window_and_back():
    service = Service(DOOR, password="pw")
    run = begin(rows=18)
    kept("small-window", run.screen.text())
    run.resize(80, 24)
    run.page("3. Type the code")
    scan(run, URI)
    run.send("12")
    run.resize(80, 15)
    run.page("needs a window of 72x19, this one is 80x15")
    run.page("Code: 12$")
    run.resize(80, 24)
    run.page("Code: 12$")
    scan(run, URI)
    run.send("\x03")
    run.ends(5)
    service.close()
    equal(service.events[-2:], ["cancel", "end"])


@row
def cli_long_names():
    for host, name, size in (("h" * 63, "u" * 32, (92, 29)),
                             ("h" * 20, "u" * 32, (80, 23)),
                             ("ip-10-0-12-34", "alice", (76, 21))):
        service = Service(DOOR, password="pw", issuer=host, name=name)
        run = begin()
        if size[0] > 80 or size[1] > 24:
            if name == "u" * 32:
                kept("long-names", run.screen.text())
            check(f"{size[0]}x{size[1]}" in run.screen.text(), "no size")
            check(base32({})[:4] in run.screen.text(), "no key")
            run.resize(*size)
            run.page("3. Type the code")
        scan(run, f"otpauth://totp/{host}:{name}?secret={base32({})}"
                  f"&issuer={host}")
        run.send("\x03")
        run.ends(5)
        service.close()


@row
def cli_without_utf8():
    plain = {"LC_ALL": "C", "LANG": "C"}
    service = Service(DOOR, password="pw")
    run = begin(env=plain)
    kept("no-utf8", run.screen.text())
    run.resize(109, 37)
    run.page("3. Type the code")
    scan(run, URI)
    check(all(byte < 128 for byte in run.raw), "bytes above 127")
    run.send("\x03")
    run.ends(5)
    service.close()


@row
def cli_without_colours():
    service = Service(DOOR, password="pw")
    for env in ({"NO_COLOR": "1"}, {"TERM": "vt220"}, {"TERM": "xterm"},
                {"TERM": "linux"}, {"TERM": "screen.xterm-256color"}):
        run = begin(env=env)
        scan(run, URI)
        if "NO_COLOR" in env:
            check(b"\x1b[1m" not in run.raw, "bold text")
        run.send("\x03")
        run.ends(5)
    service.close()


@row
def cli_tiny_windows():
    service = Service(DOOR, password="pw")
    for columns, rows in ((80, 8), (30, 10), (12, 3), (1, 1), (300, 100)):
        run = begin(columns, rows) if columns > 11 else Run(
            "enroll", columns=columns, rows=rows)
        if columns > 11:
            run.page("rows are needed|Code:" if rows < 100 else "Code:")
        else:
            run.answer("Password: $", "pw")
            run.expect("Code: $")
        run.send("\x03")
        run.ends(5)
    service.close()


@row
def cli_dumb_terminal():
    service = Service(DOOR, password="pw")
    for env in ({"TERM": "dumb"}, {"TERM": None}):
        run = Run("enroll", env=env)
        run.answer("Password: $", "pw")
        run.expect("otpauth://")
        run.answer("app shows: $", now_code())
        run.answer("code number 4: $", "4123-4567-89AB-CDEF")
        equal(run.t.wait(), 0)
        check(b"\x1b" not in run.raw, "escape sequences")
        check("pw" not in run.text, "the password was shown")
    service.close()


@row
def cli_draws_as_told():
    for style, env in (("none", {}), ("utf8", {"LC_ALL": "C", "LANG": "C"}),
                       ("ascii", {})):
        service = Service(DOOR, password="pw")
        run = begin(columns=110, rows=40, env=env,
                    words=("enroll", "--qr=" + style))
        if style == "none":
            kept("no-qr", run.screen.text())
        else:
            scan(run, URI)
            equal("\u2588".encode() in run.raw, style == "utf8")
        run.send("\x03")
        run.ends(5)
        service.close()


if __name__ == "__main__":
    sys.exit(stepup.main())
