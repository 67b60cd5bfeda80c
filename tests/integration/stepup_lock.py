# SPDX-License-Identifier: BSD-2-Clause
"""lock and unlock, and what all of root's commands have in common. Run by
`make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import check, equal, pipe, row                   # noqa: E402
from stepup_admin import (DONE, LOCK, NAME, UNLOCK, ask,
                          narrow)                            # noqa: E402


@row
def admin_lock():
    for words in ((NAME, "--reason", "left the company"),
                  ("--reason=left the company", NAME)):
        status, out, err, asked = ask(
            "lock", *words, frames=[[LOCK | REPLY, DONE]], sudo="alice")
        equal((status, asked[1]), (0, f"request {LOCK} name={NAME} "
                                      "reason=left the company"))
        equal(out, f"{NAME} is locked: every login with a code is refused.\n")
        equal(err, f"Next: sudo stepup unlock {NAME}\n")


@row
def admin_lock_needs_a_reason():
    for words in ((), ("--reason", ""), ("--reason", "a\nb"),
                  ("--reason", "\x7f"), ("--reason", "r" * 201),
                  ("--reason", "a", "--reason", "b"), ("--reason",)):
        status, out, err, asked = ask(
            "lock", NAME, *words, frames=[[LOCK | REPLY, DONE]])
        equal((words, status, out, asked), (words, 2, "", []))
        check("Next: stepup lock --help\n" in err, err)
    status, out, err, asked = ask(
        "lock", NAME, "--reason", "r" * 200, frames=[[LOCK | REPLY, DONE]])
    equal(status, 0)


@row
def admin_unlock_says_what_it_cleared():
    every = {"flags": 0x18, "wait_totp": 1680, "wait_recovery": 60,
             "count": 12, "text": "left \x1b[2J the company"}
    status, out, err, asked = ask("unlock", NAME, frames=[
        [UNLOCK | REPLY, dict(DONE, **every)]])
    equal((status, err, asked[1]), (0, "", f"request {UNLOCK} name={NAME}"))
    equal(out, f"{NAME} may use codes again. Cleared:\n"
          "  Lock      by an administrator: left ?[2J the company\n"
          "  Cap       app codes were switched off after too many wrong "
          "ones\n"
          "  Wait      app codes, 28 min were left\n"
          "  Wait      recovery codes, 60 s were left\n"
          "  Count     12 wrong codes\n")
    narrow(out)
    for fields, wanted in (({"flags": 0}, "nothing: there was no lock"),
                           ({"flags": 0, "count": 1}, "1 wrong code\n"),
                           ({"flags": 8}, "  Cap "),
                           ({"flags": 0, "wait_totp": 1}, "1 s were left")):
        status, out, err, asked = ask(
            "unlock", NAME, frames=[[UNLOCK | REPLY, dict(DONE, **fields)]])
        check(status == 0 and wanted in out and out.count("\n") == 2, out)


@row
def admin_commands_are_roots():
    for words in (("list", "--weak"), ("log", "--follow")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 1, ""))
        equal(err, "Only root may do this.\nNext: sudo stepup " +
              " ".join(words) + "\n")
    for words in (("lock", NAME, "--reason", "x"), ("unlock", NAME)):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 1, ""))
        equal(err, "Only root may do this.\nNext: sudo stepup " +
              (" ".join(words) if words[0] == "unlock" else
               f"lock --reason x {NAME}") + "\n")


@row
def admin_usage():
    for words in (("lock",), ("unlock",), ("lock", NAME, "x", "--reason",
                                           "y"),
                  ("unlock", "-u", NAME), ("lock", NAME, "--all")):
        run = pipe(*words, uid=0)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("\nNext: stepup " in err, err)
    for name in ("lock", "unlock", "list", "log"):
        run = pipe(name, "--help")
        out, err = run.communicate("")
        equal((run.returncode, err), (0, ""))
        narrow(out)


@row
def admin_who_became_root_is_a_hint():
    for uid, wanted in (("1000", " by=000003e8"), ("0", " by=00000000"),
                        ("-1", ""), ("4294967295", ""), ("", ""),
                        ("1000x", "")):
        status, out, err, asked = ask(
            "unlock", NAME, frames=[[UNLOCK | REPLY, dict(DONE, flags=0)]],
            env={"SUDO_UID": uid})
        equal((uid, asked[1]), (uid, f"request {UNLOCK} name={NAME}{wanted}"))


@row
def admin_refusals_have_a_next_step():
    for name, number in OUTCOME.items():
        if name == "DONE":
            continue
        for verb, words in ((LOCK, ("lock", NAME, "--reason", "it's")),
                            (UNLOCK, ("unlock", NAME))):
            status, out, err, asked = ask(*words, frames=[
                [verb | REPLY, {"last": 1, "outcome": number, "wait": 60,
                                "path": "/var/x", "reason": "inner"}]])
            check(status not in (0, 2) and out == "", (name, status, out))
            check("\nNext: " in err and "/var/x: inner" in err and
                  "{" not in err, err)


@row
def admin_odd_frames():
    for frames in ([], [[LOCK | REPLY, {"outcome": OUTCOME["DONE"]}]],
                   [[3 | REPLY, DONE]], [[LOCK | REPLY, {"last": 1}]]):
        status, out, err, asked = ask("lock", NAME, "--reason", "x",
                                      frames=frames)
        equal((frames, status, out), (frames, 4, ""))
        check("Next: " in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
