# SPDX-License-Identifier: BSD-2-Clause
"""Authenticators that are added, removed and tried. Run by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY, Service              # noqa: E402
from stepup import (DOOR, URI, Run, admin, check, documents, equal, now_code,
                    pipe, row, scan)                         # noqa: E402


@row
def cli_adds_one_more():
    service = Service(DOOR, password="pw", factor="111222")
    run = Run("add", "tablet")
    run.answer("Password: $", "pw")
    run.answer("recovery code: $", "111222")
    run.page()
    scan(run, URI)
    run.line(now_code())
    said = run.ends(0)
    check("Done: tablet is set up." in said, said)
    service.close()
    equal(service.events[0], "request 4 flags=00000080 label=tablet")
    equal([e for e in service.events if e.startswith("answer 5")], [])


@row
def cli_removes():
    final = {"outcome": OUTCOME["DONE"], "left": 9}
    for words, request, said in (
            (("remove", "tablet"), "request 6 label=tablet",
             "Done: tablet is removed."),
            (("remove", "--all"), "request 6 flags=00000004",
             "recovery codes are void.")):
        service = Service(DOOR, password="pw", factor="111222", final=final)
        run = Run(*words)
        run.answer("Password: $", "pw")
        run.answer("recovery code: $", "111222")
        check(said in run.ends(0), words)
        service.close()
        equal(service.events[0], request)


@row
def cli_test_explains():
    rows = (("OK_TOTP", {}, 0, "used up"),
            ("OK_RECOVERY", {"left": 3}, 0, "3 recovery codes are left"),
            ("OK_RECOVERY", {"left": 2}, 0, "Next: stepup codes --new"),
            ("BAD_CODE", {"count": 2, "limit": 10, "kind": 1}, 1,
             "Wrong in a row: 2; a wait begins at 10."),
            ("BAD_CODE", {"skew": -420, "label": "phone"}, 1,
             "clock is 7 min behind"),
            ("REPLAY", {}, 1, "used already. Nothing was counted."),
            ("BAD_FORMAT", {}, 1, "not a complete code"),
            ("LOCKED", {"wait": 1680}, 1, "locked for 28 min"),
            ("KEY", {}, 4, "key"), ("ADMIN_LOCK", {}, 1, "locked"))
    for outcome, facts, status, said in rows:
        service = Service(DOOR, final=dict(facts, outcome=OUTCOME[outcome]))
        run = Run("test")
        run.answer("Code to test: $", "123456")
        text = run.ends(status)
        check(said in text and (status == 0 or "Next: " in text), text)
        service.close()
        equal(service.events[:2], ["request 7 ", "answer 3 123456"])
    service = Service(DOOR, trial=["Code to test: ", "That code is wrong.",
                                   "The next code: "],
                      final={"outcome": OUTCOME["BAD_CODE"], "skew": 420,
                             "label": "phone"})
    run = Run("test")
    run.answer("Code to test: $", "123456")
    run.answer("The next code: $", "654321")
    text = run.ends(1)
    check("7 min ahead of" in text, text)
    check("right for another time" in text, text)
    service.close()


@row
def cli_last_one_is_confirmed():
    question = "That is the last factor. Remove it?"
    for answer, words, status in (("n", (), 5), ("", (), 5), ("y", (), 0),
                                  (None, ("--yes",), 0)):
        program, log = admin({"confirm": question})
        run = Run("remove", *words, "--all", uid=0, stepupd=program)
        if answer is not None:
            run.answer(r"Remove it\? \[y/N\] $", answer)
        said = run.ends(status)
        check(("Done" if status == 0 else "Nothing was changed") in said,
              said)


@row
def cli_names_of_authenticators():
    for words in (("add",), ("add", ""), ("add", "a b"), ("add", "-x"),
                  ("add", "x" * 65), ("add", "a", "b"), ("add", "\xfc"),
                  ("remove",), ("remove", "a", "--all"),
                  ("remove", "--all", "a", "b"), ("remove", "a;b"),
                  ("add", "a", "--all"), ("add", "--yes", "a")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("Next: " in err, err)
    for name, outcome, next in (
            ("add", "NAME_TAKEN", "Next: take another name, or remove that "
             "one first: stepup remove NAME\n"),
            ("add", "FULL", "stepup remove NAME\n"),
            ("remove", "NO_NAME", "stepup status\n"),
            ("remove", "LAST_FACTOR", "stepup enroll --replace\n")):
        service = Service(DOOR, frames=[((4 if name == "add" else 6) | REPLY, {
            "last": 1, "outcome": OUTCOME[outcome]})])
        run = pipe(name, "x" * 64)
        out, err = run.communicate("")
        equal((outcome, run.returncode, out), (outcome, 1, ""))
        check(next in err, err)
        service.close()


@row
def cli_json_test_and_remove():
    service = Service(DOOR, final={"outcome": OUTCOME["BAD_CODE"],
                                   "skew": -420, "label": "phone"})
    run = pipe("test", "--json")
    out, err = run.communicate("123456\n")
    (end,) = documents(out)
    equal((run.returncode, end["outcome"], end["skew"], end["result"]),
          (1, "deny.code", -420, "refused"))
    check(end["message"] in err and end["next"] in err, err)
    service.close()
    service = Service(DOOR, password="pw", final={
        "outcome": OUTCOME["DONE"], "left": 9})
    run = pipe("remove", "tablet", "--json")
    out, err = run.communicate("pw\n")
    (end,) = documents(out)
    equal((end["result"], end["left"], end["authenticator"]),
          ("done", 9, "tablet"))
    service.close()


if __name__ == "__main__":
    sys.exit(stepup.main())
