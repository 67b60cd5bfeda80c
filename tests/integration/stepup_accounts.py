# SPDX-License-Identifier: BSD-2-Clause
"""Root's commands about accounts that were renamed, renumbered or removed,
and about the settings, against a stepupd that says what the test wants.
Run by `make check`."""
import json
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import CONFIRM, NOTE, OUTCOME, PROMPT, REPLY, STATUS
from stepup import TMP, Run, admin, check, equal, kept, pipe, row
from stepup_admin import (DONE, NAME, POLICY, PRUNE, REBIND,  # noqa: E402
                          RENAME, UNLOCK, ask, narrow)

SIDES = [[NOTE, {"text": "In the store: alice, user number 1000."}],
         [NOTE, {"text": "On this host: alicia, user number 1000."}],
         [PROMPT, {"style": CONFIRM, "text": "Is that the same person?"}]]
NO = {"last": 1, "outcome": OUTCOME["NO_INPUT"]}
MOVES = (
    (RENAME, ("rename", "alice", "alicia"), f"request {RENAME} name=alice "
     "new_name=alicia", {"new_name": "alicia", "uid": 1000},
     "the account of alice is alicia's now", "status -u alicia"),
    (REBIND, ("rebind", NAME), f"request {REBIND} name={NAME}",
     {"uid": 1005, "stored_uid": 1000},
     f"{NAME} is stored with user number 1005 now (it was 1000)",
     f"status -u {NAME}"),
    (PRUNE, ("prune", "alice"), f"request {PRUNE} name=alice", {},
     "alice is out of the store", ""))


@row
def accounts_yes_asks_nothing():
    for verb, words, request, fields, said, following in MOVES:
        status, out, err, asked = ask(
            *words, "--yes", "--reason", "married", sudo="bob",
            frames=SIDES + [[verb | REPLY, dict(DONE, **fields)]])
        equal((words, status, asked[1:]), (words, 0, [
            request + " reason=married", f"answer {CONFIRM} yes", "end"]))
        check(said in out.replace("\n", " "), out)
        check("In the store: alice, user number 1000.\nOn this host: " in
              err and following in err, err)
        check("[y/N]" not in err, err)
        narrow(out)


@row
def accounts_are_confirmed_on_a_terminal():
    for verb, words, request, fields, said, following in MOVES:
        for answer, final, status in (("y", DONE, 0), ("yes", DONE, 0),
                                      ("", NO, 5), ("n", NO, 5)):
            program, log = admin({"frames": SIDES + [
                [verb | REPLY, dict(final, **fields)]]})
            run = Run(*words, uid=0, stepupd=program)
            run.answer(r"same person\? \[y/N\] $", answer)
            screen = run.ends(status)
            check(("Done" in screen) == (status == 0), screen)
            equal(json.loads(log.read_text())[2], f"answer {CONFIRM} " +
                  ("yes" if status == 0 else "no"))
        run = Run(*words, uid=0, stepupd=program)
        run.expect(r"same person\? \[y/N\] $")
        run.send("\x03")
        check("Nothing was changed." in run.ends(5), "no word")


@row
def accounts_ctrl_c_stops_all():
    """Nobody else is asked about after it."""
    program, log = admin({"frames": SIDES + [[PRUNE | REPLY, DONE]]})
    run = Run("prune", "alice", "bob", uid=0, stepupd=program)
    run.expect(r"same person\? \[y/N\] $")
    run.send("\x03")
    run.ends(5)
    equal(json.loads(log.read_text())[1:], [
        f"request {PRUNE} name=alice", "cancel", "end"])
    program, log = admin({"frames": SIDES + [[PRUNE | REPLY, NO]]})
    run = Run("prune", "alice", "bob", uid=0, stepupd=program)
    run.answer(r"same person\? \[y/N\] $", "n")
    run.answer(r"anew(.|\n)*same person\? \[y/N\] $", "n")
    run.ends(5)
    equal(json.loads(log.read_text())[1], f"request {PRUNE} name=bob")


@row
def accounts_screens():
    program, log = admin({"frames": [
        [NOTE, {"text": "In the store: alice, user number 1000."}],
        [NOTE, {"text": "  enrolled 2026-11-21, last used 2026-11-21, "
                "1 app, 10 recovery codes"}],
        [NOTE, {"text": "On this host: alicia, user number 1000."}],
        [NOTE, {"text": "Whoever has the factor of the first is let in as "
                "the second from then on."}],
        [PROMPT, {"style": CONFIRM, "text": "Is that the same person?"}],
        [RENAME | REPLY, dict(DONE, new_name="alicia")]]})
    run = Run("rename", "alice", "alicia", uid=0, stepupd=program)
    run.answer(r"\[y/N\] $", "y")
    kept("rename", run.ends(0))
    program, log = admin({"frames": GONE})
    run = Run("prune", "--dry-run", uid=0, stepupd=program,
              env=nsswitch("passwd: files sss\n"))
    kept("prune-list", run.ends(0))
    program, log = admin({"frames": SETTINGS + [[POLICY | REPLY, dict(
        DONE, flags=0x400, path="/etc/stepup.conf:3", reason="cap must be "
        "10..50")]]})
    run = Run("policy", uid=0, stepupd=program)
    kept("policy", run.ends(0))
    program, log = admin({"frames": [[STATUS | REPLY, {
        "last": 1, "outcome": OUTCOME["CHANGED"], "uid": 1005,
        "stored_uid": 1000}]]})
    run = Run("status", "-u", NAME, uid=0, sudo="bob", stepupd=program)
    kept("status-changed", run.ends(1))


@row
def accounts_in_a_pipe_need_yes():
    for verb, words, request, fields, said, following in MOVES:
        status, out, err, asked = ask(*words, frames=SIDES + [
            [verb | REPLY, dict(DONE, **fields)]])
        equal((words, status, out, asked), (words, 2, "", []))
        check("has to be confirmed" in err and
              f"Next: stepup {' '.join(words)} --yes\n" in err, err)


@row
def accounts_refusals():
    """Why, by the service's reason, and what next."""
    for verb, words, request, fields, said, following in MOVES:
        for name, status, hint in (
                ("NO_ACCOUNT", 3, "stepup list"), ("LIVING", 1, "status"),
                ("MISMATCH", 1, "stepup list"), ("SERVICE", 4, "getent"),
                ("KEY", 4, "log"), ("BUSY", 4, "wait"),
                ("NO_USER", 1, "getent")):
            got, out, err, asked = ask(*words, "--yes", frames=[
                [verb | REPLY, {"last": 1, "outcome": OUTCOME[name],
                                "reason": "inner"}]])
            equal((words, name, got, out), (words, name, status, ""))
            check("  inner\n" in err and hint in err.partition("Next: ")[2],
                  err)


@row
def accounts_odd_frames():
    for verb, words, *_ in MOVES:
        for frames in ([], [[verb | REPLY, {"outcome": OUTCOME["DONE"]}]],
                       [[3 | REPLY, DONE]], [[verb | REPLY, {"last": 1}]],
                       [[33 + 1, {}]]):
            status, out, err, asked = ask(*words, "--yes", frames=frames)
            equal((words, frames, status, out), (words, frames, 4, ""))
            check("Next: " in err, err)


@row
def accounts_usage():
    long = "x" * 256
    for words in (("rename",), ("rename", "a"), ("rename", "a", "b", "c"),
                  ("rename", "", "b"), ("rename", "a", ""),
                  ("rename", "a", long), ("rename", long, "b"),
                  ("rebind",), ("rebind", NAME, "x"), ("rename", "-u", "a",
                                                       "b", "c"),
                  ("prune", ""), ("prune", long),
                  ("prune", "--dry-run", "alice"),
                  ("prune", "--dry-run", "--yes"),
                  ("prune", "alice", "--reason", ""),
                  ("policy", NAME, "x"), ("policy", "--service", "sshd"),
                  ("policy", NAME, "--service", ""),
                  ("policy", NAME, "--service", long)):
        status, out, err, asked = ask(*words, frames=[])
        equal((words, status, out, asked), (words, 2, "", []))
        check("\nNext: stepup " in err, err)
    for words in (("rename", "a", "b"), ("rebind", NAME), ("prune",),
                  ("policy",)):
        run = pipe(*words)
        equal((run.communicate("")[0], run.returncode), ("", 1))
    for name in ("rename", "rebind", "prune", "policy"):
        run = pipe(name, "--help")
        out, err = run.communicate("")
        equal((run.returncode, err), (0, ""))
        narrow(out)
    # Who is nobody here is never rebound.
    status, out, err, asked = ask("rebind", "no-such-person", "--yes",
                                  frames=[])
    equal((status, asked), (1, []))


# --- prune --------------------------------------------------------------

GONE = [[PRUNE | REPLY, {"rows": [
    {"name": "alice", "stored_uid": 1000, "enrolled": 1763720000,
     "used": 1763730000, "count": 1, "left": 9, "uid": 1005},
    {"name": "bob", "stored_uid": 1001, "enrolled": 1763720000, "count": 2,
     "left": 10, "new_name": "robert"}]}],
    [PRUNE | REPLY, {"rows": [{"name": "e" * 30, "stored_uid": 4294967294,
                               "count": 0, "left": 0}]}],
    [PRUNE | REPLY, DONE]]


def nsswitch(text):
    conf = TMP / "nsswitch.conf"
    if text is None:
        conf.unlink(missing_ok=True)
    else:
        conf.write_text(text)
    return {"NSSWITCH": str(conf), "TZ": "UTC"}


@row
def prune_lists_who_is_not_here():
    for text, warned in (("passwd: files systemd\n", ""),
                         ("passwd: files sss # x\n", "sss"),
                         ("passwd: files [NOTFOUND=return] ldap\n", "ldap"),
                         (None, "cannot be seen")):
        status, out, err, asked = ask("prune", "--dry-run", frames=GONE,
                                      env=nsswitch(text))
        equal((status, asked[1]), (0, f"request {PRUNE} "))
        equal(("come from" in err, warned in err), (warned != "", True))
        check(err.endswith("Next: stepup prune NAME, for each that is gone "
                           "for good\n"), err)
    narrow(out)
    lines = out.splitlines()
    check(lines[1].endswith("1  number 1005"), out)
    check(lines[2].endswith("2  no such name"), out)
    check(lines[3].endswith("  1001  is robert on this host"), out)
    status, out, err, asked = ask("prune", "--dry-run", env=nsswitch(
        "passwd: files\n"), frames=[[PRUNE | REPLY, DONE]])
    equal((status, out), (0, ""))
    check("Everybody in the store" in err, err)


@row
def prune_without_names_is_for_terminals():
    status, out, err, asked = ask("prune", frames=GONE, env=nsswitch(
        "passwd: files\n"))
    equal((status, out, asked), (2, "", []))
    check("Next: stepup prune --dry-run, then stepup prune NAME...\n" in err,
          err)
    for text in ("passwd: files sss\n", "passwd: winbind\n", None):
        status, out, err, asked = ask("prune", frames=GONE,
                                      env=nsswitch(text))
        equal((status, out, asked), (1, "", []))
        check("everybody looks gone" in err, err)
    program, log = admin({"frames": GONE})
    run = Run("prune", "--yes", uid=0, stepupd=program,
              env=nsswitch("passwd: files\n"))
    run.ends(2)


@row
def prune_asks_about_each():
    """A list, then a conversation for each name in it."""
    program, log = admin({"frames": GONE})
    # The same stepupd answers all: to the second it lists, which is none of
    # its business, and ends the run.
    run = Run("prune", uid=0, stepupd=program, env=nsswitch(
        "passwd: files\n"))
    run.ends(4)
    equal(json.loads(log.read_text())[1], f"request {PRUNE} name=alice")


@row
def prune_several_names():
    program, log = admin({"frames": SIDES + [[PRUNE | REPLY, DONE]]})
    run = pipe("prune", "alice", "bob", "--yes", uid=0, stepupd=program)
    out, err = run.communicate("")
    equal((run.returncode, out), (0, "Done: alice is out of the store.\n"
                                     "Done: bob is out of the store.\n"))
    program, log = admin({"frames": [[PRUNE | REPLY, {
        "last": 1, "outcome": OUTCOME["NO_ACCOUNT"]}]]})
    run = pipe("prune", "alice", "bob", "--yes", uid=0, stepupd=program)
    out, err = run.communicate("")
    equal((run.returncode, out), (3, ""))
    check("no account alice" in err and "no account bob" in err, err)
    # A name that looks like an option.
    program, log = admin({"frames": SIDES + [[PRUNE | REPLY, DONE]]})
    run = pipe("prune", "--yes", "--", "-x", uid=0, stepupd=program)
    equal((run.communicate("")[0], run.returncode),
          ("Done: -x is out of the store.\n", 0))


@row
def prune_odd_rows():
    for fields in ({"name": "", "stored_uid": 1}, {"name": "alice"}, {}):
        status, out, err, asked = ask("prune", "--dry-run", frames=[
            [PRUNE | REPLY, {"rows": [fields]}], [PRUNE | REPLY, DONE]])
        equal((fields, status, out), (fields, 4, ""))


@row
def rename_takes_names_after_dashes():
    """Behind -- a word is a name, whatever it looks like."""
    for words in (("--yes", "--", "-old", "--json"),
                  ("--yes", "-old", "--json"), ("--yes", "--", "--", "-u")):
        status, out, err, asked = ask("rename", *words, frames=[
            [RENAME | REPLY, dict(DONE, new_name="x")]])
        if "--" not in words:
            equal((words, status, asked), (words, 2, []))
            continue
        old, new = words[2:]
        equal((words, status, asked[1]), (
            words, 0, f"request {RENAME} name={old} new_name={new}"))
    run = pipe("rename", "--", "-old", "x y")
    check(run.communicate("")[1].endswith(
        "Next: sudo stepup rename -- -old 'x y'\n"), "said otherwise")
    # The value of an option is none of them.
    status, out, err, asked = ask("lock", "--reason", "--", NAME, "--json",
                                  frames=[[16 | REPLY, DONE]])
    equal((status, json.loads(out)["reason"]), (0, "--"))


# --- policy -------------------------------------------------------------

LIST = '["' + '", "'.join(f"service-{n:02}" for n in range(20)) + '"]'
SETTINGS = [[POLICY | REPLY, {"rows": [
    {"label": "issuer", "text": ""},
    {"label": "digits", "text": "6", "path": "/etc/stepup.conf",
     "count": 12},
    {"label": "services", "text": LIST[:255],
     "path": "/etc/stepup.conf.d/a.conf", "count": 3}]}],
    [POLICY | REPLY, {"rows": [
        {"label": "services", "text": LIST[255:],
         "path": "/etc/stepup.conf.d/a.conf", "count": 3},
        {"label": "help", "text": "",
         "path": "/var/lib/stepup/settings.accepted"}]}]]


@row
def policy_shows_each_setting():
    status, out, err, asked = ask("policy", frames=SETTINGS + [
        [POLICY | REPLY, dict(DONE, flags=0)]])
    equal((status, err, asked[1]), (0, "", f"request {POLICY} "))
    lines = [line.split("  ") for line in out.splitlines()]
    equal([line[0].strip() for line in lines],
          ["SETTING", "issuer", "digits", "services", "help"])
    check(out.splitlines()[1].endswith("(short host name)       default"),
          out)
    check(out.splitlines()[2].endswith("  /etc/stepup.conf:12"), out)
    check(LIST in out, out)
    check(out.splitlines()[4].endswith("settings.accepted"), out)


@row
def policy_says_what_is_refused():
    status, out, err, asked = ask("policy", frames=SETTINGS + [
        [POLICY | REPLY, dict(DONE, flags=0x400, path="/etc/stepup.conf:3",
                              reason="cap must be 10..50")]])
    equal(status, 0)
    check("refused: /etc/stepup.conf:3: cap must be 10..50\n" in err and
          "last accepted are in force" in err, err)


@row
def policy_of_a_person():
    for name, kinds, said, following in (
            ("ASK", 3, "is asked for a code of the app, or a", None),
            ("ASK", 2, "is asked for a recovery code", None),
            ("ASK", 1, "is asked for a code of the app.", None),
            ("NOT_COVERED", 0, "passes without a code: the service", None),
            ("NOT_ENROLLED", 0, "passes without a code: not enr", None),
            ("MUST_ENROLL", 3, "refused whatever is typed", "enroll -u"),
            ("LOCKED", 0, "is refused for 28 min", "status -u"),
            ("DISABLED", 0, "switched off", "status -u"),
            ("ADMIN_LOCK", 0, "locked by an", "status -u"),
            ("CHANGED", 0, "another name or user", "status -u"),
            ("STORE", 0, "is refused: The store of this host cannot be used."
             "\n", "status -u"),
            ("NO_USER", 0, f"is refused: This host knows no account {NAME}."
             "\n", "status -u")):
        status, out, err, asked = ask(
            "policy", NAME, "--service", "sshd", frames=SETTINGS + [
                [POLICY | REPLY, dict(DONE, flags=0, why=OUTCOME[name],
                                      kinds=kinds, wait=1680,
                                      service="sshd")]])
        equal((name, status, asked[1]), (
            name, 0, f"request {POLICY} name={NAME} service=sshd"))
        check(f"\n{NAME} at sshd " in out and said in out, out)
        equal((name, following is not None), (name, "Next: " in err))
        check(following is None or following in err, err)


# --- Others -------------------------------------------------------------

@row
def unlock_says_wrong_passwords():
    for n, said in ((10, "Passwords 10 wrong ones in self-service"),
                    (1, "Passwords 1 wrong one in self-service")):
        status, out, err, asked = ask("unlock", NAME, frames=[
            [UNLOCK | REPLY, dict(DONE, flags=0, passwords=n)]])
        equal((status, out), (0, f"{NAME} may use codes again. Cleared:\n"
                                 f"  {said}\n"))


@row
def status_of_a_changed_account():
    """Both sides, and the command for each way it may have come to it."""
    for name, fields, shown, following in (
            (NAME, {"uid": 1005, "stored_uid": 1000},
             ("In the store  %s, user number 1000" % NAME,
              "On this host  %s, user number 1005" % NAME),
             ("stepup rebind " + NAME, "stepup prune " + NAME)),
            (NAME, {"uid": 1005, "stored_name": "alice"},
             ("In the store  alice, user number 1005",),
             ("stepup rename alice " + NAME, "stepup prune alice")),
            (NAME, {"uid": 1005, "stored_uid": 7, "stored_name": "alice"},
             ("In the store  alice, user number 1005",
              "In the store  %s, user number 7" % NAME),
             ("stepup prune %s, or prune alice" % NAME,)),
            ("no-such-person", {"stored_uid": 7},
             ("In the store  no-such-person, user number 7",
              "nobody is called no-such-person"),
             ("stepup rename no-such-person NEW",
              "stepup prune no-such-person"))):
        status, out, err, asked = ask("status", "-u", name, frames=[
            [STATUS | REPLY, dict(fields, last=1,
                                  outcome=OUTCOME["CHANGED"])]])
        equal((name, status, asked[1]),
              (name, 1, f"request {STATUS} name={name}"))
        for text in shown:
            check(text in out, out)
        for text in following:
            check(text in err.partition("Next: ")[2], err)
    status, out, err, asked = ask("status", "-u", "no-such-person", frames=[
        [STATUS | REPLY, {"last": 1, "outcome": OUTCOME["NO_USER"]}]])
    equal((status, out), (1, ""))
    check("knows no account no-such-person" in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
