# SPDX-License-Identifier: BSD-2-Clause
"""Frames of stepupd (common/wire.h), and clients of its doors.

Verbs, tags and outcomes are read from the headers that the build used, so
that no number stands here twice.
"""
import os
import re
import select
import socket
import struct
import threading
import time

HEADERS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "common")


def numbers(header, enum):
    """{name: number} of an enum in common/."""
    with open(os.path.join(HEADERS, header)) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    body = re.search(r"enum %s \{(.*?)\};" % enum, text, re.S).group(1)
    found, value = {}, 0
    for item in filter(None, (x.strip() for x in body.split(","))):
        name, _, given = item.partition("=")
        value = int(given, 0) if given else value
        found[name.strip()] = value
        value += 1
    return found


VERB = numbers("wire.h", "wire_verb")
TAG = numbers("wire.h", "wire_tag")
OUTCOME = numbers("outcome.h", "outcome")
OUTCOME_NAME = {number: name for name, number in OUTCOME.items()}
REPLY = 0x80
PACKET_MAX = 4096
NUMBERS = {TAG[n]: n for n in (
    "TAG_OUTCOME", "TAG_KINDS", "TAG_WHY", "TAG_WAIT", "TAG_COUNT",
    "TAG_LIMIT", "TAG_LOCK", "TAG_LEFT", "TAG_KIND", "TAG_NUMBER",
    "TAG_TRIES", "TAG_FLAGS", "TAG_STYLE", "TAG_LAST", "TAG_DIGITS",
    "TAG_PERIOD", "TAG_ALGORITHM")}
FLAG_REPLACE, FLAG_NEW = 1, 2


gate = threading.Lock()     # held: nobody starts a process meanwhile


class Gone(Exception):
    """The other side ended, or was too late, before it had answered."""


def frame(verb, *fields):
    """fields: (tag, bytes or str or (number, length))."""
    parts = [bytes((1, VERB["VERB_" + verb]))]
    for tag, value in fields:
        if isinstance(value, str):
            value = value.encode()
        elif isinstance(value, tuple):
            value = value[0].to_bytes(value[1], "big")
        parts.append(struct.pack(">BH", TAG["TAG_" + tag], len(value)))
        parts.append(value)
    return b"".join(parts)


class Reply(dict):
    """TAG_X -> value; `verb`; `outcome`, a name without OUT_."""

    def __init__(self, data):
        super().__init__()
        self.verb, at = data[1], 2
        while at < len(data):
            tag, length = struct.unpack_from(">BH", data, at)
            value = data[at + 3:at + 3 + length]
            at += 3 + length
            if tag in NUMBERS:
                value = int.from_bytes(value, "big")
            self[tag] = value
        number = self.get(TAG["TAG_OUTCOME"])
        self.outcome = (None if number is None else
                        OUTCOME_NAME[number].removeprefix("OUT_"))

    def text(self, tag):
        return self.get(TAG["TAG_" + tag], b"").decode()

    def number(self, tag):
        return self.get(TAG["TAG_" + tag], 0)


def receive(sock, timeout=6):
    sock.settimeout(timeout)
    try:
        data = sock.recv(PACKET_MAX)
    except (ConnectionError, BlockingIOError, TimeoutError) as why:
        raise Gone(str(why)) from None
    if not data:
        raise Gone("ended without an answer")
    return Reply(data)


def put(sock, data):
    try:
        sock.send(data)
    except (ConnectionError, BrokenPipeError) as why:
        raise Gone(str(why)) from None


def question(verb, name, uid, answer=None, service="faults", rhost="h",
             tty="t", earlier=0):
    fields = [("NAME", name), ("UID", (uid, 4)), ("SERVICE", service),
              ("RHOST", rhost), ("TTY", tty)]
    if verb == "VERIFY":
        fields += [("ANSWER", answer), ("EARLIER", (earlier, 1))]
    return frame(verb, *fields)


class Door:
    """stepupd as root's programs reach it: one request a connection."""

    def ask(self, data, timeout=6):
        sock = self.connect()
        try:
            put(sock, data)
            return receive(sock, timeout)
        finally:
            self.end(sock)

    def check(self, person):
        return self.ask(question("CHECK", person.name, person.uid))

    def verify(self, person, answer, **more):
        return self.ask(question("VERIFY", person.name, person.uid, answer,
                                 **more))


class Service(Door):
    """The listening one."""
    name = "service"

    def __init__(self, place):
        self.path = os.path.join(place.rundir, "login")

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            sock.connect(self.path)
        except OSError as why:
            sock.close()
            raise Gone(str(why)) from None
        return sock

    @staticmethod
    def end(sock):
        sock.close()


def spawn(program, mode, env=None):
    """A socket, and the process at its other end, on descriptor 0."""
    with gate:
        return spawn_now(program, mode, env)


def spawn_now(program, mode, env):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            program, [os.path.basename(program), mode], env or {},
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                          (os.POSIX_SPAWN_DUP2, null, 1),
                          (os.POSIX_SPAWN_DUP2, null, 2)])
    finally:
        os.close(null)
        theirs.close()
    return ours, pid


class Spawned(Door):
    """One process an answer, as where nobody listens."""
    name = "spawned"

    def __init__(self, place):
        self.program = place.stepupd
        self.pids = {}

    def connect(self):
        sock, pid = spawn(self.program, "--login")
        self.pids[sock] = pid
        return sock

    def end(self, sock):
        """Its work after the answer ends first: one at a time, as the
        module waits."""
        os.waitpid(self.pids.pop(sock), 0)
        sock.close()


class Reach(Door):
    """As the module does it: the service, or one's own process where
    nobody listens or nothing was answered."""
    name = "either"
    cut = 0     # requests that the service took and did not answer

    def __init__(self, place):
        self.both = Service(place), Spawned(place)
        self.again = 0      # who was killed may have charged it, too

    def ask(self, data, timeout=6):
        try:
            return self.both[0].ask(data, timeout)
        except Gone as why:
            Reach.cut += "Connection refused" not in str(why)
            self.again += 1
            return self.both[1].ask(data, timeout)


def code_of(secret, step):
    """RFC 6238, SHA-1, six digits."""
    import hashlib
    import hmac
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack_from(">I", digest, at)[0] & 0x7fffffff)
                     % 1000000)


def enroll(program, name, period=30, started=None, told=None):
    """(secret, step that was spent, recovery codes) of a new enrollment,
    spoken to `stepupd --admin` as root's client does; an earlier one is
    replaced.  started(pid) is called at the start; the list `told` gets
    what this returns as soon as it is known."""
    sock, pid = spawn(program, "--admin")
    secret, step, sheet, number = None, 0, [], 0
    try:
        if started:
            started(pid)
        put(sock, frame("ENROLL", ("NAME", name),
                        ("FLAGS", (FLAG_REPLACE, 4))))
        while True:
            said = receive(sock)
            if said.verb == VERB["VERB_OFFER"]:
                secret = said[TAG["TAG_SECRET"]]
            elif said.verb == VERB["VERB_SHEET"]:
                codes = said.text("CODES")
                sheet = [codes[i:i + 16] for i in range(0, len(codes), 16)]
                number = said.number("NUMBER")
                if told is not None:
                    told[:] = secret, step, sheet
            elif said.verb == VERB["VERB_PROMPT"] and sheet:
                put(sock, frame("ANSWER", ("ANSWER", sheet[number - 1])))
            elif said.verb == VERB["VERB_PROMPT"]:
                # The oldest that may count leaves the most for later.
                step = int(time.time() // period) - (step == 0)
                put(sock, frame("ANSWER", ("ANSWER",
                                           code_of(secret, step))))
            elif said.outcome is not None:
                if said.outcome != "DONE":
                    raise Gone(f"{name}: {said.outcome} "
                               f"{said.text('PATH')} {said.text('REASON')}")
                return secret, step, sheet
    finally:
        sock.close()
        os.waitpid(pid, 0)


def reachable(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        return s.connect_ex(path) == 0


def readable(sock, timeout):
    return bool(select.select([sock], [], [], timeout)[0])
