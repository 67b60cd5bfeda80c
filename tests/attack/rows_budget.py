# SPDX-License-Identifier: BSD-2-Clause
"""A budget of K: K wrong answers are evaluated, however many wait."""
import contextlib

import peers
import results
from crowd import enrolled
from race import account, events, login, outcomes, race, winners
from rows import equal, row
from terminal import Unexpected

AREA = "Exactly once, exactly K"
PROMPTS = 200
OUT_BAD_CODE, AUTH_ERR = 16, 7
ORDERS = ["together", "fifo", "lifo", "shuffle"]
TOTP_LOGIN, TOTP_PUBLIC = 0, 2      # enum limiter_name


@contextlib.contextmanager
def budget(place, k):
    """attempts = K for everybody.  The door looks at its settings at most
    once a second, and on SIGHUP: a new process has read them."""
    place.settings(f"attempts = {k}\n")
    place.stop("login")
    place.serve("login")
    try:
        yield
    finally:
        place.settings(None)
        place.stop("login")
        place.serve("login")


def plan(phone, door, service=None):
    """Wrong ones, another code each."""
    wrong = [phone.wrong(n) for n in range(PROMPTS)]
    return [login(phone, code, door, service) for code in wrong]


def ours(place, k, order, door="service"):
    """Evaluated as the log says, as PAM says, and what is on record: the
    limiter and the events.  All are K, or this raises."""
    phone = enrolled(place, 1)[0]
    mark = place.log.mark()
    raced = race(place, plan(phone, door), order, seed=k)
    said = outcomes(place, mark, phone, PROMPTS)
    public = door == "public"
    _, limiters = account(place, phone)
    limiter = limiters[TOTP_PUBLIC if public else TOTP_LOGIN]
    recorded = events(place, phone, OUT_BAD_CODE,
                      "event_public" if public else "event")
    evaluated = said["deny.code"]
    equal((evaluated, limiter[0], limiter[1], recorded), (k, k, k, k),
          "evaluated, consecutive, total, events")
    equal(winners(raced), 0, "let in")
    if door == "service":
        equal(dict(said), {"deny.code": k, "deny.locked": PROMPTS - k},
              "outcomes")
        equal(sum(r.pam == AUTH_ERR for r in raced), k, "AUTH_ERR")
    # The wait is on: the right code is not looked at either.
    if winners(race(place, [login(phone, phone.code(), door)])):
        raise Unexpected("let in after the budget was used up")
    return f"{evaluated} / {recorded}"


def ga(place, k):
    """Its log has a line for each answer that was evaluated and wrong."""
    phone = enrolled(place, 1)[0]
    peers.ga([phone], limit=k)
    mark = place.log.mark()
    race(place, plan(phone, "service", peers.GA))
    evaluated = place.log.since(mark).count("Invalid verification code")
    return f"{evaluated} / {peers.ga_on_record(phone)}"


def oath(place):
    """It has no limit: who is refused was evaluated."""
    phone = enrolled(place, 1)[0]
    peers.oath([phone])
    raced = race(place, plan(phone, "service", peers.OATH))
    return f"{sum(r.pam == AUTH_ERR for r in raced)} / –"


def in_orders(place, k, orders, doors, **beside):
    got = {}
    with budget(place, k):
        for door in doors:
            for order in orders:
                got[f"{door}, {order}"] = ours(place, k, order, door)
    results.add(AREA, f"{PROMPTS} parked prompts, budget {k}: evaluated / "
                "on record", "; ".join(f"{v} ({o})" for o, v in
                                       got.items()), **beside)


@row("budget_of_3_in_every_order")
def three(place):
    in_orders(place, 3, ORDERS, ["service"], ga=ga(place, 3),
              oath=oath(place))


@row("budget_of_10_in_every_order")
def ten(place):
    in_orders(place, 10, ORDERS, ["service"], ga=ga(place, 10))


@row("budget_spawned_and_public_door")
def elsewhere(place):
    """The same budget where nobody listens, and at the other door."""
    with budget(place, 3):
        got = [ours(place, 3, "together", "spawned"),
               ours(place, 3, "shuffle", "spawned"),
               ours(place, 3, "together", "public"),
               ours(place, 3, "lifo", "public")]
    results.add(AREA, f"{PROMPTS} parked prompts, budget 3, spawned "
                "(together, shuffle) and public door (together, lifo)",
                "; ".join(got))


@row("budget_across_service_and_spawned")
def across(place):
    """Both ways share one limiter: K in all."""
    phone = enrolled(place, 1)[0]
    mark = place.log.mark()
    race(place, [login(phone, phone.wrong(n), ("service", "spawned")[n % 2])
                 for n in range(PROMPTS)])
    said = outcomes(place, mark, phone, PROMPTS)
    _, limiters = account(place, phone)
    results.add(AREA, f"{PROMPTS} parked prompts, budget 10, service and "
                "spawned mixed", f"{said['deny.code']} / {limiters[0][0]}")
    equal((said["deny.code"], limiters[0][0]), (10, 10),
          "evaluated and on record")
