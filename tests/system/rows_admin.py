# SPDX-License-Identifier: BSD-2-Clause
"""Root's commands, and what they do to real logins."""
import enroll
from people import Person
from place import run
from rows import lacks, matches, row
from rows_login import CODE, come_in
from terminal import Unexpected


def refused(place, person):
    """The right password, and no prompt for a code."""
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    place.log.expect(f"deny.admin user={person.name} ", mark)
    session.expect("[Pp]assword: $")
    if session.interrupt() == 0:
        raise Unexpected("a locked person came in")
    lacks("^IN-|code: $", session.text)


@row("admin_lock_and_unlock")
def lock_and_unlock(place):
    """A locked person does not come in, says why, and comes in again."""
    place.serve()
    person = enroll.ready(place, "adm1")
    mark = place.log.mark()
    run(place.stepup, "lock", person.name, "--reason", "left the company")
    place.log.expect(f'change.locked user={person.name}.* '
                     'reason="left the company"', mark)
    refused(place, person)
    session = person.shell(place.stepup, "enroll", "--replace")
    session.expect("administrator has locked")
    session.ends(1)
    said = run(place.stepup, "unlock", person.name)
    matches("Lock      by an administrator: left the company", said)
    come_in(place.ssh(person.name), person, person.code())


@row("admin_unlock_after_guesses")
def unlock_after_guesses(place):
    """Ten wrong codes, a wait, unlocked: in with the next code."""
    person = enroll.ready(place, "adm2")
    mark = place.log.mark()
    for pair in range(1, 6):
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer(CODE, person.wrong_code())
        session.answer("code: $", person.wrong_code())
        place.log.expect(f"user={person.name} .*count={2 * pair}/10", mark)
        session.interrupt()
    said = run(place.stepup, "unlock", person.name)
    matches("Wait      app codes, 30 min were left", said)
    matches("Count     10 wrong codes", said)
    come_in(place.ssh(person.name), person, person.code())
    matches("nothing", run(place.stepup, "unlock", person.name))


@row("admin_lock_before_enrolling")
def lock_before_enrolling(place):
    """Who has not enrolled is locked too; enrolling does not end it."""
    person = Person(place, "adm3")
    run(place.stepup, "lock", person.name, "--reason", "on leave")
    enroll.as_root(person)
    refused(place, person)
    run(place.stepup, "unlock", person.name, "--reason", "back")
    come_in(place.ssh(person.name), person, person.code())
