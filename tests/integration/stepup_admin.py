# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of root's commands share: the commands in pipes, against a
stepupd that says what the test wants, and what there is to say."""
import json
import os
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import PERSON, admin, check, equal, pipe         # noqa: E402

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


# --- pass ----------------------------------------------------------------

CODE = "0123456789ABCDEF"
SHOWN = "0123-4567-89AB-CDEF"
SHEET, TICKET, REVOKE, PASSES = 36, 0x800, 0x1000, 0x2000
UNTIL = {"expires": 1763723600}
MADE = [[SHEET, {"codes": CODE}],
        [PASS | REPLY, dict(DONE, flags=0, **UNTIL)]]
WHY = ("--reason", "phone at home", "--print-secret")
PASSED = [{"name": "alice", "uid": 1000, "created": 1763720000,
           "expires": 1763723600, "flags": 0x40, "service": "sshd",
           "by": 1001, "reason": "phone at home"},
          {"name": "bob", "uid": 1001, "created": 1763720000,
           "expires": 1763723600, "flags": TICKET, "used": 1763720001,
           "reason": "cloud \x1b[2J"},
          {"name": NAME, "uid": 1002, "created": 1763720000,
           "expires": 1763723600, "flags": 0, "reason": "late"}]
GIVEN = [[LIST | REPLY, {"rows": PASSED}], [LIST | REPLY, DONE]]


# --- list ----------------------------------------------------------------

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


# --- log -----------------------------------------------------------------

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


# --- key -----------------------------------------------------------------

def key_frames(*packets, **last):
    return [[KEY | REPLY, packet] for packet in packets] + [
        [KEY | REPLY, dict(DONE, flags=0, stuck=0, count=0, **RING) | last]]
