# SPDX-License-Identifier: BSD-2-Clause
"""How somebody stands, and what is said where there is nothing to tell. Run
by `make check`."""
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import REPLY, STATUS                        # noqa: E402
from stepup import (PHONE, STANDING, ask, check, documents, equal, kept, pipe,
                    row)                                     # noqa: E402


@row
def cli_json_status():
    used = dict(PHONE, used=1763730000)
    status, out, err = ask(("status", "--json"), [
        (STATUS | REPLY, used), (STATUS | REPLY, dict(PHONE, label="tablet")),
        (STATUS | REPLY, dict(STANDING, left=2))])
    equal(status, 0)
    check("Few recovery codes" in err, err)
    equal(documents(out), [{
        "version": 1, "command": "status", "user": "alice", "event": "end",
        "enrolled": "2025-11-21T10:13:20Z", "authenticators": [
            {"name": "phone", "algorithm": "SHA1", "digits": 6, "period": 30,
             "added": "2025-11-21T10:13:20Z",
             "last_used": "2025-11-21T13:00:00Z"},
            {"name": "tablet", "algorithm": "SHA1", "digits": 6, "period": 30,
             "added": "2025-11-21T10:13:20Z", "last_used": None}],
        "codes": {"left": 2, "all": 10, "made": "2025-11-21T10:13:20Z"},
        "locked": False, "app_codes_off": False, "wait_app_codes": 0,
        "wait_recovery_codes": 0, "pass": None, "ticket": None, "status": 0,
        "result": "done"}])
    kept("status-json", out)
    status, out, err = ask(("codes", "--json"), [(5 | REPLY, STANDING)])
    equal(documents(out)[0]["codes"]["left"], 9)
    status, out, err = ask(("status", "--json"), [
        (STATUS | REPLY, dict(STANDING, flags=0))])
    (end,) = documents(out)
    equal((status, end["status"], end["result"], end["next"]),
          (3, 3, "not-enrolled", "stepup enroll"))
    for words in (("status",), ("test",), ("codes",), ("codes", "--new"),
                  ("enroll",), ("add", "x"), ("remove", "x")):
        run = pipe(*words, "--json")
        out, err = run.communicate("")
        (end,) = documents(out)
        equal((words, run.returncode, end["status"], end["result"]),
              (words, 4, 4, "unavailable"))
        run = pipe(words[0], "--json", "-u", "root", *words[1:])
        out, err = run.communicate("")
        (end,) = documents(out)
        equal((words, run.returncode, end["result"]), (words, 1, "refused"))


@row
def cli_status_tells_all():
    used = dict(PHONE, used=1763730000)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, used), (STATUS | REPLY, STANDING)])
    equal((status, err), (0, ""))
    kept("status", out)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, used),
        (STATUS | REPLY, dict(PHONE, label="tablet", created=1763725000)),
        (STATUS | REPLY, STANDING)])
    equal((status, err), (0, ""))
    kept("status-two", out)
    for more, wanted in (({"flags": 0x48}, "Switched off"),
                         ({"flags": 0x50}, "by an administrator"),
                         ({"wait_totp": 1680}, "app codes, for 28 min"),
                         ({"wait_recovery": 60}, "recovery codes, for 60 s")):
        status, out, err = ask((), [
            (STATUS | REPLY, PHONE),
            (STATUS | REPLY, dict(STANDING, **more))])
        check(status == 0 and wanted in out and "last used never" in out, out)
    status, out, err = ask(("status",), [
        (STATUS | REPLY, PHONE)] * 9 + [(STATUS | REPLY, STANDING)])
    equal((status, out), (4, ""))


@row
def cli_not_enrolled_says_how_to_start():
    for words in ((), ("status",)):
        status, out, err = ask(words, [
            (STATUS | REPLY, dict(STANDING, flags=0))])
        equal((status, out), (3, ""))
        check("Next: stepup enroll\n" in err, err)


@row
def cli_no_public_door():
    for words in ((), ("status",), ("enroll",), ("codes", "--new")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((run.returncode, out), (4, ""))
        equal(err.splitlines()[-1], "Self-service is not running here. Ask "
              "an administrator (sudo stepup enroll -u NAME).")


if __name__ == "__main__":
    sys.exit(stepup.main())
