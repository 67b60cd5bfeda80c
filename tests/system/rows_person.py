# SPDX-License-Identifier: BSD-2-Clause
"""stepup as somebody uses it for themselves: typing, names, tests, and
three refusals walked to their end."""
import json
import os
import re
import time

import enroll
from people import PERIOD, Person, totp
from place import run
from rows import equal, lacks, matches, row
from rows_enroll import keep
from rows_login import CODE, come_in
from terminal import Unexpected

KEY = 60 / (40 * 5)     # 40 words a minute of five letters each
LOOK = 1                # a look at each question


class Typist:
    """Types like a person; `spent` is how long that took."""

    def __init__(self, session):
        self.session, self.spent = session, 0

    def line(self, text):
        begin = time.monotonic()
        end = begin + LOOK
        for letter in text + "\n":
            while self.session.read(end - time.monotonic()):
                pass
            self.session.send(letter)
            end += KEY
        self.spent += time.monotonic() - begin


@row("person_enrolls_in_a_minute")
def in_a_minute(place):
    """40 words a minute: enrolled in under 60 s, the writing down of the
    codes and the camera's work apart."""
    place.serve()
    person = Person(place, "typist")
    begin = time.monotonic()
    session = person.shell(place.stepup, "enroll")
    typist = Typist(session)
    session.expect("[Pp]assword: $")
    typist.line(person.password)
    session.expect_screen("Code: *$")
    away = time.monotonic()
    person.secret = enroll.Offer(enroll.scan(session)).secret
    away = time.monotonic() - away
    typist.line(person.code())
    sheet = enroll.read_sheet(session)
    typist.line("")
    asked = session.expect_screen(r"Code number (\d+): *$")
    typist.line(sheet[int(asked.group(1)) - 1])
    session.expect("Done: ")
    session.ends(0)
    took = time.monotonic() - begin - away
    print(f"    # {took:.1f} s, {typist.spent:.1f} s of them typing",
          flush=True)
    if took >= 60 or typist.spent < 10:
        raise Unexpected(f"enrolling took {took:.0f} s, typing "
                         f"{typist.spent:.0f} s")


def add(person, name, factor):
    """A second phone, which is somebody with the same password."""
    session = person.shell(person.place.stepup, "add", name)
    enroll.prove(person, session, factor)
    session.expect_screen("Code: *$")
    other = Person(person.place, person.name)
    other.secret = enroll.Offer(enroll.scan(session)).secret
    # The oldest that counts, so that others are left.
    step = int(time.time() // PERIOD) - 1
    session.line(totp(other.secret, step * PERIOD))
    found = session.expect_screen("is set up|tries left")
    if "tries" in found.group():
        step += 1
        session.line(totp(other.secret, step * PERIOD))
    session.ends(0)
    other.last_step = step
    return other


def remove(person, factor, *words, status=0):
    session = person.shell(person.place.stepup, "remove", *words)
    if factor is not None:
        enroll.prove(person, session, factor)
    session.ends(status)
    return session.text


@row("person_names_authenticators")
def names(place):
    """Two phones: each lets in, one goes, the last one stays."""
    person = enroll.ready(place, "named")
    tablet = add(person, "tablet", person.recovery())
    said = person.run(place.stepup, "status")
    matches("App +phone: SHA1", said)
    matches("App +tablet: SHA1", said)
    session = person.shell(place.stepup, "add", "tablet")
    session.ends(1)
    matches("of that name already(?s:.*)Next: ", session.text)
    come_in(place.ssh(person.name), person, tablet.code())
    come_in(place.ssh(person.name), person, person.code())
    said = json.loads(person.run(place.stepup, "status", "--json"))
    equal([a["name"] for a in said["authenticators"]], ["phone", "tablet"])
    for one in said["authenticators"]:
        matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", one["last_used"])
    matches("has no authenticator of that name",
            remove(person, None, "watch", status=1))
    # The first of them: the codes hang on whichever is left.
    matches("phone is removed", remove(person, person.recovery(), "phone"))
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.wrong_code())
    session.answer("code: $", tablet.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    come_in(place.ssh(person.name), person, person.recovery())
    for words in (("tablet",), ("--all",)):
        said = remove(person, None, *words, status=1)
        matches("Next: .*stepup enroll --replace", said)
    said = run(place.stepup, "remove", "--all", "-u", person.name, status=5)
    matches("Next: .*--yes", said)
    run(place.stepup, "remove", "--all", "--yes", "-u", person.name)
    run(place.stepup, "status", "-u", person.name, status=3)


@row("person_tests_a_code")
def tests(place):
    """test says what a login would say, and spends what it would spend."""
    person = enroll.ready(place, "tester")

    def ask(*codes, status):
        session = person.shell(place.stepup, "test")
        session.answer("Code to test: $", codes[0])
        if len(codes) > 1:
            session.answer("The next code: $", codes[1])
        session.ends(status)
        return session.text

    matches("The code is right. It is used up", ask(person.code(), status=0))
    session = person.shell(place.stepup, "test")
    session.answer("Code to test: $", person.used_code())
    session.expect("Already used")
    session.send("\x03")
    session.ends(5)
    now = int(time.time() // PERIOD)
    ahead = [totp(person.secret, (now + n) * PERIOD) for n in (14, 15, 17)]
    said = ask(ahead[0], ahead[1], status=1)
    matches("clock is [67] min ahead of", said)
    matches("right for another time", said)
    # One code, or two that are not in a row, tell nothing of the clock.
    said = ask(ahead[0], ahead[2], status=1)
    lacks("ahead of", said)
    matches("Wrong in a row: 4; a wait begins at 10", said)
    said = ask(person.recovery(), status=0)
    matches("9 recovery codes are left", said)
    # What is charged here is nothing to ssh; root's test is what ssh is.
    said = run(place.stepup, "test", "-u", person.name, "--code-stdin",
               "--json", input=person.code() + "\n")
    equal(json.loads(said[said.index("{"):])["outcome"], "accept.totp")


def compare(place, name, text, person):
    """A transcript that the tree keeps; what differs each time is out."""
    text = text.replace(person.name, "alice").replace(place.host, "web03")
    text = re.sub(r"(?m)^( *)(?:[A-Z2-7]{4} ?){4}$", r"\1KEYS KEYS KEYS KEYS",
                  text)
    text = re.sub(r"\b\d\d:\d\d here", "12:00 here", text)
    text = re.sub(r"\b[67] min", "7 min", text)
    text = re.sub(r"window of \d+x\d+", "window of 92x29", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    keep(place, name, text)
    with open(os.path.join(place.source, "tests/screens", name)) as f:
        kept = f.read()
    if text != kept:
        raise Unexpected(f"differs from tests/screens/{name}:\n{text}")
    matches("Next: ", text)


@row("person_refused_for_the_clock")
def clock_is_off(place):
    """The phone is 7 minutes ahead: said at each try, then what to do."""
    person = Person(place, "early")
    session = person.shell(place.stepup, "enroll")
    session.answer("[Pp]assword: $", person.password)
    session.expect_screen("Code: *$")
    person.secret = enroll.Offer(enroll.scan(session)).secret
    for left in (4, 3, 2, 1, None):
        session.line(totp(person.secret, time.time() + 7 * 60))
        if left is not None:
            session.expect_screen(f"{left}\\s+(try|tries)|{left} tr")
    session.ends(1)
    compare(place, "refused-clock.txt", session.screen.text(), person)


@row("person_refused_for_the_window")
def window_is_small(place):
    """20 rows are too few for this name: the key as text, and what to
    do."""
    person = Person(place, "somebody-with-a-longer-name")
    session = person.shell(place.stepup, "enroll", rows=20)
    session.answer("[Pp]assword: $", person.password)
    session.expect_screen("Code: *$")
    page = session.screen.text()
    session.send("\x03")
    session.ends(5)
    compare(place, "refused-window.txt", page + session.screen.text(),
            person)


@row("person_refused_without_a_password")
def no_password(place):
    """Nobody can type the password of an account that has none."""
    person = Person(place, "cloudy")
    run("usermod", "-p", "*", person.name)
    session = person.shell(place.stepup, "enroll")
    for _ in range(3):
        session.answer("[Pp]assword: $", "whatever")
    session.ends(1)
    compare(place, "refused-password.txt", session.screen.text(), person)
