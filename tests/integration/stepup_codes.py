# SPDX-License-Identifier: BSD-2-Clause
"""Recovery codes: new ones, counted, saved to a file. Run by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import (PLAN, PROMPT, REPLY, SHEET, SHEET_CODE,
                         Service)                            # noqa: E402
from stepup import (DOOR, STANDING, TMP, Run, ask, check, equal, now_code,
                    pipe, row)                               # noqa: E402


@row
def cli_new_codes():
    service = Service(DOOR, password="pw", factor="111222")
    run = Run("codes", "--new")
    run.answer("Password: $", "pw")
    run.answer("recovery code: $", "111222")
    run.page("all of them: *$")
    run.line("")
    run.page("Code number 4: *$")
    run.line("4123-4567-89AB-CDEF")
    check("Done: 10 new recovery codes" in run.ends(0), "no word of it")
    service.close()
    equal(service.events[0], "request 5 flags=00000002")


@row
def cli_saves_codes():
    file = TMP / "codes"
    for words, frames in ((("codes", "--new"), 5), (("enroll",), 4)):
        service = Service(DOOR, password="pw")
        run = Run(*words, "--save", str(file))
        run.answer("Password: $", "pw")
        if frames == 4:
            run.page()
            run.line(now_code())
        run.page("all of them: *$")
        equal(file.stat().st_mode & 0o7777, 0o600)
        run.line("")
        run.page("Code number 4: *$")
        run.line("4123-4567-89AB-CDEF")
        said = run.ends(0)
        check("may be locked out of" in said.replace("\n", " "), said)
        equal(file.read_text().splitlines()[3], " 4  4123-4567-89AB-CDEF")
        service.close()
        # What is there is never written over, nor anything asked.
        before = file.read_text()
        service = Service(DOOR, password="pw")
        run = Run(*words, "--save", str(file))
        said = run.ends(1)
        check("File exists" in said and "Next: " in said, said)
        service.close()
        equal((service.events, file.read_text()), ([], before))
        file.unlink()
        # Who gives up leaves no file.
        service = Service(DOOR, password="pw")
        run = Run(*words, "--save", str(file))
        run.answer("Password: $", "pw")
        if frames == 4:
            run.page()
            run.line(now_code())
        run.page("all of them: *$")
        run.send("\x03")
        run.ends(5)
        service.close()
        check(not file.exists(), "the file stayed")
    (TMP / "link").symlink_to(TMP / "elsewhere")
    for path in (TMP / "link", TMP / "no/where", TMP, "/proc/x", ""):
        service = Service(DOOR, password="pw")
        run = Run("codes", "--new", "--save", str(path))
        run.ends(1)
        service.close()
        equal(service.events, [])
    check(not (TMP / "elsewhere").exists(), "a link was followed")
    run = pipe("codes", "--save", str(file))
    run.communicate("")
    equal((run.returncode, file.exists()), (2, False))


@row
def cli_saved_codes_stay_where_nobody_knows():
    """They may be in force: the file may be all there is of them."""
    file = TMP / "codes"
    service = Service(DOOR, frames=[
        (SHEET, {"codes": "".join(PLAN["codes"]), "number": 4}),
        (PROMPT, {"style": SHEET_CODE, "text": "Code number 4: "})])
    run = pipe("codes", "--new", "--save", str(file))
    out, err = run.communicate("4123-4567-89AB-CDEF\n")
    service.close()
    equal(run.returncode, 4)
    check("before it said whether this was saved" in err, err)
    check(f"{file}, in case" in err and
          err.endswith("\nNext: stepup status\n"), err)
    equal(file.read_text().splitlines()[3], " 4  4123-4567-89AB-CDEF")
    file.unlink()


@row
def cli_codes_are_counted():
    status, out, err = ask(("codes",), [(5 | REPLY, STANDING)])
    equal((status, out, err), (0, "9 of 10 recovery codes are left, made "
                                  "2025-11-21 10:13.\n", ""))
    status, out, err = ask(("codes",), [(5 | REPLY, dict(STANDING, left=2))])
    check(status == 0 and "Next: stepup codes --new\n" in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
