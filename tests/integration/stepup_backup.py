# SPDX-License-Identifier: BSD-2-Clause
"""stepup backup and restore, in pipes and at a terminal, against a stepupd
that says what the test wants. Run by `make check`."""
import json
import os
import stat
import sys
import time

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import (TMP, Run, admin, argv, check, equal, pipe,
                    row)                                     # noqa: E402
import subprocess                                            # noqa: E402
from terminal import plain_env                               # noqa: E402

BACKUP, RESTORE = 22, 23
WORDS = "four random words here"
FILE = TMP / "file"
PARTS = ["stepupBK" + "h" * 88, "chunk one", "chunk two"]
BACKED_UP = [[BACKUP | REPLY, {"data": part}] for part in PARTS] + [
    [BACKUP | REPLY, {"last": 1, "outcome": OUTCOME["DONE"], "count": 213}]]
BOB = {"name": "bob", "stored_uid": 1001, "uid": 2001}
EVE = {"name": "eve\x1b[2J", "stored_uid": 1002}
MADE = {"created": 1763720000, "text": "web03", "count": 7}


def restored(left=0, rows=(), outcome="DONE"):
    frames = [[RESTORE | REPLY, {"rows": list(rows)}]] if rows else []
    return frames + [[RESTORE | REPLY, MADE], [RESTORE | REPLY, {
        "last": 1, "outcome": OUTCOME[outcome], "count": 213,
        "left": left}]]


def start(plan, *words, phrase=WORDS, fd=5, key=True, absent=False, **more):
    """stepup as root with a passphrase on a descriptor; not yet ended."""
    program, log = admin(plan)
    if absent:
        program.unlink()
    if not key:
        more["keyring"] = TMP / "keyring"
    env = plain_env(TZ="UTC")
    options = {}
    if phrase is not None:
        end, other = os.pipe()
        os.write(other, phrase.encode())
        os.close(other)
        os.dup2(end, fd, inheritable=True)
        options["pass_fds"] = (fd,)
        words = (*words, "--passphrase-fd", str(fd))
    run = subprocess.Popen(argv(*words, uid=0, stepupd=program, **more),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env=env, text=True,
                           **options)
    if phrase is not None:
        os.close(end)
        os.close(fd)
    return run, log


def ask(plan, *words, **more):
    run, log = start(plan, *words, **more)
    out, err = run.communicate()
    asked = json.loads(log.read_text()) if log.exists() else []
    return run.returncode, out, err, asked


def fresh():
    FILE.unlink(missing_ok=True)
    return str(FILE)


def whole():
    FILE.write_text("".join(PARTS))
    return str(FILE)


def alone():
    """Nothing half made lies beside the file."""
    equal([p.name for p in TMP.iterdir() if p.name.startswith("file.")], [])


def narrow(text):
    check(all(len(line) <= 80 for line in text.splitlines()), text)


def screen(name, text):
    narrow(text)
    path = stepup.SCREENS / name
    text = text.replace(str(FILE), "/root/stepup.backup")
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(text)
    equal(text, path.read_text())


# --- backup --------------------------------------------------------------

@row
def backup_into_a_new_file():
    status, out, err, asked = ask({"frames": BACKED_UP}, "backup", fresh())
    equal((status, asked[1]), (0, f"request {BACKUP} answer={WORDS}"))
    equal(FILE.read_text(), "".join(PARTS))
    equal(stat.S_IMODE(FILE.stat().st_mode), 0o600)
    screen("backup.txt", out + err)
    alone()
    again = ask({"frames": BACKED_UP}, "backup", str(FILE))
    equal((again[0], again[1], again[3]), (1, "", []))
    check("is there already; nothing is ever written over" in again[2] and
          "Next: name a new file" in again[2], again[2])
    FILE.unlink()
    FILE.symlink_to(TMP / "nowhere")
    equal(ask({"frames": BACKED_UP}, "backup", str(FILE))[0], 1)
    FILE.unlink()
    alone()


@row
def backup_for_a_program():
    status, out, err, asked = ask({"frames": BACKED_UP}, "backup", fresh(),
                                  "--json")
    end = json.loads(out)
    equal((status, end["file"], end["bytes"], end["accounts"],
           end["result"]), (0, str(FILE), 114, 213, "done"))


@row
def backup_that_fails_leaves_nothing():
    for frames, wanted in (
            (BACKED_UP[:2], 4), ([], 4),
            (BACKED_UP[:1] + [[BACKUP | REPLY, {
                "last": 1, "outcome": OUTCOME["KEY"], "path": "alice",
                "reason": "a secret does not open"}]], 4),
            ([[BACKUP | REPLY, {"count": 1}], *BACKED_UP], 4),
            ([[RESTORE | REPLY, {"data": "x"}], *BACKED_UP], 4)):
        status, out, err, asked = ask({"frames": frames}, "backup", fresh())
        equal((frames, status, out), (frames, wanted, ""))
        check("Next: " in err, err)
        equal(FILE.exists(), False)
        alone()
    status, out, err, asked = ask({"frames": BACKED_UP}, "backup",
                                  "/nowhere/file")
    equal((status, asked), (1, []))
    check("No such file" in err, err)


@row
def without_a_service():
    """Nothing was answered, and nothing is made of it (valgrind looks)."""
    for word, file in (("backup", fresh), ("restore", whole)):
        status, out, err, asked = ask([], word, file(), absent=True)
        equal((status, out, asked), (4, "", []))
        check("stepupd cannot be started" in err, err)
    equal(FILE.read_text(), "".join(PARTS))
    alone()


@row
def passphrases_by_descriptor():
    good = [("x" * 12, "x" * 12), ("x" * 128 + "\n", "x" * 128),
            ("one of the lines\nnot this\n", "one of the lines"),
            ("m\u00fcller und m\u00f6ller", "m\u00fcller und m\u00f6ller")]
    for phrase, wanted in good:
        status, out, err, asked = ask({"frames": BACKED_UP}, "backup",
                                      fresh(), phrase=phrase)
        equal((status, asked[1]), (0, f"request {BACKUP} answer={wanted}"))
    for phrase in ("", "\n", "x" * 11, "x" * 129, "x" * 20 + "\0"):
        status, out, err, asked = ask({"frames": BACKED_UP}, "backup",
                                      fresh(), phrase=phrase)
        equal((phrase, status, out, asked), (phrase, 2, "", []))
        check("one line of 12 to 128 bytes" in err and "Next: " in err, err)
        equal(FILE.exists(), False)
    for number in ("77", "-1", "x", "", "5 "):
        status, out, err, asked = ask({"frames": BACKED_UP}, "backup",
                                      fresh(), "--passphrase-fd", number,
                                      phrase=None)
        equal((number, status, asked), (number, 2, []))
    alone()


@row
def nothing_is_asked_of_a_pipe():
    for words in (("backup", fresh()), ("restore", str(FILE))):
        if words[0] == "restore":
            whole()
        status, out, err, asked = ask({"frames": []}, *words, phrase=None)
        equal((words, status, out, asked), (words, 2, "", []))
        check("--passphrase-fd N" in err, err)
    whole()
    status, out, err, asked = ask({"frames": []}, "restore", str(FILE),
                                  "--replace")
    equal((status, asked), (2, []))
    check("--replace --yes" in err or "--yes" in err, err)


@row
def both_are_roots():
    for words in (("backup", "f"), ("restore", "f")):
        run = pipe(*words)
        out, err = run.communicate("")
        equal((run.returncode, out), (1, ""))
        equal(err, "Only root may do this.\nNext: sudo stepup " +
              " ".join(words) + "\n")
        run = pipe(words[0], uid=0)
        equal(run.communicate("")[0], "")
        equal(run.returncode, 2)


# --- at a terminal --------------------------------------------------------

def typed(plan, *words):
    if words[0] == "restore":
        plan = {"occupied": False, **plan}
    program, log = admin(plan)
    return Run(*words, uid=0, stepupd=program, env={"TZ": "UTC"}), log


@row
def passphrases_at_a_terminal():
    run, log = typed({"frames": BACKED_UP}, "backup", fresh())
    for prompt, line in (("New passphrase for this backup: $", "short"),
                         ("New passphrase for this backup: $", WORDS),
                         ("The same again: $", WORDS + "!"),
                         ("New passphrase for this backup: $", WORDS),
                         ("The same again: $", WORDS)):
        run.answer(prompt, line)
    left = run.ends(0)
    check(WORDS not in run.text and "short" not in
          run.text.replace("too short", ""), run.text)
    check("too short" in left and "were not the same" in left, left)
    equal(json.loads(log.read_text())[1], f"request {BACKUP} answer={WORDS}")
    run, log = typed({"frames": BACKED_UP}, "backup", fresh())
    for _ in range(3):
        run.answer("New passphrase for this backup: $", "short")
    run.ends(1)
    check(not log.exists() and not FILE.exists(), "asked all the same")
    alone()


def why_not_locked():
    """A person's limit may be too low; AddressSanitizer locks nothing."""
    if os.getuid() != 0:
        return "not root"
    with open(stepup.PROGRAM, "rb") as f:
        if b"__asan_init" in f.read():
            return "AddressSanitizer"
    return None


@row
def passphrases_are_not_swapped_out():
    why = why_not_locked()
    if why:
        print(f"skip passphrases_are_not_swapped_out: {why}", flush=True)
        return
    for word, file, prompt in (("backup", fresh, "New passphrase.*: $"),
                               ("restore", whole, "Passphrase of.*: $")):
        words = (word, file())
        run, _ = typed({"frames": []}, *words)
        run.expect(prompt)
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().split(b"\0")
                with open(f"/proc/{pid}/status") as f:
                    status = f.read()
            except OSError:
                continue
            if line[0].endswith(b"stepup_at") and words[1].encode() in line:
                found.append(int(status.split("VmLck:")[1].split()[0]))
        check(len(found) == 1 and found[0] > 0, found)
        run.send("\x03")
        run.ends(5)


@row
def ctrl_c_at_every_prompt():
    for lines in ((), (WORDS,)):
        run, log = typed({"frames": BACKED_UP}, "backup", fresh())
        for line in lines:
            run.answer("New passphrase for this backup: $", line)
        run.expect(": $")
        run.send("\x03")
        left = run.ends(5)
        check("Cancelled. Nothing was changed." in left and
              "Next: " in left, left)
        equal((log.exists(), FILE.exists()), (False, False))
        alone()
    whole()
    for words, prompt in (((), "Passphrase of the backup: $"),
                          (("--replace",), r"Go on\? \[y/N\] $")):
        run, log = typed({"frames": []}, "restore", str(FILE), *words)
        run.expect(prompt)
        run.send("\x03")
        run.ends(5)
        equal(log.exists(), False)
    run, log = typed({"frames": []}, "restore", str(FILE), "--replace")
    run.answer(r"Go on\? \[y/N\] $", "n")
    run.ends(5)
    equal(log.exists(), False)


@row
def ctrl_c_while_it_is_made():
    """Right behind Enter, when the terminal forgets what was typed, too."""
    for at_once in (True, True, True, False):
        run, log = typed({"frames": BACKED_UP[:2], "stay": True}, "backup",
                         fresh())
        run.answer("New passphrase for this backup: $", WORDS)
        run.answer("The same again: $", WORDS)
        end = time.monotonic() + 10
        while not at_once and not any(p.stat().st_size
                                      for p in TMP.glob("file.*")):
            check(time.monotonic() < end, "nothing came")
            run.read(0.01)
        run.interrupt()
        run.ends(5)
        equal(FILE.exists(), False)
        alone()


# --- restore ---------------------------------------------------------------

@row
def restore_says_what_came():
    status, out, err, asked = ask(
        {"upload": True, "frames": restored(2, (BOB, EVE))}, "restore",
        whole())
    equal((status, asked[1]), (0, f"request {RESTORE} answer={WORDS}"))
    screen("restore.txt", out + err)
    status, out, err, asked = ask(
        {"upload": True, "frames": restored()}, "restore", whole(),
        "--replace", "-y", sudo="alice")
    equal(asked[1], f"request {RESTORE} answer={WORDS} flags=00000001")
    check("Next: sudo stepup doctor" in err and "no factor" not in out, out)


@row
def restore_for_a_program():
    status, out, err, asked = ask(
        {"upload": True, "frames": restored(2, (BOB, EVE))}, "restore",
        whole(), "--json")
    end = json.loads(out)
    equal((status, end["accounts"], end["made"], end["host"],
           end["without_factor"], end["not_looked_up"]),
          (0, 213, "2025-11-21T10:13:20Z", "web03", 2, 7))
    equal(end["differ"][0], {"name": "bob", "uid": 1001, "uid_here": 2001})
    equal(end["differ"][1]["uid_here"], None)


@row
def restore_of_many_who_differ():
    rows = [dict(BOB, name=f"user{n:02}") for n in range(31)]
    status, out, err, asked = ask(
        {"upload": True, "frames": restored(0, rows)}, "restore", whole())
    equal((status, out.count("  user")), (0, 20))
    check("  and 11 more\n" in out, out)


@row
def restore_refused():
    for outcome, wanted, words in (
            ("OCCUPIED", 1, "--replace"), ("BAD_PASSPHRASE", 1, "again"),
            ("BAD_FILE", 1, "another copy"), ("BUSY", 4, "wait"),
            ("CLOCK", 4, "clock"), ("KEY", 4, "")):
        status, out, err, asked = ask(
            {"frames": [[RESTORE | REPLY, {
                "last": 1, "outcome": OUTCOME[outcome],
                "reason": "it is damaged"}]]}, "restore", whole())
        equal((outcome, status, out), (outcome, wanted, ""))
        check("Nothing was changed" in err and "Next: " in err and
              words in err and "it is damaged" in err, err)
    for frames in ([], [[RESTORE | REPLY, MADE]],
                   [[BACKUP | REPLY, {"last": 1, "outcome": 25}]],
                   [[RESTORE | REPLY, {"rows": [{"uid": 1}]}], *restored()]):
        status, out, err, asked = ask({"upload": True, "frames": frames},
                                      "restore", whole())
        equal((frames, status), (frames, 4))


@row
def restore_asks_three_times():
    run, log = typed({"frames": [[RESTORE | REPLY, {
        "last": 1, "outcome": OUTCOME["BAD_PASSPHRASE"]}]]}, "restore",
        whole())
    for _ in range(3):
        run.answer("Passphrase of the backup: $", "not this one")
    left = run.ends(1)
    equal(left.count("not the passphrase of this backup"), 3)


@row
def restore_over_somebody_is_refused_before_a_passphrase():
    run, log = typed({"occupied": True, "frames": []}, "restore", whole())
    left = run.ends(1)
    check("Passphrase" not in run.text and not log.exists(), run.text)
    check("Somebody is enrolled on this host already. Nothing was changed." in
          left and f"{FILE} --replace" in left.replace("\n", ""), left)
    # Root has said it: then it is asked whether that is meant.
    run, log = typed({"occupied": True, "upload": True,
                      "frames": restored()}, "restore", str(FILE),
                     "--replace", "--yes")
    run.answer("Passphrase of the backup: $", WORDS)
    run.ends(0)


@row
def restore_of_what_is_no_backup():
    for content in ("", "stepup", "hello, world"):
        FILE.write_text(content)
        status, out, err, asked = ask({"frames": []}, "restore", str(FILE))
        equal((status, out, asked), (1, "", []))
        check("it is not a backup of stepup" in err, err)
    fresh()
    os.mkfifo(FILE)
    for name, why in ((str(FILE), "not a regular file"),
                      (str(TMP), "not a regular file"),
                      ("/nowhere/file", "No such file")):
        status, out, err, asked = ask({"frames": []}, "restore", name)
        equal((name, status, asked), (name, 1, []))
        check(why in err, err)
    fresh()


@row
def restore_on_a_new_host():
    status, out, err, asked = ask({"upload": True, "frames": restored()},
                                  "restore", whole(), key=False)
    equal((status, (TMP / "asked").read_text()), (0, "--init\n--admin\n"))
    check(err.startswith("Nothing is set up on this host yet: making key "
                         "and store"), err)


if __name__ == "__main__":
    sys.exit(stepup.main())
