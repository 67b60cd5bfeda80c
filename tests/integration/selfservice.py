# SPDX-License-Identifier: BSD-2-Clause
"""A service that says what a test wants, and the phone that goes with it.

Run as `selfservice.py PLAN` it is a stepupd on descriptor 0.
"""
import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import sys
import threading
import time

VERSION = 1
REPLY = 0x80
STATUS, ENROLL, CODES, REMOVE, TEST = 3, 4, 5, 6, 7
LIST = 18
ADD = 0x80
PROMPT, NOTE, OFFER, MISS, SHEET, ANSWER, CANCEL = 32, 33, 34, 35, 36, 40, 41
PASSWORD, SHOWN, FACTOR, NEW_CODE, SHEET_CODE, CONFIRM = 1, 2, 3, 4, 5, 6

# name: (tag, width; 0 for bytes and strings), as in common/wire.h
TAGS = {"name": (1, 0), "answer": (6, 0), "outcome": (8, 1), "wait": (11, 4),
        "kinds": (9, 1), "why": (10, 1),
        "count": (12, 4), "limit": (13, 4), "kind": (16, 1),
        "left": (15, 4), "path": (17, 0), "reason": (18, 0), "last": (20, 1),
        "text": (21, 0), "style": (22, 1), "secret": (23, 0),
        "issuer": (24, 0), "algorithm": (25, 1), "digits": (26, 1),
        "period": (27, 1), "codes": (28, 0), "number": (29, 1),
        "tries": (30, 1), "skew": (31, 8), "flags": (32, 4),
        "label": (33, 0), "created": (34, 8), "used": (35, 8),
        "enrolled": (36, 8), "codes_made": (37, 8), "codes_all": (38, 4),
        "wait_totp": (39, 4), "wait_recovery": (40, 4),
        "by": (41, 4), "count": (12, 4), "uid": (2, 4), "service": (3, 0),
        "rhost": (4, 0), "tty": (5, 0), "kind": (16, 1), "rows": (42, -1),
        "event": (43, 8), "ring": (44, 1), "after": (45, 8),
        "after_public": (46, 8), "change": (47, 1), "passwords": (48, 4),
        "new_name": (49, 0), "stored_name": (50, 0), "stored_uid": (51, 4),
        "ttl": (52, 4), "expires": (53, 8), "expires_ticket": (54, 8),
        "after_hour": (55, 8), "since": (56, 8), "until": (57, 8),
        "outcomes": (58, 8), "changes": (59, 4), "data": (60, 0),
        "key": (61, 0), "stuck": (62, 4), "why": (10, 1)}
NUMBERS = [name for name, (_, width) in TAGS.items() if width]
NAMES = {tag: name for name, (tag, _) in TAGS.items()}
OUTCOME = {name: n for n, name in enumerate(
    "INTERNAL MEMORY CONFIG SERVICE PROTOCOL BUSY STORE KEY CLOCK PEER ASK "
    "OK_TOTP OK_RECOVERY NOT_COVERED NOT_ENROLLED MUST_ENROLL BAD_CODE "
    "REPLAY BAD_FORMAT LOCKED DISABLED ADMIN_LOCK CHANGED NO_USER NO_INPUT "
    "DONE BAD_PASSWORD PASSWORD_WAIT EXISTS LAST_FACTOR "
    "NAME_TAKEN NO_NAME FULL NO_ACCOUNT LIVING MISMATCH "
    "OK_PASS OK_TICKET BAD_TICKET NO_PASS "
    "BAD_PASSPHRASE BAD_FILE OCCUPIED".split())}


def frame(verb, **fields):
    out = bytes([VERSION, verb])
    for name, value in fields.items():
        tag, width = TAGS[name]
        if width < 0:           # rows: what each of them says
            rows = [frame(0, **row) for row in value]
            value = b"".join(struct.pack(">H", len(row)) + row
                             for row in rows)
        elif width:
            value = int(value).to_bytes(width, "big", signed=value < 0)
        elif isinstance(value, str):
            value = value.encode()
        out += struct.pack(">BH", tag, len(value)) + value
    return out


def parse(packet):
    fields, at = {}, 2
    while at < len(packet):
        tag, length = struct.unpack_from(">BH", packet, at)
        fields[NAMES.get(tag, tag)] = packet[at + 3:at + 3 + length]
        at += 3 + length
    return packet[1], fields


def totp(secret, when, digits=6, period=30, name="sha1"):
    mac = hmac.new(secret, struct.pack(">Q", int(when) // period),
                   getattr(hashlib, name)).digest()
    at = mac[-1] & 15
    number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
    return f"{number % 10 ** digits:0{digits}}"


SHEET_CODES = [f"{n:X}123456789ABCDEF"[:16] for n in range(1, 11)]

PLAN = {"password": None,       # or the right one
        "factor": None,         # or the right code
        "issuer": "web03", "name": "alice", "digits": 6, "period": 30,
        "algorithm": 1, "secret": "4a42535759334450454850334a42535759334450",
        "codes": SHEET_CODES, "number": 4,
        "miss": {},             # what is said besides of a wrong new code
        "frames": None,         # instead of all that: said, then ended
        "trial": ["Code to test: "],    # TEST: what is said and asked
        "confirm": None,        # REMOVE: what is asked
        "people": 0,            # LIST: so many accounts, user0000000 on
        "occupied": None,       # LIST beside another request, not in the
                                # log: whether somebody is enrolled
        "upload": False,        # takes rows until the last, before frames
        "stay": False,          # afterwards waits for the client
        "hang": False,          # takes the request and says nothing
        "final": {"outcome": OUTCOME["DONE"], "left": 10}}


class Gone(Exception):
    pass


class Conversation:
    def __init__(self, connection, plan, log):
        self.connection, self.log = connection, log
        self.plan = dict(PLAN, **plan)
        self.beside = False

    def send(self, verb, **fields):
        try:
            self.connection.send(frame(verb, **fields))
        except OSError:
            raise Gone

    def receive(self):
        try:
            packet = self.connection.recv(65536)
        except OSError:
            packet = b""
        if not packet:
            self.log("gone")
            raise Gone
        verb, fields = parse(packet)
        if verb == CANCEL:
            self.log("cancel")
            self.final(outcome=OUTCOME["NO_INPUT"])
            raise Gone
        return verb, fields

    def ask(self, style, text):
        self.send(PROMPT, style=style, text=text)
        answer = self.receive()[1]["answer"].decode()
        self.log(f"answer {style} {answer}")
        return answer

    def final(self, **fields):
        self.send(self.verb | REPLY, last=1, **fields)

    def occupied(self):
        apps = (0, 1) if self.plan["occupied"] else (0,)
        self.send(LIST | REPLY, rows=[
            {"name": f"user{count}", "uid": 1000, "count": count}
            for count in apps])
        self.final(outcome=OUTCOME["DONE"])

    def people(self, count):
        row = frame(0, name="user0000000", uid=1000, enrolled=1763720000,
                    used=1763730000, count=1, left=9, codes_all=10,
                    flags=0x40)
        head, tail = row.split(b"0000000")
        head = struct.pack(">H", len(row)) + head
        a_packet = 4000 // (len(row) + 2)
        for first in range(0, count, a_packet):
            rows = b"".join(head + b"%07d" % i + tail for i in range(
                first, min(first + a_packet, count)))
            packet = bytes([VERSION, self.verb | REPLY])
            packet += struct.pack(">BH", TAGS["rows"][0], len(rows)) + rows
            try:
                self.connection.send(packet)
            except OSError:
                raise Gone
        self.final(outcome=OUTCOME["DONE"])

    def right(self, style, text, wanted, tries, note):
        for attempt in range(tries):
            if attempt:
                self.send(NOTE, text=note)
            if wanted(self.ask(style, text)):
                return True
        return False

    def serve(self):
        try:
            self.verb, fields = self.receive()
            if self.verb == LIST and self.plan["occupied"] is not None:
                self.beside = True
                self.occupied()
                return
            self.flags = int.from_bytes(fields.get("flags", b""), "big")
            self.log(f"request {self.verb} " + " ".join(
                f"{k}={v.hex() if k in NUMBERS else v.decode()}"
                for k, v in fields.items()))
            self.converse()
        except Gone:
            pass
        self.log("end")

    def converse(self):
        plan = self.plan
        if plan["hang"]:
            self.receive()
        while plan["upload"]:
            if "last" in self.receive()[1]:
                break
        if plan["frames"] is not None:
            for i, (verb, fields) in enumerate(plan["frames"]):
                self.send(verb, **fields)
                if verb == PROMPT and i + 1 < len(plan["frames"]):
                    answer = self.receive()[1]["answer"].decode()
                    self.log(f"answer {fields['style']} {answer}")
            if plan["stay"] or (plan["frames"] and
                                plan["frames"][-1][0] == PROMPT):
                self.receive()
            return
        final = plan["final"]
        if plan["people"]:
            self.people(plan["people"])
            return
        if self.verb == TEST:
            for text in plan["trial"]:
                if text.endswith(": "):
                    self.ask(FACTOR, text)
                else:
                    self.send(NOTE, text=text)
            self.final(**final)
            return
        if plan["password"] and not self.right(
                PASSWORD, "Password: ", plan["password"].__eq__, 3,
                "Wrong password."):
            final = {"outcome": OUTCOME["BAD_PASSWORD"]}
        elif plan["factor"] and not self.right(
                FACTOR, "Current code or recovery code: ",
                plan["factor"].__eq__, 2, "Wrong code."):
            final = {"outcome": OUTCOME["BAD_CODE"]}
        elif self.verb == ENROLL and not self.offer():
            final = {"outcome": OUTCOME["BAD_CODE"]}
        elif self.verb == REMOVE:
            if plan["confirm"] and self.ask(CONFIRM, plan["confirm"]) != "yes":
                final = {"outcome": OUTCOME["NO_INPUT"]}
        elif not self.flags & ADD and not self.sheet():
            final = {"outcome": OUTCOME["BAD_CODE"]}
        self.final(**final)

    def offer(self):
        plan = self.plan
        secret = bytes.fromhex(plan["secret"])
        name = {1: "sha1", 2: "sha256", 3: "sha512"}[plan["algorithm"]]
        self.send(OFFER, secret=secret, **{k: plan[k] for k in (
            "issuer", "name", "algorithm", "digits", "period")})
        for left in range(4, -1, -1):
            typed = self.ask(NEW_CODE, "Code in your app: ")
            if any(typed.replace(" ", "") == totp(
                    secret, time.time() + near * plan["period"],
                    plan["digits"], plan["period"], name)
                    for near in (-1, 0, 1)):
                return True
            self.send(MISS, tries=left, **plan["miss"])
        return False

    def sheet(self):
        plan = self.plan
        number = plan["number"]
        self.send(SHEET, codes="".join(plan["codes"]), number=number)
        return self.right(
            SHEET_CODE, f"Recovery code number {number}: ",
            lambda typed: typed.replace("-", "") == plan["codes"][number - 1],
            5, "That is not the code with this number.")


class Service:
    """The public door: a conversation for each connection."""

    def __init__(self, path, **plan):
        self.path, self.plan, self.events = path, plan, []
        if os.path.exists(path):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(path)
        self.socket.listen()
        self.connections, self.threads = [], []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            talk = Conversation(connection, self.plan, self.events.append)
            thread = threading.Thread(target=self.one, daemon=True,
                                      args=(talk, connection))
            self.connections.append(connection)
            self.threads.append(thread)
            thread.start()

    @staticmethod
    def one(talk, connection):
        with connection:
            talk.serve()

    def cut(self):
        """Ends all connections, as a restart does."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        """All that was said is in events afterwards."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)
        for thread in self.threads:
            thread.join(20)


def base32(plan):
    secret = bytes.fromhex(plan.get("secret", PLAN["secret"]))
    return base64.b32encode(secret).decode().rstrip("=")


def main():
    with open(sys.argv[1]) as file:
        told = json.load(file)
    events = []
    events.append("environment " + " ".join(sorted(
        name for name in os.environ if name not in ("LC_CTYPE", "PWD",
                                                    "SHLVL", "_"))))
    connection = socket.socket(fileno=0)
    talk = Conversation(connection, told["plan"], events.append)
    talk.serve()
    if talk.beside:
        return
    with open(told["log"], "w") as file:
        json.dump(events, file)


if __name__ == "__main__":
    main()
