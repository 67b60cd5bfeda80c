# SPDX-License-Identifier: BSD-2-Clause
"""Logins that wait at their prompt and answer at one instant (racer.c)."""
import collections
import contextlib
import os
import re
import sqlite3
import struct

import peers
from place import TMP, run, until
from rows import row
from terminal import Unexpected

SUCCESS = 0
DIED = -1
SERVICE, SPAWNED = "stepup-race", "stepup-race-spawned"

# By door: the PAM service, and whether the person itself is the caller.
# Nobody listens in the folder that the second names: the module spawns.
DOORS = {"service": (SERVICE, False), "spawned": (SPAWNED, False),
         "public": (SERVICE, True)}

Result = collections.namedtuple(
    "Result", "tag pam prompted took self children cpu text")


@row("installed", needed=True)
def installed(place):
    """The programs, a store, both doors, the peers."""
    place.install()
    place.birth()
    place.serve()
    peers.services()
    os.makedirs(f"{TMP}/nobody-listens", exist_ok=True)
    for name, more in ((SERVICE, ""),
                       (SPAWNED, f" rundir={TMP}/nobody-listens")):
        with open(f"/etc/pam.d/{name}", "w") as f:
            f.write(f"auth required pam_stepup.so tries=1{more}\n")


def tool(place, name):
    return os.path.join(place.build, "tests/attack", name)


def login(phone, answer, door="service", service=None, tag=None):
    """A line of a plan.  service: a peer's, instead of a door of ours."""
    name, own = DOORS[door]
    uid = phone.uid if own and service is None else 0
    return (f"{tag or door} {service or name} {phone.name} {uid} "
            f"{answer}\n")


def parse(line):
    tag, pam, prompted, took, own, children, cpu, *text = line.split(" ", 7)
    result = Result(tag, int(pam), prompted == "1", float(took), float(own),
                    float(children), float(cpu), "".join(text))
    if result.pam == DIED:
        raise Unexpected(f"a login's process died: {line}")
    return result


def race(place, logins, order="together", seed=1):
    said = run(tool(place, "racer"), "-o", order, "-s", str(seed),
               input="".join(logins), timeout=300)
    return [parse(line) for line in said.splitlines()]


def winners(results):
    return sum(r.pam == SUCCESS for r in results)


def outcomes(place, mark, phone, n):
    """What n answers of that person came to, by the module's log, counted.
    That the second prompt (after a wait) got no answer says nothing."""
    def look():
        found = re.findall(rf"(\w+\.\w+) user={phone.name}(?= |$)",
                           place.log.since(mark), re.M)
        found = [x for x in found if x != "deny.input"]
        return found if len(found) >= n else None
    return collections.Counter(until(f"{n} log lines", look))


@contextlib.contextmanager
def store(place):
    """The store, read beside the service."""
    path = os.path.join(place.statedir, "stepup.db")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True,
                                 isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def account(place, phone):
    """The account's id and its limiters' numbers (struct limiter), in the
    order of enum limiter_name."""
    with store(place) as db:
        number, blob = db.execute("SELECT id, limiters FROM account "
                                  "WHERE uid = ?", (phone.uid,)).fetchone()
    values = struct.unpack(">20q", blob)
    return number, [values[i:i + 5] for i in range(0, 20, 5)]


def events(place, phone, outcome, table="event"):
    with store(place) as db:
        return db.execute(f"SELECT count(*) FROM {table} WHERE uid = ? "
                          "AND outcome = ?",
                          (phone.uid, outcome)).fetchone()[0]
