# SPDX-License-Identifier: BSD-2-Clause
"""Prompts and connections left open, and answers by the thousand."""
import collections
import os
import re
import resource
import signal
import sqlite3
import subprocess
import threading

import crowd
import pam
import place_of_neighbours as near
from people import Person
from place import until
from rows import equal, row
from terminal import Unexpected, plain_env

ROOT = collections.namedtuple("Somebody", "name uid")("root", 0)


def events(place):
    """What the login door has on record."""
    db = sqlite3.connect(f"file:{place.statedir}/stepup.db?mode=ro",
                         uri=True, timeout=10)
    try:
        return db.execute("SELECT * FROM event ORDER BY id").fetchall()
    finally:
        db.close()


def start_su(place, mallory, target, argv=()):
    """su by mallory, password typed, stops at the code or before."""
    argv = [*argv, "/usr/bin/su", target.name, "-c", "true"]
    as_mallory = {} if argv[0] != "/usr/bin/su" else {
        "user": mallory.uid, "group": mallory.gid, "extra_groups": []}
    su = subprocess.Popen(argv, stdin=subprocess.PIPE, bufsize=0,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd="/", env=plain_env(), **as_mallory)
    su.stdin.write((target.password + "\n").encode())
    return su


def reads(su, pattern, said=b""):
    while not re.search(pattern, said):
        piece = os.read(su.stdout.fileno(), 4096)
        if not piece:
            raise Unexpected(f"su ended: {said!r}")
        said += piece
    return said


def park(place, mallory, target, count):
    """Side by side, as fast as passwords are checked."""
    parked, troubles = [], []
    lock = threading.Lock()

    def some(n):
        for _ in range(n):
            su = start_su(place, mallory, target)
            with lock:
                parked.append(su)
            try:
                reads(su, b"code: $")
            except Unexpected as why:
                troubles.append(why)

    threads = [threading.Thread(target=some, args=(count // 4,))
               for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if troubles:
        raise troubles[0]
    return parked


def end(started):
    for su in started:
        su.kill()
        su.communicate()


@row("parked_su_prompts")
def parked_su(place):
    """Of one user: they hold nothing, so nobody waits for them."""
    place.protect()
    count = near.long(2000, 80)
    mallory, target = Person(place, "mallory"), Person(place, "parked")
    crowd.enroll(place, [target])
    phone = near.locked(place)
    parked = park(place, mallory, target, count)
    try:
        service = place.services["login"].pid
        if near.descriptors(service) > 40:
            raise Unexpected("parked prompts hold descriptors")
        times = near.quiet_enough("parked su", lambda: near.logins(
            place, phone, near.long(2000, 200)))
        su = start_su(place, mallory, target)
        reads(su, b"code: $")
        su.stdin.write((target.code() + "\n").encode())
        equal(su.wait(20), 0, "one more su, with the right code")
    finally:
        end(parked)
    near.report(f"{count} parked su prompts of one user", f"logins {times}; "
                f"{near.descriptors(service)} descriptors in the login door")


def released(place, most=16):
    until("the login door let go of them", lambda: near.descriptors(
        place.services["login"].pid) <= most, 15)


@row("two_thousand_stopped_between_connect_and_request")
def stopped(place):
    """root's connections that never ask, and whoever is dropped comes
    again; five of them real su, stopped by their user."""
    place.protect()
    mallory, target = Person(place, "mallory"), Person(place, "parked")
    phone, pids = near.locked(place), []
    service = place.services["login"].pid
    held = []
    try:
        with near.Neighbours(place, "park", [ROOT], 2000, name="login"):
            for _ in range(5):
                su = start_su(place, mallory, target, [
                    near.tool(place, "stop_between"),
                    near.door(place, "login"), str(mallory.uid)])
                said = reads(su, rb"stopped \d+\n")
                pids.append(int(re.search(rb"stopped (\d+)",
                                          said).group(1)))
                su.wait()
            for pid in pids:
                until("su is stopped", lambda p=pid: near.status(
                    p, "State")[0] == "T")

            def measure():
                held.append(near.descriptors(service))
                asked = near.logins(place, phone, near.long(2000, 200))
                held.append(near.descriptors(service))
                return asked
            times = near.quiet_enough("2000 stopped", measure)
        if max(held) < 2000:
            raise Unexpected(f"only {max(held)} descriptors were held")
        # Stopped su are still there; what they held is not.
        released(place)
        for pid in pids:
            equal(near.status(pid, "State")[0], "T", "state of su")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    near.report("2000 stopped between connect and request",
                f"logins {times}; up to {max(held)} descriptors held, all "
                "released")


@row("more_stopped_than_descriptors")
def no_descriptors(place):
    """With 256 descriptors and 2000 that say nothing: logins go on."""
    phone = near.locked(place)
    place.stop("login")
    place.serve("login")
    service = place.services["login"].pid
    resource.prlimit(service, resource.RLIMIT_NOFILE, (256, 256))
    try:
        with near.Neighbours(place, "park", [ROOT], 2000, name="login"):
            asked = near.logins(place, phone, near.long(20, 4), 50)
            held = near.descriptors(service)
        if not 200 < held <= 256:
            raise Unexpected(f"{held} descriptors were held")
        released(place)
    finally:
        place.stop("login")
        place.serve("login")
    near.report("2000 stopped, 256 descriptors", f"logins p50 "
                f"{asked.p50:.0f} ms, max {asked.worst:.0f} ms (n = "
                f"{asked.n}), none refused; {held} descriptors")


@row("wrong_answers_at_the_public_door")
def wrong_answers(place):
    """By the thousand: limiters and audit of the login door stay as they
    were."""
    count = near.long(323, 33)
    phone = crowd.enrolled(place, 1)[0]
    before = events(place)
    asked = near.only(near.ask(
        place, "public", phone, uid=phone.uid, count=count,
        answer=phone.wrong(), packets=31), "ask", "deny.code", "deny.locked")
    equal(asked.outcomes["deny.code"], 10, "answers that were evaluated")
    answers = sum(asked.outcomes.values()) - count
    equal(answers, 31 * count, "answers")
    equal(events(place), before, "the login door's audit")
    mark = place.log.mark()
    equal(pam.burst("stepup-neighbours", phone.name, [phone.wrong()])[0]
          == pam.SUCCESS, False, "a wrong code came in")
    place.log.expect(rf"deny\.code user={phone.name} .*count=1/10", mark)
    equal(pam.burst("stepup-neighbours", phone.name, [phone.code()]),
          [pam.SUCCESS], "the right code at the login door")
    near.report("Wrong answers at the public door", f"{answers} given, 10 "
                "evaluated; at the login door the first wrong code counts "
                "1/10, the right one is in, its audit is unchanged")


@row("a_uid_asks_about_another")
def about_another(place):
    """OUT_PEER, nothing on record, at most 10 log lines a minute."""
    phone, (bad,) = crowd.enrolled(place, 1)[0], crowd.people(1)
    before, mark = events(place), place.log.mark()
    count = near.long(500, 50)
    near.only(near.ask(place, "public", bad, uid=bad.uid, about=phone,
                       count=count, answer=phone.code()), "deny.peer")
    lines = re.findall(f"deny.peer.*{bad.name}", place.log.since(mark))
    if not 1 <= len(lines) <= 10:
        raise Unexpected(f"{len(lines)} log lines")
    equal(phone.name in place.log.since(mark), False, "named in the log")
    equal(events(place), before, "the login door's audit")
    near.report("A uid asks about another", f"{2 * count} questions, all "
                f"deny.peer, {len(lines)} log lines")
