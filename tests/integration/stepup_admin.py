# SPDX-License-Identifier: BSD-2-Clause
"""Root's commands in pipes, against a stepupd that says what the test
wants. Run by `make check`."""
import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import (FACTOR, OUTCOME, PROMPT, REPLY,
                         Service)                            # noqa: E402
from stepup import (PERSON, Run, admin, argv, check, equal, kept,
                    pipe, row)                               # noqa: E402

stepup.ROWS.clear()
LOCK, UNLOCK, LIST, LOG, PASS = 16, 17, 18, 19, 20
RENAME, REBIND, PRUNE, POLICY = 25, 26, 27, 28
KEY = 24
ACTIVE, ABSENT, UNFINISHED, RESUMED, HELD = (1 << n for n in range(16, 21))
RING = {"path": "/etc/stepup/keyring"}
DONE = {"last": 1, "outcome": OUTCOME["DONE"]}
NAME = PERSON.pw_name


def ask(*words, frames, env=None, sudo="-"):
    """What root is told; what stepupd was asked."""
    program, log = admin({"frames": frames})
    run = pipe(*words, uid=0, stepupd=program, sudo=sudo,
               env=dict({"TZ": "UTC"}, **(env or {})))
    out, err = run.communicate("")
    asked = json.loads(log.read_text()) if log.exists() else []
    return run.returncode, out, err, asked


def screen(name, text):
    """What a person sees; kept in tests/screens."""
    narrow(text)
    path = stepup.SCREENS / name
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(text)
    equal(text, path.read_text())


def narrow(text):
    check(all(len(line) <= 80 for line in text.splitlines()), text)


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


# --- pass ---------------------------------------------------------------

CODE = "0123456789ABCDEF"
SHOWN = "0123-4567-89AB-CDEF"
SHEET, TICKET, REVOKE, PASSES = 36, 0x800, 0x1000, 0x2000
UNTIL = {"expires": 1763723600}
MADE = [[SHEET, {"codes": CODE}],
        [PASS | REPLY, dict(DONE, flags=0, **UNTIL)]]
WHY = ("--reason", "phone at home", "--print-secret")


@row
def admin_pass():
    status, out, err, asked = ask("pass", NAME, *WHY, frames=MADE,
                                  sudo="alice")
    equal((status, asked[1]), (0, f"request {PASS} name={NAME} "
                                  "reason=phone at home flags=00000000 ttl=00000e10"))
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
              in err and err.endswith("\n      or stepup pass --list [USER]\n"),
              err)
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


PASSED = [{"name": "alice", "uid": 1000, "created": 1763720000,
           "expires": 1763723600, "flags": 0x40, "service": "sshd",
           "by": 1001, "reason": "phone at home"},
          {"name": "bob", "uid": 1001, "created": 1763720000,
           "expires": 1763723600, "flags": TICKET, "used": 1763720001,
           "reason": "cloud \x1b[2J"},
          {"name": NAME, "uid": 1002, "created": 1763720000,
           "expires": 1763723600, "flags": 0, "reason": "late"}]
GIVEN = [[LIST | REPLY, {"rows": PASSED}], [LIST | REPLY, DONE]]


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


@row
def admin_list_marks():
    marked = [dict(ALICE, expires=1763723600),
              dict(EVE, name="eve", flags=0, expires_ticket=1763723600)]
    status, out, err, asked = ask("list", frames=[
        [LIST | REPLY, {"rows": marked}], [LIST | REPLY, DONE]])
    check("9/10  pass\n" in out and "0/0  none,ticket\n" in out, out)


# --- list ---------------------------------------------------------------

ALICE = {"name": "alice", "uid": 1000, "enrolled": 1763720000,
         "used": 1763730000, "count": 1, "left": 9, "codes_all": 10,
         "flags": 0x40}
BOB = {"name": "bob", "uid": 1001, "enrolled": 1763620000, "count": 2,
       "left": 10, "codes_all": 10, "flags": 0x40 | 0x10 | 0x100,
       "wait_totp": 60, "wait_recovery": 1680}
EVE = {"name": "e" * 30, "uid": 1002, "count": 0, "left": 0, "codes_all": 0,
       "flags": 0x10}
PEOPLE = [[LIST | REPLY, {"rows": [ALICE, BOB]}],
          [LIST | REPLY, {"rows": [EVE]}], [LIST | REPLY, DONE]]
HEAD = "NAME                ENROLLED    LAST USED   APPS  CODES  STATE\n"
LINE_ALICE = "alice               2025-11-21  2025-11-21     1   9/10  -\n"
LINE_BOB = ("bob                 2025-11-20  never          2  10/10  "
            "locked,wait 28 min,weak\n")
LINE_EVE = ("e" * 30 + "\n                    never       never          "
            "0    0/0  locked,none\n")


@row
def admin_list_by_name():
    for words in ((), ("--sort", "name")):
        status, out, err, asked = ask("list", *words, frames=PEOPLE)
        equal((status, out, err), (0, HEAD + LINE_ALICE + LINE_BOB +
                                   LINE_EVE, ""))
        equal(asked[1], f"request {LIST} ")
        narrow(out)


@row
def admin_list_in_other_orders():
    for key, lines in (("used", (LINE_BOB, LINE_EVE, LINE_ALICE)),
                       ("enrolled", (LINE_EVE, LINE_BOB, LINE_ALICE))):
        status, out, err, asked = ask("list", "--sort", key, frames=PEOPLE)
        equal((status, out), (0, HEAD + "".join(lines)))


@row
def admin_list_weak():
    status, out, err, asked = ask("list", "--weak", frames=PEOPLE)
    equal((status, out, err), (0, HEAD + LINE_BOB, ""))


@row
def admin_list_group():
    import grp
    group = grp.getgrgid(PERSON.pw_gid).gr_name
    me = dict(ALICE, name=NAME)
    frames = [[LIST | REPLY, {"rows": [ALICE, me]}], [LIST | REPLY, DONE]]
    status, out, err, asked = ask("list", "--group", group, frames=frames)
    equal((status, out.count("\n"), NAME in out), (0, 2, True))
    status, out, err, asked = ask("list", "--group", "no-such-group",
                                  frames=frames)
    equal((status, out, asked), (1, "", []))
    check("Next: getent group" in err, err)


@row
def admin_list_missing():
    rows = [dict(ALICE, name=p) for p in sorted(["root", "aaa", "zzz"])]
    conf = stepup.TMP / "nsswitch.conf"
    for text, hidden in (("passwd: files systemd\n", False),
                         ("group: sss\n", False),
                         ("passwd:\tfiles [NOTFOUND=return] sss # x\n", True),
                         ("#passwd: sss\npasswd: ldap\n", True)):
        conf.write_text(text)
        status, out, err, asked = ask(
            "list", "--missing", env={"NSSWITCH": str(conf)},
            frames=[[LIST | REPLY, {"rows": rows}], [LIST | REPLY, DONE]])
        equal(status, 0)
        names = [line.split()[0] for line in out.splitlines()]
        check("root" not in names and "nobody" not in names, out)
        equal((text, "need not list" in err), (text, hidden))
    # Root has no factor here, and a shell.
    status, out, err, asked = ask(
        "list", "--missing", frames=[[LIST | REPLY, DONE]])
    check(status == 0 and "\nroot " in out, out)
    narrow(out)


@row
def admin_list_nobody():
    status, out, err, asked = ask("list", frames=[[LIST | REPLY, DONE]])
    equal((status, out), (0, ""))
    check("Next: stepup enroll -u NAME" in err, err)
    status, out, err, asked = ask("list", "--weak", frames=[
        [LIST | REPLY, {"rows": [ALICE]}], [LIST | REPLY, DONE]])
    equal((status, out, err),
          (0, "", "Nobody is like that.\nNext: stepup list\n"))


# What is freed stays for a while then.
SANITIZED = "ASAN_OPTIONS" in os.environ


def memory(pid):
    """KB at most until now; 0 for one that has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return max((int(line.split()[1]) for line in status
                        if line.startswith("VmHWM")), default=0)
    except OSError:
        return 0


def many(count, *words):
    """So many accounts: bytes, writes, KB of memory at most."""
    program, _ = admin({"people": count})
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    run = subprocess.Popen(
        argv("list", *words, uid=0, stepupd=program), stdout=theirs,
        stdin=subprocess.DEVNULL, env=stepup.plain_env(TZ="UTC"))
    theirs.close()
    size = writes = lines = peak = 0
    # A packet is what one write wrote.
    while part := ours.recv(1 << 20):
        size, writes, lines = (size + len(part), writes + 1,
                               lines + part.count(b"\n"))
        peak = max(peak, memory(run.pid))
    ours.close()
    equal((words, run.wait(), lines), (words, 0, count + 1))
    check(peak > 0, "its memory was not seen")
    return size, writes, peak


@row
def admin_list_of_many():
    """What 100 000 accounts cost: few writes, no memory."""
    for words in ((), ("--json",), ("--sort", "name")):
        few, some = many(10000, *words), many(100000, *words)
        for size, writes, _ in (few, some):
            check(writes <= size // 60000 + 2, (words, size, writes))
        check(SANITIZED or some[2] < few[2] + 512, (words, few, some))
    # Other orders keep the lines, some dozen bytes an account.
    few, some = many(10000, "--sort", "used"), many(100000, "--sort", "used")
    check(some[1] <= some[0] // 60000 + 2, some)
    check(SANITIZED or some[2] - few[2] < 100000 * 250 // 1024, (few, some))


# --- log ----------------------------------------------------------------

WHEN = 1763720000
EVENTS = [
    {"ring": 0, "event": 7, "created": WHEN, "uid": 1000, "name": "alice",
     "outcome": OUTCOME["OK_TOTP"], "kind": 1, "change": 0,
     "service": "sshd", "rhost": "203.0.113.7", "tty": "ssh"},
    {"ring": 1, "event": 3, "created": WHEN + 1, "uid": 0,
     "outcome": OUTCOME["BAD_CODE"], "kind": 1, "change": 0},
    {"ring": 0, "event": 8, "created": WHEN + 2, "uid": 1000,
     "name": "alice", "outcome": OUTCOME["BAD_CODE"], "kind": 1,
     "change": 0, "service": "sudo", "rhost": "2001:db8::1:2:3:4"},
    {"ring": 0, "event": 9, "created": WHEN + 3, "uid": 1001, "name": "bob",
     "outcome": OUTCOME["DONE"], "kind": 0, "change": 6, "by": 1000,
     "reason": "left \x1b[2J"}]
HOUR = WHEN // 3600             # 10:00
COUNTS = [
    {"ring": 2, "event": HOUR, "created": WHEN + 4, "uid": 1001,
     "name": "bob", "outcome": OUTCOME["BAD_FORMAT"], "count": 3},
    {"ring": 2, "event": HOUR + 1, "created": WHEN + 3600,
     "outcome": OUTCOME["NO_USER"], "count": 1, "flags": 0x4000}]


def at(login, public, hour):
    """Where the client stands."""
    return {"after": login, "after_public": public, "after_hour": hour}


HAPPENED = [[LOG | REPLY, {"rows": EVENTS[:2], **at(7, 3, 0)}],
            [LOG | REPLY, at(7, 3, 0)],
            [LOG | REPLY, {"rows": EVENTS[2:] + COUNTS,
                           **at(9, 3, HOUR + 1)}],
            [LOG | REPLY, DONE]]
CURSOR = f"9-3-{HOUR + 1}"


def log(*words, frames=HAPPENED, cursor=CURSOR):
    status, out, err, asked = ask("log", *words, frames=frames)
    equal((words, status), (words, 0))
    check(err.endswith(f"Next: stepup log --after {cursor}\n"), err)
    narrow(out)
    return out, err, asked


@row
def admin_log_tells_all():
    out, err, asked = log()
    equal(out, """\
TIME                 USER          SERVICE     OUTCOME          FROM
2025-11-21 10:13:20  alice         sshd        accept.totp      203.0.113.7
2025-11-21 10:13:21  0             (self)      deny.code
2025-11-21 10:13:22  alice         sudo        deny.code
                     from 2001:db8::1:2:3:4
2025-11-21 10:13:23  bob           -           change.locked
                     by uid 1000: left ?[2J
2025-11-21 10:00:00  bob           (count)     deny.format
                     3 times this hour, the last 10:13:24
2025-11-21 11:00:00  -             (count)     deny.user
                     1 time this hour so far, the last 11:13:20
""")
    equal(asked[1], f"request {LOG} " + START)


START = ("after=0000000000000000 after_public=0000000000000000 "
         "after_hour=0000000000000000")


def bits(*names):
    return f"{sum(1 << OUTCOME[name] for name in names):016x}"


@row
def admin_log_filters():
    """The service is asked for what is wanted, and tells nothing else."""
    day = WHEN - WHEN % 86400
    deny = bits(*(
        "PEER MUST_ENROLL BAD_CODE REPLAY BAD_FORMAT LOCKED DISABLED "
        "ADMIN_LOCK CHANGED NO_USER NO_INPUT").split())
    for words, wanted in (
            (("-u", "root"), START + " uid=00000000"),
            (("-u", "1001"), START + " uid=000003e9"),
            (("--service", "sshd"), "service=sshd " + START),
            (("--outcome", "deny.code"), f"outcomes={bits('BAD_CODE')} "
             f"changes=00000000 {START}"),
            (("--outcome", "change.locked"),
             f"outcomes={0:016x} changes=00000040 {START}"),
            (("--since", "2025-11-21T10:13:22Z"),
             f"since={WHEN + 2:016x} {START}"),
            (("--until", "2025-11-21", "--since", "1970-01-01"),
             f"since={0:016x} until={day:016x} {START}")):
        equal((words, log(*words)[2][1]), (words, f"request {LOG} {wanted}"))
    masks = {words: [int(part.partition("=")[2], 16) for part in
                     log("--outcome", words)[2][1].split()[2:4]]
             for words in ("deny", "change", "accept", "fail")}
    equal([mask[1] & 0xfe for mask in masks.values()], [0, 0xfe, 0, 0])
    check(masks["deny"][0] & int(deny, 16) == int(deny, 16), masks)
    for one, other in (("deny", "accept"), ("deny", "fail"),
                       ("accept", "fail"), ("change", "deny")):
        equal(masks[one][0] & masks[other][0], 0)
    out, err, asked = log(frames=[[LOG | REPLY, at(9, 3, 5)],
                                  [LOG | REPLY, DONE]], cursor="9-3-5")
    check(out == "" and "nothing that fits" in err, err)


@row
def admin_log_goes_on():
    out, err, asked = log("--after", "6-2-490000", "--follow")
    equal(asked[1], f"request {LOG} after={6:016x} after_public={2:016x} "
                    f"after_hour={490000:016x} flags=00000200")


@row
def admin_log_says_what_is_lost():
    """Events that the ring dropped; a cursor of another store."""
    out, err, asked = log("--after", "2-3-1", cursor="9-3-1", frames=[
        [LOG | REPLY, {"rows": EVENTS[2:], "count": 5, **at(9, 3, 1)}],
        [LOG | REPLY, DONE]])
    check("5 events after that cursor were dropped" in err, err)
    out, err, asked = log("--after", "99-3-1", cursor="9-3-1", frames=[
        [LOG | REPLY, {"rows": EVENTS, "flags": 0x8000, **at(9, 3, 1)}],
        [LOG | REPLY, DONE]])
    check("not of this store" in err, err)
    equal(out.count("\n20"), 4)


@row
def admin_log_ends_with_its_reader():
    """| head: the program follows nobody."""
    frames = [*HAPPENED[:3], *[[LOG | REPLY, {
        "rows": EVENTS, **at(9, 3, 1)}]] * 200]
    program, _ = admin({"frames": frames, "stay": True})
    run = pipe("log", "--follow", uid=0, stepupd=program)
    equal(run.stdout.readline()[:4], "TIME")
    run.stdout.close()
    run.wait(20)
    equal((run.returncode, run.stderr.read()), (4, ""))


@row
def admin_log_ends_when_its_reader_goes():
    """Also while nothing happens that could be written."""
    program, _ = admin({"frames": HAPPENED[:1], "stay": True})
    run = pipe("log", "--follow", uid=0, stepupd=program)
    equal(run.stdout.readline()[:4], "TIME")
    run.stdout.close()
    try:
        equal((run.wait(20), run.stderr.read()), (4, ""))
    finally:
        run.kill()


@row
def admin_log_ends_where_nobody_reads():
    """Before it waits for what comes next."""
    program, _ = admin({"frames": HAPPENED[:1], "stay": True})
    nobody, out = os.pipe()
    os.close(nobody)
    run = subprocess.Popen(
        argv("log", "--follow", uid=0, stepupd=program), stdout=out,
        stderr=subprocess.PIPE, text=True, env=stepup.plain_env())
    os.close(out)
    try:
        equal((run.wait(20), run.stderr.read()), (4, ""))
    finally:
        run.kill()


@row
def admin_results_that_cannot_be_written():
    program, _ = admin({"frames": HAPPENED})
    with open("/dev/full", "w") as full:
        run = subprocess.Popen(
            argv("log", uid=0, stepupd=program), stdout=full,
            stderr=subprocess.PIPE, text=True, env=stepup.plain_env())
        equal((run.wait(20), "No space left" in run.stderr.read()),
              (4, True))


@row
def admin_log_follow_ends_with_ctrl_c():
    program, _ = admin({"frames": HAPPENED[:3], "stay": True})
    run = stepup.Run("log", "--follow", uid=0, stepupd=program)
    run.expect("change.locked")
    run.send("\x03")
    run.expect("Next: stepup log --after " + CURSOR)
    equal(run.t.wait(), 0)


@row
def admin_log_usage():
    for words in (("--since", "yesterday"), ("--until", ""),
                  ("--outcome", "den"), ("--outcome", ""),
                  ("--outcome", "deny.cod"),
                  ("--after", "7"), ("--after", "a-b"), ("--after", "1-"),
                  ("--after", "-1"), ("--after", "1-2"),
                  ("--after", "1-2-"), ("--after", "1--3"),
                  ("--after", "1-2-3-4"), ("--after", "1-2-3-"),
                  ("--after", "1-2-x"), ("--after", "1-2-9223372036854775808"),
                  ("--service", "s" * 256), ("x",),
                  ("--sort", "name")):
        run = pipe("log", *words, uid=0)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("\nNext: stepup log --help\n" in err, err)
    for words in (("--sort", "size"), ("--sort", "name", "--missing"),
                  ("--weak", "--missing"), ("alice",), ("--group",)):
        run = pipe("list", *words, uid=0)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("Next: stepup list --help\n" in err, err)
    run = pipe("log", "-u", "no-such-person", uid=0)
    equal((run.communicate("")[0], run.returncode), ("", 1))


@row
def admin_odd_rows():
    good, place = dict(EVENTS[0]), at(1, 1, 1)
    for verb, words, fields in (
            (LIST, ("list",), {"rows": [dict(ALICE, name="")]}),
            (LIST, ("list",), {"rows": [{"uid": 1}]}),
            (LOG, ("log",), {"rows": [dict(good, ring=2)], **place}),
            (LOG, ("log",), {"rows": [dict(good, ring=3)], **place}),
            (LOG, ("log",), {"rows": [dict(good, count=1)], **place}),
            (LOG, ("log",), {"rows": [dict(COUNTS[0], event=2 ** 62)],
                             **place}),
            (LOG, ("log",), {"rows": [dict(COUNTS[0], event=-1)], **place}),
            (LOG, ("log",), {}), (LOG, ("log",), {"after": 1}),
            (LOG, ("log",), {"rows": [{"ring": 0, "event": 1}], **place})):
        status, out, err, asked = ask(*words, frames=[
            [verb | REPLY, fields], [verb | REPLY, DONE]])
        equal((fields, status, out), (fields, 4, ""))
        check("Next: " in err, err)


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


def key_frames(*packets, **last):
    return [[KEY | REPLY, packet] for packet in packets] + [
        [KEY | REPLY, dict(DONE, flags=0, stuck=0, count=0, **RING) | last]]


@row
def admin_key_status_sound():
    status, out, err, asked = ask("key", "status", frames=key_frames(
        {"key": "89abcdef", "count": 120, "stuck": 0, "flags": ACTIVE},
        count=120, key="89abcdef"))
    equal((status, err, asked[1]), (0, "", f"request {KEY} "))
    screen("key-status.txt", out)


@row
def admin_key_status_trouble():
    status, out, err, asked = ask("key", "status", sudo="bob",
                                  frames=key_frames(
        {"key": "0123abcd", "count": 3, "stuck": 1, "flags": 0},
        {"key": "89abcdef", "count": 120, "stuck": 0, "flags": ACTIVE},
        {"key": "deadbeef", "count": 1, "stuck": 1, "flags": ABSENT},
        {"key": "", "count": 1, "stuck": 1, "flags": ABSENT},
        {"name": "alice", "key": "0123abcd"},
        {"name": "bob", "key": "deadbeef"}, {"name": "ca\x1brl"},
        count=125, stuck=3, flags=UNFINISHED, key="89abcdef"))
    equal(status, 1)
    screen("key-trouble.txt", out + err)
    status, out, err, asked = ask("key", "status", frames=key_frames(
        {"key": "0123abcd", "count": 3, "stuck": 3, "flags": ACTIVE},
        {"name": "alice", "key": "0123abcd"}, count=3, stuck=3,
        why=OUTCOME["KEY"], reason="key 0123abcd does not open the store's "
        "seals: other bytes under its id", key="0123abcd"))
    equal(status, 1)
    screen("key-foreign.txt", out + err)
    # While a rotation is at work, two keys are no trouble.
    status, out, err, asked = ask("key", "status", frames=key_frames(
        {"key": "0123abcd", "count": 3, "stuck": 0, "flags": 0},
        {"key": "89abcdef", "count": 1, "stuck": 0, "flags": ACTIVE},
        count=4, flags=UNFINISHED | HELD, key="89abcdef"))
    equal((status, err), (0, "A rotation or restore is at work now.\n"))


@row
def admin_status_tells_of_the_key():
    for flags, wanted in ((0x40, 0), (0, 3)):
        status, out, err, asked = ask("status", "-u", NAME, frames=[
            [3 | REPLY, dict(DONE, flags=flags, why=OUTCOME["KEY"], left=10,
                             reason="key 0123abcd does not\x1b open")]])
        equal(status, wanted)
        check("is not sound:\n  key 0123abcd does not? open.\n"
              "Next: stepup key status\n" in err, err)


@row
def admin_key_rotate():
    status, out, err, asked = ask(
        "key", "rotate", "--reason", "yearly", sudo="bob",
        frames=key_frames({"count": 64}, {"count": 128}, {"count": 192},
                          {"count": 256}, {"key": "0123abcd",
                                           "flags": ABSENT},
                          count=300, key="89abcdef"))
    equal((status, asked[1]), (0, f"request {KEY} reason=yearly "
                                  "flags=00000002"))
    screen("key-rotate.txt", err.replace("What is older", out +
                                         "What is older"))
    status, out, err, asked = ask("key", "rotate", frames=key_frames(
        {"name": "alice", "key": "0123abcd"}, count=1, stuck=1,
        flags=UNFINISHED | RESUMED, key="89abcdef"))
    equal(status, 1)
    check("stays in the" in err and "earlier rotation" in out and
          "Next: " in err, out + err)
    narrow(out + err)


@row
def admin_key_rotate_refused_or_stopped():
    for outcome, flags, wanted, text in (
            ("KEY", 0, 4, "cannot be changed"),
            ("KEY", UNFINISHED, 1, "is not finished"),
            ("STORE", UNFINISHED, 1, "is not finished"),
            ("NO_INPUT", UNFINISHED, 1, "is not finished"),
            ("BUSY", 0, 4, "too long")):
        status, out, err, asked = ask("key", "rotate", frames=[
            [KEY | REPLY, {"last": 1, "outcome": OUTCOME[outcome],
                           "flags": flags, "path": "/etc/stepup/keyring",
                           "reason": "Read-only file system"}]])
        equal((outcome, flags, status, out), (outcome, flags, wanted, ""))
        check(text in err and "Read-only file system" in err and
              "\nNext: " in err, err)
    status, out, err, asked = ask("key", "rotate", frames=[])
    equal((status, out), (1, ""))
    check("is not finished" in err and "stepup key rotate goes on" in err,
          err)


@row
def admin_key_words():
    for words in ((), ("turn",), ("status", "x"), ("",),
                  ("status", "--reason", "x"), ("rotate", "--reason", "")):
        status, out, err, asked = ask("key", *words, frames=[])
        equal((words, status, out, asked), (words, 2, "", []))
        check(("Next: stepup key --help\n" if words else
               "Next: stepup key status,\n") in err, err)


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
