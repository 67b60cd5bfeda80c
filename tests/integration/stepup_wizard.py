# SPDX-License-Identifier: BSD-2-Clause
"""The pages of the wizard: scan, a code, recovery codes, one typed back. Run
by `make check`."""
import re
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, PLAN, Service               # noqa: E402
from stepup import (DOOR, URI, Run, begin, check, equal, kept, now_code, row,
                    scan)                                    # noqa: E402


@row
def cli_wizard_on_80x24():
    service = Service(DOOR, password="pw")
    run = begin()
    kept("scan", run.screen.text())
    check(run.screen.text().count("\n") <= 22, "more than 22 rows")
    scan(run, URI)
    run.line("123456")
    run.page(r"4 tries left\.[^:]*Code: *$")
    kept("wrong-code", run.screen.text())
    scan(run, URI)
    run.line(now_code())
    run.page("all of them: *$")
    kept("sheet", run.screen.text())
    run.line("")
    run.page("Code number 4: *$")
    kept("type-back", run.screen.text())
    for code in PLAN["codes"]:
        check(code[4:8] + "-" not in run.screen.text(), "codes still shown")
    run.line("")                        # shows them again
    run.page("all of them: *$")
    run.line("")
    run.page("Code number 4: *$")
    run.line("4123-4567-89AB-CDEF")
    kept("done", run.ends(0))
    service.close()
    equal(service.events, ["request 4 ", "answer 1 pw", "answer 4 123456",
                           service.events[3], "answer 5 4123-4567-89AB-CDEF",
                           "end"])


@row
def cli_wizard_replaces():
    service = Service(DOOR, password="pw", factor="111222",
                      final={"outcome": OUTCOME["DONE"], "left": 10})
    run = Run("enroll", "--replace")
    run.answer("Password: $", "wrong")
    run.expect("Wrong password")
    run.answer("Password: $", "pw")
    run.answer("recovery code: $", "111222")
    run.page()
    run.line(now_code())
    run.page("all of them: *$")
    run.line("")
    run.page("Code number 4: *$")
    run.line("4123456789ABCDEF")
    check("old codes are void" in run.ends(0), "nothing about the old ones")
    service.close()
    equal(service.events[0], "request 4 flags=00000001")
    check("pw\n" not in run.text, "the password was shown")


@row
def cli_typed_early_does_not_skip_the_sheet():
    service = Service(DOOR)
    run = Run("enroll")
    run.page()
    run.send(now_code() + "\n\n")
    run.page("all of them: *$")
    run.line("")
    run.page("Code number 4: *$")
    run.send("4x\x7f123-4567-89AB-CDEX\x7fG\x1b[D\x7fF\n")
    run.ends(0)
    service.close()
    equal(service.events[-2], "answer 5 4123-4567-89AB-CDEF")
    equal(run.text.count("all of them"), 1)


@row
def cli_misses_are_explained():
    for miss, wanted in (
            ({"skew": -420}, r"phone's clock is 7 min behind"),
            ({"skew": 7200}, r"phone's clock is 2 h ahead of"),
            ({"flags": 0x20}, r"ignores part of the QR")):
        service = Service(DOOR, password="pw", miss=miss)
        run = begin()
        run.line("123456")
        run.page("tries left|tries\\s+left")
        flat = re.sub(r"\s+", " ", re.sub("[█▀▄]", "",
                                          run.screen.text()))
        check(re.search(wanted.split()[0], flat), flat)
        joined = " ".join(line[39:].strip() for line in
                          run.screen.text().splitlines())
        check(re.search(wanted, joined), joined)
        scan(run, URI)
        for left in (3, 2, 1):
            run.line("123456")
            run.page(f"{left}\\s+(try|tries)|{left} tr")
        run.line("123456")
        said = run.ends(1)
        check("wrong too often" in said and "Next: " in said, said)
        check(re.search(wanted, said.replace("\n", " ")) or
              re.search(wanted.split()[0], said), said)
        service.close()


if __name__ == "__main__":
    sys.exit(stepup.main())
