# SPDX-License-Identifier: BSD-2-Clause
"""The wizard of `stepup enroll`, gone through like a person does.

The phone scans the screen: its cells become a picture, zbarimg reads the
QR code in it, and oathtool shows the codes of the secret it found.
"""
import re
import subprocess
import tempfile
import time
import urllib.parse

from people import PERIOD, Person, totp
from place import TMP
from terminal import Session, Unexpected, plain_env

SHEET = re.compile(r"^ *(\d+)  ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})"
                   r"(?: +(\d+)  ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}))?", re.M)


def read_picture(picture):
    """What zbarimg reads in this PNG; "" for nothing."""
    with tempfile.NamedTemporaryFile(suffix=".png", dir=TMP) as f:
        f.write(picture)
        f.flush()
        done = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable",
                               "-Sqrcode.enable", f.name],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip()


def scan(session, theme="dark"):
    """The otpauth URI in the QR code that stands on the screen."""
    return read_picture(session.screen.picture(theme))


class Offer:
    """otpauth://totp/ISSUER:USER?secret=...&issuer=ISSUER, taken apart."""

    def __init__(self, uri):
        parts = urllib.parse.urlsplit(uri)
        if (parts.scheme, parts.netloc) != ("otpauth", "totp"):
            raise Unexpected(f"not an otpauth URI: {uri!r}")
        self.uri = uri
        self.label = urllib.parse.unquote(parts.path[1:])
        self.fields = dict(urllib.parse.parse_qsl(parts.query,
                                                  strict_parsing=True))
        self.secret = self.fields["secret"]


def prove(person, session, factor):
    """An ordinary person's password, and the factor that is there now."""
    session.answer("[Pp]assword: $", person.password)
    if factor is not None:
        session.answer("Current code or recovery code: $", factor)


def type_new_code(person, session):
    """The code the phone shows; where it just ended, the next one.

    The oldest that may count is taken, to leave two fresh ones for logins
    to come.  A wrong one costs nothing here.
    """
    step = int(time.time() // PERIOD) - 1
    session.line(totp(person.secret, step * PERIOD))
    found = session.expect_screen(r"Recovery codes: |tries left")
    if "tries" in found.group():
        step += 1
        session.line(totp(person.secret, step * PERIOD))
    person.last_step = step


def read_sheet(session):
    session.expect_screen("Enter when you have all of them: *$")
    codes = {}
    for found in SHEET.finditer(session.screen.text()):
        codes[int(found.group(1))] = found.group(2)
        if found.group(3):
            codes[int(found.group(3))] = found.group(4)
    if sorted(codes) != list(range(1, len(codes) + 1)) or not codes:
        raise Unexpected("no sheet of recovery codes on the screen:\n" +
                         session.screen.text())
    return [codes[n] for n in sorted(codes)]


def type_sheet_code(session, sheet):
    session.line("")
    asked = session.expect_screen(r"Code number (\d+): *$")
    for code in sheet:
        if code in session.screen.text():
            raise Unexpected("the codes are still on the screen")
    session.line(sheet[int(asked.group(1)) - 1])


def wizard(person, session, password=False, factor=None, pages=None):
    """From the first question to the last.  pages, a dict, keeps what
    stood on the screen: "scan", "sheet", "back", and "picture"."""
    pages = {} if pages is None else pages
    if password:
        prove(person, session, factor)
    session.expect_screen("Code: *$")
    pages["scan"] = session.screen.text()
    pages["dark"] = session.screen.picture("dark")
    pages["light"] = session.screen.picture("light")
    offer = Offer(read_picture(pages["dark"]))
    person.secret, person.last_step = offer.secret, 0
    type_new_code(person, session)
    sheet = read_sheet(session)
    pages["sheet"] = session.screen.text()
    type_sheet_code(session, sheet)
    session.expect("Done: ")
    session.ends(0)
    person.sheet = sheet
    return offer


def as_root(person, *options, pages=None, **more):
    """Root enrolls that person; for root itself it confirms."""
    root = person.name == "root"
    session = Session([person.place.stepup, "enroll", *options] +
                      ([] if root else ["-u", person.name]),
                      env=plain_env(HOME="/root"), **more)
    if root:
        session.answer(r"Go on\? \[y/N\] ", "y")
    wizard(person, session, pages=pages)
    return session


def ready(place, name):
    """A person with an account who is enrolled, two fresh codes and the
    recovery codes in hand."""
    person = Person(place, name)
    as_root(person)
    return person
