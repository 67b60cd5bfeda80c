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
from rows import equal, row
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


def one(place, user, target, account, way, answer):
    """su with that answer; what it said."""
    session = user.shell("/bin/sh", "-c", f"{way} su {target.name} -c "
                         "'echo IN-$(id -un)'")
    try:
        session.answer("Password: ", target.password, timeout=5)
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


def ways(place, user, target, account, names):
    """How many of them had an answer evaluated."""
    ran = 0
    for name in names:
        if place.services.get("login") is None:
            account.enroll()        # limiters and sheet anew
        before = [world.events(place, o, uid=account.uid)
                  for o in ("BAD_CODE", "OK_RECOVERY")]
        wrong = one(place, user, target, account, WAYS[name],
                    account.wrong())
        right = one(place, user, target, account, WAYS[name],
                    account.sheet.pop())
        after = [world.events(place, o, uid=account.uid)
                 for o in ("BAD_CODE", "OK_RECOVERY")]
        told = ("Wrong code" in wrong) + ("Wrong code" in right)
        inside = f"IN-{target.name}" in right
        if after[0] - before[0] < told or f"IN-{target.name}" in wrong:
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


def people(place):
    place.protect()
    target, user = Person(place, "target"), Person(place, "mallory")
    account = Known(place, target)
    account.enroll()
    return target, user, account


@row("what_a_user_sets_before_su")
def before_su(place):
    """With the service and without; all of it, or in quick runs each way
    with one of the two."""
    target, user, account = people(place)
    names = list(WAYS)
    half = {True: names[::2], False: names[1::2]}
    ran, n = 0, 0
    for served in (True, False):
        if not served:
            place.stop("login")
        chosen = names if results.LONG else half[served]
        ran += ways(place, user, target, account, chosen)
        n += 2 * len(chosen)
    world.serve_login(place)
    world.all_end(place)
    if ran < n // 2:
        raise Unexpected(f"only {ran} of {n} answers were evaluated")
    results.add("Faults", f"{len(names)} kinds of limits, signals, niceness,"
                " descriptors, umask, environment before su, right and wrong",
                f"{ran} of {n} answers evaluated, each on record")


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


@row("a_su_that_stands_still")
def still(place):
    """SIGSTOP at any moment of a login: others get in meanwhile."""
    target, user, account = people(place)
    other = Someone(place).enroll()
    slowest, n = [], world.count(12, 200)
    for served in (True, False):
        if not served:
            place.stop("login")
        for _ in range(n // 2):
            session = user.shell("/usr/bin/su", target.name, "-c", "true")
            session.answer("Password: ", target.password)
            session.expect("code: $")
            session.line(account.wrong())
            time.sleep(random.random() * 0.02)
            stopped = stop_some(session)
            if not other.sheet:
                other.enroll()
            begin = time.monotonic()
            door = Service(place) if served else world.Spawned(place)
            equal(door.verify(other, other.sheet.pop()).outcome,
                  "OK_RECOVERY", "somebody else")
            slowest.append(time.monotonic() - begin)
            session.end()
            go_on(stopped)
            account.enroll()
    world.all_end(place)
    world.serve_login(place)
    slowest.sort()
    if slowest[len(slowest) // 2] > 0.05:
        raise Unexpected(f"others waited: {slowest}")
    results.add("Faults", f"{n} × su stopped at a random moment",
                f"others in, median {slowest[len(slowest) // 2] * 1000:.1f}"
                f" ms, at most {slowest[-1] * 1000:.0f} ms")
