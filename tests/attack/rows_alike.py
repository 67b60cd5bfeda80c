# SPDX-License-Identifier: BSD-2-Clause
"""Within one state, right and wrong cannot be told apart: not by bytes,
instructions, time or CPU."""
import collections
import contextlib
import glob
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import time

import door
import peers
import results
import states
import stats
from crowd import enrolled
from place import TMP
from race import SUCCESS, login, race, tool
from results import long_row
from rows import equal, row
from terminal import Unexpected

AREA = "Right and wrong look alike"
COUNTED = 100           # answers of each kind, where bytes are counted
PAIRS = 2000            # where time is measured
OUT_STORE, OUT_REPLAY = 6, 17
RATIO = 1.1
MANY = 100000


# --- bytes -----------------------------------------------------------------

def usual(costs):
    """Bytes and writes of nearly all: now and then an event fills a page,
    or the log is folded back, whoever's turn it is."""
    seen = collections.Counter((c.bytes, c.writes) for c in costs)
    what, times = seen.most_common(1)[0]
    if times < len(costs) * 0.8:
        raise Unexpected(f"no usual number of bytes and writes: {seen}")
    return what


def same_words(state, costs):
    """Where no answer is evaluated: one PAM code, one text."""
    words = {(c.login.pam, re.sub(r"\d+", "N", c.login.text))
             for got in costs.values() for c in got}
    equal(len(words), 1, f"{state.name}: codes and texts {words}")


@row("right_and_wrong_write_the_same")
def writes(place):
    said = []
    for kind in states.ALL:
        state = kind(place)
        costs = states.measure(state, COUNTED)
        if "replay" not in state.kinds:
            same_words(state, costs)
        each = {k: usual(c) for k, c in costs.items()}
        equal(len(set(each.values())), 1, f"{state.name}: bytes and writes "
              f"that differ ({each})")
        said.append(f"{state.name} {each['right'][0]} in "
                    f"{each['right'][1]}")
    results.add(AREA, "Bytes the service writes for right, wrong (and "
                f"replayed) answers, {COUNTED} each", "equal: " +
                "; ".join(said))


@contextlib.contextmanager
def no_store(place):
    path = os.path.join(place.statedir, "stepup.db")
    os.rename(path, path + ".away")
    try:
        yield
    finally:
        os.rename(path + ".away", path)
        place.stop("login")
        place.serve("login")


@row("right_and_wrong_without_a_store")
def without_store(place):
    """One answer, byte for byte, to who stood at a prompt."""
    phone = enrolled(place, 1)[0]
    with no_store(place):
        # The first to come hears that it has gone, all others that it is.
        door.ask(place, door.verify(phone, phone.wrong()))
        replies = {door.ask(place, door.verify(phone, answer))
                   for answer in (phone.now(), phone.wrong(), *phone.sheet)}
    equal([door.outcome(r) for r in replies], [OUT_STORE], "answers")
    results.add(AREA, "Store missing: answers to right, wrong, recovery "
                "codes", "one, byte for byte")


# --- instructions ----------------------------------------------------------

def instructions(argv, function, **options):
    """Of all calls of one function, callees included (callgrind)."""
    out = TMP + "/callgrind"
    for old in glob.glob(out + ".*"):
        os.unlink(old)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--toggle-collect={function}",
         f"--callgrind-out-file={out}.%p", f"--log-file={out}.log", *argv],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        **options)
    total = 0
    for path in glob.glob(out + ".[0-9]*"):
        with open(path) as f:
            total += sum(int(line.split()[1]) for line in f
                         if line.startswith("totals:"))
    if total == 0:
        with open(out + ".log") as f:
            raise Unexpected(f"{argv}: nothing was counted\n"
                             f"{done.stdout}\n{f.read()}")
    return total, done.stdout


def in_stepupd(place, phone, answer):
    """A spawned `stepupd --login`: its work for one VERIFY."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, its:
        ours.send(door.verify(phone, answer))
        total, _ = instructions([place.stepupd, "--login"], "round_answer",
                                stdin=its)
        return total, door.outcome(ours.recv(4096))


def in_module(place, phone, answer, service=None):
    plan = login(phone, answer, service=service)
    total, said = instructions([tool(place, "racer"), "-1"],
                               "pam_sm_authenticate", input=plan.encode())
    return total, int(said.split()[1])


OUT_OK_TOTP, OUT_BAD_CODE, AUTH_ERR = 11, 16, 7


def ratio(measure, right, wrong):
    """Wrong ÷ right; the outcomes must be those of right and wrong."""
    good, said = measure("right")
    equal(said, right, "the right code's outcome")
    bad, said = measure("wrong")
    equal(said, wrong, "the wrong code's outcome")
    return bad / good


def by_kind(phone, measure):
    return lambda kind: measure(phone, phone.code() if kind == "right"
                                else phone.wrong())


def peer_ratio(place, service, prepare):
    phone = enrolled(place, 1)[0]
    prepare([phone])
    return ratio(by_kind(phone, lambda p, c: in_module(place, p, c,
                                                       service)),
                 SUCCESS, AUTH_ERR)


@row("instructions_wrong_by_right")
def wrong_by_right(place):
    one, other = enrolled(place, 2)
    stepupd = ratio(by_kind(one, lambda p, c: in_stepupd(place, p, c)),
                    OUT_OK_TOTP, OUT_BAD_CODE)
    module = ratio(by_kind(other, lambda p, c: in_module(place, p, c)),
                   SUCCESS, AUTH_ERR)
    results.add(AREA, "Wrong ÷ right code, instructions (callgrind)",
                f"{stepupd:.3f} in stepupd, {module:.3f} in the module",
                f"{peer_ratio(place, peers.GA, peers.ga):.1f}",
                f"{peer_ratio(place, peers.OATH, peers.oath):.2f}")
    for what, got in (("stepupd", stepupd), ("module", module)):
        if not 1 / RATIO <= got <= RATIO:
            raise Unexpected(f"{what}: wrong ÷ right {got:.3f}")


FILL = """
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c
 WHERE n < {many}) INSERT INTO {table} ({names}) SELECT {values}
 FROM c, {table} AS base WHERE base.{key} = {number}"""
CHANGED = {("account", "id"): "c.n", ("account", "uid"): "2000000 + c.n",
           ("account", "name"): "CAST('fill' || c.n AS BLOB)",
           ("recovery", "account"): "c.n", ("credential", "account"): "c.n",
           ("credential", "id"): "c.n"}


def fill(place, phone):
    """MANY more accounts, each a copy of that person's."""
    db = sqlite3.connect(os.path.join(place.statedir, "stepup.db"))
    db.execute("PRAGMA synchronous = OFF")
    number, = db.execute("SELECT id FROM account WHERE uid = ?",
                         (phone.uid,)).fetchone()
    for table in ("account", "recovery", "credential"):
        names = [r[1] for r in db.execute(f"PRAGMA table_info({table})")]
        values = [CHANGED.get((table, n), f"base.{n}") for n in names]
        db.execute(FILL.format(
            many=MANY, table=table, names=", ".join(names), number=number,
            values=", ".join(values),
            key="id" if table == "account" else "account"))
    db.commit()
    count, = db.execute("SELECT count(*) FROM account").fetchone()
    db.close()
    if count <= MANY:
        raise Unexpected(f"{count} accounts")


def oath_many(place):
    """A right code with one user in the file, and as the last of MANY."""
    one, last = enrolled(place, 2)
    peers.oath([one])
    few, _ = in_module(place, one, one.code(), peers.OATH)
    peers.oath([last], others=MANY)
    many, _ = in_module(place, last, last.code(), peers.OATH)
    return many / few


@row("instructions_100000_users_by_1")
def many_by_one(place):
    """Two wrong codes of one person, before and after MANY joined."""
    phone = enrolled(place, 1)[0]
    place.stop("login")
    kept = TMP + "/state"
    shutil.copytree(place.statedir, kept)
    try:
        few, said = in_stepupd(place, phone, phone.wrong())
        equal(said, OUT_BAD_CODE, "outcome")
        fill(place, phone)
        # The first to come folds the log that fill() left behind.
        in_stepupd(place, phone, phone.wrong())
        many, said = in_stepupd(place, phone, phone.wrong())
        equal(said, OUT_BAD_CODE, "outcome")
    finally:
        shutil.rmtree(place.statedir)
        shutil.move(kept, place.statedir)
        place.serve("login")
    results.add(AREA, f"{MANY} users ÷ 1 user, instructions",
                f"{many / few:.3f}", "a file each",
                f"{oath_many(place):.0f}")
    if many / few > RATIO:
        raise Unexpected(f"{MANY} users cost {many / few:.3f} times one")


# --- time and CPU ----------------------------------------------------------

# A p below 0.01 / COMPARISONS counts as seen, so all comparisons together
# raise a false alarm in 1 of 100 runs.  A replayed code is asked for again
# with another text, which the caller's own figures show: what stepupd did
# for it is compared, and its time at the door.
METRICS = {"service": {"time": lambda c: c.login.took,
                       "CPU of the caller": lambda c: c.login.self,
                       "CPU of the service": lambda c: c.service},
           "spawned": {"time": lambda c: c.login.took,
                       "CPU of the caller": lambda c: c.login.self,
                       "CPU of its children": lambda c: c.login.children,
                       "CPU charged to its parent": lambda c: c.login.cpu}}
HELPERS = ("CPU of the service", "CPU of its children")
COMPARISONS = sum(len(m) + (len(s.kinds) - 2) for s in states.ALL
                  for m in METRICS.values()) + 6
THRESHOLD = 0.01 / COMPARISONS


def told_apart(a, b):
    """p, and bounds of the difference in us."""
    low, high = stats.median_bounds([x - y for x, y in zip(a, b)])
    return stats.mann_whitney(a, b), low, high


def describe(p, low, high, middle):
    return (f"median {middle:.0f} µs, difference {low:+.1f}..{high:+.1f} µs,"
            f" p = {p:.2g}")


def compare(state, costs, metrics, how):
    """The texts for the table, and what could be told apart."""
    said, seen = [], []
    for other in state.kinds[1:]:
        for what, get in metrics.items():
            if other == "replay" and what not in HELPERS:
                continue
            right = [get(c) for c in costs["right"]]
            wrong = [get(c) for c in costs[other]]
            p, low, high = told_apart(wrong, right)
            text = f"{other}: {what}: " + describe(p, low, high,
                                                   stats.median(right))
            said.append(text)
            if p < THRESHOLD:
                seen.append(f"{state.name}, {how}: {text}")
    return said, seen


def timed(place, kind, way):
    state = kind(place)
    costs = states.measure(state, PAIRS, way)
    said, seen = compare(state, costs, METRICS[way], way)
    results.add(AREA, f"{state.name}, {way}, {PAIRS} of each",
                "; ".join(said))
    if seen:
        raise Unexpected("told apart: " + "; ".join(seen))


def timed_rows():
    for kind in states.ALL:
        for way in METRICS:
            name = f"{kind.name}_{way}_time".replace(", ", "_")
            long_row(name.replace(" ", "_"))(
                lambda place, k=kind, w=way: timed(place, k, w))


timed_rows()


def cpu(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e3


class AtTheDoor:
    """Time and CPU of the service for VERIFYs sent to it directly."""

    def __init__(self, place, name, kinds):
        self.place, self.name = place, name
        self.got = {kind: [] for kind in kinds}
        self.pid = place.services["login"].pid

    def ask(self, kind, packet, wanted):
        """The packet was made beforehand: what this process did just
        before an exchange shows in its time."""
        before, begin = cpu(self.pid), time.perf_counter()
        reply = door.ask(self.place, packet)
        took = (time.perf_counter() - begin) * 1e6
        self.got[kind].append((took, cpu(self.pid) - before))
        equal(door.outcome(reply), wanted, f"{kind}: outcome")

    def done(self):
        said, seen = [], []
        for kind in list(self.got)[1:]:
            for i, what in enumerate(("time", "CPU of the service")):
                right = [x[i] for x in self.got["right"]]
                p, low, high = told_apart([x[i] for x in self.got[kind]],
                                          right)
                said.append(f"{kind}: {what}: " +
                            describe(p, low, high, stats.median(right)))
                if p < THRESHOLD:
                    seen.append(said[-1])
        results.add(AREA, f"{self.name}, at the door, {PAIRS} of each",
                    "; ".join(said))
        if seen:
            raise Unexpected("told apart: " + "; ".join(seen))


@long_row("open_at_the_door_time")
def open_door(place):
    """Right, wrong and replayed, from the request to the answer."""
    state = states.Open(place)
    meter = AtTheDoor(place, "open", state.kinds)
    wanted = {"right": OUT_OK_TOTP, "wrong": OUT_BAD_CODE,
              "replay": OUT_REPLAY}
    path = os.path.join(place.statedir, "stepup.db")
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    db.executescript("PRAGMA wal_autocheckpoint = 0;"
                     "PRAGMA synchronous = OFF")
    for kinds in states.rounds(state, PAIRS):
        packets = [door.verify(state.phone, state.answer(k)) for k in kinds]
        for kind, packet in zip(kinds, packets):
            db.executescript(state.before(kind)[1:])
            meter.ask(kind, packet, wanted[kind])
    db.close()
    meter.done()


@long_row("store_missing_time")
def store_missing(place):
    """CHECK refuses already; who stood at a prompt meets VERIFY's."""
    phone = enrolled(place, 1)[0]
    meter = AtTheDoor(place, "store missing", ("right", "wrong"))
    with no_store(place):
        for i in range(PAIRS):
            packets = [("right", door.verify(phone, phone.now())),
                       ("wrong", door.verify(phone, phone.wrong(i)))]
            for kind, packet in random.sample(packets, 2):
                meter.ask(kind, packet, OUT_STORE)
    meter.done()


GA_PAIRS = 200


@long_row("peers_under_a_limit_time")
def ga_limited(place):
    """GA after three logins in 30 s: the figure beside `locked`."""
    phone = enrolled(place, 1)[0]
    got = {"right": [], "wrong": []}
    for i in range(GA_PAIRS):
        for kind in (("right", "wrong"), ("wrong", "right"))[i % 2]:
            peers.ga([phone], used=3)
            answer = phone.now() if kind == "right" else phone.wrong(i)
            got[kind] += [r.took for r in race(place, [
                login(phone, answer, service=peers.GA)])]
    p, low, high = told_apart(got["wrong"], got["right"])
    results.add(AREA, "under its rate limit: time to refuse",
                "see locked, service", f"right "
                f"{stats.median(got['right']) / 1e3:.2f} ms, wrong "
                f"{stats.median(got['wrong']) / 1e3:.2f} ms (difference "
                f"{low / 1e3:+.2f}..{high / 1e3:+.2f} ms, p = {p:.2g}, n = "
                f"{GA_PAIRS})")
