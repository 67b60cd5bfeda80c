# SPDX-License-Identifier: BSD-2-Clause
"""Login passes and enrollment tickets, from root's terminal to a login."""
import json
import re

import enroll
from people import Person
from place import SERVICE, run
from rows import equal, lacks, matches, row
from rows_login import CODE, RECOVERY, come_in, give_up, sudo, sudoers
from terminal import Session, Unexpected, plain_env

FORM = r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b"


def give(place, name, *words):
    """What root is told, and the code in it."""
    said = run(place.stepup, "pass", name, "--reason", "phone at home",
               "--print-secret", *words)
    found = re.findall(FORM, said)
    if len(found) != 1:
        raise Unexpected(f"not one code: {said}")
    return found[0], said


def refused(place, person, prompt, answer, outcome):
    """This answer does not let in; what the log says."""
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    session.answer(prompt, answer)
    place.log.expect(f"{outcome} user={person.name} ", mark)
    give_up(session)


def nowhere(code, text):
    """In none of the forms in which it is typed."""
    lacks("(?i)" + "[- ]?".join(code.split("-")), text, "log")


@row("pass_without_a_factor")
def without_factor(place):
    """Who has no factor comes in once, sshd and the log agree."""
    place.serve()
    person = Person(place, "pass1")
    refused(place, person, CODE, "ABCD-EFGH-JKMN-PQRS", "deny.unenrolled")
    mark = place.log.mark()
    code, said = give(place, person.name)
    matches("^Login pass for pass1, good once, until ", said)
    place.log.expect("change.pass user=pass1 .*reason=\"phone at home\" "
                     "kind=login ttl=3600", mark)
    nowhere(code, place.log.since(mark))
    matches("pass1 +never +never +0 +0/0  none,pass$",
            run(place.stepup, "list"))
    session = person.shell(place.stepup, "status")
    session.expect("A login pass is in force until .*, once")
    session.ends(3)
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: ", person.password)
    session.answer(RECOVERY, code.lower())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    place.log.expect(rf"pam_stepup\({SERVICE}:auth\): accept\.pass "
                     f"user={person.name} ", mark)
    nowhere(code, place.log.since(mark))
    refused(place, person, CODE, code, "deny.replay")
    matches(r"pass1 +login +used ", run(place.stepup, "pass", "--list"))
    lacks("^pass1 .*none,pass$", run(place.stepup, "list"))
    said = run(place.stepup, "log", "-u", person.name)
    matches("change.pass", said)
    matches("phone at home", said)
    matches("accept.pass", said)


@row("pass_with_a_factor")
def with_factor(place):
    """The phone is at home: in once, and app codes work as before."""
    person = enroll.ready(place, "pass2")
    code, _ = give(place, person.name, "--ttl", "5m")
    matches("Login pass +until .*, once$",
            person.run(place.stepup, "status"))
    come_in(place.ssh(person.name), person, code)
    refused(place, person, CODE, code, "deny.replay")
    come_in(place.ssh(person.name), person, person.code())


@row("pass_for_one_service")
def one_service(place):
    """Bound to sudo: a wrong code for sshd and self-service, right for
    sudo."""
    person = enroll.ready(place, "pass3")
    sudoers(person.name)
    code, said = give(place, person.name, "--service", "SUDO")
    matches("works with the service sudo alone", said)
    refused(place, person, CODE, code, "deny.code")
    session = person.shell(place.stepup, "codes", "--new")
    enroll.prove(person, session, code)
    session.expect("Wrong recovery code")
    session.interrupt()
    sudo(person, code)


@row("pass_taken_back")
def taken_back(place):
    """Revoked, and replaced: void at once."""
    person = Person(place, "pass4")
    first, _ = give(place, person.name)
    done = run(place.stepup, "pass", person.name, "--reason", "again",
               "--print-secret", "--json")
    end = json.loads(done[done.index("{"):])
    equal((end["kind"], end["replaced"], end["service"]),
          ("login", True, None))
    refused(place, person, RECOVERY, first, "deny.code")
    mark = place.log.mark()
    matches("is void", run(place.stepup, "pass", person.name, "--revoke",
                           "--reason", "found it"))
    place.log.expect('change.revoked user=pass4 .*reason="found it" '
                     "kind=login", mark)
    refused(place, person, CODE, end["pass"], "deny.unenrolled")
    run(place.stepup, "pass", person.name, "--revoke", status=1)
    matches("none on record",
            run(place.stepup, "pass", "--list", person.name))


@row("pass_is_no_secret_of_pipes")
def pipes(place):
    """Nothing is made where the code would go into a pipe."""
    person = Person(place, "pass5")
    for words in ((), ("--json",)):
        run(place.stepup, "pass", person.name, "--reason", "x", *words,
            status=2)
    matches("none on record",
            run(place.stepup, "pass", "--list", person.name))
    run(place.stepup, "lock", person.name, "--reason", "on leave")
    give(place, person.name)
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    place.log.expect("deny.admin user=pass5 ", mark)
    give_up(session)


@row("pass_for_a_new_phone")
def new_phone(place):
    """In self-service it stands for the factor; enrolling voids it."""
    person = enroll.ready(place, "pass6")
    code, _ = give(place, person.name)
    session = person.shell(place.stepup, "enroll", "--replace")
    enroll.wizard(person, session, password=True, factor=code)
    matches("none on record",
            run(place.stepup, "pass", "--list", person.name))
    come_in(place.ssh(person.name), person, person.code())


def no_password(person):
    """An account of a cloud image: a key, and no password."""
    run("usermod", "-p", "*", person.name)


@row("ticket_enrolls")
def ticket_enrolls(place):
    """No password, a ticket: enrolled; the ticket is void with it."""
    person = Person(place, "tick1")
    no_password(person)
    ticket, said = give(place, person.name, "--enroll")
    matches("^tick1 types it in place of a password: stepup enroll "
            "--ticket$", said)
    wrong, _ = give(place, "pass1")
    session = person.shell(place.stepup, "enroll", "--ticket")
    session.answer("Enrollment ticket: $", "1234")
    session.answer("Not a complete code, not counted. Enrollment ticket: $",
                   wrong)
    mark = place.log.mark()
    session.expect("That ticket is not in force. Enrollment ticket: $")
    session.line(ticket.replace("-", " ").lower())
    enroll.wizard(person, session)
    nowhere(ticket, place.log.since(mark))
    matches("none on record",
            run(place.stepup, "pass", "--list", person.name))
    said = run(place.stepup, "log", "-u", person.name)
    for what in ("change.pass", "deny.ticket", "accept.ticket",
                 "change.enrolled"):
        matches(what, said)
    session = person.shell(place.stepup, "enroll", "--ticket")
    session.expect("enrolled already")
    session.ends(1)
    # A ticket is for who has no factor.
    run(place.stepup, "pass", person.name, "--enroll", "--reason", "x",
        "--print-secret", status=1)


@row("ticket_once")
def ticket_once(place):
    """Two terminals, one ticket: one enrolls."""
    person = Person(place, "tick2")
    no_password(person)
    ticket, _ = give(place, person.name, "--enroll")
    first = person.shell(place.stepup, "enroll", "--ticket")
    second = person.shell(place.stepup, "enroll", "--ticket")
    for session in (first, second):
        session.answer("Enrollment ticket: $", ticket)
        session.expect_screen("Code: *$")
    late = Person(place, "tick2")
    no_password(late)
    late.secret = enroll.Offer(enroll.scan(second)).secret
    enroll.wizard(person, first)
    enroll.type_new_code(late, second)
    enroll.type_sheet_code(second, enroll.read_sheet(second))
    second.expect("changed meanwhile|busy for too long")
    second.ends(4)
    come_in_by_key(place, person)


def come_in_by_key(place, person):
    """The factor that was enrolled is the first one's."""
    said = person.run(place.stepup, "test", "--code-stdin",
                      input=person.code() + "\n")
    matches("code is right", said)


@row("ticket_guessed")
def ticket_guessed(place):
    """Ten wrong ones, and the right one waits; so does an expired account."""
    person = Person(place, "tick3")
    ticket, _ = give(place, person.name, "--enroll")
    wrong, _ = give(place, "pass1")
    for n in range(10):
        person.run(place.stepup, "enroll", "--ticket", "--code-stdin",
                   "--print-secret", input=wrong + "\n", status=5)
    said = Session([place.stepup, "log", "-u", person.name],
                   env=plain_env())
    said.expect("deny.ticket")
    said.ends(0)
    session = person.shell(place.stepup, "enroll", "--ticket")
    session.answer("Enrollment ticket: $", ticket)
    session.expect("locked for 30 min")
    session.ends(1)
    run(place.stepup, "unlock", person.name)
    run("usermod", "-e", "2020-01-01", person.name)
    session = person.shell(place.stepup, "enroll", "--ticket")
    session.answer("Enrollment ticket: $", ticket)
    session.expect("expired")
    session.expect("You may not do this here")
    session.ends(1)
