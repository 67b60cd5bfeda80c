# SPDX-License-Identifier: BSD-2-Clause
"""Hostile processes, the logins beside them, and what stepupd holds."""
import collections
import os
import subprocess
import threading
import time

import crowd
import results
from people import Person
from place import run, until
from rows import row
from terminal import Unexpected

AREA = "Hostile neighbours"
P99_MS = 50
# A machine that is busy with something else gets another chance.
TRIES = 3

Asked = collections.namedtuple("Asked", "n p50 p99 worst outcomes")


@row("place_of_neighbours", needed=True)
def begin(place):
    """The programs, a store, both doors."""
    place.install()
    place.birth()
    place.serve()
    # Before crowd.py, whose uids useradd would count on from.
    for name in ("mallory", "parked", "careful", "tallied"):
        Person(place, name)
    with open("/etc/pam.d/stepup-neighbours", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")


def long(full, quick):
    """How many, or how long: in `make check-long`, and else."""
    return full if results.LONG else quick


def tool(place, name):
    return os.path.join(place.build, "tests/neighbours", name)


def door(place, name):
    return os.path.join(place.rundir, name)


def report(test, ours):
    results.add(AREA, test, ours)
    print(f"    {test}: {ours}", flush=True)


# --- those who ask -----------------------------------------------------

def asker_line(place, name, phone, count=1, pause=0, answer="-", packets=1,
               uid=0, about=None):
    """An argv.  uid: whose process; about: another one's account."""
    about = about or phone
    argv = [tool(place, "asker"), door(place, name), about.name,
            str(about.uid), str(count), str(pause), answer, str(packets)]
    if uid:
        argv = ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}",
                "--clear-groups", "--"] + argv
    return argv


def parse(line):
    figures, *outcomes = line.strip().split("\t")
    n, p50, p99, worst = map(int, figures.split())
    counts = {}
    for outcome in outcomes:
        name, _, count = outcome.rpartition("=")
        counts[name] = int(count)
    return Asked(n, p50 / 1000, p99 / 1000, worst / 1000, counts)


def ask(place, name, phone, **options):
    return parse(run(*asker_line(place, name, phone, **options),
                     timeout=600))


def only(asked, *outcomes):
    """Nothing else came of it, and each of those did."""
    if set(asked.outcomes) != set(outcomes):
        raise Unexpected(f"outcomes {asked.outcomes}, not {outcomes}")
    return asked


def locked(place):
    """Somebody whose app codes wait: wrong answers are counted no more,
    and each still is a whole transaction."""
    phone = crowd.enrolled(place, 1, "root")[0]
    ask(place, "login", phone, count=10, answer=phone.wrong())
    return phone


def logins(place, phone, count, pause=10):
    """Root's logins; only what a locked account can be told."""
    return only(ask(place, "login", phone, count=count, pause=pause,
                    answer=phone.wrong()), "ask", "deny.locked")


def others_get_in(place, phones, count=10, pause=50):
    """At the public door, each about itself; within what a client waits."""
    asked = [ask(place, "public", p, count=count, pause=pause, uid=p.uid)
             for p in phones]
    for one in asked:
        only(one, "ask")
    return max(one.worst for one in asked)


# --- those who disturb -------------------------------------------------

class Neighbours:
    """with Neighbours(place, "park", uids, n=8) as them: ..."""

    def __init__(self, place, kind, people, n=0, each=1, name="public"):
        self.counts = None
        self.started = [subprocess.Popen(
            [tool(place, "neighbour"), kind, door(place, name), str(p.uid),
             str(n), p.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
            for p in people for _ in range(each)]

    def __enter__(self):
        for one in self.started:
            if one.stdout.readline() != "ready\n":
                raise Unexpected("a neighbour did not begin")
        return self

    def __exit__(self, *why):
        for one in self.started:
            one.terminate()
        total = [0] * 5
        for one in self.started:
            try:
                said = one.communicate(timeout=20)[0].split()
            except subprocess.TimeoutExpired:
                one.kill()
                one.communicate()
                raise Unexpected("a neighbour did not end")
            if one.returncode != 0 or len(said) != 5:
                raise Unexpected(f"a neighbour ended: {one.returncode} "
                                 f"{said}")
            total = [a + int(b) for a, b in zip(total, said)]
        self.counts = collections.namedtuple(
            "Counts", "connected full sent refused eperm")(*total)


# --- what stepupd holds ------------------------------------------------

def status(pid, name):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
    return "0"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(x) for x in f.read().split()]


def resident(pid):
    """(RSS, share of it that is its own) in KiB; 0 for who has gone."""
    try:
        rss = int(status(pid, "VmRSS").split()[0])
        with open(f"/proc/{pid}/smaps_rollup") as f:
            pss = next(int(x.split()[1]) for x in f if x.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0, 0
    return rss, pss


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


class Watch(threading.Thread):
    """The most that acceptor and selfs, and the login door, ever held."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.public = place.services["public"].pid
        self.login = place.services["login"].pid
        self.rss = self.pss = self.processes = 0
        self.public_fds = self.login_fds = self.login_rss = 0
        self.done = threading.Event()

    def look(self):
        pids = [self.public] + children(self.public)
        sizes = [resident(p) for p in pids]
        self.rss = max(self.rss, sum(s[0] for s in sizes))
        self.pss = max(self.pss, sum(s[1] for s in sizes))
        self.processes = max(self.processes, len(pids))
        self.public_fds = max(self.public_fds, descriptors(self.public))
        self.login_fds = max(self.login_fds, descriptors(self.login))
        self.login_rss = max(self.login_rss, resident(self.login)[0])

    def run(self):
        while not self.done.wait(0.3):
            self.look()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *why):
        self.done.set()
        self.join()

    def bounded(self):
        """96 places (SPEC 4: 64 that are in), a channel for each."""
        if self.processes == 0:
            raise Unexpected("nobody looked")
        if self.processes > 97 or self.public_fds > 110:
            raise Unexpected(f"{self.processes} processes, "
                             f"{self.public_fds} descriptors")
        return (f"{self.rss / 1024:.0f} MiB RSS ({self.pss / 1024:.0f} MiB "
                f"without what they share) in {self.processes} processes, "
                f"{self.public_fds} descriptors in the acceptor")


def all_gone(place):
    """Nothing of them stays: the acceptor alone, as it began."""
    public = place.services["public"]
    until("no process of the public door is left",
          lambda: public.poll() is None and not children(public.pid), 15)
    if descriptors(public.pid) > 8:
        raise Unexpected(f"{descriptors(public.pid)} descriptors stay")


def quiet_enough(test, measure):
    """measure() gives Asked; its p99 holds, at the latest the third
    time."""
    tried = []
    for _ in range(TRIES):
        asked = measure()
        tried.append(round(asked.p99, 1))
        if asked.p99 < P99_MS:
            return (f"p50 {asked.p50:.1f} ms, p99 {asked.p99:.1f} ms, max "
                    f"{asked.worst:.1f} ms (n = {asked.n}"
                    + (f", try {len(tried)}" if len(tried) > 1 else "") +
                    ")")
        time.sleep(1)       # not for a state: the machine was too busy
    raise Unexpected(f"{test}: p99 {tried} ms, not below {P99_MS}")
