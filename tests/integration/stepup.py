# SPDX-License-Identifier: BSD-2-Clause
"""The stepup program on a pseudo terminal and in pipes, against a service
that says what the test wants. Run by `make check`."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

SRC = pathlib.Path(os.environ["abs_srcdir"])
BUILD = pathlib.Path(os.environ["abs_builddir"])
sys.path.insert(0, str(SRC / "tests/system"))
sys.dont_write_bytecode = True

import fcntl                                                 # noqa: E402
import termios                                               # noqa: E402
from selfservice import (NOTE, OFFER, OUTCOME, PASSWORD, PLAN, PROMPT,
                         REPLY, SHEET, SHEET_CODE, SHOWN, STATUS, Service,
                         base32, totp)                       # noqa: E402
from schema import Schema                                    # noqa: E402
from terminal import Session, plain_env                      # noqa: E402

PROGRAM = str(BUILD / "tests/integration/stepup_at")
SCREENS = SRC / "tests/screens"
SCHEMA = Schema(SRC / "man/stepup-json.5")
TMP = pathlib.Path(tempfile.mkdtemp(prefix="stepup-"))
DOOR = str(TMP / "public")
# Whose name the wizard shows: an account every host has.
PERSON = next((p for p in pwd.getpwall() if p.pw_name == "nobody"),
              next(p for p in pwd.getpwall() if p.pw_uid != 0))
URI = ("otpauth://totp/web03:alice?secret=" + base32({}) + "&issuer=web03")
HAVE_ZBAR = shutil.which("zbarimg") is not None
ROWS = []
# Terminal modes before and after, whatever signal the program gets.
WITNESS = ('trap : INT QUIT TERM HUP; stty -a >"$1"; shift; out=$1; shift; '
           '"$@"; status=$?; stty -a >"$out"; exit $status')


def row(function):
    ROWS.append(function)
    return function


def check(what, why):
    if not what:
        raise AssertionError(why)


def equal(got, wanted):
    check(got == wanted, f"got {got!r}, wanted {wanted!r}")


def argv(*words, uid=PERSON.pw_uid, sudo="-", stepupd="/nowhere",
         keyring="/"):
    return [PROGRAM, str(uid), sudo, DOOR, str(stepupd), str(keyring), *words]


class Run:
    """stepup on a terminal; checks at its end that nothing stays behind."""

    def __init__(self, *words, columns=80, rows=24, env=None, **host):
        self.before, self.after = TMP / "before", TMP / "after"
        self.t = Session(
            ["/bin/sh", "-c", WITNESS, "sh", str(self.before),
             str(self.after), *argv(*words, **host)],
            env=plain_env(**(env or {})), columns=columns, rows=rows)

    def __getattr__(self, name):
        return getattr(self.t, name)

    def page(self, pattern=r"Code: *$"):
        """The prompt is drawn last: all of the page stands there."""
        self.t.expect_screen(pattern)

    def resize(self, columns, rows):
        self.t.screen.__init__(columns, rows)
        fcntl.ioctl(self.t.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def ends(self, status, secrets=()):
        equal(self.t.wait(), status)
        modes = [file.read_text().partition("\n")[2]
                 for file in (self.before, self.after)]
        equal(modes[1], modes[0])
        check(self.t.screen.other is None, "the other screen stayed")
        left = self.t.screen.text()
        for secret in (base32({})[:4], *PLAN["codes"][0][:4], "\u2588"):
            if len(secret) > 1 or secret == "\u2588":
                check(secret not in left, "secrets on the screen:\n" + left)
        return left


def now_code(plan=None):
    plan = dict(PLAN, **(plan or {}))
    return totp(bytes.fromhex(plan["secret"]), time.time(), plan["digits"],
                plan["period"])


def kept(name, text):
    """Text as it is kept in the tree; STEPUP_KEEP_SCREENS=1 keeps it."""
    text = text.replace(PERSON.pw_name, "alice")
    file = SCREENS / (name + ".txt")
    if os.environ.get("STEPUP_KEEP_SCREENS"):
        file.write_text(text, "utf-8")
    check(file.exists() and file.read_text("utf-8") == text,
          f"differs from {file.name}:\n{text}")


def scan(session, wanted):
    """Read by a camera, on a dark and a light terminal."""
    if not HAVE_ZBAR:
        return
    for theme in ("dark", "light"):
        picture = TMP / "screen.png"
        picture.write_bytes(session.t.screen.picture(theme))
        read = subprocess.run(["zbarimg", "-q", "--raw", str(picture)],
                              capture_output=True, text=True)
        equal((theme, read.stdout.strip()), (theme, wanted))


def begin(columns=80, rows=24, env=None, words=("enroll",)):
    """Up to the first page."""
    run = Run(*words, columns=columns, rows=rows, env=env)
    run.answer("Password: $", "pw")
    run.page()
    return run


# --- The wizard ----------------------------------------------------------

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
    for words in (("add",), ("add", ""), ("add", "a b"), ("add", "-x"), ("add", ""),
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


# --- Windows, locales, terminals -----------------------------------------

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


# --- Giving up ------------------------------------------------------------

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


# --- Not a terminal -------------------------------------------------------

STDIN = ("--password-stdin", "--code-stdin")
TALKS = {"enroll": (*STDIN, "--print-secret"), "remove": STDIN,
         "add": (*STDIN, "--print-secret"), "test": STDIN,
         "codes": (*STDIN, "--print-secret")}


def pipe(*words, env=None, bare=False, **host):
    """Without a terminal; bare: nothing is said about that."""
    if words and not bare:
        words = (*words, *TALKS.get(words[0], ()))
    return subprocess.Popen(argv(*words, **host), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=plain_env(**(env or {})), text=True,
                            bufsize=0)


@row
def cli_in_a_pipe():
    service = Service(DOOR, password="pw", factor="111222")
    run = pipe("enroll")
    run.stdin.write("pw\n111222\n000000\n" + now_code() +
                    "\nnot it\r\n4123-4567-89AB-CDEF")
    run.stdin.close()
    out, err = run.stdout.read(), run.stderr.read()
    equal((run.wait(), err.count("\n") > 3), (0, True))
    check("\x1b" not in out + err, "escape sequences in a pipe")
    check(URI + "\n" in out, "no URI:\n" + out)
    check(" 4  4123-4567-89AB-CDEF\n" in out, "no codes:\n" + out)
    check("Code that the app shows: " in err, "prompts elsewhere:\n" + err)
    check("4 tries left" in err, err)
    check("123" not in err, "secrets among the messages:\n" + err)
    service.close()
    equal(service.events[-2], "answer 5 4123-4567-89AB-CDEF")


@row
def cli_pipe_that_ends_early():
    for text in ("", "pw\n", "pw\n111222\n", "pw\n111222\n123456\n"):
        service = Service(DOOR, password="pw", factor="111222")
        run = pipe("enroll")
        out, err = run.communicate(text)
        equal((text, run.returncode), (text, 5))
        service.close()
        equal(service.events[-2:], ["cancel", "end"])


@row
def cli_line_too_long():
    service = Service(DOOR, password="p" * 128)
    run = pipe("enroll")
    out, err = run.communicate("p" * 5000 + "\n" + "p" * 129 + "\n" +
                               "p" * 128 + "\n")
    equal((run.returncode, err.count("too long")), (5, 2))
    service.close()
    equal(service.events[1], "answer 1 " + "p" * 128)


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
def cli_secrets_stay_off_pipes():
    """Refused before anything is asked; the remedy is named."""
    for words, wanted in (
            (("enroll", *STDIN), "--print-secret"),
            (("add", "x", *STDIN), "--print-secret"),
            (("codes", "--new", *STDIN), "--print-secret"),
            (("codes", "--new", "--save", "f"), "--password-stdin"),
            (("enroll", "--print-secret"), "--password-stdin --code-stdin"),
            (("remove", "x"), "--password-stdin --code-stdin"),
            (("remove", "x", "--code-stdin"), "--password-stdin"),
            (("test",), "test --code-stdin")):
        service = Service(DOOR, password="pw")
        run = pipe(*words, bare=True)
        out, err = run.communicate("pw\n123456\n")
        equal((words, run.returncode, out), (words, 2, ""))
        check(wanted in err.splitlines()[-1] and
              err.splitlines()[-1].startswith("Next: "), err)
        service.close()
        equal(service.events, [])
    for choice in ("", "x", "UTF8"):
        run = pipe("enroll", "--qr=" + choice)
        out, err = run.communicate("")
        equal((run.returncode, out), (2, ""))
        check("utf8, ascii or none" in err, err)


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


def documents(out):
    lines = out.splitlines()
    found = [json.loads(line) for line in lines]
    for one in found:
        equal((one["version"], "command" in one, "user" in one),
              (1, True, True))
        SCHEMA.check(one)
    equal([one["event"] for one in found[:-1]].count("end"), 0)
    equal(found[-1]["event"], "end")
    return found


@row
def cli_json_status():
    used = dict(PHONE, used=1763730000)
    status, out, err = ask(("status", "--json"), [
        (STATUS | REPLY, used), (STATUS | REPLY, dict(PHONE, label="tablet")),
        (STATUS | REPLY, dict(STANDING, left=2))])
    equal(status, 0)
    check("Few recovery codes" in err, err)
    equal(documents(out), [{
        "version": 1, "command": "status", "user": "alice", "event": "end",
        "enrolled": "2025-11-21T10:13:20Z", "authenticators": [
            {"name": "phone", "algorithm": "SHA1", "digits": 6, "period": 30,
             "added": "2025-11-21T10:13:20Z",
             "last_used": "2025-11-21T13:00:00Z"},
            {"name": "tablet", "algorithm": "SHA1", "digits": 6, "period": 30,
             "added": "2025-11-21T10:13:20Z", "last_used": None}],
        "codes": {"left": 2, "all": 10, "made": "2025-11-21T10:13:20Z"},
        "locked": False, "app_codes_off": False, "wait_app_codes": 0,
        "wait_recovery_codes": 0, "pass": None, "ticket": None, "status": 0,
        "result": "done"}])
    kept("status-json", out)
    status, out, err = ask(("codes", "--json"), [(5 | REPLY, STANDING)])
    equal(documents(out)[0]["codes"]["left"], 9)
    status, out, err = ask(("status", "--json"), [
        (STATUS | REPLY, dict(STANDING, flags=0))])
    (end,) = documents(out)
    equal((status, end["status"], end["result"], end["next"]),
          (3, 3, "not-enrolled", "stepup enroll"))
    for words in (("status",), ("test",), ("codes",), ("codes", "--new"),
                  ("enroll",), ("add", "x"), ("remove", "x")):
        run = pipe(*words, "--json")
        out, err = run.communicate("")
        (end,) = documents(out)
        equal((words, run.returncode, end["status"], end["result"]),
              (words, 4, 4, "unavailable"))
        run = pipe(words[0], "--json", "-u", "root", *words[1:])
        out, err = run.communicate("")
        (end,) = documents(out)
        equal((words, run.returncode, end["result"]), (words, 1, "refused"))


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


# --- What the service says ------------------------------------------------

@row
def cli_text_from_elsewhere_is_cleaned():
    service = Service(DOOR, frames=[
        (NOTE, {"text": "a\x1b[2Jb\x07c\u00e9"}),
        (PROMPT, {"style": PASSWORD, "text": "x\x1b]0;t\x07: "})])
    run = pipe("enroll")
    out, err = run.communicate("")
    check("a?[2Jb?c??\n" in err and "x?]0;t?: " in err, repr(err))
    service.close()


@row
def cli_odd_frames():
    final = {"last": 1, "outcome": OUTCOME["DONE"], "left": 10}
    offer = {"secret": "x" * 20, "issuer": "web03", "name": "alice",
             "algorithm": 1, "digits": 6, "period": 30}
    ask = (PROMPT, {"style": SHOWN, "text": "? "})
    for frames, status in (
            ([(99, {}), ask], 4), ([(OFFER, {}), ask], 4),
            ([(OFFER, dict(offer, algorithm=4)), ask], 4),
            ([(OFFER, dict(offer, secret="x" * 9)), ask], 4),
            ([(OFFER, dict(offer, secret="x" * 65)), ask], 4),
            ([(SHEET, {"codes": "A" * 17, "number": 1}), ask], 4),
            ([(SHEET, {"codes": "A" * 32, "number": 3}), ask], 4),
            ([(SHEET, {"codes": "A\x1b" * 8, "number": 1}), ask], 4),
            ([(OFFER, offer), ask], 5),
            ([(SHEET, {"codes": "A" * 32, "number": 2}), ask], 5),
            ([(PROMPT, {"style": 77, "text": "?"})], 5),
            ([(STATUS | REPLY, final)], 4), ([], 4),
            ([(4 | REPLY, {"last": 1, "outcome": 200})], 4),
            ([(4 | REPLY, {"last": 1})], 4),
            ([(4 | REPLY, {"outcome": OUTCOME["DONE"]})], 4)):
        service = Service(DOOR, frames=frames)
        run = pipe("enroll")
        out, err = run.communicate("")
        equal((frames, run.returncode), (frames, status))
        check("Next: " in err and "Done" not in out, err + out)
        service.close()


@row
def cli_refusals_have_a_next_step():
    statuses = {"NOT_ENROLLED": 3, "MUST_ENROLL": 3, "NO_INPUT": 5,
                "NO_ACCOUNT": 3}
    unavailable = ("INTERNAL MEMORY CONFIG SERVICE PROTOCOL BUSY STORE KEY "
                   "CLOCK ASK OK_TOTP OK_RECOVERY OK_PASS OK_TICKET "
                   "NOT_COVERED").split()
    for name, number in OUTCOME.items():
        if name == "DONE":
            continue
        service = Service(DOOR, frames=[(4 | REPLY, {
            "last": 1, "outcome": number, "wait": 1680, "path": "/secret",
            "reason": "inner"})])
        run = pipe("enroll")
        out, err = run.communicate("")
        equal((name, run.returncode),
              (name, statuses.get(name, 4 if name in unavailable else 1)))
        # A password that is not asked for is not announced.
        lines = err.splitlines()
        check(len(lines) == 2 and lines[1].startswith("Next: ") and
              "{" not in err and out == "" and "inner" not in err, err)
        service.close()


STANDING = {"last": 1, "outcome": OUTCOME["DONE"], "flags": 0x40,
            "enrolled": 1763720000, "left": 9, "codes_all": 10,
            "codes_made": 1763720000}
PHONE = {"label": "phone", "algorithm": 1, "digits": 6, "period": 30,
         "created": 1763720000}


def ask(words, frames, uid=PERSON.pw_uid):
    service = Service(DOOR, frames=frames)
    run = pipe(*words, env={"TZ": "UTC"}, uid=uid)
    out, err = run.communicate("")
    service.close()
    return run.returncode, out.replace(PERSON.pw_name, "alice"), err


@row
def cli_status_tells_all():
    used = dict(PHONE, used=1763730000)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, used), (STATUS | REPLY, STANDING)])
    equal((status, err), (0, ""))
    kept("status", out)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, used),
        (STATUS | REPLY, dict(PHONE, label="tablet", created=1763725000)),
        (STATUS | REPLY, STANDING)])
    equal((status, err), (0, ""))
    kept("status-two", out)
    for more, wanted in (({"flags": 0x48}, "Switched off"),
                         ({"flags": 0x50}, "by an administrator"),
                         ({"wait_totp": 1680}, "app codes, for 28 min"),
                         ({"wait_recovery": 60}, "recovery codes, for 60 s")):
        status, out, err = ask((), [
            (STATUS | REPLY, PHONE),
            (STATUS | REPLY, dict(STANDING, **more))])
        check(status == 0 and wanted in out and "last used never" in out, out)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, PHONE)] * 9 + [(STATUS | REPLY, STANDING)])
    equal((status, out), (4, ""))


@row
def cli_not_enrolled_says_how_to_start():
    for words in ((), ("status",)):
        status, out, err = ask(words, [
            (STATUS | REPLY, dict(STANDING, flags=0))])
        equal((status, out), (3, ""))
        check("Next: stepup enroll\n" in err, err)


@row
def cli_codes_are_counted():
    status, out, err = ask(("codes",), [(5 | REPLY, STANDING)])
    equal((status, out, err), (0, "9 of 10 recovery codes are left, made "
                                  "2025-11-21 10:13.\n", ""))
    status, out, err = ask(("codes",), [(5 | REPLY, dict(STANDING, left=2))])
    check(status == 0 and "Next: stepup codes --new\n" in err, err)


@row
def cli_no_public_door():
    for words in ((), ("status",), ("enroll",), ("codes", "--new")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((run.returncode, out), (4, ""))
        equal(err.splitlines()[-1], "Self-service is not running here. Ask "
              "an administrator (sudo stepup enroll -u NAME).")


@row
def cli_usage():
    for words in (("nonsense",), ("--nonsense",), ("status", "--new"),
                  ("enroll", "--new"), ("codes", "-r"), ("status", "x"),
                  ("status", "-u"), ("status", "--user"), ("-u",),
                  ("status", "-u", "a", "-u", "b"),
                  ("enroll", "\x1b[2J")):
        run = pipe(*words, uid=0, bare=True)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("\nNext: stepup " in err and "\x1b" not in err, err)
    for words in (("--help",), ("-h",), ("help",), ("enroll", "--help"),
                  ("codes", "-h"), ("status", "-h"), ("--version",)):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((words, run.returncode, err), (words, 0, ""))
        check(all(len(line) <= 79 for line in out.splitlines()), out)


@row
def cli_only_root_acts_for_others():
    for words in (("status", "-u", "root"), ("-u", "no-such-person")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((run.returncode, out), (1, ""))
        check("Only root" in err and "Next: sudo stepup status" in err, err)


# --- Root -----------------------------------------------------------------

def admin(plan):
    """A stepupd of our own; what it saw stands in its log."""
    told, log, program = TMP / "plan", TMP / "log", TMP / "stepupd"
    told.write_text(json.dumps({"plan": plan, "log": str(log)}))
    log.unlink(missing_ok=True)
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>{TMP}/asked\n'
        f'if [ "$1" = --init ]; then echo making >&2; : >{TMP}/keyring; '
        "exit $(cat " + str(TMP / "init") + "); fi\n"
        f"exec {sys.executable} {SRC}/tests/integration/selfservice.py "
        f"{told}\n")
    program.chmod(0o755)
    (TMP / "asked").unlink(missing_ok=True)
    (TMP / "keyring").unlink(missing_ok=True)
    (TMP / "init").write_text("0")
    return program, log


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


# --- What it leaves in memory ----------------------------------------------

@row
def cli_is_not_dumped():
    service = Service(DOOR, hang=True)
    run = pipe("status")
    deadline = time.monotonic() + 20
    while not service.events and time.monotonic() < deadline:
        run.poll()
    check(service.events, "it did not ask")
    limits = pathlib.Path(f"/proc/{run.pid}/limits").read_text()
    check(re.search(r"Max core file size +0 +0", limits), limits)
    if os.getuid() != 0:
        equal(os.stat(f"/proc/{run.pid}/environ").st_uid, 0)
    run.send_signal(signal.SIGTERM)
    equal(run.wait(20), 5)
    service.close()


def main():
    bad = 0
    wanted = sys.argv[1:]
    # A job in the background, or under nohup, hands on what it ignores.
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM,
                   signal.SIGTSTP, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)
    if not HAVE_ZBAR:
        print("skip cli_qr_read_by_a_camera: no zbarimg")
    for function in ROWS:
        name = function.__name__
        if wanted and name not in wanted:
            continue
        Session.opened.clear()
        try:
            function()
            print(f"ok {name}", flush=True)
        except Exception:
            traceback.print_exc(file=sys.stdout)
            print(f"not ok {name}", flush=True)
            bad = 1
        for session in Session.opened:
            session.end()
        if os.path.exists(DOOR):
            os.unlink(DOOR)
    shutil.rmtree(TMP)
    return bad


if __name__ == "__main__":
    sys.exit(main())
