# SPDX-License-Identifier: BSD-2-Clause
"""A name service that is slow, fails or changes its mind, and a syslog that
nobody reads."""
import os
import re
import socket
import threading
import time

import pam
import results
import world
from frames import Service, enroll
from place import HERE, TMP, run
from rows import equal, lacks, matches, row
from terminal import Unexpected
from world import Known, Someone

SLOW = 1500     # ms
CONTROL = TMP + "/nss"
NSSWITCH = "/etc/nsswitch.conf"


class Named:
    """What `Known` wants of a person."""

    def __init__(self, name, uid):
        self.name, self.uid = name, uid


class Names:
    """with Names(place) as names: names(line...) sets what is known."""

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        library = os.path.join(os.path.dirname(os.path.dirname(
            self.place.module)), "libnss_stepuptest.so.2")
        run(self.place.make_variable("CC"), "-shared", "-fPIC", "-O1", "-o",
            library, os.path.join(os.path.dirname(HERE), "faults",
                                  "nss_stepuptest.c"))
        with open(NSSWITCH) as f:
            self.before = f.read()
        with open(NSSWITCH, "w") as f:
            f.write(re.sub(r"(?m)^passwd:.*", "passwd: files stepuptest",
                           self.before))
        self()
        return self

    def __call__(self, *lines):
        with open(CONTROL + ".new", "w") as f:
            f.writelines(line + "\n" for line in lines)
        os.chmod(CONTROL + ".new", 0o644)
        os.rename(CONTROL + ".new", CONTROL)

    def __exit__(self, *_):
        with open(NSSWITCH, "w") as f:
            f.write(self.before)


def login(place, name, answer):
    """(PAM code, log) of one login through the module."""
    mark = place.log.mark()
    code = pam.burst(world.SERVICE_NAME, name, [answer])[0]
    place.log.expect(r"pam_stepup\(", mark)
    return code, place.log.since(mark)


@row("names_outcomes")
def outcomes(place):
    """Known, alias, renamed, another uid, unknown, failing."""
    with Names(place) as names:
        names("dora dora 31000 0 ok")
        dora = Known(place, Named("dora", 31000))
        dora.has(*enroll(place.stepupd, "dora"))
        cases = [
            ("as ever", "dora dora 31000 0 ok", "dora",
             pam.SUCCESS, "accept.recovery user=dora"),
            ("alias", "dodo dora 31000 0 ok", "dodo",
             pam.SUCCESS, "accept.recovery user=dora"),
            ("another uid", "dora dora 31001 0 ok", "dora",
             pam.PERM_DENIED, "deny.changed user=dora"),
            ("renamed", "dorothea dorothea 31000 0 ok", "dorothea",
             pam.PERM_DENIED, "deny.changed user=dorothea"),
            ("unknown", "", "dora", pam.AUTH_ERR, "deny.user"),
            ("unavailable", "dora dora 31000 0 unavail", "dora",
             pam.SERVICE_ERR, "fail.service"),
            ("try again", "dora dora 31000 0 again", "dora",
             pam.SERVICE_ERR, "fail.service")]
        for policy in (None, 'unenrolled = "allow"\n'):
            place.settings(policy)
            place.stop("login")
            world.serve_login(place)
            for what, line, name, code, logged in cases:
                names(line)
                got, log = login(place, name, dora.sheet[0])
                equal(got, code, f"{what}, {policy}")
                matches(re.escape(logged), log, f"log, {what}, {policy}")
                if code == pam.SUCCESS:
                    dora.sheet.pop(0)
                if what == "unknown":
                    lacks("stepup.*dora", log, "log")
        place.settings(None)
        place.stop("login")
        world.serve_login(place)
    results.add("Faults", "NSS: alias, renamed, other uid, unknown, failing",
                "the outcomes of the table, under deny and allow")


@row("names_slow")
def slow(place):
    """Whom NSS keeps waiting waits alone."""
    with Names(place) as names:
        names(f"emil emil 31002 {SLOW} ok")
        emil = Known(place, Named("emil", 31002))
        emil.has(*enroll(place.stepupd, "emil"))
        other = Someone(place).enroll()
        codes = []
        waiting = threading.Thread(target=lambda: codes.extend(pam.burst(
            world.SERVICE_NAME, "emil", [emil.sheet[0]] * 4)))
        waiting.start()
        took = []
        while waiting.is_alive():
            begin = time.monotonic()
            equal(Service(place).verify(other, "12").outcome, "BAD_FORMAT",
                  "somebody else")
            took.append(time.monotonic() - begin)
            time.sleep(0.01)
        equal(codes.count(pam.SUCCESS), 1, f"successes in {codes}")
        took.sort()
        if len(took) < 20 or took[len(took) // 2] > 0.05:
            raise Unexpected(f"{len(took)} others, in the middle "
                             f"{took[len(took) // 2] * 1000:.0f} ms")
    results.add("Faults", f"NSS takes {SLOW} ms for one person",
                f"others: median {took[len(took) // 2] * 1000:.1f} ms")


class Deaf:
    """with Deaf(): a /dev/log whose queue is full and stays so."""

    def __enter__(self):
        os.rename("/dev/log", "/dev/log.away")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            try:
                while True:
                    s.sendto(b"<13>full", "/dev/log")
            except BlockingIOError:
                pass
        return self

    def __exit__(self, *_):
        os.unlink("/dev/log")
        os.rename("/dev/log.away", "/dev/log")
        self.socket.close()


@row("syslog_full")
def syslog_full(place):
    """stepupd answers in time, and says later how many lines were lost."""
    person = Someone(place).enroll()
    door, lost, took = Service(place), 5, []

    def trouble(n):
        place.settings(f"attempts = nonsense{n}\n")
        place.services["login"].send_signal(1)
        time.sleep(0.05)    # the signal and the request race otherwise
        begin = time.monotonic()
        equal(door.check(person).outcome, "ASK", "a login")
        took.append(time.monotonic() - begin)

    try:
        with Deaf():
            for n in range(lost):
                trouble(n)
            begin = time.monotonic()
            equal(door.verify(person, person.sheet.pop()).outcome,
                  "OK_RECOVERY", "a login")
            took.append(time.monotonic() - begin)
        mark = place.log.mark()
        trouble(lost)
        place.log.expect(f"stepupd.* {lost} lines lost", mark)
        place.log.expect("stepupd.* settings refused", mark)
    finally:
        place.settings(None)
    if sorted(took)[len(took) // 2] > 0.05:
        raise Unexpected(f"answers took {took}")
    results.add("Faults", "syslog's queue is full",
                f"answers in {max(took) * 1000:.1f} ms at most, "
                f"{lost} lost lines counted")
