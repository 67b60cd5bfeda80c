# SPDX-License-Identifier: BSD-2-Clause
"""One code, many logins at one instant: one of them is let in."""
import json

import peers
import results
from crowd import enrolled
from place import run
from race import SUCCESS, login, race, winners
from rows import equal, row
from terminal import Unexpected

AREA = "Exactly once, exactly K"
PROCESSES, ROUNDS = 64, 20
MIXED = ["service", "spawned", "public", "service"]


def spread(doors, n):
    return [doors[i % len(doors)] for i in range(n)]


def rounds(place, doors, answer, n=ROUNDS):
    """Winners of each round, and the slowest verdict."""
    found, slowest = [], 0
    for phone in enrolled(place, n):
        typed = answer(phone)
        raced = race(place, [login(phone, typed, door) for door in
                             spread(doors, PROCESSES)])
        found.append(winners(raced))
        slowest = max(slowest, *(r.took for r in raced))
    return found, slowest / 1e3


def peer_rounds(place, service, answer, prepare, n=ROUNDS):
    found = []
    for phone in enrolled(place, n):
        prepare([phone])
        typed = answer(phone)
        found.append(winners(race(place, [
            login(phone, typed, service=service)] * PROCESSES)))
    return found


def said(found):
    over = sum(n > 1 for n in found)
    none = sum(n < 1 for n in found)
    if not over and not none:
        return f"1 let in, {len(found)} of {len(found)} rounds"
    return (f"up to {max(found)} let in; more than one in {over} of "
            f"{len(found)} rounds" + (f", nobody in {none}" if none else ""))


def once(place, what, doors, answer, **beside):
    found, slowest = rounds(place, doors, answer)
    results.add(AREA, f"{what}, {PROCESSES} logins at once, {ROUNDS} rounds",
                f"{said(found)}; last verdict after {slowest:.0f} ms",
                **beside)
    equal(found, [1] * ROUNDS, "let in, by round")


def totp(phone):
    return phone.code()


def recovery(phone):
    return phone.recovery()


@row("one_app_code_through_the_service")
def app_service(place):
    once(place, "One app code, through the service", ["service"], totp,
         ga=said(peer_rounds(place, peers.GA, totp, peers.ga)),
         oath=said(peer_rounds(place, peers.OATH, totp, peers.oath)))


@row("one_app_code_spawned")
def app_spawned(place):
    once(place, "One app code, through spawned processes", ["spawned"], totp)


@row("one_app_code_public_door")
def app_public(place):
    once(place, "One app code, through the public door", ["public"], totp)


@row("one_app_code_mixed")
def app_mixed(place):
    once(place, "One app code, service, spawned and public door mixed",
         MIXED, totp)


@row("one_recovery_code_through_the_service")
def code_service(place):
    once(place, "One recovery code, through the service", ["service"],
         recovery,
         ga=said(peer_rounds(place, peers.GA, lambda _: peers.SCRATCH,
                             peers.ga)))


@row("one_recovery_code_spawned")
def code_spawned(place):
    once(place, "One recovery code, through spawned processes", ["spawned"],
         recovery)


@row("one_recovery_code_public_door")
def code_public(place):
    once(place, "One recovery code, through the public door", ["public"],
         recovery)


@row("one_recovery_code_mixed")
def code_mixed(place):
    once(place, "One recovery code, service, spawned and public door mixed",
         MIXED, recovery)


def login_pass(place):
    """Root gives one to somebody who has factors besides."""
    def give(phone):
        said = run(place.stepup, "pass", phone.name, "--reason",
                   "raced for", "--print-secret", "--json")
        return json.loads(said[said.index("{"):])["pass"]
    return give


@row("one_login_pass_mixed")
def pass_mixed(place):
    once(place, "One login pass, service, spawned and public door mixed",
         MIXED, login_pass(place))


PAIRS = 200


def pairs(place, service=None, prepare=None, door="service"):
    """Two people, each with a right code, at the same moment; how many of
    all were refused."""
    refused, crowd = 0, enrolled(place, PAIRS)
    for i in range(0, PAIRS, 2):
        two = crowd[i:i + 2]
        for _ in range(2):
            if prepare is not None:
                prepare(two)
            refused += 2 - winners(race(place, [
                login(p, p.code(), door, service) for p in two]))
    return refused


@row("two_people_at_the_same_moment")
def two_people(place):
    """Nobody is refused, and nothing is lost: each code is spent."""
    refused = pairs(place)
    results.add(AREA, f"Two people at the same moment, {PAIRS} tries",
                f"{refused} refused",
                f"{pairs(place, peers.GA, peers.ga)} refused",
                f"{pairs(place, peers.OATH, peers.oath)} refused")
    equal(refused, 0, "refused")


@row("two_people_spawned")
def two_spawned(place):
    """The same, and afterwards each code just used is refused."""
    lost, refused = 0, 0
    crowd = enrolled(place, PAIRS // 2)
    for i in range(0, len(crowd), 2):
        typed = [(p, p.code()) for p in crowd[i:i + 2]]
        refused += 2 - winners(race(place, [
            login(p, code, "spawned") for p, code in typed]))
        lost += winners(race(place, [login(p, code) for p, code in typed]))
    results.add(AREA, f"Two people at the same moment, spawned, "
                f"{PAIRS // 4} tries, then the same codes again",
                f"{refused} refused, {lost} accepted again")
    equal((refused, lost), (0, 0), "refused and lost")


@row("every_code_once_in_any_order")
def all_codes(place):
    """A whole sheet and two app codes, each by 8 logins, all at once."""
    phone = enrolled(place, 1)[0]
    codes = [phone.code(), phone.code(), *phone.sheet]
    raced = race(place, [login(phone, code, door, tag=code)
                         for door in spread(MIXED, 8)[:6]
                         for code in codes])
    got = {code: sum(r.pam == SUCCESS for r in raced if r.tag == code)
           for code in codes}
    # Two app codes in the wrong order: the older is spent by the newer.
    if max(got.values()) != 1 or got[codes[1]] != 1 or \
            any(got[code] != 1 for code in codes[2:]):
        raise Unexpected(f"let in, by code: {got}")
