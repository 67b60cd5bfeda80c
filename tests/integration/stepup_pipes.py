# SPDX-License-Identifier: BSD-2-Clause
"""Pipes instead of a terminal, and words that are refused before anything is
asked. Run by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import Service                              # noqa: E402
from stepup import (DOOR, STDIN, URI, check, equal, now_code, pipe,
                    row)                                     # noqa: E402


@row
def cli_in_a_pipe():
    service = Service(DOOR, password="pw", factor="111222")
    run = pipe("enroll")
    run.stdin.write("pw\n111222\n000000\n" + now_code() +
                    "\nnot it\r\n4123-4567-89AB-CDEF")
    run.stdin.close()
    out, err = run.stdout.read(), run.stderr.read()
    equal((run.wait(), err.count("\n") > 3), (0, True))
    check("\x1b" not in out + err, "escape sequences in a pipe")
    check(URI + "\n" in out, "no URI:\n" + out)
    check(" 4  4123-4567-89AB-CDEF\n" in out, "no codes:\n" + out)
    check("Code that the app shows: " in err, "prompts elsewhere:\n" + err)
    check("4 tries left" in err, err)
    check("123" not in err, "secrets among the messages:\n" + err)
    service.close()
    equal(service.events[-2], "answer 5 4123-4567-89AB-CDEF")


@row
def cli_pipe_that_ends_early():
    for text in ("", "pw\n", "pw\n111222\n", "pw\n111222\n123456\n"):
        service = Service(DOOR, password="pw", factor="111222")
        run = pipe("enroll")
        out, err = run.communicate(text)
        equal((text, run.returncode), (text, 5))
        service.close()
        equal(service.events[-2:], ["cancel", "end"])


@row
def cli_line_too_long():
    service = Service(DOOR, password="p" * 128)
    run = pipe("enroll")
    out, err = run.communicate("p" * 5000 + "\n" + "p" * 129 + "\n" +
                               "p" * 128 + "\n")
    equal((run.returncode, err.count("too long")), (5, 2))
    service.close()
    equal(service.events[1], "answer 1 " + "p" * 128)


@row
def cli_secrets_stay_off_pipes():
    """Refused before anything is asked; the remedy is named."""
    for words, wanted in (
            (("enroll", *STDIN), "--print-secret"),
            (("add", "x", *STDIN), "--print-secret"),
            (("codes", "--new", *STDIN), "--print-secret"),
            (("codes", "--new", "--save", "f"), "--password-stdin"),
            (("enroll", "--print-secret"), "--password-stdin --code-stdin"),
            (("remove", "x"), "--password-stdin --code-stdin"),
            (("remove", "x", "--code-stdin"), "--password-stdin"),
            (("test",), "test --code-stdin")):
        service = Service(DOOR, password="pw")
        run = pipe(*words, bare=True)
        out, err = run.communicate("pw\n123456\n")
        equal((words, run.returncode, out), (words, 2, ""))
        check(wanted in err.splitlines()[-1] and
              err.splitlines()[-1].startswith("Next: "), err)
        service.close()
        equal(service.events, [])
    for choice in ("", "x", "UTF8"):
        run = pipe("enroll", "--qr=" + choice)
        out, err = run.communicate("")
        equal((run.returncode, out), (2, ""))
        check("utf8, ascii or none" in err, err)


@row
def cli_usage():
    for words in (("nonsense",), ("--nonsense",), ("status", "--new"),
                  ("enroll", "--new"), ("codes", "-r"), ("status", "x"),
                  ("status", "-u"), ("status", "--user"), ("-u",),
                  ("status", "-u", "a", "-u", "b"),
                  ("enroll", "\x1b[2J")):
        run = pipe(*words, uid=0, bare=True)
        out, err = run.communicate("")
        equal((words, run.returncode, out), (words, 2, ""))
        check("\nNext: stepup " in err and "\x1b" not in err, err)
    for words in (("--help",), ("-h",), ("help",), ("enroll", "--help"),
                  ("codes", "-h"), ("status", "-h"), ("--version",)):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((words, run.returncode, err), (words, 0, ""))
        check(all(len(line) <= 79 for line in out.splitlines()), out)


@row
def cli_only_root_acts_for_others():
    for words in (("status", "-u", "root"), ("-u", "no-such-person")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((run.returncode, out), (1, ""))
        check("Only root" in err and "Next: sudo stepup status" in err, err)


if __name__ == "__main__":
    sys.exit(stepup.main())
