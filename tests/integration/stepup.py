# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the stepup program share: the program on a pseudo
terminal and in pipes, against a service that says what the test wants, and
the rows of a test one after another.

A test is a script stepup_NOUN.py: functions marked @row, and stepup.main().
What those of root's commands share besides stands in stepup_admin.py.
"""
import json
import os
import pathlib
import pwd
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
from selfservice import (OUTCOME, PLAN, Service, base32,
                         totp)                               # noqa: E402
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
        for secret in (base32({})[:4], *(code[:4] for code in PLAN["codes"]),
                       "\u2588"):
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
        print("skip cli_qr_read_by_a_camera: no zbarimg", flush=True)
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


def main():
    bad = 0
    wanted = sys.argv[1:]
    # A job in the background, or under nohup, hands on what it ignores.
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM,
                   signal.SIGTSTP, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)
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
