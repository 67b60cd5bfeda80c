# SPDX-License-Identifier: BSD-2-Clause
"""clients.py SERVICE PAUSE <PEOPLE: logins through the module, all at once.

A line of PEOPLE is NAME CODE...: a process that logs in with each code in
turn, PAUSE seconds between.  Prints NAME CODE PAM SECONDS for each.
"""
import os
import sys
import time

from pam import authenticate


def one(service, pause, name, codes):
    for code in codes:
        begin = time.monotonic()
        result = authenticate(service, name, code)
        took = time.monotonic() - begin
        os.write(1, f"{name} {code} {result} {took:.3f}\n".encode())
        time.sleep(pause)


if __name__ == "__main__":
    for line in sys.stdin:
        person, *given = line.split()
        if os.fork() == 0:
            one(sys.argv[1], float(sys.argv[2]), person, given)
            os._exit(0)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
