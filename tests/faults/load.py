# SPDX-License-Identifier: BSD-2-Clause
"""Logins all the time, while something else goes wrong."""
import os
import random
import threading

from frames import Gone, OUTCOME, OUTCOME_NAME, Service, question
from terminal import Unexpected
from world import Books, crowd


class Load:
    """with Load(place, door): threads that log in; in the end the first
    trouble is raised, and the books are there.

    Each thread has people of its own; who has no code left enrolls anew,
    unless enroll is False (then it rests).
    """

    def __init__(self, place, door, threads=3, people=2, wrong=0.3):
        self.place, self.door, self.share = place, door, wrong
        self.books = Books(place)
        self.people = [crowd(place, people) for _ in range(threads)]
        self.trouble = []
        self.done = 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(mine,))
                        for mine in self.people]

    def everybody(self):
        return [p for mine in self.people for p in mine]

    def enroll(self, person):
        while not self.stopping.is_set():
            try:
                person.enroll()
                return
            except Gone:
                pass

    def turn(self, person):
        code = person.next()
        if code is None:
            self.enroll(person)
            return
        if self.books.told_wrong.get(person.uid, 0) < 60 and \
                random.random() < self.share:
            self.books.wrong(self.door, person)
        first = self.books.once(self.door, person, code)
        self.done += 1
        if first == "BAD_CODE" or random.random() < 0.7:
            return
        try:
            again = self.door().verify(person, code).outcome
        except Gone:
            if len(code) == 6:
                self.books.told(self.books.sent_wrong, person.uid)
            return
        if again == "BAD_CODE" and len(code) == 6:
            self.books.told(self.books.sent_wrong, person.uid)
            self.books.told(self.books.told_wrong, person.uid)
        elif again not in ("REPLAY", "STORE", "BUSY", "SERVICE"):
            raise Unexpected(f"{person.name}: the same code again: {again}")

    def run(self, mine):
        try:
            while not self.stopping.is_set():
                self.turn(random.choice(mine))
        except Exception as why:
            self.trouble.append(why)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if kind is None and self.trouble:
            raise self.trouble[0]


class As:
    """A client at the public door, under another uid, in a process of its
    own: requests go down a pipe, outcomes come up."""

    def __init__(self, place, uid):
        self.path = os.path.join(place.rundir, "public")
        self.uid = uid

    def verify(self, person, answer):
        data = question("VERIFY", person.name, person.uid, answer)
        pid = os.fork()
        if pid == 0:
            status = 255
            try:
                os.setgroups([])
                os.setresgid(self.uid, self.uid, self.uid)
                os.setresuid(self.uid, self.uid, self.uid)
                reply = Public(self.path).ask(data)
                status = OUTCOME["OUT_" + reply.outcome]
            except Gone:
                status = 254
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == 254:
            raise Gone("the public door")
        if status not in OUTCOME_NAME:
            raise Unexpected(f"the client ended with {status}")
        return Answer(OUTCOME_NAME[status].removeprefix("OUT_"))


class Answer:
    def __init__(self, outcome):
        self.outcome = outcome


class Public(Service):
    name = "public"

    def __init__(self, path):
        self.path = path
