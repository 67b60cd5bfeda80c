# SPDX-License-Identifier: BSD-2-Clause
"""--json of every command, held against stepup-json(5): what is printed is
documented, and what is documented is printed. Run by `make check`.

Whoever adds a command adds its section to the page and a function here.
"""
import json
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
import stepup_admin                                          # noqa: E402
from schema import Undocumented                              # noqa: E402
from selfservice import OUTCOME, REPLY, Service, STATUS      # noqa: E402
from stepup import (DOOR, PHONE, SCHEMA, STANDING, TMP, admin, check,
                    documents, equal, now_code, pipe, row)   # noqa: E402
from stepup_accounts import (GONE, SETTINGS, LIST as SERVICES,
                             POLICY, PRUNE, REBIND, RENAME)  # noqa: E402
from stepup_admin import DONE, NAME                          # noqa: E402

stepup.ROWS.clear()
COMMANDS = {}
IMPORT, BACKUP, RESTORE = 21, 22, 23


def command(name):
    def add(function):
        COMMANDS[name] = function
        return function
    return add


def roots(*words, frames, status=0, env=None):
    """A command of root's; its documents."""
    got, out, err, _ = stepup_admin.ask(*words, "--json", frames=frames,
                                        env=env)
    equal((words, got), (words, status))
    return documents(out)


def persons(*words, typed="", status=0, plan=None):
    """A command of somebody's own."""
    service = Service(DOOR, **(plan or {}))
    run = pipe(*words, "--json")
    out, err = run.communicate(typed)
    service.close()
    equal((words, run.returncode), (words, status))
    return documents(out)


@command("status")
def status():
    bound = dict(STANDING, expires=1763723600, service="sshd")
    for standing, service in ((STANDING, 0), (bound, "sshd"),
                              (dict(bound, service=""), None)):
        frames = [(STATUS | REPLY, PHONE), (STATUS | REPLY, standing)]
        (end,) = persons("status", plan={"frames": frames})
        equal((end["pass"] or {"service": 0})["service"], service)
        equal(end["ticket"], None)
    nobody = dict(DONE, flags=0, expires_ticket=1763723600)
    (end,) = persons("status", status=3, plan={
        "frames": [(STATUS | REPLY, nobody)]})
    equal((end["pass"], end["ticket"]), (None, "2025-11-21T11:13:20Z"))
    (end,) = roots("status", "-u", NAME, frames=[
        [STATUS | REPLY, dict(STANDING, why=OUTCOME["KEY"],
                              reason="other bytes")]])
    equal(end["key_problem"], "other bytes")


@command("codes")
def codes():
    persons("codes", plan={"frames": [(5 | REPLY, STANDING)]})
    for words in (("--save", str(TMP / "sheet")), ()):
        program, _ = admin({})
        run = pipe("codes", "--new", "-u", NAME, "--json", *words,
                   "--print-secret", bare=True, uid=0, stepupd=program)
        out, err = run.communicate("")
        equal(run.returncode, 0)
        documents(out)
    (TMP / "sheet").unlink()


def set_up(*words):
    program, _ = admin({})
    (TMP / "keyring").write_text("")
    run = pipe(*words, "-u", NAME, "--json", "--print-secret", "--code-stdin",
               bare=True, uid=0, stepupd=program, keyring=TMP / "keyring")
    offer = run.stdout.readline()
    out, err = run.communicate(now_code() + "\n")
    equal((words, run.returncode), (words, 0))
    return documents(offer + out)


@command("enroll")
def enroll():
    events = [one["event"] for one in set_up(
        "enroll", "--save", str(TMP / "sheet"))]
    equal(events, ["offer", "codes", "end"])
    (TMP / "sheet").unlink()


@command("add")
def add():
    equal([one["event"] for one in set_up("add", "tablet")],
          ["offer", "end"])


@command("remove")
def remove():
    persons("remove", "tablet", typed="pw\n", plan={
        "password": "pw", "final": {"outcome": OUTCOME["DONE"], "left": 9}})


@command("test")
def test():
    for final, status in (({"outcome": OUTCOME["OK_RECOVERY"], "left": 3}, 0),
                          ({"outcome": OUTCOME["BAD_CODE"], "skew": -420,
                            "label": "phone"}, 1)):
        persons("test", typed="123456\n", status=status,
                plan={"final": final})


@command("doctor")
def doctor():
    """What it says of this host, whatever that is."""
    for words in ((), ("--plan",)):
        run = pipe("doctor", "--json", *words, uid=0)
        out, err = run.communicate("")
        (end,) = documents(out)
        equal(run.returncode, end["status"])
        if end["status"] == 4:
            check(words and "pam-auth-update" in err, err)
            continue
        equal(end["plan"], bool(words))
        equal(end["problems"], sum(f["problem"] for f in end["findings"]))
        equal(end["status"], int(end["problems"] > 0))
        check(end["services"] and end["findings"], "nothing was found")
        run = pipe("doctor", *words, uid=0)
        text = " ".join(run.communicate("")[0].split())
        for one in end["findings"]:
            place = one["where"] or ""
            if one["line"]:
                place += f":{one['line']}"
            # What is the same in several places is told there once.
            alike = [f for f in end["findings"] if
                     (f["name"], f["detail"]) == (one["name"], one["detail"])]
            check(one["name"] in text and place in text and
                  (len(alike) > 1 or
                   " ".join(one["message"].split()) in text), one)


@command("lock")
def lock():
    (end,) = roots("lock", NAME, "--reason", 'said "no"',
                   frames=[[stepup_admin.LOCK | REPLY, DONE]])
    equal((end["user"], end["locked"], end["reason"]),
          (NAME, True, 'said "no"'))
    (end,) = roots("lock", NAME, frames=[], status=2)
    check("--reason TEXT" in end["message"], end)


@command("unlock")
def unlock():
    frames = [[stepup_admin.UNLOCK | REPLY, dict(
        DONE, flags=0x18, wait_totp=1680, count=12, text="left \u00fc")]]
    (end,) = roots("unlock", NAME, frames=frames)
    equal(end["cleared"], {
        "locked": True, "reason": "left \u00fc", "app_codes_off": True,
        "wait_app_codes": 1680, "wait_recovery_codes": 0,
        "wrong_codes": 12, "wrong_passwords": 0})
    (end,) = roots("unlock", NAME, frames=[
        [stepup_admin.UNLOCK | REPLY, dict(DONE, flags=0)]])
    equal((end["cleared"]["locked"], end["cleared"]["reason"]),
          (False, None))


@command("pass")
def pass_():
    made = stepup_admin.MADE
    for final in (made[1][1], dict(made[1][1], service="sshd")):
        (end,) = roots("pass", NAME, *stepup_admin.WHY, frames=[
            made[0], [stepup_admin.PASS | REPLY, final]])
        equal((end["kind"], end["pass"]), ("login", stepup_admin.SHOWN))
    (end,) = roots("pass", NAME, "--enroll", "--revoke", frames=[
        [stepup_admin.PASS | REPLY, dict(DONE, flags=0)]])
    equal((end["kind"], end["was_in_force"]), ("enroll", False))
    found = roots("pass", "--list", frames=stepup_admin.GIVEN)
    equal([one["event"] for one in found], ["pass"] * 3 + ["end"])
    equal(found[1]["used"], "2025-11-21T10:13:21Z")


@command("key")
def key():
    frames = stepup_admin.key_frames(
        {"key": "89abcdef", "count": 2, "stuck": 0,
         "flags": stepup_admin.ACTIVE},
        {"key": "", "count": 1, "stuck": 1, "flags": stepup_admin.ABSENT},
        {"name": "alice"}, count=3, stuck=1, key="89abcdef",
        why=OUTCOME["KEY"], reason="other bytes")
    found = roots("key", "status", frames=frames, status=1)
    equal([d["event"] for d in found], ["key", "key", "unopened", "end"])
    equal((found[0]["id"], found[0]["active"], found[1]["in_ring"],
           found[2]["user"], found[2]["key"]),
          ("89abcdef", True, False, "alice", None))
    equal((found[3]["sound"], found[3]["problem"], found[3]["secrets"]),
          (False, "other bytes", 3))
    (end,) = roots("key", "rotate", frames=stepup_admin.key_frames(
        {"key": "0123abcd", "flags": stepup_admin.ABSENT}, count=300,
        key="89abcdef", flags=stepup_admin.RESUMED))
    equal((end["active"], end["removed"], end["sealed"], end["resumed"],
           end["unfinished"], end["unopened"]),
          ("89abcdef", ["0123abcd"], 300, True, False, 0))


@command("list")
def list_():
    found = roots("list", frames=stepup_admin.PEOPLE)
    equal([(one["event"], one["user"]) for one in found],
          [("account", "alice"), ("account", "bob"), ("account", "e" * 30),
           ("end", None)])
    equal([found[1][key] for key in ("weak", "locked", "wait_app_codes",
          "wait_recovery_codes", "factor", "last_used")],
          [True, True, 60, 1680, True, None])
    equal((found[2]["factor"], found[2]["enrolled"], found[3]["count"]),
          (False, None, 3))
    conf = TMP / "nsswitch.conf"
    conf.write_text("passwd: files ldap\n")
    found = roots("list", "--missing", frames=[
        [stepup_admin.LIST | REPLY, DONE]], env={"NSSWITCH": str(conf)})
    check("root" in [one["user"] for one in found if
                     one["event"] == "missing"], found)
    equal((found[-1]["hidden_by"], found[-1]["count"]),
          (["ldap"], len(found) - 1))
    found = roots("list", "--sort", "used", frames=stepup_admin.PEOPLE)
    equal([one["user"] for one in found], ["bob", "e" * 30, "alice", None])


@command("log")
def log():
    found = roots("log", frames=stepup_admin.HAPPENED)
    equal([one["event"] for one in found],
          ["event"] * 4 + ["count"] * 2 + ["end"])
    hour = stepup_admin.HOUR
    equal([one["cursor"] for one in found],
          ["7-0-0", "7-3-0", "8-3-0", "9-3-0", f"9-3-{hour}",
           f"9-3-{hour + 1}", f"9-3-{hour + 1}"])
    equal([one["outcome"] for one in found[:-1]],
          ["accept.totp", "deny.code", "deny.code", "change.locked",
           "deny.format", "deny.user"])
    equal([(one["user"], one["hour"], one["count"], one["last"],
            one["complete"]) for one in found[4:6]],
          [("bob", "2025-11-21T10:00:00Z", 3, "2025-11-21T10:13:24Z", True),
           (None, "2025-11-21T11:00:00Z", 1, "2025-11-21T11:13:20Z", False)])
    equal((found[1]["user"], found[1]["uid"], found[1]["self"],
           found[3]["by"], found[3]["reason"]),
          (None, 0, True, 1000, "left \x1b[2J"))


@command("rename")
def rename():
    (end,) = roots("rename", "alice", "alicia", "--yes", frames=[
        [RENAME | REPLY, dict(DONE, new_name="alicia")]])
    equal((end["user"], end["old_name"], end["new_name"]),
          (None, "alice", "alicia"))


@command("rebind")
def rebind():
    (end,) = roots("rebind", NAME, "--yes", frames=[
        [REBIND | REPLY, dict(DONE, uid=1005, stored_uid=1000)]])
    equal((end["user"], end["old_uid"], end["new_uid"]), (NAME, 1000, 1005))
    roots("rebind", NAME, "--yes", status=1, frames=[
        [REBIND | REPLY, {"last": 1, "outcome": OUTCOME["LIVING"]}]])
    for name, uid in ((NAME, {"uid": 7}), ("no-such-person", {})):
        (end,) = roots("status", "-u", name, status=1, frames=[
            [STATUS | REPLY, dict(uid, last=1, outcome=OUTCOME["CHANGED"],
                                  stored_name="a\u20ac", stored_uid=9)]])
        equal((end["uid"], end["stored_uid"], end["stored_name"]),
              (uid.get("uid"), 9, "a\u20ac"))


@command("prune")
def prune():
    (end,) = roots("prune", "alice", "--yes", frames=[
        [PRUNE | REPLY, DONE]])
    equal(end["pruned"], ["alice"])
    (end,) = roots("prune", "--dry-run", frames=GONE)
    equal([(a["name"], a["uid"], a["uid_is_now"]) for a in end["accounts"]],
          [("alice", 1005, None), ("bob", None, "robert"),
           ("e" * 30, None, None)])


@command("policy")
def policy():
    (end,) = roots("policy", frames=SETTINGS + [[POLICY | REPLY, dict(
        DONE, flags=0)]])
    equal([s["value"] for s in end["settings"]], [None, "6", SERVICES, None])
    equal((end["settings"][1]["file"], end["settings"][1]["line"]),
          ("/etc/stepup.conf", 12))
    (end,) = roots("policy", NAME, frames=SETTINGS + [[POLICY | REPLY, dict(
        DONE, flags=0x400, path="/etc/stepup.conf:3", reason="cap",
        why=OUTCOME["NOT_COVERED"], service="cron")]])
    equal((end["refused_at"], end["refused_why"], end["service"],
           end["login"], end["why"]),
          ("/etc/stepup.conf:3", "cap", "cron", "passes", "skip.service"))


def sealed(*words, plan, status=0):
    """With a passphrase, a line of input."""
    program, _ = admin(plan)
    (TMP / "keyring").write_text("")
    run = pipe(*words, "--json", "--passphrase-fd", "0", bare=True, uid=0,
               stepupd=program, keyring=TMP / "keyring")
    out, err = run.communicate("correct horse battery\n")
    equal((words, run.returncode, err if run.returncode != status else ""),
          (words, status, ""))
    return documents(out)


@command("backup")
def backup():
    file = TMP / "accounts.backup"
    frames = [[BACKUP | REPLY, {"data": "x" * 3000}],
              [BACKUP | REPLY, {"data": "y" * 1000}],
              [BACKUP | REPLY, dict(DONE, count=3)]]
    (end,) = sealed("backup", str(file), plan={"frames": frames})
    equal((end["file"], end["bytes"], end["accounts"]),
          (str(file), 4000, 3))
    (end,) = sealed("backup", str(file), plan={"frames": frames}, status=1)
    check(end["message"] and end["next"], end)
    file.unlink()


@command("restore")
def restore():
    file = TMP / "accounts.backup"
    file.write_bytes(b"stepupBK" + bytes(9000))
    frames = [[RESTORE | REPLY, {"rows": [
        {"name": "alice", "stored_uid": 1000, "uid": 1001},
        {"name": "bob", "stored_uid": 1001}]}],
              [RESTORE | REPLY, {"created": 1763720000, "text": "web03",
                                 "count": 1}],
              [RESTORE | REPLY, dict(DONE, count=3, left=2)]]
    (end,) = sealed("restore", str(file), "--yes",
                    plan={"frames": frames, "upload": True})
    equal((end["accounts"], end["host"], end["made"],
           end["without_factor"], end["not_looked_up"]),
          (3, "web03", "2025-11-21T10:13:20Z", 2, 1))
    equal(end["differ"], [{"name": "alice", "uid": 1000, "uid_here": 1001},
                          {"name": "bob", "uid": 1001, "uid_here": None}])
    file.unlink()


@command("import")
def import_():
    users = TMP / "users.oath"
    users.write_text(f"HOTP/T30/6 {NAME} - {'31' * 10}\n"
                     f"HOTP/E/6 {NAME} - {'32' * 20}\n")
    users.chmod(0o600)
    program, _ = admin({"upload": True, "frames": [
        [IMPORT | REPLY, {"rows": [{"outcome": OUTCOME["DONE"]}]}],
        [IMPORT | REPLY, dict(DONE, count=1, limit=1)]]})
    (TMP / "keyring").write_text("")
    run = pipe("import", "oath", str(users), "--json", bare=True, uid=0,
               stepupd=program, keyring=TMP / "keyring")
    out, err = run.communicate("")
    first, second, end = documents(out)
    equal((run.returncode, end["imported"], end["skipped"], end["weak"],
           end["dry_run"]), (1, 1, 1, 1, False))
    equal((first["user"], first["line"], first["imported"],
           first["reason"]), (NAME, 1, True, None))
    check("weak" in first["notes"], first)
    equal((second["line"], second["imported"], second["reason"]),
          (2, False, "event-based"))
    users.unlink()


# --- Rows ---------------------------------------------------------------

def listed():
    """The commands as the program knows them."""
    run = pipe("--help")
    out, err = run.communicate("")
    part = out.partition("\n\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in part.splitlines()]


@row
def json_every_command_has_it():
    names = listed()
    check(len(names) >= 11, names)
    for name in names:
        run = pipe(name, "--help")
        out, err = run.communicate("")
        check(" --json " in out, f"{name} does not take --json")
    equal(sorted(set(names) - set(COMMANDS)), [])
    equal(sorted(set(COMMANDS) - set(names)), [])
    equal(sorted(set(names) - SCHEMA.commands()), [])


@row
def json_every_document_is_documented():
    for function in COMMANDS.values():
        function()
    equal(SCHEMA.unseen(), [])


@row
def json_refusals_say_why():
    """Whatever stops a command, the last line says it."""
    for name in listed():
        words = {"add": ("x",), "remove": ("x",),
                 "rename": ("x", "y")}.get(name, ())
        run = pipe(name, *words, "--json", "-u", "no-such-person", uid=0)
        out, err = run.communicate("")
        if not out:     # the words were not understood
            equal((name, run.returncode), (name, 2))
            continue
        (end,) = documents(out)
        equal((name, run.returncode), (name, end["status"]))
        if end["status"] != 0:
            check(end["message"] and end["next"], end)


@row
def json_refusals_name_the_thing():
    """What the command line itself refuses: which word, file, account."""
    file, link = TMP / "there", TMP / "no-backup"
    file.write_text("")
    link.write_text("something else")
    words = "--passphrase-fd"
    for said, message, next_ in (
            (("backup", str(TMP / "new"), words, "77"),
             "--passphrase-fd takes the number of an open descriptor",
             "stepup backup FILE --passphrase-fd 3 3<PASSPHRASE-FILE"),
            (("backup", str(TMP / "new"), words, "0"),
             "a passphrase is one line of 12 to 128 bytes",
             "then: stepup backup --json --passphrase-fd 0 "),
            (("restore", str(file.parent / "gone")), "No such file",
             "another copy"),
            (("restore", str(link)), f"{link}: it is not a backup of stepup",
             "another copy"),
            (("backup", str(file)), f"{file} is there already", "a new file"),
            (("codes", "--save", "x"), "only new codes can be saved",
             "stepup codes --new --save FILE"),
            (("add", "a b"), "not a name: a b", "letters, digits"),
            (("remove",), "a name or --all", "stepup remove NAME | --all"),
            (("enroll",), "This enrolls root itself.",
             "stepup enroll -u root")):
        run = pipe(*said, "--json", bare=True, uid=0)
        out, err = run.communicate("short\n")
        (end,) = documents(out)
        check(message in end["message"] and next_ in end["next"], end)
        check(next_ in err.replace("\n      ", " ") and message in err, err)
    file.unlink()
    link.unlink()


@row
def json_is_ascii():
    """A terminal takes U+009B for the beginning of a control sequence."""
    frames = [[18 | REPLY, {"rows": [
        {"name": "m\u00fcller\u009b2J\u202e\x1b[2J", "uid": 1}]}],
        [18 | REPLY, DONE]]
    status, out, err, _ = stepup_admin.ask("list", "--json", frames=frames)
    equal((status, all(0x20 <= ord(c) < 0x7f or c == "\n" for c in out)),
          (0, True))
    equal(json.loads(out.splitlines()[0])["user"],
          "m\u00fcller\u009b2J\u202e\x1b[2J")


@row
def json_the_checker_checks():
    good = {"version": 1, "command": "lock", "user": "alice", "event": "end",
            "status": 0, "result": "done", "locked": True, "reason": "x"}
    SCHEMA.check(good)
    refused = dict(good, status=1, result="refused")
    del refused["locked"], refused["reason"]
    SCHEMA.check(refused)
    for change in ({"new": 1}, {"locked": 1}, {"reason": None},
                   {"user": 1}, {"event": "other"}, {"reason": {"a": 1}},
                   {"reason": ["x"]}, {"locked": None}, {"status": True}):
        try:
            SCHEMA.check({**good, **change})
        except Undocumented:
            continue
        raise AssertionError(f"taken: {change}")
    for gone in good:
        try:
            SCHEMA.check({k: v for k, v in good.items() if k != gone})
        except Undocumented:
            continue
        raise AssertionError(f"missing, and taken: {gone}")


@row
def json_is_one_line_each():
    found = roots("list", frames=[
        [stepup_admin.LIST | REPLY, {"rows": [dict(
            stepup_admin.ALICE, name="a\nb\"\u20ac\\")]}],
        [stepup_admin.LIST | REPLY, DONE]])
    equal(found[0]["user"], "a\nb\"\u20ac\\")
    check(json.dumps(found), "no JSON")


if __name__ == "__main__":
    sys.exit(stepup.main())
