# SPDX-License-Identifier: BSD-2-Clause
"""A disk without a free byte or inode, and one that cannot be written."""
import fcntl
import os
import shutil
import sqlite3
import subprocess
import time

import frames
import results
import world
from frames import Reach, Service, Spawned
from load import Load
from place import TMP, run
from rows import Skip, equal, left_out, row
from terminal import Unexpected
from world import Someone, count, serve_login, sound, store_path

SIZE = 24       # MB
LOOP_CTL_GET_FREE = 0x4c82


class Disk:
    """with Disk(place, make): a file system of its own for the store."""

    def __init__(self, place, make):
        self.place, self.make = place, make

    def __enter__(self):
        place = self.place
        place.stop()
        shutil.rmtree(TMP + "/before", ignore_errors=True)
        shutil.copytree(place.statedir, TMP + "/before")
        self.undo = self.make(place.statedir)
        os.chmod(place.statedir, 0o700)
        for name in os.listdir(TMP + "/before"):
            shutil.copy2(f"{TMP}/before/{name}", place.statedir)
        place.settings("recovery_codes = 20\n")
        place.serve()
        return self

    def __exit__(self, *_):
        self.place.stop()
        run("umount", self.place.statedir)
        self.undo()
        self.place.settings(None)
        self.place.serve()

    def fill(self):
        """Not a block left, not an inode left."""
        folder = self.place.statedir + "/others"
        os.makedirs(folder)
        n = 0
        for size in (1 << 16, 4096, 1):
            try:
                with open(f"{folder}/fill{size}", "wb", buffering=0) as f:
                    while f.write(b"x" * size) == size:
                        pass
            except OSError:
                pass
        try:
            while n < 1 << 20:
                open(f"{folder}/{n}", "w").close()
                n += 1
        except OSError:
            pass
        try:
            with open(f"{folder}/last", "wb", buffering=0) as f:
                f.write(b"x" * 4096)
        except OSError:
            return
        raise Unexpected("the disk is not full")


def tmpfs(folder):
    run("mount", "-t", "tmpfs", "-o",
        f"size={SIZE}m,nr_inodes=60,mode=0700", "tmpfs", folder)
    return lambda: None


def loop(kind):
    """A file system of that kind in a file."""
    def make(folder):
        tool = shutil.which(f"mkfs.{kind}")
        if not tool:
            raise Skip(f"mkfs.{kind} is not installed")
        size = 320 if kind == "xfs" else SIZE
        image = f"{TMP}/{kind}.image"
        with open(image, "wb") as f:
            f.truncate(size << 20)
        run(tool, "-q", image)
        device = loop_device(image)
        run("mount", "-t", kind, device, folder)
        shutil.rmtree(folder + "/lost+found", ignore_errors=True)

        def undo():
            run("losetup", "-d", device, status=None)
            os.unlink(image)

        return undo
    return make


def loop_row(name):
    """Where there are no loop devices the quick run goes without, and says
    so; for `make check-long` it is a skip."""
    try:
        loop_nodes()
        with open("/dev/loop-control", "rb") as f:
            fcntl.ioctl(f, LOOP_CTL_GET_FREE)
    except OSError as why:
        if not results.LONG:
            return left_out(name, f"no loop devices: {why.strerror}")
    return row(name)


def loop_nodes():
    """This place has an own /dev."""
    numbers = [("loop-control", 10, 237)] + \
        [(f"loop{i}", 7, i) for i in range(32)]
    for name, major, minor in numbers:
        if not os.path.exists("/dev/" + name):
            kind = 0o020000 if major == 10 else 0o060000
            os.mknod("/dev/" + name, 0o600 | kind,
                     os.makedev(major, minor))


def loop_device(image):
    done = subprocess.run(["losetup", "-f", "--show", image],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode != 0:
        raise Skip(f"no loop device here: {done.stdout.strip()}")
    return done.stdout.strip()


def strike(place, n):
    """Restarted, killed, away (everybody spawns), in turns."""
    time.sleep(0.1)
    if n % 3 == 0:
        place.stop("login")
    else:
        service = place.services.pop("login")
        service.kill()
        service.wait()
    if n % 3 == 2:
        time.sleep(0.1)
    serve_login(place)


def logins(place, kind, make):
    wanted = count(400, 10000)
    with Disk(place, make) as disk:
        with Load(place, lambda: Reach(place), threads=3, people=3,
                  wrong=0.1) as load:
            disk.fill()
            load.done, n = 0, 0
            while load.done < wanted and not load.trouble:
                strike(place, n)
                n += 1
        load.books.close(load.everybody())
        load.books.replays(lambda: Service(place), load.everybody())
        equal(load.books.refused, [], "logins refused")
        sound(store_path(place))
        results.add("Faults", f"full disk, no inodes, {kind}: {wanted} "
                    "logins, service and spawned, across restarts and kills",
                    f"{load.done} logins, {n} restarts and kills: 0 refused,"
                    " each code once, all on record")


@row("full_tmpfs")
def full_tmpfs(place):
    """Logins go on, each code once, across restarts and kills."""
    logins(place, "tmpfs", tmpfs)


@loop_row("full_ext4")
def full_ext4(place):
    """The same on ext4."""
    logins(place, "ext4", loop("ext4"))


@loop_row("the_index_has_its_blocks")
def index(place):
    """Blocks of 1024 bytes, an empty WAL: whoever opens the store first
    leaves no hole in the index, into which a write would be SIGBUS."""
    with Disk(place, loop("ext4")):
        person = Someone(place).enroll()
        place.stop()
        with sqlite3.connect(store_path(place)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        equal(Spawned(place).check(person).outcome, "ASK", "CHECK")
        shm = os.stat(store_path(place) + "-shm")
        equal(shm.st_size, 32768, "bytes of the index")
        if shm.st_blocks * 512 < shm.st_size:
            raise Unexpected(f"{shm.st_blocks * 512} of them have blocks")
        place.serve()


@results.long_row("full_xfs")
def full_xfs(place):
    """The same on xfs."""
    logins(place, "xfs", loop("xfs"))


@row("full_for_ever")
def full_for_ever(place):
    """A ring with room for more, and a file that cannot grow: the newest
    event takes the place of the oldest; lines of the longest kind."""
    long = "x" * 255
    with Disk(place, tmpfs) as disk:
        person = Someone(place).enroll()
        code = person.sheet.pop()
        equal(Service(place).verify(person, code).outcome, "OK_RECOVERY",
              "before")
        disk.fill()
        most = count(4400, 10000)
        doors = (Service(place), Spawned(place))
        begin = world.events(place, "REPLAY")
        for i in range(most):
            door = doors[i % 20 == 0]
            reply = door.verify(person, code, service=long, rhost=long,
                                tty=long)
            equal(reply.outcome, "REPLAY", f"login {i}, {door.name}, "
                  f"{reply.text('REASON')}")
            if i % 1000 == 999:
                serve_anew(place)
        kept = world.events(place, "REPLAY")
        if not 1000 < kept < begin + most:
            raise Unexpected(f"{kept} events are kept of {most}")
        fresh = Someone(place).enroll()
        equal(Service(place).verify(fresh, fresh.sheet.pop()).outcome,
              "OK_RECOVERY", "somebody who enrolled last")
        sound(store_path(place))
        results.add("Faults", f"{most} logins with lines of 800 bytes while "
                    "the disk stays full",
                    f"0 refused, the newest {kept} events kept")


def serve_anew(place):
    place.stop("login")
    serve_login(place)


def all_refused(place, person):
    for door in (Service(place), Spawned(place)):
        replies = [door.verify(person, code) for code in (
            frames.code_of(person.secret, int(time.time()) // 30),
            person.wrong(), person.sheet[0], "0" * 16)]
        for reply in replies:
            equal(reply.outcome, "STORE", door.name)
            equal(reply, replies[0], f"{door.name}: the answer")


def evaluated(place):
    return world.events(place, "OK_TOTP", "OK_RECOVERY", "BAD_CODE")


@row("read_only")
def read_only(place):
    """Refused without being evaluated, right and wrong alike."""
    with Disk(place, tmpfs):
        person = Someone(place).enroll()
        before = evaluated(place)
        place.stop()
        run("mount", "-o", "remount,ro", place.statedir)
        serve_login(place)
        all_refused(place, person)
        place.stop()
        run("mount", "-o", "remount,rw", place.statedir)
        equal(evaluated(place), before, "answers on record")
        serve_login(place)
        equal(Service(place).verify(person, person.sheet.pop()).outcome,
              "OK_RECOVERY", "writable again")
    results.add("Faults", "read-only store: right, wrong, recovery",
                "refused unevaluated, answers alike byte for byte")


@loop_row("read_only_under_the_service")
def read_only_under(place):
    """What ext4 does when the disk fails: read-only from now on."""
    with Disk(place, loop("ext4")):
        person = Someone(place).enroll()
        equal(Service(place).verify(person, person.sheet.pop()).outcome,
              "OK_RECOVERY", "writable")
        before = evaluated(place)
        run("mount", "-o", "remount,abort", place.statedir)
        # The commit that finds out has another reason in its log.
        equal(Service(place).verify(person, person.wrong()).outcome,
              "STORE", "the first")
        all_refused(place, person)
        equal(evaluated(place), before, "answers on record")
