# SPDX-License-Identifier: BSD-2-Clause
"""The states an account can be in, and right and wrong answers within."""
import collections
import contextlib
import json
import os
import random
import struct

from crowd import enrolled, people
from place import run
from race import account, login, parse, race, tool
from rows import equal

CHUNK = 200                 # logins a plan: codes stay fresh
FAR = 99999999999           # a step that is never reached

# What one login cost: of the service CPU (us), bytes and writes; then the
# racer's figures.
Cost = collections.namedtuple("Cost", "tag service bytes writes login")


class Open:
    """Every answer finds the same account: a step is fresh again, or spent
    long ago, and no failure on record."""
    name, kinds = "open", ("right", "wrong", "replay")
    evaluated = True        # right and wrong end differently

    def __init__(self, place):
        self.place = place
        self.phone = enrolled(place, 1)[0]
        self.number, _ = account(place, self.phone)

    def before(self, kind):
        return (f"=UPDATE credential SET last_step = "
                f"{FAR if kind == 'replay' else 0}, touch = touch + 1 WHERE "
                f"account = {self.number}; UPDATE account SET limiters = "
                f"zeroblob(160) WHERE id = {self.number}\n")

    def answer(self, kind):
        return self.phone.wrong(random.randrange(1000)) \
            if kind == "wrong" else self.phone.now()

    @contextlib.contextmanager
    def held(self):
        yield


class Recovery(Open):
    """The same with recovery codes; a wrong one is somebody else's."""
    name = "open, recovery code"

    def __init__(self, place):
        super().__init__(place)
        self.other = enrolled(place, 1)[0]
        count = len(self.phone.sheet)
        self.spent = {"right": f"zeroblob({8 * count})",
                      "wrong": f"zeroblob({8 * count})",
                      "replay": "x'" + "0000000060000000" * count + "'"}

    def before(self, kind):
        return (f"=UPDATE recovery SET spent = {self.spent[kind]}, touch = "
                f"touch + 1 WHERE account = {self.number}; UPDATE account "
                f"SET limiters = zeroblob(160) WHERE id = {self.number}\n")

    def answer(self, kind):
        return random.choice((self.other if kind == "wrong" else
                              self.phone).sheet)


class Pass(Recovery):
    """A login pass beside recovery codes; a wrong one is somebody's code."""
    name = "open, login pass"

    def __init__(self, place):
        super().__init__(place)
        self.give()

    def give(self):
        said = run(self.place.stepup, "pass", self.phone.name, "--reason",
                   "measured", "--ttl", "24h", "--print-secret", "--json")
        self.code = json.loads(said[said.index("{"):])["pass"]
        self.number, _ = account(self.place, self.phone)

    def before(self, kind):
        marks = "x'" + "0000000060000000" * 2 + "'" if kind == "replay" \
            else "zeroblob(16)"
        return (f"=UPDATE pass SET marks = {marks}, touch = touch + 1 WHERE "
                f"account = {self.number}; UPDATE account SET limiters = "
                f"zeroblob(160) WHERE id = {self.number}\n")

    def answer(self, kind):
        return random.choice(self.other.sheet) if kind == "wrong" else \
            self.code


class PassAlone(Pass):
    """The same, and no factor at all."""
    name, kinds = "unenrolled, login pass", ("right", "wrong")

    def __init__(self, place):
        self.place = place
        self.phone = people(1)[0]
        self.other = enrolled(place, 1)[0]
        self.give()


class Locked(Open):
    """Ten wrong codes: app codes wait half an hour."""
    name, kinds, evaluated = "locked", ("right", "wrong"), False

    def __init__(self, place):
        super().__init__(place)
        race(place, [login(self.phone, self.phone.wrong(n))
                     for n in range(10)], "fifo")
        equal(account(place, self.phone)[1][0][0], 10, "failures")

    def before(self, kind):
        return ""


class Disabled(Locked):
    """App codes are at their cap."""
    name = "disabled"

    def __init__(self, place):
        Open.__init__(self, place)
        limiters = struct.pack(">20q", 50, 50, *[0] * 18).hex()
        run(tool(place, "pace"), "-d",
            os.path.join(place.statedir, "stepup.db"),
            input=f"=UPDATE account SET limiters = x'{limiters}' WHERE id = "
                  f"{self.number}\n")
        equal(account(place, self.phone)[1][0][0], 50, "failures")


class Unenrolled(Locked):
    """No factor here; right is what their phone shows for another host."""
    name = "unenrolled"

    def __init__(self, place):
        self.place = place
        self.phone = people(1)[0]
        self.phone.secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class KeyMissing(Locked):
    name = "key missing"

    def __init__(self, place):
        Open.__init__(self, place)

    @contextlib.contextmanager
    def held(self):
        self.place.stop("login")
        os.rename(self.place.keyring, self.place.keyring + ".away")
        try:
            self.place.serve("login")
            yield
        finally:
            self.place.stop("login")
            os.rename(self.place.keyring + ".away", self.place.keyring)
            self.place.serve("login")


ALL = [Open, Recovery, Pass, PassAlone, Locked, Disabled, Unenrolled,
       KeyMissing]


def rounds(state, n):
    """n rounds, each with one answer of every kind in random order."""
    kinds = [kind for _ in range(n)
             for kind in random.sample(state.kinds, len(state.kinds))]
    for i in range(0, len(kinds), CHUNK):
        yield kinds[i:i + CHUNK]


def cost(line):
    cpu, size, writes, rest = line.split(" ", 3)
    login_ = parse(rest)
    return Cost(login_.tag, float(cpu), int(size), int(writes), login_)


def measure(state, n, door="service"):
    """Costs by kind, n each, interleaved."""
    place = state.place
    costs = {kind: [] for kind in state.kinds}
    with state.held():
        for kinds in rounds(state, n):
            plan = "".join(state.before(kind) +
                           login(state.phone, state.answer(kind), door,
                                 tag=kind) for kind in kinds)
            said = run(tool(place, "pace"), "-d",
                       os.path.join(place.statedir, "stepup.db"), "-p",
                       str(place.services["login"].pid), input=plan,
                       timeout=600)
            for line in said.splitlines():
                got = cost(line)
                costs[got.tag].append(got)
    for kind, got in costs.items():
        equal(len(got), n, f"logins that were {kind}")
        equal([c.login.prompted for c in got].count(False), 0,
              f"{kind}: logins without a prompt")
    return costs
