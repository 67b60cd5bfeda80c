# SPDX-License-Identifier: BSD-2-Clause
"""People by the hundred: accounts without a home, phones without a screen.

people(PLACE, N): N accounts; enrolled(PLACE, N): and each has a phone with
two fresh codes and a sheet of recovery codes.
"""
import base64
import hashlib
import hmac
import os
import struct
import time

from place import run
from terminal import Unexpected

PERIOD = 30
FIRST_UID = 30000
_made = 0


def totp(secret, step):
    """RFC 6238 with SHA-1, 6 digits; secret in base32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack_from(">I", digest, at)[0] & 0x7fffffff
    return f"{number % 10 ** 6:06}"


class Phone:
    def __init__(self, name, uid):
        self.name, self.uid = name, uid
        self.secret, self.last_step, self.sheet = None, 0, []

    def code(self):
        """A fresh code, the oldest that surely still counts."""
        now = time.time()
        first = int(now // PERIOD) - (now % PERIOD < PERIOD - 10)
        step = max(self.last_step + 1, first)
        if step > now // PERIOD + 1:
            raise Unexpected(f"{self.name}: no fresh code left")
        self.last_step = step
        return totp(self.secret, step)

    def now(self):
        """The code the phone shows, whether used or not."""
        return totp(self.secret, int(time.time() // PERIOD))

    def wrong(self, n=0):
        """Well formed, right neither now nor soon; different for each n."""
        step = int(time.time() // PERIOD)
        near = {totp(self.secret, step + i) for i in range(-4, 8)}
        for i in range(n, n + 20):
            code = f"{i * 7919 % 10**6:06}"
            if code not in near:
                return code
        raise Unexpected("no wrong code")

    def recovery(self):
        return self.sheet.pop(0)


def people(n, prefix="crowd"):
    """Accounts, straight into the private /etc/passwd."""
    global _made
    found = []
    with open("/etc/passwd", "a") as f:
        for _ in range(n):
            _made += 1
            name, uid = f"{prefix}{_made}", FIRST_UID + _made
            f.write(f"{name}:x:{uid}:{uid}::/nonexistent:/bin/false\n")
            found.append(Phone(name, uid))
    return found


def enroll(place, phones):
    tool = os.path.join(place.build, "tests/attack/enroll_fast")
    by_name = {p.name: p for p in phones}
    said = run(tool, place.stepupd, *by_name, timeout=300)
    for line in said.splitlines():
        name, secret, step, *codes = line.split()
        phone = by_name.pop(name)
        phone.secret, phone.last_step = secret, int(step)
        phone.sheet = codes
    if by_name:
        raise Unexpected(f"not enrolled: {' '.join(by_name)}")
    return phones


def enrolled(place, n, prefix="crowd"):
    return enroll(place, people(n, prefix))
