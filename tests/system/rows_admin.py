# SPDX-License-Identifier: BSD-2-Clause
"""Root's commands, and what they do to real logins."""
import json

import enroll
from people import Person
from place import run
from rows import lacks, matches, row
from rows_login import CODE, come_in
from terminal import Session, Unexpected, plain_env


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


@row("admin_list_and_log")
def list_and_log(place):
    """What root reads agrees with what happened; --follow goes on."""
    person, idle = enroll.ready(place, "adm4"), Person(place, "adm5")
    come_in(place.ssh(person.name), person, person.code())
    run(place.stepup, "lock", idle.name, "--reason", "never used")
    said = run(place.stepup, "list")
    matches(rf"^{person.name} +\d{{4}}-\d\d-\d\d  \d{{4}}-\d\d-\d\d +1  "
            r"10/10  -$", said)
    matches(rf"^{idle.name} +never +never +0 +0/0  locked,none$", said)
    missing = run(place.stepup, "list", "--missing")
    matches(f"^{idle.name} ", missing)
    lacks(f"^{person.name} |^daemon ", missing)
    said = run(place.stepup, "log", "-u", person.name)
    matches(rf"  {person.name} +\S+ +accept.totp *\n +from 127.0.0.1$",
            said)
    matches(rf"  {person.name} +- +change.enrolled", said)
    lacks(idle.name, said)
    matches("never used", run(place.stepup, "log", "--outcome",
                              "change.locked", "--since", "1h"))
    follow = Session([place.stepup, "log", "--follow", "--since", "0s"],
                     env=plain_env())
    run(place.stepup, "unlock", idle.name, "--reason", "back again")
    follow.expect("back again")
    follow.send("\x03")
    follow.expect(r"Next: stepup log --after \d+-\d+")
    follow.ends(0)


@row("admin_reads_as_a_script")
def reads_as_a_script(place):
    """--json and its cursor, over what was only counted."""
    person = enroll.ready(place, "adm6")

    def told(*words):
        # Messages are among them: run() takes both outputs.
        lines = run(place.stepup, *words, "--json").splitlines()
        return [json.loads(line) for line in lines if line[0] == "{"]

    def slip():
        session = place.ssh(person.name)
        session.answer("[Pp]assword: $", person.password)
        session.answer(CODE, "12345")
        session.expect("Not a complete code, not counted.")
        session.interrupt()

    slip()
    slip()
    *events, end = told("log", "-u", person.name)
    count = [one for one in events if one["event"] == "count"]
    # Of two hours, where one ended in between.
    if sum(one["count"] for one in count) != 2 or any(
            (one["outcome"], one["user"]) != ("deny.format", person.name)
            for one in count):
        raise Unexpected(f"{events}")
    matches(rf"^\S+ \S+ +{person.name} +\(count\) +deny.format$",
            run(place.stepup, "log", "-u", person.name))
    come_in(place.ssh(person.name), person, person.code())
    *events, _ = told("log", "-u", person.name, "--after", end["cursor"])
    if [one["outcome"] for one in events if one["event"] == "event"] != [
            "accept.totp"]:
        raise Unexpected(f"{events}")
    for words, wanted in (
            (("--outcome", "accept"), {"accept.totp"}),
            (("--service", "stepup-test-sshd"), {"accept.totp"}),
            (("--service", "sshd"), set()),
            (("--outcome", "deny.format"), {"deny.format"}),
            (("--since", "1m", "--until", "1970-01-02"), set())):
        *events, _ = told("log", "-u", person.name, *words)
        if {one["outcome"] for one in events} != wanted:
            raise Unexpected(f"{words}: {events}")
    (mine,) = [one for one in told("list") if one["user"] == person.name]
    if not mine["factor"] or mine["codes"] != {"left": 10, "all": 10}:
        raise Unexpected(f"{mine}")
    run(place.stepup, "lock", person.name, "--reason", "x", "--json")
    (end,) = told("unlock", person.name)
    if not end["cleared"]["locked"] or end["cleared"]["reason"] != "x":
        raise Unexpected(f"{end}")
