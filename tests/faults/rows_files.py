# SPDX-License-Identifier: BSD-2-Clause
"""Something else where store, key or settings should lie.

Each case begins with the same sound files and `unenrolled = "allow"`, and
is tried twice: by a service that finds it at its start, by a spawned
process.  Files are compared before and after.
"""
import os
import random
import shutil
import sqlite3
import time

import frames
import pam
import results
import world
from frames import Service, Spawned
from place import TMP
from rows import equal, matches, row
from terminal import Unexpected
from world import Someone, Stashed, remove, store_path, tree

AT_ONCE = 0.05      # seconds; the best of three, others run beside
ALLOW = 'unenrolled = "allow"\n'
slowest = {}


# --- what is done to a file ----------------------------------------------

def fifo(path):
    remove(path)
    os.mkfifo(path, 0o600)


def link(path):
    """To the very file that lay there, sound and root's."""
    if not os.path.lexists(path):
        open(path, "w").close()
    os.rename(path, path + ".true")
    os.symlink(path + ".true", path)


def folder(path):
    remove(path)
    os.mkdir(path, 0o700)


def device(path):
    remove(path)
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))     # /dev/zero


def owner(path):
    os.chown(path, 20000, 20000)


def mode(path):
    os.chmod(path, 0o666)


REPLACED = (fifo, link, folder, device, owner, mode)


def empty(path):
    os.truncate(path, 0)


def missing(path):
    remove(path)


def garbage(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        f.write(random.randbytes(size))


def hundred_megabytes(path):
    with open(path, "wb") as f:
        for _ in range(100):
            f.write(b"\xaa" * (1 << 20))


# --- a case ---------------------------------------------------------------

class Files:
    """with Files(place) as files: the sound state, and who is enrolled.
    accepted: the settings whose copy lies there."""

    def __init__(self, place, accepted=ALLOW):
        self.place = place
        self.person = Someone(place)
        self.stranger = Someone(place)
        place.settings(accepted)
        place.stop("login")
        world.serve_login(place)
        self.person.enroll()
        place.settings(None)
        # One file, so that what happens to it is all that there is.
        place.stop()
        db = sqlite3.connect(store_path(place))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        for end in ("-wal", "-shm"):
            remove(store_path(place) + end)
        self.stash = Stashed(place)

    def __enter__(self):
        self.stash.__enter__()
        return self

    def __exit__(self, *what):
        self.stash.__exit__(*what)

    def right(self):
        return frames.code_of(self.person.secret, int(time.time()) // 30)

    def tops(self):
        place = self.place
        return (place.statedir, os.path.dirname(place.keyring), place.conf,
                place.conf + ".d")

    def broken(self, damage):
        """Sound files, then the damage, for each of the two doors."""
        for door in (Service(self.place), Spawned(self.place)):
            self.stash.again()
            self.place.settings(ALLOW)
            damage()
            before = tree(*self.tops())
            self.mark = self.place.log.mark()
            if door.name == "service":
                world.serve_login(self.place)
            yield door, before
            self.place.stop("login")

    def refused(self, name, damage, wanted, path, ask=True, final=True):
        """Everybody is refused alike, at once, nothing is touched, and the
        log says what, where and why."""
        for door, before in self.broken(damage):
            what = f"{name}, {door.name}"
            replies = [self.best(what, door, self.person, answer)
                       for answer in (self.right(), self.person.wrong())]
            equal(replies[0], replies[1], f"{what}: right and wrong")
            equal(replies[0].outcome, wanted, what)
            if path not in replies[0].text("PATH") or \
                    not replies[0].text("REASON"):
                raise Unexpected(f"{what}: path={replies[0].text('PATH')} "
                                 f"reason={replies[0].text('REASON')}")
            if ask:
                for verb in ("check", "verify"):
                    reply = (door.check(self.stranger) if verb == "check"
                             else door.verify(self.stranger, "123456"))
                    equal(reply.outcome, wanted, f"{what}: somebody not "
                          f"enrolled, {verb}")
            self.logged(what, wanted, path, final)
            # Rot that only reading finds is found with the WAL grown.
            self.untouched(what, before, sound=wanted != "STORE",
                           wal="rotten" in name)

    def untouched(self, what, before, sound, wal=False):
        """A sound store may be written, what is not may not; an empty WAL
        is what SQLite leaves of a first read."""
        after = tree(*self.tops())
        store = store_path(self.place)
        changed = [c for c in world.changed(before, after)
                   if not (sound and c.startswith(store)) and
                   not (c.startswith(store + "-wal: not there -> ") and
                        (wal or after[store + "-wal"][3] == 0))]
        if changed:
            raise Unexpected(f"{what} touched: {changed}")

    def best(self, what, door, person, answer):
        """The first answer; asked again while others make it slow."""
        took, replies = [], []
        while len(took) < 4 and not (took and took[-1] < AT_ONCE):
            begin = time.monotonic()
            replies.append(door.verify(person, answer))
            took.append(time.monotonic() - begin)
        slowest[door.name] = max(min(took), slowest.get(door.name, 0))
        if min(took) > AT_ONCE:
            raise Unexpected(f"{what}: took {min(took) * 1000:.0f} ms")
        return replies[0]

    def logged(self, what, wanted, path, final):
        """Through the module, as a login has it."""
        mark = self.place.log.mark()
        code = pam.burst(world.SERVICE_NAME, self.person.name,
                         [self.right()])[0]
        # Where recovery codes still work, one is asked for.
        if code != (pam.SERVICE_ERR if final else pam.CONV_ERR):
            raise Unexpected(f"{what}: PAM {code}")
        name = {"STORE": "fail.store", "KEY": "fail.key",
                "CONFIG": "fail.config"}[wanted]
        self.place.log.expect(rf"pam_stepup\(.*\): {name} .*path=\S*{path}"
                              r".* reason=.+", mark)


def figure(test, n):
    results.add("Faults", test, f"{n} cases through a service and {n} "
                "spawned: all refused, untouched; slowest "
                f"{max(slowest.values()) * 1000:.0f} ms")
    slowest.clear()


@row("store_damaged")
def store_damaged(place):
    """Missing, empty, cut off, garbage, too large, newer, rotten."""
    store = store_path(place)
    n = 0
    with Files(place) as files:
        with open(f"{TMP}/stash0/stepup.db", "rb") as f:
            size = 1024 * int.from_bytes(f.read(32)[28:], "big")
        cases = [(f.__name__, lambda f=f: f(store)) for f in (
            missing, empty, garbage, hundred_megabytes)]
        cases += [(f"cut at {n}", lambda n=n: os.truncate(store, n))
                  for n in (1, 99, 100, 512, 1024, 5000, size // 2,
                            size - 1024)]
        cases += [("header of another program", lambda: overwrite(
                      store, 68, b"\0\0\0\x17")),
                  ("no header", lambda: overwrite(store, 0, bytes(100))),
                  ("rotten root pages", lambda: rotten(store)),
                  ("newer major", lambda: version(store, 200))]
        for name, damage in cases:
            files.refused(name, damage, "STORE", "stepup.db")
            n += 1
        replies = [door.verify(files.person, files.right()).text("REASON")
                   for door, _ in files.broken(lambda: version(store, 200))]
        for reason in replies:
            matches(r"2\.00", reason, "reason")
            matches(r"1\.00", reason, "reason")
        for door, _ in files.broken(lambda: version(store, 101)):
            equal(door.verify(files.person, files.right()).outcome,
                  "OK_TOTP", "a newer minor")
    figure("store missing, empty, cut off, garbage, 100 MB, newer, rotten",
           n)


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def version(path, number):
    overwrite(path, 60, number.to_bytes(4, "big"))


def rotten(path):
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as db:
        roots = [r[0] for r in db.execute(
            "SELECT rootpage FROM sqlite_master WHERE rootpage > 1")]
    db.close()
    for root in roots:
        overwrite(path, (root - 1) * 1024, b"\xff" * 1024)


@row("store_replaced")
def store_replaced(place):
    """FIFO, link, folder, device, a stranger's or an open file where the
    store, its WAL, its index or their folder should be."""
    store, n = store_path(place), 0
    with Files(place) as files:
        for end in ("", "-wal", "-shm"):
            for replace in REPLACED:
                def damage(path=store + end, replace=replace):
                    if not os.path.lexists(path):
                        open(path, "w").close()
                        os.chmod(path, 0o600)
                    replace(path)

                files.refused(f"{end or 'store'}: {replace.__name__}",
                              damage, "STORE", "stepup.db" + end)
                n += 1
        for replace in (owner, mode):
            files.refused(f"folder: {replace.__name__}",
                          lambda f=replace: f(place.statedir), "STORE",
                          place.statedir)
            n += 1
    figure("FIFO, link, folder, device, owner, mode for store, -wal, -shm",
           n)


@row("store_of_another_host")
def store_of_another(place):
    """A sound store that was made for another key: nobody passes."""
    other = TMP + "/other"
    with Files(place) as files:
        remove(other)
        files.stash.again()
        remove(place.statedir)
        remove(place.keyring)
        os.mkdir(place.statedir, 0o700)
        place.birth()
        shutil.copytree(place.statedir, other)
        files.refused("another host's", lambda: foreign(place, other),
                      "KEY", "keyring")
    remove(other)


def foreign(place, other):
    for path in os.listdir(other):
        if path.startswith("stepup.db"):
            shutil.copy(f"{other}/{path}", place.statedir)


@row("store_replaced_under_the_service")
def replaced_under(place):
    """Taken away, renamed over or rotten while the service has it open."""
    store = store_path(place)
    with Files(place) as files:
        for name, damage in (("missing", lambda: missing(store)),
                             ("renamed over", lambda: over(store)),
                             ("fifo", lambda: fifo(store)),
                             ("link", lambda: link(store))):
            files.stash.again()
            place.settings(ALLOW)
            world.serve_login(place)
            door = Service(place)
            equal(door.check(files.person).outcome, "ASK", "before")
            damage()
            reply = door.verify(files.person, files.right())
            equal(reply.outcome, "STORE", name)
            reply = door.verify(files.stranger, "123456")
            equal(reply.outcome, "STORE", name)
            place.stop("login")


def over(store):
    with open(store + ".x", "wb") as f:
        f.write(b"SQLite format 3\0" + bytes(5000))
    os.chmod(store + ".x", 0o600)
    os.rename(store + ".x", store)


@row("keyring_damaged")
def keyring(place):
    """No app code is evaluated, nobody passes for want of a row, recovery
    codes work, nothing is mended."""
    ring, n = place.keyring, 0

    def lines(text):
        with open(ring, "w") as f:
            f.write(text)

    with Files(place) as files:
        with open(ring) as f:
            name, key = f.read().split()
        other = "A" * 43 + "="
        cases = [(f.__name__, lambda f=f: f(ring)) for f in (
            missing, empty, garbage, *REPLACED)]
        cases += [("readable", lambda: os.chmod(ring, 0o644)),
                  ("31 bytes", lambda: lines(f"{name} {'A' * 40}AA==\n")),
                  ("33 bytes", lambda: lines(f"{name} {'A' * 44}\n")),
                  ("cut", lambda: lines(f"{name} {key[:20]}\n")),
                  ("wrong key", lambda: lines(f"{name} {other}\n")),
                  ("wrong name", lambda: lines(f"00000000 {key}\n")),
                  ("folder's mode", lambda: mode(os.path.dirname(ring))),
                  ("folder's owner", lambda: owner(os.path.dirname(ring)))]
        for what, damage in cases:
            files.refused(what, damage, "KEY", os.path.dirname(ring),
                          final=False)
            n += 1
            for door, _ in files.broken(damage):
                kinds = door.check(files.person).number("KINDS")
                code = files.person.sheet[0]
                equal(door.verify(files.person, code).outcome,
                      "OK_RECOVERY", f"{what}, {door.name}")
                if what != "wrong key":     # CHECK opens no seal
                    equal(kinds, 2, f"{what}: kinds offered")
    figure("keyring missing, cut, wrong key, FIFO, link, owner, mode", n)


@row("settings_damaged")
def settings(place):
    """Settings that cannot be trusted: those last accepted are in force,
    and the log says so; no copy either: refused."""
    accepted = os.path.join(place.statedir, "settings.accepted")
    confd = place.conf + ".d"
    n = 0

    def in_folder(damage):
        os.mkdir(confd, 0o755)
        with open(confd + "/a.conf", "w") as f:
            f.write("attempts = 5\n")
        damage(confd + "/a.conf")

    def wrong(path):
        with open(path, "w") as f:
            f.write("attempts = ten\n")

    def folders(damage):
        os.mkdir(confd, 0o755)
        damage(confd)

    large = hundred_megabytes
    with Files(place, accepted=None) as files:
        cases = [(f"stepup.conf: {f.__name__}", lambda f=f: f(place.conf))
                 for f in (fifo, folder, device, owner, mode, garbage,
                           wrong, large)]
        cases += [(f"conf.d/a.conf: {f.__name__}",
                   lambda f=f: in_folder(f))
                  for f in (fifo, folder, device, owner, mode, wrong)]
        cases += [("conf.d: mode", lambda: folders(mode)),
                  ("conf.d: owner", lambda: folders(owner)),
                  ("conf.d: fifo", lambda: folders(fifo))]
        for what, damage in cases:
            for door, before in files.broken(damage):
                reply = files.best(what, door, files.person, files.right())
                equal(reply.outcome, "OK_TOTP", f"{what}, {door.name}")
                place.log.expect("settings refused, those last accepted .*"
                                 r"path=\S*stepup\.conf.* reason=.+",
                                 files.mark)
                # Nobody passes: the copy says deny.
                equal(door.verify(files.stranger, "123456").outcome,
                      "MUST_ENROLL", f"{what}, {door.name}")
                files.untouched(what, before, sound=True)
            n += 1
            # The same without a copy that can be trusted.
            for replace in (missing, fifo, mode):
                def both(replace=replace, damage=damage):
                    damage()
                    replace(accepted)

                if what.endswith((": wrong", ": mode")):
                    files.refused(f"{what}, copy: {replace.__name__}", both,
                                  "CONFIG", place.conf, ask=True)
    figure("settings that cannot be trusted, with and without a copy", n)
