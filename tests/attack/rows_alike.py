# SPDX-License-Identifier: BSD-2-Clause
"""Within one state, right and wrong cannot be told apart: not by what is
said, bytes, instructions.  By time: rows_time.py."""
import collections
import contextlib
import glob
import os
import re
import shutil
import socket
import sqlite3
import subprocess

import door
import peers
import results
import states
from crowd import enrolled
from place import TMP
from race import SUCCESS, login, race, tool
from rows import equal, row
from terminal import Unexpected

AREA = "Right and wrong look alike"
COUNTED = 100           # answers of each kind, where bytes are counted
OUT_STORE, OUT_OK_TOTP, OUT_BAD_CODE, AUTH_ERR = 6, 11, 16, 7
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
        if not state.evaluated:
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
