# SPDX-License-Identifier: BSD-2-Clause
"""Login passes and enrollment tickets. Run by `make check`."""
import json
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import (FACTOR, OUTCOME, PROMPT, REPLY,
                         Service)                            # noqa: E402
from stepup import (Run, admin, check, equal, kept, pipe,
                    row)                                     # noqa: E402
from stepup_admin import (CODE, DONE, GIVEN, LIST, MADE, NAME, PASS, PASSES,
                          REVOKE, SHEET, SHOWN, TICKET, UNTIL, WHY, ask,
                          narrow)                            # noqa: E402


@row
def admin_pass():
    status, out, err, asked = ask("pass", NAME, *WHY, frames=MADE,
                                  sudo="alice")
    equal((status, asked[1]), (0, f"request {PASS} name={NAME} "
                                  "reason=phone at home flags=00000000 "
                                  "ttl=00000e10"))
    equal(out, f"Login pass for {NAME}, good once, until 2025-11-21 11:13:"
          f"\n\n  {SHOWN}\n\n{NAME} types it where an app code is asked "
          "for.\n")
    equal(err, "It is not shown again. To take it back:\n"
          f"Next: sudo stepup pass {NAME} --revoke\n")
    status, out, err, asked = ask(
        "pass", NAME, *WHY, "--ttl", "90m", "--service", "no-such-1",
        frames=[MADE[0], [PASS | REPLY, dict(
            DONE, flags=REVOKE, service="no-such-1", **UNTIL)]])
    equal(asked[1], f"request {PASS} name={NAME} reason=phone at home "
          "flags=00000000 ttl=00001518 service=no-such-1")
    check("It works with the service no-such-1 alone.\n" in out, out)
    check("The older one that was in force is void.\n" in err and
          "no PAM service no-such-1" in err, err)
    status, out, err, asked = ask("pass", NAME, *WHY, "--enroll",
                                  frames=MADE)
    check(f"flags={TICKET:08x} ttl=00000e10" in asked[1], asked[1])
    check(out.startswith(f"Enrollment ticket for {NAME}, good once, until ")
          and out.endswith(f"{NAME} types it in place of a password: stepup "
                           "enroll --ticket\n"), out)
    check(f"pass {NAME} --enroll --revoke" in err, err)


@row
def admin_pass_json():
    status, out, err, asked = ask("pass", NAME, *WHY, "--json", frames=MADE)
    end = json.loads(out)
    equal((status, end["kind"], end["pass"], end["expires"], end["service"],
           end["replaced"]),
          (0, "login", SHOWN, "2025-11-21T11:13:20Z", None, False))
    status, out, err, asked = ask(
        "pass", NAME, "--revoke", "--json",
        frames=[[PASS | REPLY, dict(DONE, flags=REVOKE)]])
    end = json.loads(out)
    equal((status, end["kind"], end["was_in_force"]), (0, "login", True))


@row
def admin_pass_usage():
    for words in (("--reason", "x", "--ttl", "59s"),
                  ("--reason", "x", "--ttl", "25h"),
                  ("--reason", "x", "--ttl", "1"),
                  ("--reason", "x", "--ttl", "-1h"),
                  ("--reason", "x", "--service", "a b"),
                  ("--reason", "x", "--service", "../sudo"),
                  ("--reason", "x", "--service", "s" * 65),
                  ("--reason", "x", "--service", ""),
                  ("--reason", "x", "--enroll", "--service", "sshd"),
                  ("--revoke", "--ttl", "1h"), ("--revoke", "--list"),
                  ("--list", "--reason", "x"), ("--list", "--enroll"),
                  ("--reason", "\n"), ()):
        status, out, err, asked = ask("pass", NAME, "--print-secret", *words,
                                      frames=MADE)
        equal((words, status, out, asked), (words, 2, "", []))
        check("Next: stepup pass --help\n" in err, err)
    # A code does not go into a pipe unasked, and is not made for it.
    for words in ((), ("--json",), ("--enroll",)):
        status, out, err, asked = ask("pass", NAME, "--reason", "x", *words,
                                      frames=MADE)
        equal((words, status, asked), (words, 2, []))
        check("--print-secret" in err and SHOWN not in out, err)
    for words in (WHY, ()):
        status, out, err, asked = ask("pass", *words, frames=MADE)
        equal((status, asked), (2, []))
        check("a name is missing\nNext: stepup pass USER [--enroll] --reason "
              in err and
              err.endswith("\n      or stepup pass --list [USER]\n"), err)
    status, out, err, asked = ask("pass", "--json", frames=MADE)
    check(json.loads(out)["next"].endswith(
        " --revoke [--reason TEXT], or stepup pass --list [USER]"), out)
    for words in ("key", "import"):
        status, out, err, asked = ask(words, frames=[])
        equal((status, asked), (2, []))
        check(f"a word is missing\nNext: stepup {words} " in err and
              f",\n      or stepup {words} " in err, err)


@row
def admin_pass_broken():
    """No code, half a code, a code of other bytes: nothing is shown."""
    end = MADE[1]
    for frames in ([end], [[SHEET, {"codes": CODE * 2}], end],
                   [[SHEET, {"codes": "\x1b" * 16}], end],
                   [[SHEET, {}], end], [[PASS, {}], end]):
        status, out, err, asked = ask("pass", NAME, *WHY, frames=frames)
        equal((status, out), (4, ""))
        check("do not understand each other" in err, err)
    for name, code in (("NO_PASS", 1), ("EXISTS", 1), ("CHANGED", 1),
                       ("CLOCK", 4), ("STORE", 4)):
        status, out, err, asked = ask("pass", NAME, *WHY, frames=[
            [PASS | REPLY, {"last": 1, "outcome": OUTCOME[name]}]])
        equal((name, status, out), (name, code, ""))
        check("Next: " in err, err)


@row
def admin_pass_list():
    status, out, err, asked = ask("pass", "--list", frames=GIVEN)
    equal((status, err, asked[1]),
          (0, "", f"request {LIST} flags={PASSES:08x}"))
    pad = "\n" + " " * 20
    equal(out, "NAME                KIND    STATE     UNTIL             "
          "SERVICE\n"
          "alice               login   in force  2025-11-21 11:13  sshd" +
          pad + "by uid 1001: phone at home\n"
          "bob                 enroll  used      2025-11-21 11:13  -" + pad +
          "cloud ?[2J\n"
          f"{NAME:18}  login   over      2025-11-21 11:13  -{pad}late\n")
    narrow(out)
    status, out, err, asked = ask("pass", "--list", NAME, frames=GIVEN)
    check(out.count("\n") == 3 and "late" in out, out)
    status, out, err, asked = ask("pass", "--list", "--json", frames=GIVEN)
    first = json.loads(out.splitlines()[0])
    equal((first["event"], first["user"], first["kind"], first["in_force"],
           first["service"], first["by"], first["used"]),
          ("pass", "alice", "login", True, "sshd", 1001, None))
    equal(json.loads(out.splitlines()[-1])["count"], 3)
    status, out, err, asked = ask("pass", "--list", frames=GIVEN[1:])
    equal((status, out), (0, ""))
    check(err.startswith("There is none on record.\nNext: "), err)


def on_a_terminal(*words, frames, env=None):
    """What root sees on a terminal; in no UTF-8 too."""
    program, _ = admin({"frames": frames})
    run = Run("pass", NAME, *words, uid=0, sudo="alice", stepupd=program,
              env=dict({"TZ": "UTC"}, **(env or {})))
    said = run.ends(0)
    narrow(said)
    return said


@row
def admin_pass_on_a_terminal():
    made = [MADE[0], [PASS | REPLY, dict(DONE, flags=REVOKE,
                                         service="no-such-1", **UNTIL)]]
    said = on_a_terminal("--reason", "x", "--service", "no-such-1",
                         frames=made)
    kept("pass", said)
    equal(on_a_terminal("--reason", "x", "--service", "no-such-1",
                        frames=made, env={"LC_ALL": "C", "TERM": "dumb"}),
          said)
    kept("pass-ticket", on_a_terminal("--reason", "x", "--enroll",
                                      frames=MADE))


@row
def cli_ticket_in_place_of_the_password():
    asked = (PROMPT, {"style": FACTOR,
                             "text": "Enrollment ticket: "})
    over = (4 | REPLY, {"last": 1, "outcome": OUTCOME["BAD_TICKET"]})
    service = Service(stepup.DOOR, frames=[asked, over])
    run = Run("enroll", "--ticket")
    run.answer("Enrollment ticket: $", SHOWN)
    kept("refused-ticket", run.ends(1))
    service.close()
    equal([e.split()[0] + " " + e.split()[-1] for e in service.events[:2]],
          [f"request flags={TICKET:08x}", f"answer {SHOWN}"])
    # Ctrl-C, Ctrl-D and a hang-up at the question.
    for sign, status in (("\x03", 5), ("\x04", 5)):
        service = Service(stepup.DOOR, frames=[asked])
        run = Run("enroll", "--ticket")
        run.expect("Enrollment ticket: $")
        run.send(sign)
        check("Cancelled. Nothing was changed." in run.ends(status), sign)
        service.close()
    # In a pipe one kind of input is enough.
    for words, status in (((), 2), (("--code-stdin",), 1)):
        service = Service(stepup.DOOR, frames=[asked, over])
        run = pipe("enroll", "--ticket", "--print-secret", *words, bare=True)
        out, err = run.communicate(SHOWN + "\n")
        equal((words, run.returncode, out), (words, status, ""))
        check(status == 1 or "--ticket --code-stdin\n" in err or
              "--code-stdin" in err, err)
        service.close()
    for host, words in (({}, ("--replace",)), ({"uid": 0}, ("-u", NAME))):
        run = pipe("enroll", "--ticket", *words, **host)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("first enrollment" in err and "Next: " in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
