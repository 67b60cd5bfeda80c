# SPDX-License-Identifier: BSD-2-Clause
"""lines.py STEPUP USER: enrolls USER through pipes, no terminal at all."""
import re
import subprocess
import sys
import time

from people import totp


def main():
    process = subprocess.Popen(
        ["setsid", sys.argv[1], "enroll", "-u", sys.argv[2],
         "--print-secret", "--code-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, bufsize=0)
    text = ""

    def until(pattern):
        nonlocal text
        while True:
            found = re.search(pattern, text)
            if found:
                text = text[found.end():]
                return found
            data = process.stdout.read(1)
            if not data:
                sys.exit(f"ended before /{pattern}/: {text}")
            text += data

    offer = until(r"Key: +([A-Z2-7 ]+)\n(?s:.*)Code that the app shows: ")
    secret = offer.group(1).replace(" ", "")
    process.stdin.write(totp(secret, time.time()) + "\n")
    sheet = until(r"(?s:.*)Recovery code number (\d+): ")
    codes = dict(re.findall(r"(\d+)  ([0-9A-Z-]{19})\n", sheet.group(0)))
    process.stdin.write(codes[sheet.group(1)] + "\n")
    until("Done: ")
    process.stdin.close()
    process.stdout.read()
    if process.wait() == 0:
        print("enrolled")


if __name__ == "__main__":
    main()
