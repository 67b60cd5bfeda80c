# SPDX-License-Identifier: BSD-2-Clause
"""People by the hundred, the store's books, and what a fault leaves."""
import glob
import hashlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import time

import frames
import results
from frames import Gone, Service, Spawned
from place import TMP, until  # noqa: F401
from rows import equal
from terminal import Unexpected

PERIOD = 30
FIRST_UID = 70000     # useradd never gets there
SERVICE_NAME = "stepup-faults"


def count(quick, long=1000):
    return long if results.LONG else quick


class Someone:
    """An account with a phone and a sheet; no password is needed here.

    `used` holds each code that was sent, with what came of it in the end.
    """
    count = 0

    def __init__(self, place, name=None):
        self.place = place
        self.name = name or f"f{Someone.count}"
        self.uid = FIRST_UID + Someone.count
        Someone.count += 1
        with open("/etc/passwd", "a") as f:
            f.write(f"{self.name}:x:{self.uid}:{self.uid}::/:/bin/sh\n")
        self.secret, self.last_step, self.sheet = None, 0, []
        self.spent = []

    def enroll(self, **more):
        self.has(*frames.enroll(self.place.stepupd, self.name, **more))
        return self

    def has(self, secret, step, sheet):
        self.secret, self.last_step, self.sheet = secret, step, list(sheet)
        self.spent = []

    def code(self, now=None, margin=3):
        """A fresh app code, or None where this window has none left."""
        now = time.time() if now is None else now
        first = int(now // PERIOD) - (PERIOD - now % PERIOD > margin)
        step = max(self.last_step + 1, first)
        if step > int(now // PERIOD) + (now % PERIOD > margin):
            return None
        self.last_step = step
        return frames.code_of(self.secret, step)

    def next(self):
        """A code that was never sent: the app's or the sheet's."""
        code = self.code() if random.random() < 0.5 else None
        if code is None and self.sheet:
            code = self.sheet.pop(0)
        return code or self.code()

    def wrong(self):
        step = int(time.time() // PERIOD)
        near = {frames.code_of(self.secret, step + i) for i in range(-3, 5)}
        while True:
            code = "%06d" % random.randrange(1000000)
            if code not in near:
                return code


class Known(Someone):
    """Somebody who has an account of this host already."""

    def __init__(self, place, person):
        self.place, self.name, self.uid = place, person.name, person.uid
        self.secret, self.last_step, self.sheet = None, 0, []
        self.spent = []


def crowd(place, n):
    return [Someone(place).enroll() for _ in range(n)]


def pam_service():
    """pam_stepup alone, one answer a call."""
    with open(f"/etc/pam.d/{SERVICE_NAME}", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")


def store_path(place):
    return os.path.join(place.statedir, "stepup.db")


def copy_store(place, folder):
    """The files as a power cut would leave them, each in its turn."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, 0o700)
    for path in glob.glob(store_path(place) + "*"):
        if not path.endswith("-shm"):
            shutil.copy(path, folder)
    return os.path.join(folder, "stepup.db")


def sound(path):
    """The store at path, looked at by SQLite itself, in a copy."""
    folder = TMP + "/sound"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for each in glob.glob(path + "*"):
        if not each.endswith("-shm"):
            shutil.copy(each, folder)
    with sqlite3.connect(folder + "/stepup.db") as db:
        said = [r[0] for r in db.execute("PRAGMA integrity_check")]
        if said != ["ok"]:
            raise Unexpected(f"{path}: {said}")
        said = db.execute("PRAGMA foreign_key_check").fetchall()
        if said:
            raise Unexpected(f"{path}: foreign keys: {said}")
    db.close()


def events(place, *outcomes, uid=None, path=None, table="event"):
    """How many answers with these outcomes are on record."""
    numbers = ",".join(str(frames.OUTCOME["OUT_" + o]) for o in outcomes)
    where = f"outcome IN ({numbers}) AND change = 0"
    if uid is not None:
        where += f" AND uid = {uid}"
    db = sqlite3.connect(f"file:{path or store_path(place)}?mode=ro",
                         uri=True, timeout=10)
    try:
        return db.execute(f"SELECT count(*) FROM {table} WHERE {where}"
                          ).fetchone()[0]
    finally:
        db.close()


def tree(*tops):
    """path -> what it is, for all below; -shm, which SQLite makes anew and
    a WAL that was only read, left out by name."""
    found = {}
    for top in tops:
        paths = [top]
        for folder, folders, names in os.walk(top):
            paths += [os.path.join(folder, n) for n in folders + names]
        for path in paths:
            if path.endswith("-shm") or not os.path.lexists(path):
                continue
            info = os.lstat(path)
            what = [oct(info.st_mode), info.st_uid, info.st_ino]
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as f:
                    digest = hashlib.sha256()
                    while chunk := f.read(1 << 20):
                        digest.update(chunk)
                what += [info.st_size, digest.hexdigest()[:16]]
            elif stat.S_ISLNK(info.st_mode):
                what.append(os.readlink(path))
            found[path] = what
    return found


def changed(before, after):
    return [f"{p}: {before.get(p, 'not there')} -> {after.get(p, 'gone')}"
            for p in sorted(set(before) | set(after))
            if before.get(p) != after.get(p)]


class Stashed:
    """with Stashed(place): key, settings and store as they are now; in the
    end they are put back, whatever lies there."""

    def __init__(self, place):
        self.place = place
        self.folders = [place.statedir, os.path.dirname(place.keyring)]

    def __enter__(self):
        self.place.stop()
        for i, folder in enumerate(self.folders):
            shutil.rmtree(f"{TMP}/stash{i}", ignore_errors=True)
            shutil.copytree(folder, f"{TMP}/stash{i}")
        return self

    def again(self):
        self.place.stop()
        for i, folder in enumerate(self.folders):
            remove(folder)
            shutil.copytree(f"{TMP}/stash{i}", folder)
            os.chmod(folder, 0o700)
        conf_d = self.place.conf + ".d"
        for path in (self.place.conf, conf_d):
            remove(path)

    def __exit__(self, *_):
        self.again()
        self.place.serve()


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def children(pid):
    """Processes whose parent this is, dead ones too."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append((int(path.split("/")[2]), fields[0]))
    return found


def processes(place):
    """Every stepupd that lives, or is dead and not buried."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        if text[text.index("(") + 1:text.rindex(")")] == "stepupd":
            found.append(int(text.split()[0]))
    return found


def processes_of(place):
    """Those that are neither a service nor a service's child."""
    own = [s.pid for s in place.services.values()]
    return [p for p in processes(place)
            if p not in own and parent(p) not in own]


def all_end(place):
    """Helpers end when nobody asks them any more, within their 5 s."""
    end = time.monotonic() + 10
    while processes_of(place):
        if time.monotonic() > end:
            raise Unexpected("still there: " + ", ".join(map(
                what, processes_of(place))))
        time.sleep(0.01)


def what(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            command = f.read().replace("\0", " ")
    except OSError:
        command = "gone"
    above = parent(pid)
    return f"{pid} {state(pid)} {command} of {above} {state(above)}"


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def litter(place):
    """Files that nobody promised, in the folders that are ours."""
    wanted = {"stepup.db", "stepup.db-wal", "stepup.db-shm",
              "settings.accepted", "settings.lock"}
    found = [n for n in os.listdir(place.statedir) if n not in wanted]
    found += [n for n in os.listdir(os.path.dirname(place.keyring))
              if n != "keyring"]
    found += [n for n in os.listdir(place.rundir)
              if n not in ("login", "public")]
    return found


class Books:
    """What was sent and told, held against what is on record."""

    def __init__(self, place, table="event"):
        self.place, self.table = place, table
        self.spent = {}         # uid -> how many
        self.sent_wrong = {}
        self.told_wrong = {}
        self.unanswered = 0
        self.refused = []       # answers that were failures

    def told(self, kept, uid):
        kept[uid] = kept.get(uid, 0) + 1

    def once(self, door, person, code):
        """Sends a code until something definite comes; what came last."""
        for _ in range(50):
            reached = door()
            try:
                outcome = reached.verify(person, code).outcome
            except Gone:
                self.unanswered += 1
                if len(code) == 6:
                    self.told(self.sent_wrong, person.uid)
                continue
            self.again(reached, person)
            if outcome in ("OK_TOTP", "OK_RECOVERY", "REPLAY"):
                person.spent.append(code)
                self.told(self.spent, person.uid)
                return outcome
            if outcome == "BAD_CODE" and len(code) == 6:
                # The window went on while nobody answered.
                self.told(self.sent_wrong, person.uid)
                self.told(self.told_wrong, person.uid)
                return outcome
            if outcome not in ("SERVICE", "BUSY", "STORE"):
                raise Unexpected(f"{person.name}: a right code is {outcome}")
            self.refused.append(outcome)
        raise Unexpected(f"{person.name}: no answer, 50 times")

    def wrong(self, door, person):
        self.told(self.sent_wrong, person.uid)
        reached = door()
        try:
            outcome = reached.verify(person, person.wrong()).outcome
        except Gone:
            self.unanswered += 1
            return
        finally:
            self.again(reached, person)
        if outcome == "BAD_CODE":
            self.told(self.told_wrong, person.uid)
        elif outcome in ("STORE", "BUSY", "SERVICE"):
            self.refused.append(outcome)
        elif outcome != "LOCKED":
            raise Unexpected(f"{person.name}: a wrong code is {outcome}")

    def again(self, reached, person):
        """A wrong answer that a killed service took may count twice."""
        if getattr(reached, "again", 0):
            self.told(self.sent_wrong, person.uid)

    def close(self, people, path=None):
        """Each code exactly once; no wrong answer told and not written."""
        for person in people:
            fresh = events(self.place, "OK_TOTP", "OK_RECOVERY",
                           uid=person.uid, path=path, table=self.table)
            spent = self.spent.get(person.uid, 0)
            if fresh != spent:
                raise Unexpected(f"{person.name}: {spent} codes are spent, "
                                 f"{fresh} on record")
            wrong = events(self.place, "BAD_CODE", uid=person.uid,
                           path=path, table=self.table)
            told = self.told_wrong.get(person.uid, 0)
            sent = self.sent_wrong.get(person.uid, 0)
            if not told <= wrong <= sent:
                raise Unexpected(f"{person.name}: wrong answers told {told},"
                                 f" on record {wrong}, sent {sent}")

    @staticmethod
    def replays(door, people):
        """Nothing that was accepted is accepted again (app codes of steps
        that are gone would be wrong ones, and charged)."""
        n = 0
        for person in people:
            for code in person.spent:
                if len(code) == 16:
                    equal(door().verify(person, code).outcome, "REPLAY",
                          f"{person.name}: a spent code")
                    n += 1
        if n == 0:
            raise Unexpected("nobody has a spent code")


def serve_login(place, env=None):
    """The login door alone; a socket that a kill left is replaced."""
    path = os.path.join(place.rundir, "login")
    os.makedirs(place.rundir, exist_ok=True)
    place.services["login"] = subprocess.Popen(
        [place.stepupd, "--login", "--listen", place.rundir],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=env)
    until("the login door listens", lambda: frames.reachable(path))


def doors(place):
    return (lambda: Service(place), lambda: Spawned(place))
