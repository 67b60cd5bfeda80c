# SPDX-License-Identifier: BSD-2-Clause
"""Real logins: sshd in three ways, sudo and su, with the service."""
import os

import enroll
import pam
from people import Person
from place import SERVICE, run
from rows import equal, lacks, matches, row
from terminal import Session, Unexpected

CODE = r"Verification code: $"
RECOVERY = r"Recovery code: $"


def come_in(session, person, *answers):
    """Password, then the answers, each to a prompt for a code; in."""
    session.answer("[Pp]assword: ", person.password)
    for answer in answers:
        session.answer("code: $", answer)
    session.expect(f"IN-{person.name}")
    session.ends(0)


def give_up(session):
    """Ctrl-C at a prompt, without having come in."""
    if session.interrupt() == 0:
        raise Unexpected("this login came in")
    lacks("^IN-", session.text)


def sudoers(*names):
    with open("/etc/sudoers.d/stepup-check", "w") as f:
        os.fchmod(f.fileno(), 0o440)
        f.writelines(f"{name} ALL=(ALL:ALL) ALL\n" for name in names)


@row("sshd_code")
def sshd_code(place):
    """Password and code: in, and a line in the log."""
    place.serve()
    person = enroll.ready(place, "ssh1")
    mark = place.log.mark()
    come_in(place.ssh(person.name), person, person.code())
    place.log.expect(rf"pam_stepup\({SERVICE}:auth\): accept\.totp "
                     rf"user={person.name} rhost=127\.0\.0\.1", mark)
    # Nothing secret in any line.
    lacks(person.used_code(), place.log.since(mark), "log")
    lacks(person.secret, place.log.since(mark), "log")


@row("sshd_replay")
def sshd_replay(place):
    """The same code again is refused, and the prompt says why."""
    person = enroll.ready(place, "ssh2")
    come_in(place.ssh(person.name), person, person.code())
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.used_code())
    session.expect(r"Already used, next one in \d+ s\. Verification code: $")
    session.line(person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    place.log.expect("deny.replay", mark)


@row("sshd_recovery_once")
def sshd_recovery_once(place):
    """A recovery code lets in once, however it is typed."""
    person = enroll.ready(place, "ssh3")
    code = person.recovery()
    mark = place.log.mark()
    come_in(place.ssh(person.name), person, code.lower())
    place.log.expect("accept.recovery", mark)
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, code.replace("-", ""))
    session.expect("Recovery code already used, take another")
    session.answer("code: $", person.recovery())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    matches(rf"\b{len(person.sheet)}\b",
            run(place.stepup, "codes", "-u", person.name), "codes")


@row("sshd_wrong_code")
def sshd_wrong_code(place):
    """Wrong, then not a code at all, then right: one conversation."""
    person = enroll.ready(place, "ssh4")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.wrong_code())
    session.expect("Wrong code. Recovery codes work too. "
                   "Verification code: $")
    session.line("12")
    session.expect("Not a complete code, not counted. Verification code: $")
    session.line(person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)


@row("sshd_wrong_password")
def sshd_wrong_password(place):
    """Without the password the right code opens nothing."""
    person = enroll.ready(place, "ssh5")
    session = place.ssh(person.name)
    session.answer("Password: ", "wrong")
    found = session.expect("Password: |code: $")
    if "code" in found.group():
        session.line(person.code())
        session.expect("Password: ")
    give_up(session)


@row("sshd_publickey_and_code")
def sshd_publickey_and_code(place):
    """The key stays accepted while codes are asked for again."""
    person = enroll.ready(place, "ssh6")
    session = place.ssh(person.name, way="-key")
    refused_without_key = session.wait()
    equal(refused_without_key, 255, "ssh without an authorized key")
    person.authorize_key()
    session = place.ssh(person.name, way="-key")
    session.answer("Password: ", person.password)
    # Two charged answers end the module's call; sshd asks PAM once more.
    session.answer(CODE, person.wrong_code())
    session.answer("Wrong code.*code: $", person.wrong_code())
    session.answer("Password: ", person.password)
    session.answer(CODE, person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)


@row("sshd_password_method")
def sshd_password_method(place):
    """sshd answers the code prompt with nothing: refused, not counted, and
    the log names the setting that helps."""
    person = enroll.ready(place, "ssh7")
    mark = place.log.mark()
    session = place.ssh(person.name, way="-password")
    session.answer("password: ", person.password)
    session.expect("Permission denied")
    session.answer("password: ", person.password)
    session.expect("Permission denied")
    give_up(session)
    place.log.expect("deny.input.*KbdInteractiveAuthentication", mark)
    lacks(r"deny\.code", place.log.since(mark), "log")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    for _ in range(2):
        session.answer("code: $", person.wrong_code())
    session.expect("Password: ")
    give_up(session)
    # Had the refusals above been charged, these would not be 1 and 2.
    place.log.expect("count=1/10", mark)
    place.log.expect("count=2/10", mark)


@row("sshd_unknown_and_unenrolled")
def sshd_unknown_and_unenrolled(place):
    """Who is not enrolled is asked all the same.  Who is not known never
    gets behind the password; behind none, it is the same to them."""
    person = Person(place, "ssh8")
    mark = place.log.mark()
    for name, password in ((person.name, person.password),
                           ("nobody-here", "a password")):
        session = place.ssh(name)
        session.answer("Password: ", password)
        if name == person.name:
            session.answer(CODE, "123456")
            session.expect("Password: ")
        else:
            session.expect("Password: ")
        give_up(session)
    place.log.expect(f"deny.unenrolled user={person.name} ", mark)
    place.log.expect("pam_unix.*authentication failure", mark)
    with open("/etc/pam.d/stepup-check-many", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")
    for name in (person.name, "nobody-here"):
        equal(pam.burst("stepup-check-many", name, ["123456"]),
              [pam.AUTH_ERR], f"{name}: answered the prompt")
    place.log.expect(r"pam_stepup\(stepup-check-many:auth\): deny.user",
                     mark)
    lacks("stepup.*nobody-here", place.log.since(mark), "log")


@row("unenrolled_policies")
def unenrolled_policies(place):
    """deny, allow, allow until a day: which let an unenrolled person in."""
    person = Person(place, "ssh9")
    try:
        for policy, inside in (('"allow"', True), ('"deny"', False),
                               ('"allow-until 2037-12-31"', True),
                               ('"allow-until 2026-11-20"', False)):
            place.settings(f"unenrolled = {policy}\n")
            place.stop("login")
            place.serve("login")
            mark = place.log.mark()
            session = place.ssh(person.name)
            if inside:
                come_in(session, person)
                place.log.expect("skip.unenrolled", mark)
            else:
                session.answer("Password: ", person.password)
                session.answer(CODE, "123456")
                session.expect("Password: ")
                give_up(session)
                place.log.expect("deny.unenrolled", mark)
    finally:
        place.settings(None)
        place.stop("login")
        place.serve("login")


@row("services_not_covered")
def services_not_covered(place):
    """`services` names what is covered; the others ask for no code."""
    person = enroll.ready(place, "ssh10")
    sudoers(person.name)
    try:
        place.settings('services = ["sudo"]\n')
        place.stop("login")
        place.serve("login")
        mark = place.log.mark()
        come_in(place.ssh(person.name), person)
        place.log.expect("skip.service", mark)
        sudo(person, person.code())
    finally:
        place.settings(None)
        place.stop("login")
        place.serve("login")


def sudo(person, *answers):
    session = person.shell("/usr/bin/sudo", "id", "-un")
    session.answer(f"password for {person.name}: ", person.password)
    for answer in answers:
        session.answer("code: $", answer)
    session.expect("^root$")
    session.ends(0)
    person.run("sudo", "-k")


@row("sudo_code")
def sudo_code(place):
    """Password and code; reasons stand in the prompt, sudo hides texts."""
    person = enroll.ready(place, "sudo1")
    sudoers(person.name)
    sudo(person, person.code())
    session = person.shell("/usr/bin/sudo", "id", "-un")
    session.answer("password for", person.password)
    session.answer(CODE, person.used_code())
    session.expect(r"Already used, next one in \d+ s\. Verification code: $")
    session.line(person.recovery())
    session.expect("^root$")
    session.ends(0)
    person.run("sudo", "-k")


@row("sudo_stdin")
def sudo_stdin(place):
    """sudo -S: password and code are two lines of the input."""
    person = enroll.ready(place, "sudo2")
    sudoers(person.name)
    said = person.run("sudo", "-S", "-p", "", "id", "-un",
                      input=f"{person.password}\n{person.code()}\n")
    matches("root$", said)
    person.run("sudo", "-k")
    mark = place.log.mark()
    said = person.run("sudo", "-S", "-p", "", "id", "-un", status=1,
                      input=f"{person.password}\n")
    lacks("^root$", said)
    place.log.expect(r"deny\.input", mark)
    lacks(r"deny\.code", place.log.since(mark), "log")


@row("sudo_refusal_texts")
def sudo_refusal_texts(place):
    """Unenrolled: sudo says failed, not `incorrect password` alone; PAM
    texts stay away (PAM_SILENT)."""
    person = Person(place, "sudo3")
    sudoers(person.name)
    session = person.shell("/usr/bin/sudo", "id", "-un")
    session.answer("password for", person.password)
    session.answer(CODE, "123456")
    session.expect("Sorry, try again")
    lacks("Verification failed", session.text)
    give_up(session)


@row("su_code")
def su_code(place):
    """su and su - to a person: whoever is the target is asked."""
    person = enroll.ready(place, "su1")
    other = Person(place, "mallory")
    mark = place.log.mark()
    session = other.shell("/usr/bin/su", person.name, "-c",
                          "echo IN-$(id -un)")
    come_in(session, person, person.code())
    place.log.expect(rf"\(su:auth\): accept.totp user={person.name}", mark)
    session = other.shell("/usr/bin/su", "-", person.name, "-c",
                          "echo IN-$(id -un)")
    session.answer("Password: ", person.password)
    session.answer(CODE, person.used_code())
    session.answer("Already used.*code: $", person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)


@row("root_enrolled")
def root_enrolled(place):
    """Root is an account like any other: sshd and su ask its code."""
    root = Person(place, "root")
    enroll.as_root(root)
    come_in(place.ssh("root"), root, root.code())
    other = Person(place, "mallory")
    come_in(other.shell("/usr/bin/su", "-c", "echo IN-$(id -un)"), root,
            root.code())
    # root's own su stays free: pam_rootok stands first.
    session = Session(["/usr/bin/su", other.name, "-c", "id -un"])
    session.expect(f"^{other.name}$")
    session.ends(0)


@row("one_code_many_logins")
def one_code_many_logins(place):
    """One code in 8 ssh sessions at once: one comes in."""
    person = enroll.ready(place, "ssh11")
    sessions = [place.ssh(person.name) for _ in range(8)]
    for session in sessions:
        session.answer("Password: ", person.password)
    for session in sessions:
        session.expect(CODE)
    code = person.code()
    for session in sessions:
        session.line(code)
    inside = 0
    for session in sessions:
        found = session.expect(f"IN-{person.name}|Already used")
        inside += found.group().startswith("IN-")
    equal(inside, 1, "logins with one code")


@row("one_recovery_code_many_logins")
def one_recovery_code_many_logins(place):
    """One recovery code in 64 processes at once: one comes in."""
    person = enroll.ready(place, "ssh12")
    with open("/etc/pam.d/stepup-check-many", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")
    codes = pam.burst("stepup-check-many", person.name,
                      [person.recovery()] * 64)
    equal(codes.count(pam.SUCCESS), 1, f"successes in {codes}")
