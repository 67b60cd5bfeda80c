# SPDX-License-Identifier: BSD-2-Clause
"""Within one state, right and wrong take the same time and CPU: told apart
by statistics or not at all, n = 2000, in make check-long."""
import os
import random
import sqlite3
import time

import door
import peers
import results
import states
import stats
from crowd import enrolled
from race import login, race
from results import long_row
from rows import equal
from rows_alike import (AREA, AUTH_ERR, OUT_BAD_CODE, OUT_OK_TOTP,
                        OUT_STORE, no_store)
from terminal import Unexpected

PAIRS = 2000
OUT_REPLAY = 17

# A p below 0.01 / COMPARISONS counts as seen, so all comparisons together
# raise a false alarm in 1 of 100 runs.  What the caller does after the
# answer (its log line, its text) is its own: where right and wrong end
# differently its CPU is printed, not judged, and a replayed code, asked for
# once more, is compared by what stepupd did and by its time at the door.
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
            own = state.evaluated and what == "CPU of the caller"
            if p < THRESHOLD and not own:
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


@long_row("peers_refusing_a_parked_prompt_time")
def ga_parked(place):
    """Who stands at GA's prompt while somebody else answers is refused,
    right or wrong, for the state has changed: the figure beside ours,
    locked while they stood there."""
    got = {"right": [], "wrong": []}
    phone = enrolled(place, 1)[0]
    for i in range(GA_PAIRS):
        for kind in random.sample(list(got), 2):
            peers.ga([phone])
            answer = phone.now() if kind == "right" else phone.wrong(i)
            raced = race(place, [login(phone, phone.wrong(i + 1),
                                       service=peers.GA),
                                 login(phone, answer, service=peers.GA)],
                         "fifo")
            equal((raced[1].prompted, raced[1].pam), (True, AUTH_ERR),
                  f"GA, {kind}: prompted, PAM code")
            got[kind].append(raced[1].took)
    p, low, high = told_apart(got["wrong"], got["right"])
    results.add(AREA, "refused whether right or wrong: time to refuse",
                "locked, service: above", f"right "
                f"{stats.median(got['right']) / 1e3:.2f} ms, wrong "
                f"{stats.median(got['wrong']) / 1e3:.2f} ms (difference "
                f"{low / 1e3:+.2f}..{high / 1e3:+.2f} ms, p = {p:.2g}, n = "
                f"{GA_PAIRS})")
