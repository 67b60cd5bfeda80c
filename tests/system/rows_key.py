# SPDX-License-Identifier: BSD-2-Clause
"""Another key for the store, and keys that are not its own, with the
programs that ship and people who log in meanwhile."""
import fcntl
import os
import re
import sqlite3
import stat
import threading

import enroll
from people import Person
from place import run, until
from rows import equal, lacks, matches, row
from rows_login import come_in, give_up
from terminal import Session, Unexpected, plain_env

ALLOW = 'unenrolled = "allow"\n'


def ring(place):
    with open(place.keyring) as f:
        return f.read()


def write(place, text):
    with open(place.keyring + ".x", "w") as f:
        f.write(text)
    os.chmod(place.keyring + ".x", 0o600)
    os.rename(place.keyring + ".x", place.keyring)


@row("key_rotated")
def rotated(place):
    """A new key while the services run: nobody notices, the old is gone."""
    place.serve()
    first, second = enroll.ready(place, "key1"), enroll.ready(place, "key2")
    come_in(place.ssh(first.name), first, first.code())
    old, mark = ring(place), place.log.mark()
    matches(r"active\nKeyring .*, \d+ secrets sealed\.",
            run(place.stepup, "key", "status"))
    said = run(place.stepup, "key", "rotate", "--reason", "yearly")
    matches(rf"\d+ secrets sealed anew with key [0-9a-f]{{8}}, key "
            rf"{old[:8]} removed\.", said)
    equal((len(ring(place).splitlines()), ring(place)[:8] == old[:8]),
          (1, False), "one key, another one")
    equal(stat.S_IMODE(os.stat(place.keyring).st_mode), 0o600, "its mode")
    place.log.expect(rf"change\.key.* key={ring(place)[:8]} "
                     rf"removed={old[:8]} secrets=\d+ reason=yearly", mark)
    matches("change.key", run(place.stepup, "log", "--outcome",
                              "change.key"))
    # The services that had the old ring, and one that starts now.
    come_in(place.ssh(second.name), second, second.code())
    come_in(place.ssh(first.name), first, first.code())
    place.stop("login")
    come_in(place.ssh(second.name), second, second.code())
    place.serve("login")
    third = enroll.ready(place, "key3")
    come_in(place.ssh(third.name), third, third.code())
    lacks("old|not in the ring", run(place.stepup, "key", "status"))


@row("key_rotated_under_logins")
def under_logins(place):
    """Key after key, and a login after the other: all come in."""
    people = [enroll.ready(place, f"key{n}") for n in range(4, 7)]
    stop = threading.Event()
    done, trouble = [], []

    def turn():
        try:
            while not stop.is_set():
                done.append(run(place.stepup, "key", "rotate"))
        except Exception as why:
            trouble.append(str(why))

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        for person in people * 2:
            come_in(place.ssh(person.name), person, person.code())
    finally:
        stop.set()
        thread.join()
    equal(trouble, [], "rotations that failed")
    equal([x for x in done if not re.search("key [0-9a-f]{8} removed", x)],
          [], "rotations")
    if len(done) < len(people):
        raise Unexpected(f"{len(done)} rotations beside the logins")
    matches(f"{ring(place)[:8]} .* active",
            run(place.stepup, "key", "status"))


@row("key_rotate_stopped")
def stopped(place):
    """Ctrl-C on the way: both keys, logins work, the next one finishes."""
    person = enroll.ready(place, "key10")
    old = ring(place)
    store = sqlite3.connect(f"{place.statedir}/stepup.db",
                            isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    session = Session([place.stepup, "key", "rotate"],
                      env=plain_env(HOME="/root", LC_ALL="C"))
    until("the ring has the new key",
          lambda: len(ring(place).splitlines()) == 2)
    session.send("\x03")
    session.expect("Stopping where nothing is half done")
    store.execute("ROLLBACK")
    store.close()
    session.expect("The rotation is not finished. Logins go on")
    session.expect("Next: stepup key rotate goes on with it")
    session.ends(1)
    equal(ring(place).splitlines()[0], old.strip(), "the old key")
    said = run(place.stepup, "key", "status", status=1)
    matches("A rotation was not finished: the ring has old keys", said)
    come_in(place.ssh(person.name), person, person.code())
    both = ring(place).splitlines()
    said = run(place.stepup, "key", "rotate")
    matches("An earlier rotation is gone on with", said)
    equal(ring(place).splitlines(), both[1:], "the new key alone")
    come_in(place.ssh(person.name), person, person.code())
    run(place.stepup, "key", "status")


@row("key_rotate_refused")
def refused(place):
    """A folder that cannot be written, or is held: nothing is done."""
    person = enroll.ready(place, "key7")
    before = ring(place)
    folder = os.path.dirname(place.keyring)
    run("mount", "--bind", folder, folder)
    try:
        run("mount", "-o", "remount,bind,ro", folder)
        said = run(place.stepup, "key", "rotate", status=4)
        matches("cannot be changed.*\n.*Read-only file system", said)
    finally:
        run("umount", folder)
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    said = run(place.stepup, "key", "rotate", status=4)
    matches("key rotate, restore, import, backup or stepupd --init is at "
            "work", said)
    os.close(fd)
    equal((ring(place), sorted(os.listdir(folder))),
          (before, [os.path.basename(place.keyring)]), "the ring")
    come_in(place.ssh(person.name), person, person.code())


@row("key_foreign")
def foreign(place):
    """Other bytes under the right id: nobody passes, nobody enrolls, and
    status, key status and doctor say why."""
    person, stranger = enroll.ready(place, "key8"), Person(place, "key9")
    good = ring(place)
    why = "does not open the store's seals"
    try:
        place.settings(ALLOW)
        place.stop("login")
        place.serve("login")
        session = place.ssh(stranger.name)
        session.answer("[Pp]assword: ", stranger.password)
        session.expect(f"IN-{stranger.name}")
        session.ends(0)
        write(place, good[:9] + ("B" if good[9] == "A" else "A") + good[10:])
        # The service looks once a second.
        place.stop("login")
        place.serve("login")
        mark = place.log.mark()
        session = place.ssh(stranger.name)
        session.answer("[Pp]assword: ", stranger.password)
        place.log.expect(f"fail.key user={stranger.name} .*"
                         f"path={place.keyring} .*{why}", mark)
        give_up(session)
        for words, status in ((("status", "-u", person.name), 0),
                              (("key", "status"), 1), (("doctor",), 1),
                              (("key", "rotate"), 4),
                              (("enroll", "-u", stranger.name,
                                "--print-secret", "--code-stdin"), 4)):
            said = run(place.stepup, *words, status=status)
            matches(why.replace(" ", r"\s+"), said)
            matches("Next: ", said)
    finally:
        write(place, good)
        place.settings(None)
        place.stop("login")
        place.serve("login")
    come_in(place.ssh(person.name), person, person.code())
    matches("active", run(place.stepup, "key", "status"))
