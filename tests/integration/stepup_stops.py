# SPDX-License-Identifier: BSD-2-Clause
"""Giving up, and a service that ends, at each prompt. Run by `make check`."""
import os
import signal
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import Service                              # noqa: E402
from stepup import (DOOR, URI, Run, argv, check, equal, now_code, row,
                    scan)                                    # noqa: E402
from terminal import Session, plain_env                      # noqa: E402


def walk_to(stop):
    """One of the prompts: its name, and a run that stands there."""
    service = Service(DOOR, password="pw", factor="111222")
    run = Run("enroll", "--replace")
    run.expect("Password: $")
    if stop == "password":
        return service, run
    run.line("pw")
    run.expect("recovery code: $")
    if stop == "factor":
        return service, run
    run.line("111222")
    run.page()
    if stop == "code":
        return service, run
    run.line(now_code())
    run.page("all of them: *$")
    if stop == "sheet":
        return service, run
    run.line("")
    run.page("Code number 4: *$")
    return service, run


STOPS = ("password", "factor", "code", "sheet", "back")


@row
def cli_ctrl_c_at_each_prompt():
    for stop in STOPS:
        service, run = walk_to(stop)
        run.send("\x03")
        said = run.ends(5)
        check("Cancelled. Nothing was changed." in said, said)
        check(("used up all the same" in said) ==
              (stop in ("code", "sheet", "back")), said)
        service.close()
        equal((stop, service.events[-2:]), (stop, ["cancel", "end"]))


@row
def cli_signals_at_each_prompt():
    for stop in STOPS:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            service, run = walk_to(stop)
            os.killpg(os.tcgetpgrp(run.fd), number)
            run.ends(5)
            service.close()
            equal((stop, service.events[-2:]), (stop, ["cancel", "end"]))


@row
def cli_ctrl_d_cancels():
    for stop in STOPS:
        service, run = walk_to(stop)
        run.send("\x04")
        run.ends(5)
        service.close()
        equal((stop, service.events[-2:]), (stop, ["cancel", "end"]))


@row
def cli_stopped_and_continued():
    service = Service(DOOR, password="pw")
    words = " ".join(argv("enroll"))
    t = Session(["/bin/sh", "-c", f"set -m; {words}; echo STOPPED=$?; "
                 "stty -a | grep -c ' echo '; fg; echo ENDED=$?"],
                env=plain_env())
    t.expect("Password: $")
    t.send("\x1a")
    t.expect("STOPPED=1[0-9][0-9]")
    t.expect("^1$")
    t.expect("Password: $")
    t.line("pw")
    t.expect_screen("Code: *$")
    t.send("\x03")
    t.expect("ENDED=5")
    check("pw" not in t.text, "the password was echoed")
    equal(t.wait(), 0)
    t = Session(["/bin/sh", "-c", f"set -m; {words}; echo STOPPED=$?; "
                 "stty -a | grep -c ' icanon '; fg; echo ENDED=$?"],
                env=plain_env())
    t.answer("Password: $", "pw")
    t.expect_screen("Code: *$")
    t.send("\x1a")
    t.expect("STOPPED=1[0-9][0-9]")
    t.expect("^1$")
    t.expect_screen("Code: *$")
    check(t.screen.other is not None, "not on a screen of its own")
    run = type("Run", (), {"t": t})
    scan(run, URI)
    t.send("\x03")
    t.expect("ENDED=5")
    equal(t.wait(), 0)
    service.close()


@row
def cli_service_ends_at_each_prompt():
    for stop in STOPS:
        service, run = walk_to(stop)
        service.cut()
        said = run.ends(4)
        check("Nothing was saved" in said and "Next: " in said, said)
        service.close()


if __name__ == "__main__":
    sys.exit(stepup.main())
