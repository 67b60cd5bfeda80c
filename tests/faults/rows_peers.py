# SPDX-License-Identifier: BSD-2-Clause
"""The peers under the same faults, beside ours; what becomes of them is
written down, what becomes of ours is held against what we promise."""
import base64
import contextlib
import ctypes
import os
import random
import signal
import time

import pam
import peers
import rows_clock
import results
import world
from frames import Service
from place import HERE, run
from rows import Skip, equal, row
from terminal import plain_env
from world import Someone

class Phone:
    """What tests/attack/peers.py wants of a person."""

    def __init__(self, person):
        self.name = person.name
        self.raw = person.secret
        self.secret = base64.b32encode(person.secret).decode()


def installed(place):
    folder = os.path.dirname(place.module)
    for name in ("pam_google_authenticator.so", "pam_oath.so"):
        if not os.path.exists(os.path.join(folder, name)):
            raise Skip(f"{name} is not installed")
    peers.services()


def login(service, name, answer):
    pid = os.fork()
    if pid == 0:
        try:
            pam.authenticate(service, name, answer)
        finally:
            os._exit(0)
    return pid


def takes(service, name, fresh):
    """Seconds of a whole login, so that the moments are within it;
    fresh() gives a code that was not used."""
    took = []
    for _ in range(7):
        code = fresh()
        begin = time.monotonic()
        os.waitpid(login(service, name, code), 0)
        took.append(time.monotonic() - begin)
    return sorted(took)[3] * 1.2


def killed(service, name, answer, within):
    """A login's process that ends at a random moment, the module in it."""
    pid = login(service, name, answer)
    end = time.monotonic() + random.random() * within
    while time.monotonic() < end:
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def others(folder, *wanted):
    """Takes away and counts what is there besides."""
    found = [n for n in os.listdir(folder) if n not in wanted]
    for name in found:
        os.unlink(os.path.join(folder, name))
    return len(found)


def right(phone):
    return world.frames.code_of(phone.raw, int(time.time()) // 30)


def ours_killed(place, kills):
    person = Someone(place).enroll()
    for served in (True, False):
        if not served:
            place.stop("login")
        within = takes(world.SERVICE_NAME, person.name, lambda: "12")
        for _ in range(kills // 2):
            if not person.sheet:
                person.enroll()
            killed(world.SERVICE_NAME, person.name, person.sheet.pop(),
                   within)
        if not served:
            world.serve_login(place)
    world.all_end(place)
    world.sound(world.store_path(place))
    equal(world.litter(place), [], "files left behind")
    person.enroll()
    equal(pam.burst(world.SERVICE_NAME, person.name, [person.sheet.pop()]),
          [pam.SUCCESS], "the next login")


@row("login_killed_beside_peers")
def login_killed(place):
    """kill -9 of the process that asks, at any moment of its login."""
    installed(place)
    ctypes.CDLL("libpam.so.0")      # the children need not load it
    kills = world.count(100)
    ours_killed(place, kills)
    phone = Phone(Someone(place).enroll())
    folder = os.path.dirname(peers.OATH_USERS)
    with on_disk(place, peers.GA_DIR), on_disk(place, folder):
        left = peers_killed(phone, folder, kills)
    results.add("Faults", f"{kills} × kill -9 of the login itself: files "
                "left behind", "0", f"{left['ga']} with the secret",
                f"{left['oath']} locks and copies")


@contextlib.contextmanager
def on_disk(place, folder):
    """Memory is faster than any moment: a folder of the build instead."""
    real = os.path.join(place.build, "tests/peers" +
                        folder.replace("/", "-"))
    os.makedirs(real, 0o700, exist_ok=True)
    run("mount", "--bind", real, folder)
    try:
        others(folder)
        yield
    finally:
        others(folder)
        run("umount", folder)
        os.rmdir(real)


def peers_killed(phone, folder, kills):
    equal(pam.burst(peers.GA, phone.name, [(peers.ga([phone]),
                                            right(phone))[1]]),
          [pam.SUCCESS], "GA before")
    left = {"ga": 0, "oath": 0}

    def ga():
        peers.ga([phone])
        return right(phone)

    def oath():
        peers.oath([phone])
        return right(phone)

    within = {peers.GA: takes(peers.GA, phone.name, ga),
              peers.OATH: takes(peers.OATH, phone.name, oath)}
    for _ in range(kills):
        killed(peers.GA, phone.name, ga(), within[peers.GA])
        left["ga"] += others(peers.GA_DIR, phone.name)
        killed(peers.OATH, phone.name, oath(), within[peers.OATH])
        left["oath"] += others(folder, os.path.basename(peers.OATH_USERS))
    return left


@row("full_disk_beside_peers")
def full_disk(place):
    """Ten wrong codes and a right one where their files lie on a disk
    without room; ours is full_tmpfs."""
    installed(place)
    phone = Phone(Someone(place).enroll())
    said = {}
    for name, folder, make in (
            ("ga", peers.GA_DIR, lambda: peers.ga([phone], limit=20)),
            ("oath", os.path.dirname(peers.OATH_USERS),
             lambda: peers.oath([phone]))):
        run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs",
            folder)
        try:
            make()
            with open(folder + "/fill", "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"x" * 4096)
                except OSError:
                    pass
            service = peers.GA if name == "ga" else peers.OATH
            codes = [pam.burst(service, phone.name, ["000000"])[0]
                     for _ in range(10)]
            kept = (str(peers.ga_on_record(phone)) if name == "ga" else "–")
            last = pam.burst(service, phone.name, [right(phone)])[0]
            said[name] = (f"{sum(c == pam.AUTH_ERR for c in codes)} refused "
                          f"as wrong, {kept} on record; the right one " +
                          ("accepted" if last == pam.SUCCESS else "refused"))
        finally:
            run("umount", folder)
    person = Someone(place).enroll()
    equal(Service(place).verify(person, person.sheet.pop()).outcome,
          "OK_RECOVERY", "ours")
    results.add("Faults", "full disk: 10 wrong codes, then the right one",
                "all recorded; accepted (rows above)", said["ga"],
                said["oath"])


def at_time(service, phone, offset, code):
    """A login of a host whose clock is off by that many seconds."""
    said = run("/usr/bin/python3", "-B", os.path.join(HERE, "pam.py"),
               service, phone.name, code, env=plain_env(
                   LD_PRELOAD=rows_clock.faketime(), FAKETIME=f"{offset:+d}",
                   FAKETIME_DONT_FAKE_MONOTONIC="1"))
    return int(said.split()[0])


@row("clock_forth_and_back_beside_peers")
def forth_and_back(place):
    """A code is used; an hour ahead the next one is; the clock is set
    right, and the first code comes again."""
    installed(place)
    phone = Phone(Someone(place).enroll())
    said = {}
    for name, make, service in (("ga", peers.ga, peers.GA),
                                ("oath", peers.oath, peers.OATH)):
        make([phone])
        now = int(time.time())
        first, later = (world.frames.code_of(phone.raw, when // 30)
                        for when in (now, now + 3600))
        equal(at_time(service, phone, 0, first), pam.SUCCESS, name)
        ahead = at_time(service, phone, 3600, later)
        again = at_time(service, phone, 0, first)
        said[name] = ("an hour ahead " + SAID[ahead == pam.SUCCESS] +
                      ", the used code then " + SAID[again == pam.SUCCESS])
    results.add("Faults", "a code used, one an hour ahead, the clock set "
                "right, the used code again", "refused as used (rows above)",
                said["ga"], said["oath"])


SAID = {True: "accepted", False: "refused"}
