# SPDX-License-Identifier: BSD-2-Clause
"""log: what happened, and what happens. Run by `make check`."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import admin, argv, check, equal, pipe, row      # noqa: E402
from stepup_admin import (ALICE, COUNTS, DONE, EVENTS, HAPPENED, HOUR, LIST,
                          LOG, WHEN, ask, at, narrow)        # noqa: E402

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


if __name__ == "__main__":
    sys.exit(stepup.main())
