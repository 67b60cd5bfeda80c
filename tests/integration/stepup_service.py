# SPDX-License-Identifier: BSD-2-Clause
"""What the service says, well or badly: refusals, odd frames, text from
elsewhere, nothing. Run by `make check`."""
import os
import pathlib
import re
import signal
import sys
import time

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import (NOTE, OFFER, OUTCOME, PASSWORD, PROMPT, REPLY, SHEET,
                         SHOWN, STATUS, Service)             # noqa: E402
from stepup import DOOR, check, equal, pipe, row             # noqa: E402


@row
def cli_text_from_elsewhere_is_cleaned():
    service = Service(DOOR, frames=[
        (NOTE, {"text": "a\x1b[2Jb\x07c\u00e9"}),
        (PROMPT, {"style": PASSWORD, "text": "x\x1b]0;t\x07: "})])
    run = pipe("enroll")
    out, err = run.communicate("")
    check("a?[2Jb?c??\n" in err and "x?]0;t?: " in err, repr(err))
    service.close()


@row
def cli_odd_frames():
    final = {"last": 1, "outcome": OUTCOME["DONE"], "left": 10}
    offer = {"secret": "x" * 20, "issuer": "web03", "name": "alice",
             "algorithm": 1, "digits": 6, "period": 30}
    ask = (PROMPT, {"style": SHOWN, "text": "? "})
    for frames, status in (
            ([(99, {}), ask], 4), ([(OFFER, {}), ask], 4),
            ([(OFFER, dict(offer, algorithm=4)), ask], 4),
            ([(OFFER, dict(offer, secret="x" * 9)), ask], 4),
            ([(OFFER, dict(offer, secret="x" * 65)), ask], 4),
            ([(SHEET, {"codes": "A" * 17, "number": 1}), ask], 4),
            ([(SHEET, {"codes": "A" * 32, "number": 3}), ask], 4),
            ([(SHEET, {"codes": "A\x1b" * 8, "number": 1}), ask], 4),
            ([(OFFER, offer), ask], 5),
            ([(SHEET, {"codes": "A" * 32, "number": 2}), ask], 5),
            ([(PROMPT, {"style": 77, "text": "?"})], 5),
            ([(STATUS | REPLY, final)], 4), ([], 4),
            ([(4 | REPLY, {"last": 1, "outcome": 200})], 4),
            ([(4 | REPLY, {"last": 1})], 4),
            ([(4 | REPLY, {"outcome": OUTCOME["DONE"]})], 4)):
        service = Service(DOOR, frames=frames)
        run = pipe("enroll")
        out, err = run.communicate("")
        equal((frames, run.returncode), (frames, status))
        check("Next: " in err and "Done" not in out, err + out)
        service.close()


@row
def cli_refusals_have_a_next_step():
    statuses = {"NOT_ENROLLED": 3, "MUST_ENROLL": 3, "NO_INPUT": 5,
                "NO_ACCOUNT": 3}
    unavailable = ("INTERNAL MEMORY CONFIG SERVICE PROTOCOL BUSY STORE KEY "
                   "CLOCK ASK OK_TOTP OK_RECOVERY OK_PASS OK_TICKET "
                   "NOT_COVERED").split()
    for name, number in OUTCOME.items():
        if name == "DONE":
            continue
        service = Service(DOOR, frames=[(4 | REPLY, {
            "last": 1, "outcome": number, "wait": 1680, "path": "/secret",
            "reason": "inner"})])
        run = pipe("enroll")
        out, err = run.communicate("")
        equal((name, run.returncode),
              (name, statuses.get(name, 4 if name in unavailable else 1)))
        # A password that is not asked for is not announced.
        lines = err.splitlines()
        check(len(lines) == 2 and lines[1].startswith("Next: ") and
              "{" not in err and out == "" and "inner" not in err, err)
        service.close()


@row
def cli_is_not_dumped():
    service = Service(DOOR, hang=True)
    run = pipe("status")
    deadline = time.monotonic() + 20
    while not service.events and time.monotonic() < deadline:
        run.poll()
    check(service.events, "it did not ask")
    limits = pathlib.Path(f"/proc/{run.pid}/limits").read_text()
    check(re.search(r"Max core file size +0 +0", limits), limits)
    if os.getuid() != 0:
        equal(os.stat(f"/proc/{run.pid}/environ").st_uid, 0)
    run.send_signal(signal.SIGTERM)
    equal(run.wait(20), 5)
    service.close()


if __name__ == "__main__":
    sys.exit(stepup.main())
