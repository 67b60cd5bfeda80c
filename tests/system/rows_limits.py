# SPDX-License-Identifier: BSD-2-Clause
"""Wrong codes lead to a wait; the wait ends; recovery codes still work."""
import glob
import os
import re
import time

import enroll
import pam
from people import totp
from place import run, until
from rows import Skip, equal, matches, row
from rows_login import CODE, come_in
from terminal import plain_env

ATTEMPTS = 10


def lock(place, person):
    """ATTEMPTS wrong codes, through sshd: two a conversation."""
    sessions = [place.ssh(person.name) for _ in range(ATTEMPTS // 2)]
    for session in sessions:
        session.answer("Password: ", person.password)
        session.answer(CODE, person.wrong_code())
        session.expect("Wrong code.*code: $")
    for session in sessions:
        session.line(person.wrong_code())
        session.expect("Password: |Too many|Permission denied")
    for session in sessions:
        session.end()


@row("wrong_codes_lead_to_a_wait")
def wrong_codes(place):
    """10 wrong codes: app codes wait half an hour, the right one too."""
    person = enroll.ready(place, "lock1")
    mark = place.log.mark()
    lock(place, person)
    place.log.expect("deny.code.*count=10/10", mark)
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    # CHECK offers what can be used now: recovery codes alone.
    session.answer(r"(Locked for \d+ min\. )?Recovery code: $",
                   person.code())
    session.expect(r"Locked for \d+ min\. Recovery code: $")
    session.line(person.recovery())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    matches(r"\b(29|30) min", run(place.stepup, "status", "-u",
                                  person.name), "status")


@row("warning_before_the_wait")
def warning(place):
    """From 5 failures on the prompt says how many are left."""
    person = enroll.ready(place, "lock2")
    mark = place.log.mark()
    for _ in range(2):
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer("code: $", person.wrong_code())
        session.answer("Wrong code.*code: $", person.wrong_code())
        session.expect("Password: ")
        session.end()
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer("code: $", person.wrong_code())
    session.expect("Wrong code, 5 more lock this for 30 min. "
                   "Verification code: $")
    session.line(person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    # A success clears: the next wrong one is the first again.
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer("code: $", person.wrong_code())
    session.expect("Wrong code. Recovery codes work too")
    session.end()
    place.log.expect("count=1/10.*(.|\n)*count=5/10(.|\n)*count=1/10", mark)


@row("budget_across_open_prompts")
def budget(place):
    """30 sessions wait at the prompt: 10 wrong codes are evaluated."""
    person = enroll.ready(place, "lock3")
    with open("/etc/pam.d/stepup-check-many", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")
    mark = place.log.mark()
    codes = pam.burst("stepup-check-many", person.name,
                      [person.wrong_code()] * 30)
    equal(codes.count(pam.SUCCESS), 0, "successes")
    until("an outcome for each in the log", lambda: len(re.findall(
        "deny.(code|locked) ", place.log.since(mark))) == len(codes))
    equal(place.log.since(mark).count("deny.code "), ATTEMPTS,
          "wrong codes that were evaluated")


def faked(place, offset):
    """The login door under another clock, module and hosts untouched."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Skip("faketime is not installed")
    place.stop("login")
    place.serve("login", env=plain_env(LD_PRELOAD=found[0],
                                       FAKETIME=offset))


@row("the_wait_ends")
def the_wait_ends(place):
    """After half an hour (a faked clock) app codes work again."""
    person = enroll.ready(place, "lock4")
    lock(place, person)
    try:
        faked(place, "+31m")
        later = time.time() + 31 * 60
        come_in(place.ssh(person.name), person, totp(person.secret, later))
    finally:
        place.stop("login")
        place.serve("login")


@row("a_clock_that_cannot_be_right")
def clock(place):
    """Before the release: app codes are not evaluated, recovery codes
    still are, nothing is charged."""
    person = enroll.ready(place, "lock5")
    mark = place.log.mark()
    try:
        faked(place, "@2020-01-01 12:00:00")
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer("App codes cannot be checked now. Recovery code: $",
                       person.code())
        session.expect("App codes cannot be checked now. Recovery code: $")
        session.line(person.recovery())
        session.expect(f"IN-{person.name}")
        session.ends(0)
        place.log.expect("fail.clock", mark)
    finally:
        place.stop("login")
        place.serve("login")


@row("a_missing_key")
def missing_key(place):
    """Without the key: app codes are not evaluated, recovery codes are."""
    person = enroll.ready(place, "lock8")
    mark = place.log.mark()
    place.stop("login")
    os.rename(place.keyring, place.keyring + ".away")
    try:
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer("App codes cannot be checked now. Recovery code: $",
                       person.code())
        session.expect("App codes cannot be checked now. Recovery code: $")
        session.line(person.recovery())
        session.expect(f"IN-{person.name}")
        session.ends(0)
        place.log.expect("fail.key.*path=", mark)
    finally:
        os.rename(place.keyring + ".away", place.keyring)
        place.serve("login")


@row("clock_back_and_forth")
def clock_back(place):
    """A clock an hour back and forth makes no used code fresh."""
    person = enroll.ready(place, "lock6")
    come_in(place.ssh(person.name), person, person.code())
    try:
        faked(place, "-1h")
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer(CODE, person.used_code())
        session.expect("Already used|Wrong code")
        session.end()
    finally:
        place.stop("login")
        place.serve("login")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer("code: $", person.used_code())
    session.expect("Already used")
    session.end()


@row("public_door_locks_nobody_out")
def public_door(place):
    """Wrong codes at the public door leave ssh, sudo and su alone."""
    person = enroll.ready(place, "lock7")
    said = ""
    for _ in range(ATTEMPTS // 2 + 1):
        session = person.shell(place.stepup, "codes", "--new")
        session.answer("[Pp]assword", person.password)
        for _ in range(3):
            found = session.expect("(?i)code: $|locked|too many")
            if not found.group().endswith(": "):
                break
            session.line(person.wrong_code())
        session.end()
        said += session.text
    # Else nothing is shown: that door is shut by now.
    matches("(?i)locked for|too many", said, "self-service")
    come_in(place.ssh(person.name), person, person.code())
