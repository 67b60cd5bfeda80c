# SPDX-License-Identifier: BSD-2-Clause
"""The peers, set up as their manuals say, for the same people and secrets."""
import base64
import os
import re

from place import TMP

GA_DIR = TMP + "/ga"
OATH_USERS = TMP + "/oath/users"
GA, OATH = "stepup-race-ga", "stepup-race-oath"
SCRATCH = "31415926"


def services():
    """Service files of both, beside ours."""
    os.makedirs(GA_DIR, mode=0o700, exist_ok=True)
    os.makedirs(os.path.dirname(OATH_USERS), mode=0o700, exist_ok=True)
    with open(f"/etc/pam.d/{GA}", "w") as f:
        f.write("auth required pam_google_authenticator.so "
                f"secret={GA_DIR}/${{USER}} user=root\n")
    with open(f"/etc/pam.d/{OATH}", "w") as f:
        f.write(f"auth required pam_oath.so usersfile={OATH_USERS} "
                "window=1 digits=6\n")


def ga(phones, limit=3):
    """As `google-authenticator -t -d -r 3 -R 30 -w 3` writes it."""
    for phone in phones:
        path = f"{GA_DIR}/{phone.name}"
        with open(path + ".new", "w") as f:
            f.write(f'{phone.secret}\n" RATE_LIMIT {limit} 30\n'
                    '" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n'
                    f"{SCRATCH}\n")
        os.chmod(path + ".new", 0o400)
        os.rename(path + ".new", path)


def ga_on_record(phone):
    """Logins that its rate limit remembers."""
    with open(f"{GA_DIR}/{phone.name}") as f:
        line = re.search(r'^" RATE_LIMIT \d+ \d+(.*)$', f.read(), re.M)
    return len(line.group(1).split())


def oath(phones, others=0):
    """One file with all users; others: more lines before them."""
    with open(OATH_USERS + ".make", "w") as f:
        for i in range(others):
            f.write(f"HOTP/T30/6 other{i} - {i:040x}\n")
        for phone in phones:
            key = base64.b32decode(phone.secret +
                                   "=" * (-len(phone.secret) % 8))
            f.write(f"HOTP/T30/6 {phone.name} - {key.hex()}\n")
    os.chmod(OATH_USERS + ".make", 0o600)
    os.rename(OATH_USERS + ".make", OATH_USERS)
