# SPDX-License-Identifier: BSD-2-Clause
"""What a user may set before su: every answer is on record or was not
evaluated.  And a su that stands still, which delays nobody."""
import os
import random
import signal
import time

import results
import world
from frames import Service
from people import Person
from place import until
from rows import Skip, equal, left_out, row
from terminal import Unexpected
from world import Known, Someone

ENV = ("LD_PRELOAD=/nonexistent/x.so LD_LIBRARY_PATH=/tmp LD_AUDIT=/x "
       "SQLITE_TMPDIR=/nonexistent TMPDIR=/nonexistent "
       "OPENSSL_CONF=/nonexistent OPENSSL_MODULES=/tmp "
       "MALLOC_CHECK_=3 GCONV_PATH=/tmp LISTEN_FDS=1 LISTEN_PID=1 ")
WAYS = {
    "no files": "ulimit -f 0;",
    "no files, signals ignored": "ulimit -f 0; trap '' XFSZ PIPE CHLD TERM;",
    "4 descriptors": "ulimit -n 4;",
    "8 descriptors": "ulimit -n 8;",
    "a second of CPU": "ulimit -t 1;",
    "64 MB": "ulimit -v 64000;",
    "16 MB": "ulimit -v 16000;",
    "little stack": "ulimit -s 128;",
    "no processes": "ulimit -u 1;",
    "no locked memory": "ulimit -l 0;",
    "niceness": "exec nice -n 19",
    "idle I/O": "exec ionice -c 3",
    "one CPU": "exec taskset 1",
    "umask": "umask 777;",
    "signals ignored": "trap '' HUP INT QUIT USR1 USR2 PIPE ALRM TERM CHLD;",
    "environment": "exec env " + ENV,
    "no output": "exec >&-;",
    "batch": "exec chrt -b 0",
}


class Su:
    """mallory becomes target; target's password and code are asked for."""

    def __init__(self, place):
        place.protect()
        self.target, self.user = (Person(place, "target"),
                                  Person(place, "mallory"))
        self.command = f"su {self.target.name} -c 'echo IN-$(id -un)'"
        self.prompt, self.password = "Password: ", self.target.password
        self.account = Known(place, self.target)
        self.account.enroll()


class Sudo:
    """The same by sudo, which asks for mallory's own."""

    def __init__(self, place):
        place.protect()
        self.target, self.user = Person(place, "other"), Person(place, "eve")
        with open("/etc/sudoers.d/stepup-check", "w") as f:
            f.write(f"{self.user.name} ALL=(ALL:ALL) ALL\n")
        os.chmod("/etc/sudoers.d/stepup-check", 0o440)
        self.command = (f"sudo -k -u {self.target.name} "
                        "sh -c 'echo IN-$(id -un)'")
        self.prompt, self.password = r"password for \w+: ", self.user.password
        self.account = Known(place, self.user)
        self.account.enroll()


def one(tool, way, answer):
    """su or sudo with that answer; what it said."""
    session = tool.user.shell("/bin/sh", "-c", f"{way} {tool.command}")
    try:
        session.answer(tool.prompt, tool.password, timeout=5)
        found = session.expect("code: $|on this host now", timeout=8)
        if found.group().startswith("code"):
            session.line(answer)
            session.expect("IN-|Wrong code|Already|on this host now|"
                           "Locked", timeout=8)
    except Unexpected:
        pass        # it could not even run
    finally:
        said = session.text
        session.end()
    return said


def ways(place, tool, names):
    """How many of them had an answer evaluated."""
    ran, account = 0, tool.account
    for name in names:
        if place.services.get("login") is None:
            account.enroll()        # limiters and sheet anew
        before = [world.events(place, o, uid=account.uid)
                  for o in ("BAD_CODE", "OK_RECOVERY")]
        wrong = one(tool, WAYS[name], account.wrong())
        right = one(tool, WAYS[name], account.sheet.pop())
        after = [world.events(place, o, uid=account.uid)
                 for o in ("BAD_CODE", "OK_RECOVERY")]
        told = ("Wrong code" in wrong) + ("Wrong code" in right)
        inside = f"IN-{tool.target.name}" in right
        if after[0] - before[0] < told or \
                f"IN-{tool.target.name}" in wrong:
            raise Unexpected(f"{name}: told wrong {told}, on record "
                             f"{after[0] - before[0]}:\n{wrong}")
        if inside and after[1] - before[1] != 1:
            raise Unexpected(f"{name}: came in, on record "
                             f"{after[1] - before[1]}")
        if after[0] - before[0] > 1 or after[1] - before[1] > 1:
            raise Unexpected(f"{name}: {before} -> {after}")
        ran += (after[0] > before[0]) + (after[1] > before[1])
        if len(account.sheet) < 3:
            account.enroll()
    return ran


def before_login(place, kind):
    """With the service and without; all of it, or in quick runs each way
    with one of the two."""
    tool = kind(place)
    names = list(WAYS)
    half = {True: names[::2], False: names[1::2]}
    ran, n = 0, 0
    for served in (True, False):
        if not served:
            place.stop("login")
        chosen = names if results.LONG else half[served]
        ran += ways(place, tool, chosen)
        n += 2 * len(chosen)
    world.serve_login(place)
    world.all_end(place)
    if ran < n // 2:
        raise Unexpected(f"only {ran} of {n} answers were evaluated")
    results.add("Faults", f"{len(names)} kinds of limits, signals, niceness,"
                " descriptors, umask, environment before "
                f"{kind.__name__.lower()}, right and wrong",
                f"{ran} of {n} answers evaluated, each on record")


@row("what_a_user_sets_before_su")
def before_su(place):
    """Limits, signals and more, with the service and without."""
    before_login(place, Su)


@row("what_a_user_sets_before_sudo")
def before_sudo(place):
    """The same before sudo."""
    before_login(place, Sudo)


def stop_some(session):
    """su, or the process of it that waits for its helper; who stopped it
    lets it go on."""
    found = [session.pid]
    for pid, _ in world.children(session.pid):
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() == "su":
                    found.append(pid)
        except OSError:
            pass
    pid = random.choice(found)
    os.kill(pid, signal.SIGSTOP)
    return pid


def go_on(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


class Freezer:
    """A cgroup that stops all processes of a login at once, its helper
    too: what no signal can do."""
    # Folder, its switch, what is written to it, where it is to be read.
    FIRST = ("/sys/fs/cgroup/freezer", "freezer.state", ("THAWED", "FROZEN"),
             "freezer.state", "FROZEN")
    SECOND = ("cgroup.freeze", ("0", "1"), "cgroup.events", "frozen 1")

    @classmethod
    def kinds(cls):
        yield cls.FIRST
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            if os.path.exists(f"{root}/cgroup.controllers"):
                yield (root,) + cls.SECOND

    @classmethod
    def kind(cls):
        return next((k for k in cls.kinds() if os.access(k[0], os.W_OK)),
                    None)

    def __init__(self):
        kind = self.kind()
        if kind is None:
            raise Skip("no cgroup freezer")
        root, self.switch, self.words, self.state, self.frozen = kind
        self.folder = f"{root}/stepup-{os.getpid()}"
        os.mkdir(self.folder)

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as f:
            f.write(text)

    def read(self, name):
        with open(f"{self.folder}/{name}") as f:
            return f.read().splitlines()

    def freeze(self, session):
        for pid in [session.pid] + [p for p, _ in
                                    world.children(session.pid)]:
            try:
                self.write("cgroup.procs", str(pid))
            except OSError:
                pass
        self.write(self.switch, self.words[1])
        until("the freezer freezes",
              lambda: self.frozen in self.read(self.state))

    def empty(self):
        return self.read("cgroup.procs") == []

    def thaw(self, _):
        self.write(self.switch, self.words[0])

    def close(self):
        self.thaw(None)
        until("the freezer is empty", self.empty)
        os.rmdir(self.folder)


def stands_still(place, what, stop, go, ways_served=(True, False)):
    """stop() at any moment of a login: others get in meanwhile."""
    tool = Su(place)
    target, user, account = tool.target, tool.user, tool.account
    other = Someone(place).enroll()
    slowest, n = [], world.count(12, 200)
    for served in ways_served:
        if not served:
            place.stop("login")
        for _ in range(n // len(ways_served)):
            session = user.shell("/usr/bin/su", target.name, "-c", "true")
            session.answer("Password: ", target.password)
            session.expect("code: $")
            session.line(account.wrong())
            time.sleep(random.random() * 0.02)
            stopped = stop(session)
            if not other.sheet:
                other.enroll()
            begin = time.monotonic()
            door = Service(place) if served else world.Spawned(place)
            equal(door.verify(other, other.sheet.pop()).outcome,
                  "OK_RECOVERY", "somebody else")
            slowest.append(time.monotonic() - begin)
            go(stopped)
            session.end()
            account.enroll()
    world.all_end(place)
    if place.services.get("login") is None:
        world.serve_login(place)
    slowest.sort()
    if slowest[len(slowest) // 2] > 0.05:
        raise Unexpected(f"others waited: {slowest}")
    results.add("Faults", f"{n} × su {what} at a random moment",
                f"others in, median {slowest[len(slowest) // 2] * 1000:.1f}"
                f" ms, at most {slowest[-1] * 1000:.0f} ms")


@row("a_su_that_stands_still")
def still(place):
    """SIGSTOP, as a user can send it."""
    stands_still(place, "stopped", stop_some, go_on)


def freezer_row(name):
    """Where there is no freezer the quick run goes without, and says so;
    for `make check-long` it is a skip."""
    if Freezer.kind() is not None or results.LONG:
        return row(name)
    return left_out(name, "no cgroup freezer")


@freezer_row("a_frozen_su")
def frozen(place):
    """The freezer, with all that a login has started.  Beside the service
    alone: a helper of its own may be frozen with the store's lock."""
    freezer = Freezer()
    try:
        stands_still(place, "frozen", freezer.freeze, freezer.thaw,
                     (True,))
    finally:
        freezer.close()
