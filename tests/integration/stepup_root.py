# SPDX-License-Identifier: BSD-2-Clause
"""Root for others and for itself, through a stepupd of its own. Run by `make
check`."""
import json
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY, STATUS, base32       # noqa: E402
from stepup import (PERSON, TMP, URI, Run, admin, check, documents, equal,
                    now_code, pipe, row, scan)               # noqa: E402


@row
def cli_json_enrolls_for_root():
    """A program reads the offer, computes a code and is done."""
    for save in (False, True):
        program, log = admin({})
        (TMP / "keyring").write_text("")
        file = TMP / "sheet"
        run = pipe("enroll", "-u", PERSON.pw_name, "--json",
                   "--print-secret", "--code-stdin",
                   *(("--save", str(file)) if save else ()), bare=True,
                   uid=0, stepupd=program, keyring=TMP / "keyring")
        offer = json.loads(run.stdout.readline())
        equal((offer["event"], offer["secret"], offer["uri"]),
              ("offer", base32({}), URI))
        run.stdin.write("000000\n" + now_code() + "\n")
        out, err = run.communicate()
        codes, end = documents(out)
        equal((codes["event"], codes["codes"][3], len(codes["codes"])),
              ("codes", "4123-4567-89AB-CDEF", 10))
        equal((run.returncode, end["result"], end["left"], end["outcome"]),
              (0, "done", 10, "accept.change"))
        check("4 tries left" in err and base32({}) not in err, err)
        if save:
            equal(end["saved"], str(file))
            check("4123-4567-89AB-CDEF\n" in file.read_text(), "no codes")
        equal(json.loads(log.read_text())[-2],
              "answer 5 4123-4567-89AB-CDEF")
    file.unlink()
    program, log = admin({})
    run = pipe("codes", "--new", "--json", "--save", str(file), bare=True,
               uid=0, stepupd=program)
    out, err = run.communicate("")
    (end,) = documents(out)
    equal((run.returncode, end["left"], end["saved"]), (0, 10, str(file)))
    file.unlink()


@row
def cli_root_enrolls_somebody():
    program, log = admin({})
    run = Run("enroll", "-u", PERSON.pw_name, uid=0, sudo="alice",
              stepupd=program, keyring=TMP / "keyring")
    run.expect("Nothing is set up on this host yet")
    run.expect("making")
    run.page()
    scan(run, URI)
    run.line(now_code())
    run.page("all of them: *$")
    run.line("")
    run.page("Code number 4: *$")
    run.line("4123-4567-89AB-CDEF")
    said = run.ends(0)
    check(f"New ones: sudo stepup codes --new -u {PERSON.pw_name}" in said,
          said)
    events = json.loads(log.read_text())
    equal(events[:2], ["environment ", f"request 4 name={PERSON.pw_name}"])
    equal((TMP / "asked").read_text(), "--init\n--admin\n")


@row
def cli_root_confirms_itself():
    for answer, status in (("n", 5), ("", 5), ("y", 0)):
        program, log = admin({"frames": [
            [4 | REPLY, {"last": 1, "outcome": OUTCOME["DONE"], "left": 10}]]})
        run = Run("enroll", uid=0, sudo=PERSON.pw_name, stepupd=program)
        run.answer(r"Go on\? \[y/N\] $", answer)
        said = run.ends(status)
        check("This enrolls root itself." in said and
              f"For {PERSON.pw_name} it is" in said, said)
        equal(log.exists(), status == 0)
    run = pipe("enroll", uid=0, sudo=PERSON.pw_name, stepupd=program)
    out, err = run.communicate("y\n")
    equal((run.returncode, out), (2, ""))
    check("Next: sudo stepup enroll -u root" in err, err)


@row
def cli_root_without_a_store():
    program, log = admin({})
    (TMP / "init").write_text("1")
    run = pipe("enroll", "-u", "root", uid=0, stepupd=program,
               keyring=TMP / "keyring")
    out, err = run.communicate("")
    equal((run.returncode, log.exists()), (4, False))
    check("--init failed" in err and "Next: " in err, err)
    program, log = admin({"frames": [[STATUS | REPLY, {
        "last": 1, "outcome": OUTCOME["STORE"], "path": "/var/x",
        "reason": "not initialised"}]]})
    run = pipe("status", uid=0, stepupd=program, keyring=TMP / "keyring")
    out, err = run.communicate("")
    equal(run.returncode, 4)
    check("  /var/x: not initialised\n" in err, err)
    equal((TMP / "asked").read_text(), "--admin\n")


@row
def cli_root_without_stepupd():
    for program in ("/nowhere/stepupd", "/bin/true", "/bin/false"):
        run = pipe("status", uid=0, stepupd=program)
        out, err = run.communicate("")
        equal((program, run.returncode), (program, 4))
        check("Next: " in err, err)


@row
def cli_root_names_nobody():
    run = pipe("enroll", "-u", "no-such-person", uid=0)
    out, err = run.communicate("")
    equal(run.returncode, 1)
    check("no account no-such-person" in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
