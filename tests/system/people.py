# SPDX-License-Identifier: BSD-2-Clause
"""People with accounts, passwords and phones."""
import os
import pwd
import time

from place import HOMES, run
from terminal import Session, Unexpected, plain_env

PERIOD = 30
# A step that ends sooner than this may be gone when its code arrives.
MARGIN = 10


def totp(secret, when):
    """What the phone shows at that time; oathtool plays the phone."""
    return run("oathtool", "--totp", "-b", "-N", f"@{int(when)}",
               secret).strip()


class Person:
    """An account of this host.

    Codes come from the window that the service allows, oldest first, each
    once: nobody waits half a minute for a fresh one.
    """

    def __init__(self, place, name, password=None, shell="/bin/sh"):
        self.place, self.name = place, name
        self.password = password or f"{name}'s password 1"
        self.secret = None
        self.last_step = 0      # of the last code that was typed
        self.sheet = []
        try:
            pwd.getpwnam(name)
        except KeyError:
            run("useradd", "-M", "-d", f"{HOMES}/{name}", "-s", shell,
                name)
        run("chpasswd", input=f"{name}:{self.password}\n")
        account = pwd.getpwnam(name)
        self.uid, self.gid = account.pw_uid, account.pw_gid
        self.home = account.pw_dir
        if not os.path.isdir(self.home):
            os.mkdir(self.home, 0o700)
            os.chown(self.home, self.uid, self.gid)

    def identity(self):
        return (self.uid, self.gid, [self.gid])

    def shell(self, *argv, **options):
        """A program of this person, on a terminal of its own."""
        env = plain_env(HOME=self.home, USER=self.name, LOGNAME=self.name,
                        **options.pop("more", {}))
        return Session(list(argv), as_user=self.identity(), env=env,
                       cwd=self.home, **options)

    def run(self, *argv, **options):
        """The same without a terminal; its output."""
        env = plain_env(HOME=self.home, USER=self.name, LOGNAME=self.name)
        return run("setpriv", f"--reuid={self.uid}", f"--regid={self.gid}",
                   "--clear-groups", "--", *argv, env=env, cwd=self.home,
                   **options)

    def step(self):
        now = time.time()
        first = int(now // PERIOD)
        if PERIOD - now % PERIOD > MARGIN:
            first -= 1
        return max(self.last_step + 1, first), int(now // PERIOD) + 1

    def codes_left(self):
        first, last = self.step()
        return max(0, last - first + 1)

    def code(self):
        """A fresh code that counts now."""
        step, last = self.step()
        if step > last:
            raise Unexpected(f"{self.name}: no fresh code left in this "
                             "window; enroll anew before")
        self.last_step = step
        return totp(self.secret, step * PERIOD)

    def used_code(self):
        """The code last used, again."""
        return totp(self.secret, self.last_step * PERIOD)

    def wrong_code(self):
        """Well formed, and right neither now nor soon."""
        step = int(time.time() // PERIOD)
        near = {totp(self.secret, (step + i) * PERIOD)
                for i in range(-3, 5)}
        return next(c for c in (f"{n:06}" for n in range(20))
                    if c not in near)

    def recovery(self):
        """An unused recovery code."""
        if not self.sheet:
            raise Unexpected(f"{self.name}: no recovery code left")
        return self.sheet.pop(0)

    def authorize_key(self):
        os.makedirs("/run/stepup-place/keys", exist_ok=True)
        with open("/run/stepup-place/key.pub") as f:
            key = f.read()
        with open(f"/run/stepup-place/keys/{self.name}", "w") as f:
            f.write(key)
