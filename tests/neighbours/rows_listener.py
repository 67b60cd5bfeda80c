# SPDX-License-Identifier: BSD-2-Clause
"""Somebody else listens at the right path; somebody else starts stepupd."""
import os
import select
import shutil
import socket
import subprocess

import crowd
import pam
import place_of_neighbours as near
from people import Person
from place import HERE, TMP, run
from rows import Skip, equal, lacks, matches, row
from rows_parked import events, reads, start_su
from terminal import Unexpected, plain_env


class Listener:
    """A process of that person, at both doors; takes what it is given."""

    def __init__(self, folder, person):
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setgroups([])
                os.setgid(person.gid)
                os.setuid(person.uid)
                self.serve(folder, theirs)
            finally:
                os._exit(1)
        theirs.close()
        equal(self.ours.recv(1), b"r", "the listener")

    @staticmethod
    def serve(folder, control):
        doors = []
        for name in ("login", "public"):
            door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            door.bind(f"{folder}/{name}")
            os.chmod(f"{folder}/{name}", 0o666)
            door.listen(64)
            doors.append(door)
        control.send(b"r")
        kept, count, size = [], 0, 0
        while control not in select.select([control, *doors, *kept], [],
                                           [])[0]:
            for one in select.select([*doors, *kept], [], [], 0)[0]:
                if one in doors:
                    kept.append(one.accept()[0])
                    count += 1
                    continue
                got = one.recv(65536)
                size += len(got)
                if not got:
                    kept.remove(one)
        control.send(f"{count} {size}".encode())
        os._exit(0)

    def end(self):
        """(connections, bytes that it was told)"""
        self.ours.send(b"e")
        said = self.ours.recv(64).split()
        os.waitpid(self.pid, 0)
        return tuple(map(int, said))


@row("a_listener_that_is_not_root_s")
def not_root(place):
    """Module as root and as a person, CLI: nothing is sent to it."""
    place.protect()
    mallory, person = Person(place, "mallory"), Person(place, "careful")
    crowd.enroll(place, [person])
    place.stop()
    os.rename(place.rundir, place.rundir + ".away")
    os.mkdir(place.rundir, 0o755)
    os.chown(place.rundir, mallory.uid, mallory.gid)
    listener = Listener(place.rundir, mallory)
    mark = place.log.mark()
    try:
        # stepupd does not move in there, either.
        run(place.stepupd, "--login", "--listen", place.rundir, status=1)
        su = start_su(place, mallory, person)
        said = reads(su, b"cannot be checked on this host now")
        lacks("code: $", said.decode(), "su")
        equal(su.wait(20) == 0, False, "su came in")
        place.log.expect("fail.service.*not root's", mark)
        shutil.copy(HERE + "/pam.py", f"{TMP}/pam.py")
        said = person.run("/usr/bin/python3", "-B", f"{TMP}/pam.py",
                          "stepup-neighbours", person.name, person.code())
        equal(said.split()[0], str(pam.SERVICE_ERR), "pam_authenticate")
        for command in ("status", "test --code-stdin", "codes"):
            said = person.run(place.stepup, *command.split(), status=4)
            matches("root|running", said, f"stepup {command}")
    finally:
        connections, size = listener.end()
        shutil.rmtree(place.rundir)
        os.rename(place.rundir + ".away", place.rundir)
        place.serve()
    if connections < 5:
        raise Unexpected(f"only {connections} came to the listener")
    equal(size, 0, "bytes sent to a listener that is not root's")
    near.report("A listener that is not root's",
                f"{connections} connections, 0 bytes")


MODES = [["--login"], ["--login", "--listen", "/tmp/x"], ["--public"],
         ["--public", "--listen", "/tmp/x"], ["--self"],
         ["--self", "--report", "--silent"], ["--admin"], ["--init"]]


def start_as(place, person, mode, frame=None, wrap=(), env=None):
    """With a connected socket on descriptor 0: exit status, what it said
    on the socket, what it printed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if frame:
        ours.send(frame)
    done = subprocess.Popen(
        [*wrap, place.stepupd, *mode], stdin=theirs, cwd="/",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=env or plain_env(), user=person.uid, group=person.gid,
        extra_groups=[])
    theirs.close()
    if mode[0] == "--self" or not frame:
        ours.shutdown(socket.SHUT_WR)
    try:
        text = done.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        done.kill()
        done.communicate()
        raise Unexpected(f"stepupd {' '.join(mode)} runs")
    ours.setblocking(False)
    try:
        answer = ours.recv(4096)
    except OSError:
        answer = b""
    return done.returncode, answer, text


@row("stepupd_started_by_an_ordinary_user")
def ordinary(place):
    """Every mode but -t refuses, whatever descriptor 0 is."""
    person = Person(place, "mallory")
    check = bytes([1, 1, 3, 0, 1]) + b"s"
    before = events(place), os.listdir(place.statedir)
    for mode in MODES:
        for env in (None, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}):
            status, answer, text = start_as(place, person, mode, check,
                                            env=env)
            equal((status, answer), (1, b""), " ".join(mode))
            matches("only root may do this", text, " ".join(mode))
    equal(start_as(place, person, ["--none"])[0], 2, "usage")
    status, _, text = start_as(place, person, ["-t"])
    equal(status, 0, "stepupd -t")
    matches("attempts", text, "stepupd -t")
    equal((events(place), os.listdir(place.statedir)), before, "the state")


@row("stepupd_in_a_user_namespace")
def namespace(place):
    """There anybody is root by name: still nothing is read, made or
    answered with a success."""
    person = crowd.enrolled(place, 1)[0]
    person.gid = person.uid
    wrap = ["/usr/bin/unshare", "--user", "--map-root-user", "--"]
    if subprocess.run(wrap + ["/bin/true"], user=person.uid,
                      group=person.uid, extra_groups=[]).returncode:
        raise Skip("no user namespaces for ordinary users here")
    before = events(place), os.listdir(place.statedir)

    def field(tag, data):
        return bytes([tag]) + len(data).to_bytes(2, "big") + data

    about = (field(1, person.name.encode()) +
             field(2, person.uid.to_bytes(4, "big")) + field(3, b"su"))
    verify = bytes([1, 2]) + about + field(6, person.code().encode()) + \
        field(7, b"\0")
    enroll = bytes([1, 4]) + field(1, person.name.encode())
    for mode, frame in ((["--login"], verify), (["--self"], verify),
                        (["--admin"], enroll), (["--init"], None)):
        status, answer, _ = start_as(place, person, mode, frame, wrap)
        if answer:
            outcome = answer[answer.index(bytes([8, 0, 1])) + 3]
            # fail.* and deny.peer only (enum outcome, 0 to 9)
            equal(outcome <= 9, True, f"{mode}: outcome {outcome}")
        elif status == 0:
            raise Unexpected(f"{mode} did something")
    equal((events(place), os.listdir(place.statedir)), before, "the state")
    near.only(near.ask(place, "login", person, answer=person.code()), "ask",
              "accept.totp")
