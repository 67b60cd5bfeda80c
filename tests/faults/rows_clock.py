# SPDX-License-Identifier: BSD-2-Clause
"""Clocks that jump.  The service runs under a faked one; a spawned process
has no environment, so there the rows of the store are moved instead."""
import glob
import json
import sqlite3
import struct
import time

import frames
import results
import world
from frames import Service, Spawned
from place import run
from rows import Skip, equal, row
from terminal import Unexpected, plain_env
from world import PERIOD, Someone, store_path

YEARS_2 = 2 * 365 * 86400
WAIT = 30 * 60


def faketime():
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise Skip("faketime is not installed")
    return found[0]


class Clock:
    """with Clock(place) as clock: clock("+1h") restarts the login door."""

    def __init__(self, place):
        self.place, self.library = place, faketime()

    def __enter__(self):
        return self

    def __call__(self, offset):
        self.place.stop("login")
        world.serve_login(self.place, plain_env(
            LD_PRELOAD=self.library, FAKETIME=offset, TZ="UTC",
            FAKETIME_DONT_FAKE_MONOTONIC="1"))

    def __exit__(self, *_):
        self.place.stop("login")
        world.serve_login(self.place)


def at(person, when):
    return frames.code_of(person.secret, int(when // PERIOD))


def verify(place, person, answer):
    return Service(place).verify(person, answer).outcome


@row("clock_a_second_back")
def second_back(place):
    """Around a step's end: what was used stays used."""
    person = Someone(place).enroll()
    with Clock(place) as clock:
        now = time.time()
        code = at(person, now)
        equal(verify(place, person, code), "OK_TOTP", "a code")
        for offset in ("-1s", "-29s", "+1s", "+29s"):
            clock(offset)
            equal(verify(place, person, code), "REPLAY", offset)
        equal(verify(place, person, at(person, now + 2 * PERIOD)),
              "OK_TOTP", "the next one but one, early")


@row("clock_an_hour_forth_and_back")
def hour(place):
    """Used an hour ahead: nothing replays, recovery codes get in, and when
    that hour has passed app codes do again."""
    person = Someone(place).enroll()
    with Clock(place) as clock:
        now = time.time()
        clock("+1h")
        ahead = at(person, time.time() + 3600)
        equal(verify(place, person, ahead), "OK_TOTP", "an hour ahead")
        clock("+0")
        for code in (at(person, now), at(person, time.time())):
            equal(verify(place, person, code), "REPLAY", "back again")
        equal(verify(place, person, ahead), "BAD_CODE", "an hour early")
        equal(verify(place, person, person.sheet.pop()), "OK_RECOVERY",
              "meanwhile")
        clock("+62m")
        equal(verify(place, person, ahead), "BAD_CODE", "of a step gone by")
        equal(verify(place, person, at(person, time.time() + 62 * 60)),
              "OK_TOTP", "after that hour")


@row("clock_1970")
def year_1970(place):
    """No app code, no charge; recovery codes need no clock."""
    person = Someone(place).enroll()
    code = at(person, time.time())
    with Clock(place) as clock:
        clock("@1970-01-01 00:00:10")
        for answer in (code, person.wrong(), at(person, 10)):
            equal(verify(place, person, answer), "CLOCK", "an app code")
        used = person.sheet.pop()
        equal(verify(place, person, used), "OK_RECOVERY", "1970")
        equal(verify(place, person, used), "REPLAY", "1970, again")
        clock("+0")
        equal(verify(place, person, used), "REPLAY", "today")
        equal(verify(place, person, at(person, time.time())), "OK_TOTP",
              "today")
    equal(world.events(place, "BAD_CODE", uid=person.uid), 0, "charges")


@row("clock_2038_and_2106")
def far(place):
    """Behind the ends of 31 and 32 bits all is as ever."""
    for day, seconds in (("2038-01-19 03:14:05", 2 ** 31 - 3),
                         ("2106-02-07 06:28:13", 2 ** 32 - 3)):
        person = Someone(place).enroll()
        with Clock(place) as clock:
            clock("@" + day)
            time.sleep(3.2)     # across the very second
            code = at(person, seconds + 4)
            equal(verify(place, person, person.wrong()), "BAD_CODE", day)
            equal(verify(place, person, code), "OK_TOTP", day)
            equal(verify(place, person, code), "REPLAY", day)
            equal(verify(place, person, at(person, seconds - PERIOD)),
                  "REPLAY", f"{day}, the step before")


@row("clock_two_years_ahead")
def two_years(place):
    """A wait that began then ends as if it began now."""
    person = Someone(place).enroll()
    with Clock(place) as clock:
        clock("+2y")
        for i in range(11):
            equal(verify(place, person, person.wrong()),
                  "BAD_CODE" if i < 10 else "LOCKED", f"answer {i}")
        equal(verify(place, person, person.sheet.pop()), "OK_RECOVERY",
              "two years ahead")
        clock("+0")
        reply = Service(place).verify(person, at(person, time.time()))
        equal(reply.outcome, "LOCKED", "corrected")
        if not WAIT - 60 <= reply.number("WAIT") <= WAIT:
            raise Unexpected(f"a wait of {reply.number('WAIT')} s")
        equal(verify(place, person, person.sheet.pop()), "OK_RECOVERY",
              "corrected")
        clock("+31m")
        equal(verify(place, person, at(person, time.time() + 31 * 60)),
              "OK_TOTP", "half an hour later")
    results.add("Faults", "clock 1 s back, 1 h forth and back, 1970, 2038, "
                "2106, two years ahead and corrected",
                "no replay, no wait beyond 30 min, recovery codes always")


def set_wait(place, person, start):
    """Ten failures of app codes at the login door; the wait began then."""
    place.stop("login")
    with sqlite3.connect(store_path(place)) as db:
        blob = db.execute("SELECT limiters FROM account WHERE uid = ?",
                          (person.uid,)).fetchone()[0]
        blob = struct.pack(">5q", 10, 10, int(time.time()), int(start),
                           WAIT) + blob[40:]
        db.execute("UPDATE account SET limiters = ? WHERE uid = ?",
                   (blob, person.uid))
    db.close()


@row("clock_corrected_spawned")
def spawned(place):
    """The same where processes are spawned, by rows of the future."""
    person = Someone(place).enroll()
    door = Spawned(place)
    set_wait(place, person, time.time() + YEARS_2)
    reply = door.verify(person, at(person, time.time()))
    equal(reply.outcome, "LOCKED", "a wait that began in two years")
    if not WAIT - 60 <= reply.number("WAIT") <= WAIT:
        raise Unexpected(f"a wait of {reply.number('WAIT')} s")
    set_wait(place, person, time.time() - WAIT - 5)
    equal(door.verify(person, at(person, time.time())).outcome, "OK_TOTP",
          "a wait that is over")
    world.serve_login(place)


def give(place, person, ttl):
    said = run(place.stepup, "pass", person.name, "--reason", "clocks",
               "--ttl", ttl, "--print-secret", "--json")
    return json.loads(said[said.index("{"):])["pass"]


@row("clock_login_pass")
def login_pass(place):
    """Not before it was made, not after its end, and once over for good:
    also when the clock is set back into its time."""
    person = Someone(place).enroll()
    code = give(place, person, "10m")
    with Clock(place) as clock:
        for offset in ("-2d", "-1h"):
            clock(offset)
            equal(verify(place, person, code), "BAD_CODE", offset)
        clock("+0")
        equal(verify(place, person, code), "OK_PASS", "in its time")
        equal(verify(place, person, code), "REPLAY", "again")
        code = give(place, person, "10m")
        clock("+11m")
        equal(verify(place, person, code), "BAD_CODE", "over")
        clock("+0")
        equal(verify(place, person, code), "BAD_CODE", "set back")
        code = give(place, person, "10m")
        clock("+9m")
        equal(verify(place, person, code), "OK_PASS", "its last minute")
        clock("-50y")
        equal(verify(place, person, give(place, person, "10m")), "BAD_CODE",
              "1976")
