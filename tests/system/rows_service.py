# SPDX-License-Identifier: BSD-2-Clause
"""With the service, without it, and while it comes and goes."""
import os
import socket
import threading

import enroll
from people import Person
from place import run
from rows import equal, matches, row
from rows_login import CODE, come_in, sudo, sudoers
from terminal import Unexpected


def everywhere(place, person):
    """sshd, sudo and su, with three different codes."""
    come_in(place.ssh(person.name), person, person.code())
    sudoers(person.name)
    sudo(person, person.code())
    other = Person(place, "mallory")
    come_in(other.shell("/usr/bin/su", person.name, "-c",
                        "echo IN-$(id -un)"), person, person.recovery())


@row("with_the_service")
def with_service(place):
    """The sockets as promised; one process answers; nothing is spawned."""
    place.stop()
    place.serve()
    for name, mode in (("login", 0o600), ("public", 0o666), ("", 0o755)):
        got = os.stat(os.path.join(place.rundir, name)).st_mode & 0o777
        equal(oct(got), oct(mode), f"{place.rundir}/{name}")
    everywhere(place, enroll.ready(place, "svc1"))


@row("without_the_service")
def without_service(place):
    """Nobody listens: root's programs start stepupd themselves."""
    person = enroll.ready(place, "svc2")
    place.stop()
    try:
        everywhere(place, person)
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.answer(CODE, person.used_code())
        session.expect("Already used")
        session.end()
    finally:
        place.serve()


@row("no_folder_at_all")
def no_folder(place):
    """The same without /run/stepup (early boot, a fresh container)."""
    person = enroll.ready(place, "svc3")
    place.stop()
    os.rename(place.rundir, place.rundir + ".away")
    try:
        everywhere(place, person)
    finally:
        os.rename(place.rundir + ".away", place.rundir)
        place.serve()


class Dying(threading.Thread):
    """A socket that accepts for a program which exits at once."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.count = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(path)
        self.socket.listen(128)
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.close()
            self.count += 1

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.socket.close()


@row("a_socket_whose_program_exits")
def dying_program(place):
    """Accepted and closed without an answer: asked again, spawned."""
    person = enroll.ready(place, "svc4")
    place.stop()
    path = os.path.join(place.rundir, "login")
    os.makedirs(place.rundir, exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    dying = Dying(path)
    try:
        everywhere(place, person)
        if dying.count < 3:
            raise Unexpected("nobody asked at the socket")
    finally:
        dying.end()
        os.unlink(path)
        place.serve()


@row("a_prompt_open_across_a_restart")
def open_prompt(place):
    """Answered after a restart, and after the service has gone."""
    person = enroll.ready(place, "svc5")
    for change in (lambda: (place.stop(), place.serve()), place.stop):
        session = place.ssh(person.name)
        session.answer("Password: ", person.password)
        session.expect(CODE)
        change()
        session.line(person.code())
        session.expect(f"IN-{person.name}")
        session.ends(0)
    place.serve()


@row("killed_between_logins")
def killed(place):
    """SIGKILL: what was answered stays answered; the next login is in."""
    person = enroll.ready(place, "svc6")
    come_in(place.ssh(person.name), person, person.code())
    service = place.services.pop("login")
    service.kill()
    service.wait()
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.used_code())
    session.expect("Already used")
    session.line(person.code())
    session.expect(f"IN-{person.name}")
    session.ends(0)
    place.serve("login")


@row("broken_settings_lock_nobody_out")
def broken_settings(place):
    """Refused settings: what was accepted stays, running and cold."""
    person = enroll.ready(place, "svc7")
    mark = place.log.mark()
    try:
        place.settings('attempts = 10\nunenrolled = allow\n')
        said = run(place.stepupd, "-t", status=1)
        matches(r"stepup\.conf:2:", said, "stepupd -t")
        place.services["login"].send_signal(1)
        come_in(place.ssh(person.name), person, person.code())
        place.stop("login")
        come_in(place.ssh(person.name), person, person.code())
        place.log.expect(r"stepup\.conf", mark)
    finally:
        place.settings(None)
        place.serve("login")
    run(place.stepupd, "-t")


@row("settings_checked_by_anybody")
def settings_checked(place):
    """stepupd -t -f FILE tells an ordinary person what is wrong, and
    where."""
    person = Person(place, "mallory")
    path = os.path.join(person.home, "draft.conf")
    for text, status in (('attempts = 5\n', 0),
                         ('attempts = 5\nattempts = 6\n', 1)):
        with open(path, "w") as f:
            f.write(text)
        said = person.run(place.stepupd, "-t", "-f", path, status=status)
        if status:
            matches(r"draft\.conf:2:", said, "stepupd -t")


@row("a_client_gone_at_the_prompt")
def client_gone(place):
    """Who leaves at the prompt is not charged and holds nothing."""
    person = enroll.ready(place, "svc9")
    for way in ("ssh", "su"):
        session = (place.ssh(person.name) if way == "ssh" else
                   Person(place, "mallory").shell("/usr/bin/su",
                                                  person.name))
        session.answer("Password: ", person.password)
        session.expect(CODE)
        session.end()
    mark = place.log.mark()
    come_in(place.ssh(person.name), person, person.wrong_code(),
            person.code())
    place.log.expect("count=1/10", mark)


@row("a_stopped_su_holds_nothing")
def stopped_su(place):
    """The person who started su may stop it at the prompt: nobody waits,
    with the service and without."""
    person = enroll.ready(place, "svc10")
    other = Person(place, "mallory")
    parked = []
    for _ in range(3):
        session = other.shell("/usr/bin/su", person.name)
        session.answer("Password: ", person.password)
        session.expect(CODE)
        other.run("kill", "-STOP", str(session.pid))
        parked.append(session)
    come_in(place.ssh(person.name), person, person.code())
    place.stop("login")
    try:
        come_in(place.ssh(person.name), person, person.code())
    finally:
        place.serve("login")
    # Going on after days: the answer counts like any other.
    other.run("kill", "-CONT", str(parked[0].pid))
    parked[0].line(person.used_code())
    parked[0].expect("Already used")


@row("limits_of_the_caller")
def caller_limits(place):
    """ulimit -f 0 before su: the wrong code is on record, or nobody
    evaluated it; with and without the service."""
    person = enroll.ready(place, "svc8")
    other = Person(place, "mallory")
    for wanted in (1, 2):
        mark = place.log.mark()
        session = other.shell("/bin/sh", "-c", f"ulimit -f 0; trap '' PIPE "
                              f"CHLD; exec nice su {person.name} -c true")
        session.answer("Password: ", person.password)
        found = session.expect(CODE + "|cannot be checked.*store")
        if "code" in found.group():
            session.line(person.wrong_code())
            session.expect("Wrong code.*code: $|cannot be checked.*store")
        session.end()
        place.log.expect(rf"deny\.code.*count={wanted}/10|fail\.store",
                         mark)
        place.stop("login")
    place.serve("login")


@row("listens_for_everybody_but_root_decides")
def strangers(place):
    """An ordinary user cannot reach the login door at all."""
    person = Person(place, "mallory")
    path = os.path.join(place.rundir, "login")
    said = person.run(
        "/usr/bin/python3", "-c", "import socket\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        f"s.connect({path!r})", status=1)
    matches("PermissionError", said)
