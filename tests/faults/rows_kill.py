# SPDX-License-Identifier: BSD-2-Clause
"""SIGKILL at any moment, for every process that has the store open."""
import os
import random
import signal
import subprocess
import threading
import time

import frames
import results
import world
from frames import Gone, Reach, Service, Spawned
from load import As, Load
from place import TMP, until
from rows import equal, row
from terminal import Unexpected
from world import Books, Someone, copy_store, count, sound, store_path


def pause(most):
    time.sleep(random.random() * most)


def nothing_left(place, people):
    """What must hold after any of them."""
    sound(store_path(place))
    equal(world.litter(place), [], "files left behind")
    world.all_end(place)
    for person in people[:2]:
        person.enroll()
        for door in (Service(place), Spawned(place)):
            equal(door.verify(person, person.sheet.pop()).outcome,
                  "OK_RECOVERY", f"the next login, {door.name}")


def kill(place, name):
    service = place.services.pop(name)
    service.kill()
    service.wait()


@row("login_service_killed")
def login_service(place):
    """The service, under load; those it left are spawned for."""
    kills = count(40)
    with Load(place, lambda: Reach(place)) as load:
        for _ in range(kills):
            pause(0.06)
            kill(place, "login")
            pause(0.01)
            world.serve_login(place)
    load.books.close(load.everybody())
    if load.done < kills:
        raise Unexpected(f"{load.done} logins beside {kills} kills")
    load.books.replays(lambda: Service(place), load.everybody())
    nothing_left(place, load.everybody())
    figure("the service", kills, load.books, sum(load.books.spent.values()))


def figure(what, kills, books, spent):
    cut, Reach.cut = books.unanswered + Reach.cut, 0
    if spent == 0 or cut == 0:
        raise Unexpected(f"{spent} codes accepted, {cut} requests cut off")
    results.add("Faults", f"{kills} × kill -9 of {what}",
                f"{spent} codes accepted once each, {cut} requests "
                "cut off; nothing lost or left, next login works")


def spawned_once(place, person, answer):
    """One VERIFY that may be killed at any moment of its life."""
    sock, pid = frames.spawn(place.stepupd, "--login")
    try:
        frames.put(sock, frames.question("VERIFY", person.name, person.uid,
                                         answer))
        pause(0.012)
        os.kill(pid, signal.SIGKILL)
        return frames.receive(sock)
    finally:
        os.waitpid(pid, 0)
        sock.close()


class Fragile:
    def __init__(self, place):
        self.place = place

    def verify(self, person, answer):
        return spawned_once(self.place, person, answer)


@row("spawned_process_killed")
def spawned(place):
    """A login's own process, from before main() to after its answer."""
    books = Books(place)
    people = world.crowd(place, 4)
    place.stop("login")
    for i in range(count(80)):
        person = people[i % len(people)]
        if not person.sheet:
            person.enroll()
        code = person.sheet.pop()
        if i % 3 == 0 and books.told_wrong.get(person.uid, 0) < 60:
            books.wrong(lambda: Fragile(place), person)
        try:
            if Fragile(place).verify(person, code).outcome == "OK_RECOVERY":
                equal(Spawned(place).verify(person, code).outcome, "REPLAY",
                      "a code that was accepted")
        except Gone:
            books.unanswered += 1
        books.once(lambda: Spawned(place), person, code)
    books.close(people)
    books.replays(lambda: Spawned(place), people)
    place.serve("login")
    if books.unanswered == 0:
        raise Unexpected("nobody was killed before the answer")
    nothing_left(place, people)
    figure("a spawned process", count(80), books, sum(books.spent.values()))


def public_load(place, what, kills, strike):
    """People at the public door, each under the own uid, while strike()
    is called again and again."""
    books = Books(place, table="event_public")
    people = world.crowd(place, 2)
    stopping, trouble = threading.Event(), []

    def run(person):
        try:
            while not stopping.is_set():
                if not person.sheet:
                    person.enroll()
                books.once(lambda: As(place, person.uid), person,
                           person.sheet.pop())
                if books.sent_wrong.get(person.uid, 0) < 8:
                    books.wrong(lambda: As(place, person.uid), person)
        except Exception as why:
            trouble.append(why)

    threads = [threading.Thread(target=run, args=(p,)) for p in people]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        strike()
    stopping.set()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]
    books.close(people)
    nothing_left(place, people)
    figure(what, kills, books, sum(books.spent.values()))


@row("public_acceptor_killed")
def public_acceptor(place):
    """The public door's acceptor; its connections' processes go on."""
    def strike():
        pause(0.05)
        kill(place, "public")
        serve_public(place)

    public_load(place, "the public acceptor", count(20), strike)


def inode(path):
    """0 where nothing lies there; a door may go between two looks."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0


def serve_public(place):
    """Started anew until it listens, as a supervisor does: a process that
    the killed one had begun may hold the socket for a moment."""
    path = os.path.join(place.rundir, "public")

    def start():
        service = place.services.get("public")
        if service is None or service.poll() is not None:
            place.services["public"] = subprocess.Popen(
                [place.stepupd, "--public", "--listen", place.rundir],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
        return inode(path) not in (0, before)

    before = inode(path)
    until("the public door listens", start, 5)


@row("self_process_killed")
def self_process(place):
    """The public door's process of one connection."""
    struck = [0]

    def strike():
        end = time.monotonic() + 5
        while time.monotonic() < end:
            mine = world.children(place.services["public"].pid)
            alive = [pid for pid, state in mine if state != "Z"]
            if not alive:
                continue
            pause(0.008)
            try:
                os.kill(random.choice(alive), signal.SIGKILL)
            except ProcessLookupError:
                continue
            struck[0] += 1
            return

    kills = count(40)
    public_load(place, "a --self process", kills, strike)
    if struck[0] < kills:
        raise Unexpected(f"{struck[0]} processes killed of {kills}")


def kill_pid(pid):
    """Where it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@row("admin_process_killed")
def admin_process(place):
    """An enrollment that is cut off: all the old factor, or all the new."""
    person = Someone(place).enroll()
    outcomes = {"old": 0, "new": 0}
    kills = count(40)
    for _ in range(kills):
        old = person.sheet.pop()
        told, timer = [], []

        def started(pid):
            timer.append(threading.Timer(random.random() * 0.02, kill_pid,
                                         (pid,)))
            timer[0].start()

        try:
            frames.enroll(place.stepupd, person.name, started=started,
                          told=told)
            done = True
        except Gone:
            done = False
        finally:
            timer[0].cancel()
        was = Service(place).verify(person, old).outcome
        if was == "OK_RECOVERY" and not done:
            outcomes["old"] += 1
        elif was == "BAD_CODE" and told:
            person.has(*told)
            equal(Service(place).verify(person, person.sheet.pop()).outcome,
                  "OK_RECOVERY", "a code of the new sheet")
            outcomes["new"] += 1
        else:
            raise Unexpected(f"done: {done}, a code of the old sheet: {was}")
        if len(person.sheet) < 3:
            person.enroll()
    if outcomes["old"] == 0:
        raise Unexpected("no enrollment was cut off")
    nothing_left(place, [person])
    results.add("Faults", f"{kills} × kill -9 of an enrollment",
                f"{outcomes['old']} × the old factor, {outcomes['new']} × "
                "the new one, never half")


def everything(place, number):
    for pid in world.processes(place):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def freeze(place):
    """Until none of them runs, and none was started meanwhile."""
    def still():
        before = set(world.processes(place))
        everything(place, signal.SIGSTOP)
        return all(world.state(pid) in "TZ" for pid in before) and \
            before == set(world.processes(place))

    until("all stand still", still)


@row("host_killed")
def host(place):
    """All of them at once, and the files as a power cut leaves them."""
    kills = count(25)
    looked = 0
    with Load(place, lambda: Reach(place)) as load:
        for i in range(kills):
            pause(0.08)
            with frames.gate:
                freeze(place)
                told = {p.uid: load.books.spent.get(p.uid, 0)
                        for p in load.everybody()}
                if i % 5 == 0:
                    path = copy_store(place, TMP + "/power")
                everything(place, signal.SIGKILL)
            for service in place.services.values():
                service.wait()
            place.services.clear()
            world.serve_login(place)
            serve_public(place)
            if i % 5 == 0:
                looked += 1
                sound(path)
                for uid, spent in told.items():
                    kept = world.events(place, "OK_TOTP", "OK_RECOVERY",
                                        uid=uid, path=path)
                    if kept < spent:
                        raise Unexpected(f"{spent} accepted, {kept} in the "
                                         "copy")
    load.books.close(load.everybody())
    load.books.replays(lambda: Service(place), load.everybody())
    nothing_left(place, load.everybody())
    if not looked:
        raise Unexpected("no copy was looked at")
    figure("all processes at once", kills, load.books,
         sum(load.books.spent.values()))
