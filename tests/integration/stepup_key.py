# SPDX-License-Identifier: BSD-2-Clause
"""key: the keys of the store, and changing them. Run by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import check, equal, row                         # noqa: E402
from stepup_admin import (ABSENT, ACTIVE, DONE, HELD, KEY, NAME, RESUMED,
                          UNFINISHED, ask, key_frames, narrow,
                          screen)                            # noqa: E402


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


if __name__ == "__main__":
    sys.exit(stepup.main())
