# SPDX-License-Identifier: BSD-2-Clause
"""VERIFY as the module sends it (common/wire.h), without PAM: for states
in which CHECK already refuses, and for programs that count instructions."""
import os
import socket
import struct

VERSION, VERIFY, REPLY = 1, 2, 0x80
NAME, UID, SERVICE, ANSWER, EARLIER, OUTCOME = 1, 2, 3, 6, 7, 8


def frame(verb, *fields):
    data = bytes([VERSION, verb])
    for tag, value in fields:
        data += struct.pack(">BH", tag, len(value)) + value
    return data


def verify(phone, answer):
    return frame(VERIFY, (NAME, phone.name.encode()),
                 (UID, struct.pack(">I", phone.uid)),
                 (SERVICE, b"stepup-race"), (ANSWER, answer.encode()),
                 (EARLIER, b"\0"))


def outcome(reply):
    """The number of its OUTCOME; None when there is none."""
    at = 2
    while at + 3 <= len(reply):
        tag, size = struct.unpack_from(">BH", reply, at)
        if tag == OUTCOME:
            return reply[at + 3]
        at += 3 + size
    return None


def ask(place, packet):
    """One exchange with the running login door."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(10)
        s.connect(os.path.join(place.rundir, "login"))
        s.send(packet)
        return s.recv(4096)
