# SPDX-License-Identifier: BSD-2-Clause
"""stepup on a terminal: the wizard, status, codes."""
import os
import re
import shutil
import signal
import termios

import enroll
from people import Person
from place import run
from rows import equal, lacks, matches, row
from rows_login import come_in
from terminal import Session, Unexpected, plain_env


def keep(place, name, content):
    """A screen or picture, for people to look at afterwards."""
    folder = os.path.join(place.build, "tests/screens")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    place.belongs_to_builder(folder, f.name)


def bare(screen):
    """The screen's text without what a key is drawn or parted with."""
    return re.sub(r"[█▀▄\s]", "", screen)


@row("enroll_on_80x24")
def on_80x24(place):
    """Root enrolls somebody: the QR code is on the first screen, scans on
    dark and light, and the secret in it lets in."""
    place.serve()
    person, pages = Person(place, "cli1"), {}
    session = enroll.as_root(person, pages=pages)
    for name in ("scan", "sheet"):
        keep(place, f"enroll-{name}.txt", pages[name])
    for theme in ("dark", "light"):
        keep(place, f"enroll-{theme}.png", pages[theme])
    offers = [enroll.Offer(enroll.read_picture(pages[theme]))
              for theme in ("dark", "light")]
    equal(offers[0].uri, offers[1].uri, "URI on dark and light")
    equal(offers[0].label, f"{place.host}:{person.name}", "label")
    equal(offers[0].fields, {"secret": person.secret, "issuer": place.host},
          "fields of the URI")
    lines = pages["scan"].rstrip("\n").split("\n")
    if len(lines) > 24 or max(map(len, lines)) > 80:
        raise Unexpected("the first screen does not fit 80x24")
    matches(person.secret, bare(pages["scan"]), "first screen (key as text)")
    equal(len(person.sheet), 10, "number of recovery codes")
    # Nothing secret stays on the screen.
    for secret in (person.secret[:8], person.sheet[0]):
        lacks(secret, bare(session.screen.text()), "screen afterwards")
    come_in(place.ssh(person.name), person, person.code())


@row("enroll_makes_key_and_store")
def makes_store(place):
    """Root's first enrollment on a host says so, and does it."""
    person = Person(place, "cli14")
    place.stop()
    folders = [os.path.dirname(place.keyring), place.statedir]
    for folder in folders:
        os.rename(folder, folder + ".away")
    try:
        session = enroll.as_root(person)
        matches("making key and store", session.text)
        place.serve()
        come_in(place.ssh(person.name), person, person.code())
        place.stop()
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(folder + ".away", folder)
        place.serve()


def cut_off(place, person, questions):
    """Ctrl-C at the n-th question; the terminal as it was."""
    session = Session(["/bin/sh", "-c", f"trap : INT; {place.stepup} enroll -u "
                       f"{person.name}; echo ENDED-$?; read x"],
                      env=plain_env())
    before = termios.tcgetattr(session.fd)
    session.expect_screen("Code: *$")
    if questions > 1:
        person.secret = enroll.Offer(enroll.scan(session)).secret
        enroll.type_new_code(person, session)
        sheet = enroll.read_sheet(session)
    if questions > 2:
        session.line("")
        session.expect_screen(r"Code number \d+: *$")
    session.send("\x03")
    session.expect("ENDED-5")
    equal(termios.tcgetattr(session.fd), before, "terminal settings")
    if session.raw.count(b"\x1b[?1049h") != session.raw.count(
            b"\x1b[?1049l"):
        raise Unexpected("the second screen is still there")
    if person.secret:
        lacks(person.secret[:8], bare(session.screen.text()), "screen")
    if questions > 1:
        lacks(sheet[0], session.screen.text(), "screen")
    session.line("")
    session.ends(0)
    run(place.stepup, "status", "-u", person.name, status=3)


@row("enroll_cancelled")
def cancelled(place):
    """Ctrl-C at each question leaves nothing behind."""
    person = Person(place, "cli2")
    for questions in (1, 2, 3):
        cut_off(place, person, questions)
    enroll.as_root(person)
    run(place.stepup, "status", "-u", person.name)


@row("enroll_hung_up")
def hung_up(place):
    """The terminal goes away in the middle: nothing is left."""
    person = Person(place, "cli3")
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env())
    session.expect_screen("Code: *$")
    os.kill(session.pid, signal.SIGHUP)
    session.ends(5)
    run(place.stepup, "status", "-u", person.name, status=3)


@row("enroll_wrong_answers")
def wrong_answers(place):
    """Wrong new codes are free, five of them; a wrong sheet code asks
    again."""
    person = Person(place, "cli4")
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env())
    session.expect_screen("Code: *$")
    person.secret = enroll.Offer(enroll.scan(session)).secret
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        session.line(person.wrong_code())
        session.expect_screen(f"{left}\\s+left")
    session.line(person.wrong_code())
    session.ends(1)
    run(place.stepup, "status", "-u", person.name, status=3)
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env())
    session.expect_screen("Code: *$")
    person.secret = enroll.Offer(enroll.scan(session)).secret
    enroll.type_new_code(person, session)
    sheet = enroll.read_sheet(session)
    session.line("")
    asked = session.expect_screen(r"Code number (\d+): *$")
    number = int(asked.group(1))
    session.line(sheet[number % len(sheet)])
    session.expect_screen("not the code with\\s+this\\s+number")
    session.line(sheet[number - 1].lower().replace("-", " "))
    session.expect("Done: ")
    session.ends(0)
    person.sheet = sheet
    # It stayed unspent.
    come_in(place.ssh(person.name), person, sheet[number - 1])


@row("enroll_small_window")
def small_window(place):
    """Too small for the code: which size it needs, and the key as text."""
    person = Person(place, "cli5")
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env(), rows=20, columns=60)
    session.expect_screen("Code: *$")
    screen = session.screen.text()
    keep(place, "enroll-small.txt", screen)
    matches(r"needs a window\s+of\s+\d+x\d+", screen, "screen")
    lacks("[█▀▄]", screen, "screen")
    key = re.search(r"((?:\b[A-Z2-7]{4}\b\s+){8})", screen)
    if not key:
        raise Unexpected("no key on the screen:\n" + screen)
    person.secret = "".join(key.group(1).split())
    enroll.type_new_code(person, session)
    enroll.type_sheet_code(session, enroll.read_sheet(session))
    session.expect("Done: ")
    session.ends(0)


@row("enroll_without_utf8")
def without_utf8(place):
    """A C locale, no colour: no byte above 127, and still a way."""
    person = Person(place, "cli6")
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env(LANG="C", LC_ALL="C", NO_COLOR="1",
                                    TERM="vt100"))
    session.expect_screen("Code: *$")
    keep(place, "enroll-c-locale.txt", session.screen.text())
    if any(byte > 127 for byte in session.raw):
        raise Unexpected("bytes above 127 in a C locale")
    session.send("\x03")
    session.ends(5)
    session = Session([place.stepup, "enroll", "-u", person.name],
                      env=plain_env(LANG="C", LC_ALL="C"), rows=50,
                      columns=132)
    session.expect_screen("Code: *$")
    enroll.Offer(enroll.scan(session, "light"))
    session.send("\x03")
    session.ends(5)


@row("enroll_without_terminal")
def without_terminal(place):
    """Lines in, lines out: a script can drive it, secrets on stdout."""
    person = Person(place, "cli7")
    done = run("/usr/bin/python3", "-B",
               os.path.join(os.path.dirname(__file__), "lines.py"),
               place.stepup, person.name, env=plain_env())
    matches("^enrolled$", done)
    run(place.stepup, "status", "-u", person.name)
    said = run(place.stepup, "enroll", "--replace", "-u", person.name,
               status=2)
    matches("Next: .*enroll --replace .*--print-secret", said)


@row("enroll_oneself")
def oneself(place):
    """An ordinary person, through the public door: the own password, no
    factor yet; a wrong password first."""
    person = Person(place, "cli8")
    session = person.shell(place.stepup, "status")
    session.ends(3)
    session = person.shell(place.stepup, "enroll")
    session.answer("[Pp]assword: $", "wrong")
    session.expect("Wrong password")
    enroll.wizard(person, session, password=True)
    session = person.shell(place.stepup, "status")
    session.expect(f"{person.name} is enrolled")
    session.expect("10 of 10")
    session.ends(0)
    come_in(place.ssh(person.name), person, person.code())
    # Enrolled already: the way to a new phone is named.
    session = person.shell(place.stepup, "enroll")
    session.expect("enrolled already")
    session.ends(1)


@row("enroll_for_somebody_else")
def somebody_else(place):
    """Only root enrolls others."""
    person, other = Person(place, "cli9"), Person(place, "mallory")
    session = other.shell(place.stepup, "enroll", "-u", person.name)
    session.expect("Only root")
    session.ends(1)


@row("replace_the_phone")
def replace(place):
    """--replace: password and a current factor; the old phone is void."""
    person = Person(place, "cli10")
    enroll.as_root(person)
    old, code = person.secret, person.code()
    session = person.shell(place.stepup, "enroll", "--replace")
    enroll.prove(person, session, person.wrong_code())
    session.expect("Wrong code|code: $")
    session.send("\x03")
    session.ends(5)
    old_code = person.recovery()
    session = person.shell(place.stepup, "enroll", "--replace")
    enroll.wizard(person, session, password=True, factor=code)
    if person.secret == old:
        raise Unexpected("the secret stayed the same")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer("code: $", old_code)
    session.expect("Wrong code|Wrong recovery code")
    session.answer("code: $", person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)


@row("new_recovery_codes")
def new_codes(place):
    """codes --new: password and factor; the old ones are void."""
    person = Person(place, "cli11")
    enroll.as_root(person)
    old = person.recovery()
    session = person.shell(place.stepup, "codes")
    session.expect("10 of 10 recovery codes")
    session.ends(0)
    session = person.shell(place.stepup, "codes", "--new")
    enroll.prove(person, session, person.code())
    sheet = enroll.read_sheet(session)
    enroll.type_sheet_code(session, sheet)
    session.expect("Done: 10 new")
    session.ends(0)
    if old in sheet:
        raise Unexpected("an old code is among the new ones")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer("code: $", old)
    session.expect("Wrong code|Wrong recovery code")
    session.answer("code: $", sheet[0])
    session.expect(f"IN-{person.name}")
    session.ends(0)


@row("no_self_service")
def no_self_service(place):
    """Where no public door listens: exit 4, and whom to ask."""
    person = Person(place, "cli12")
    place.stop("public")
    try:
        for command in ("enroll", "status", "codes"):
            session = person.shell(place.stepup, command)
            session.expect("Self-service is not running here.")
            session.expect("Ask an administrator")
            session.ends(4)
    finally:
        place.serve("public")


@row("a_wizard_cut_off_by_a_restart")
def restart(place):
    """The service goes while the wizard is open: nothing was saved."""
    person = Person(place, "cli13")
    session = person.shell(place.stepup, "enroll")
    session.answer("[Pp]assword: $", person.password)
    session.expect_screen("Code: *$")
    place.stop("public")
    place.serve("public")
    session.expect("Nothing was saved")
    session.ends(4)
    session = person.shell(place.stepup, "status")
    session.ends(3)
