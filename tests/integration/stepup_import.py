# SPDX-License-Identifier: BSD-2-Clause
"""stepup import in pipes: files of every kind, and a stepupd that says what
the test wants. Run by `make check`; as root it sees users.oath as well."""
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import OUTCOME, REPLY                       # noqa: E402
from stepup import PERSON, TMP, admin, check, equal, pipe, row  # noqa: E402

IMPORT = 21
NAME = PERSON.pw_name
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEXT = ("Next: stepup codes --new, by each of them: there are no recovery "
        "codes yet\n")
NOBODY = ("Next: stepup enroll -u NAME, for who has nothing that can be "
          "imported\n")
SOON = ("Codes up to now count as used, for they may have been: the first "
        "one is\ntaken in 60 s at the latest. Scratch codes are not "
        "imported.\n")


def answer(*outcomes, last="DONE", **fields):
    rows = [{"outcome": OUTCOME[name]} for name in outcomes]
    return ([[IMPORT | REPLY, {"rows": rows}]] if rows else []) + [
        [IMPORT | REPLY, dict({"last": 1, "outcome": OUTCOME[last],
                               "count": outcomes.count("DONE"), "limit": 1},
                              **fields)]]


def ask(*words, frames, keyring="/", env=None):
    program, log = admin({"frames": frames})
    run = pipe("import", *words, uid=0, stepupd=program, keyring=keyring,
               env=env)
    out, err = run.communicate("")
    asked = json.loads(log.read_text()) if log.exists() else []
    return run.returncode, out, err, asked


def write(text=f'{KEY}\n" TOTP_AUTH\n12345678\n', name="ga", mode=0o600):
    path = TMP / name
    if os.path.lexists(path):
        path.unlink()
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def mine(path):
    return f"{NAME}={path}"


@row
def import_all_is_well():
    path = write()
    status, out, err, asked = ask("ga", mine(path), frames=answer("DONE"))
    equal((status, out, err), (0, "1 account imported (0 weak), 0 skipped.\n",
                               SOON + NEXT))
    check(asked[1].startswith(f"request {IMPORT} "), asked)
    check("secret" not in str(asked), asked)
    equal(path.read_text(), f'{KEY}\n" TOTP_AUTH\n12345678\n')


@row
def import_notes():
    path = write(f'{KEY[:16]}\n" WINDOW_SIZE 17\n" TIME_SKEW -4\n'
                 '" TOTP_AUTH\n', mode=0o644)
    status, out, err, asked = ask("ga", mine(path), frames=answer("DONE"))
    equal((status, out), (
        0, f"imported  {NAME:<16}  {path}:1\n"
        "          weak: a key of 80 bits; enroll --replace makes a strong "
        "one\n"
        "          took 17 codes at a time, here 3: the clock has to be "
        "right\n"
        "          the app's clock was 120 s slow: it has to be set\n"
        "          others could read the file: the key may be known\n"
        "1 account imported (1 weak), 0 skipped.\n"))
    # A window of 2 takes 5 codes: the most that is said is what is more.
    path = write(f'{KEY}\n" WINDOW_SIZE 5\n" TOTP_AUTH\n')
    status, out, err, asked = ask("ga", mine(path),
                                  frames=answer("DONE", limit=2))
    equal((status, out.count("\n")), (0, 1))
    check("taken in 90 s" in err, err)


@row
def import_what_the_service_says():
    for name, text in (("EXISTS", "is enrolled already"),
                       ("NAME_TAKEN", "the account is named twice in this "
                        "import"),
                       ("REPLAY", "another account has the same key"),
                       ("CHANGED", "is stored with another user number, or "
                        "another name"),
                       ("BUSY", "the account was changed meanwhile: import "
                        "it again")):
        path = write()
        status, out, err, asked = ask("ga", mine(path), frames=answer(name))
        equal((status, out, err), (
            1, f"skipped   {NAME:<16}  {path}:1\n          {text}\n"
            "0 accounts imported (0 weak), 1 skipped.\n", NOBODY))


@row
def import_files_that_are_none():
    folder, fifo, link = TMP / "folder", TMP / "fifo", TMP / "link"
    folder.mkdir(exist_ok=True)
    for path in (fifo, link, TMP / "second"):
        if os.path.lexists(path):
            path.unlink()
    os.mkfifo(fifo)
    target = write(name="target")
    link.symlink_to(target)
    no_file = "a link, a folder or a device: no regular file"
    cases = [(TMP / "missing", "No such file or directory"),
             (TMP / "missing/inner", "No such file or directory"),
             (folder, no_file), (fifo, no_file), (link, no_file),
             ("/dev/zero", no_file), ("", "No such file or directory")]
    for path, why in cases:
        status, out, err, asked = ask("ga", mine(path), frames=answer())
        equal((path, status, out), (
            path, 1, f"skipped   {NAME:<16}  {path}\n          {why}\n"
            "0 accounts imported (0 weak), 1 skipped.\n"))
    os.link(target, TMP / "second")
    for path, why in ((target, "it has a second name (a hard link)"),
                      (write(mode=0o620), "others than its owner may write "
                       "it"), (write(mode=0o602), "others than its owner "
                                     "may write it"),
                      (write("A" * 65537, name="large"), "it is too large")):
        status, out, err, asked = ask("ga", mine(path), frames=answer())
        check(status == 1 and f"\n          {why}\n" in out, out)


@row
def import_texts_that_are_none():
    for text, line, why in (
            ("", 1, "there is no key in it"),
            (b"\x7fELF\0", 1, "it holds bytes that are no text"),
            ("not base32!\n", 1, "its key cannot be decoded"),
            ("ABCDEFGH\n\" TOTP_AUTH\n", 1, "its key has less than 80 bits"),
            ("A" * 200 + "\n", 1, "its key has more than 512 bits"),
            (KEY + "\n", 1, "its codes count events (HOTP), not time"),
            (KEY + '\n" STEP_SIZE 5\n" TOTP_AUTH\n', 1,
             "a new code every few seconds: 15 is the least"),
            (KEY + '\n" TOTP_AUTH\n" WINDOW_SIZE x\n', 3,
             "an option in it cannot be read")):
        path = write(text)
        status, out, err, asked = ask("ga", mine(path), frames=answer())
        equal((text, status, out), (
            text, 1, f"skipped   {NAME:<16}  {path}:{line}\n"
            f"          {why}\n0 accounts imported (0 weak), 1 skipped.\n"))
        check(KEY[:16] not in out + err, out + err)


@row
def import_whose_file():
    path = write()
    status, out, err, asked = ask("ga", f"no-such-person={path}",
                                  frames=answer())
    check(status == 1 and "this host knows no such account" in out, out)
    # By the owner; root's by its name, which is nobody's here.
    root = os.getuid() == 0
    status, out, err, asked = ask("ga", str(path), frames=answer() if root
                                  else answer("DONE"))
    if root:
        check(status == 1 and "nothing says whose it is: USER=FILE" in out,
              out)
        path = write(name=NAME)
        status, out, err, asked = ask("ga", str(path),
                                      frames=answer("DONE"))
    equal((status, out.splitlines()[-1]),
          (0, "1 account imported (0 weak), 0 skipped."))
    if root:
        # A file of root's is whoever's who can move it, whatever its name.
        theirs = TMP / "bin"
        theirs.mkdir()
        for uid, mode, parent, name, why in (
                (1, 0o755, 0, "bin", "owner and place name two accounts"),
                (1, 0o755, 0, ".google_authenticator",
                 "owner and place name two accounts"),
                (0, 0o777, 0, "bin", "nothing says whose it is"),
                (0, 0o755, 1, ".google_authenticator",
                 "nothing says whose it is"),
                (0, 0o755, 0, ".google_authenticator", None),
                (0, 0o755, 1, "bin", None)):
            os.chown(theirs, uid, 0)
            theirs.chmod(mode)
            os.chown(TMP, parent, 0)
            path = write(name=f"bin/{name}")
            status, out, err, asked = ask("ga", str(path), frames=answer(
                *([] if why else ["DONE"])))
            os.chown(TMP, 0, 0)
            check((why or "1 account imported") in out, (name, uid, out))
            equal(status, 1 if why else 0)
            path.unlink()
        theirs.rmdir()
    other = "daemon" if NAME != "daemon" else "bin"
    path = write()
    status, out, err, asked = ask("ga", f"{other}={path}", frames=answer(
        "DONE") if root else answer())
    if not root:
        check(status == 1 and "it belongs to somebody else" in out, out)
        path = write(name=other)
        status, out, err, asked = ask("ga", str(path), frames=answer())
        check(status == 1 and "owner and place name two accounts" in out,
              out)


@row
def import_a_folder_where_a_file_was_meant():
    """`/home/*/.google_authenticator`: what a person puts there instead, a
    folder or a link to one, is no list of files."""
    homes = TMP / "homes"
    homes.mkdir()
    (homes / NAME).write_text(f'{KEY}\n" TOTP_AUTH\n')
    (homes / NAME).chmod(0o600)
    place = TMP / ".google_authenticator"
    for make in (lambda: place.symlink_to(homes),
                 lambda: (place.unlink(), homes.rename(place))):
        make()
        status, out, err, asked = ask("ga", str(place), frames=answer())
        equal(status, 1)
        check("device: no regular file" in out, out)
    shutil.rmtree(place)


@row
def import_mixed():
    """The answers go to those that were sent, in their order."""
    good, bad = write(name="good"), write("x", name="bad")
    words = (mine(bad), mine(good), mine(TMP / "none"), mine(good))
    status, out, err, asked = ask("ga", *words,
                                  frames=answer("DONE", "EXISTS"))
    equal((status, [line.split()[0] for line in out.splitlines()
                    if line[:1] in "si"]), (1, ["skipped"] * 3))
    check(out.endswith("\n1 account imported (0 weak), 3 skipped.\n"), out)
    check(f"{good}:1\n          is enrolled already\n" in out, out)
    status, out, err, asked = ask("ga", "--json", *words,
                                  frames=answer("DONE", "EXISTS"))
    lines = [json.loads(line) for line in out.splitlines()]
    equal([(e["event"], e["user"], e["file"], e["line"], e["imported"],
            e["reason"]) for e in lines[:-1]],
          [("account", NAME, str(bad), 1, False, "empty"),
           ("account", NAME, str(good), 1, True, None),
           ("account", NAME, str(TMP / "none"), None, False, "open"),
           ("account", NAME, str(good), 1, False, "enrolled")])
    equal(lines[1]["notes"], ["scratch-codes"])
    equal([lines[-1][k] for k in ("dry_run", "imported", "weak", "skipped",
                                  "status", "message")],
          [False, 1, 0, 3, 1, "1 account imported (0 weak), 3 skipped."])


@row
def import_dry_run():
    path = write()
    flags = {"/": 0x400000, TMP / "keyring": 0x400002}
    for keyring, wanted in flags.items():
        status, out, err, asked = ask("ga", "--dry-run", mine(path),
                                      keyring=keyring,
                                      frames=answer("DONE"))
        equal((status, out, err), (
            0, "1 account would be imported (0 weak), 0 skipped.\n",
            "Next: the same without --dry-run\n"))
        check(asked[1].endswith(f"flags={wanted:08x}"), asked)
    # Without it a new host gets key and store, after it was said.
    status, out, err, asked = ask("ga", mine(path), keyring=TMP / "keyring",
                                  frames=answer("DONE"))
    check(status == 0 and err.startswith("Nothing is set up on this host "
                                         "yet: making key and store"), err)
    check("flags" not in asked[1], asked)


@row
def import_cut_off():
    a, b = write(name="a"), write(name="b")
    words = ("ga", mine(a), mine(b))
    # Half of it was written.
    status, out, err, asked = ask(*words, frames=answer(
        "DONE", "ASK", last="STORE", reason="disk full"))
    equal((status, out), (
        4, f"skipped   {NAME:<16}  {b}:1\n          the store did not take "
        "it\n1 account imported (0 weak), 1 skipped.\n"))
    check("Who is imported is imported whole." in err, err)
    # Nothing was.
    for frames in (answer("ASK", "ASK", last="STORE"), answer(last="STORE"),
                   answer(last="KEY"), answer(last="PROTOCOL"),
                   [[REPLY, {"outcome": OUTCOME["BUSY"]}]]):
        status, out, err, asked = ask(*words, frames=frames)
        equal((frames, status, out), (frames, 4, ""))
        check("Nothing was changed." in err and "\nNext: " in err, err)
    # It says less than it should.
    status, out, err, asked = ask(*words, frames=answer("DONE"))
    check(status == 1 and "1 account imported" in out, out)
    # The service is gone, or says what cannot be.
    status, out, err, asked = ask(*words, frames=[])
    equal((status, out), (4, ""))
    check("Each account is either imported or as it was." in err, err)
    for frames in (answer("DONE", "DONE", "DONE"), answer("LOCKED", "DONE"),
                   [[3 | REPLY, {"last": 1}]],
                   [[IMPORT | REPLY, {"rows": [{}]}]]):
        status, out, err, asked = ask(*words, frames=frames)
        equal((frames, status, out), (frames, 4, ""))


@row
def import_words():
    for words in ((), ("ga",), ("oath",), ("motp", "file"), ("", "x"),
                  ("ga", "x", "--reason", "x"), ("ga", "x", "--dry-run=x")):
        status, out, err, asked = ask(*words, frames=answer())
        equal((words, status, out, asked), (words, 2, "", []))
        check(("Next: stepup import --help\n" if words else
               "Next: stepup import ga FILE ") in err, err)


@row
def import_users_oath():
    text = f"# pins\nHOTP/T30 {NAME} 1234 {'ab' * 20}\nHOTP bin - {'ac' * 20}"
    path = write(text, name="users.oath")
    root = os.getuid() == 0
    status, out, err, asked = ask("oath", str(path), frames=answer(
        "DONE") if root else answer())
    if root:
        equal((status, out), (
            1, f"imported  {NAME:<16}  {path}:2\n"
            "          had a PIN before the code: here the code comes alone\n"
            f"skipped   {'bin':<16}  {path}:3\n"
            "          its codes count events (HOTP), not time\n"
            "1 account imported (0 weak), 1 skipped.\n"))
    else:
        equal((status, out), (
            1, f"skipped   {'?':<16}  {path}\n          it belongs to "
            "somebody else\n0 accounts imported (0 weak), 1 skipped.\n"))
    equal(path.read_text(), text)
    # A path that is too long is not cut: that would be another file.
    far = str(path.parent) + "/." * 2100 + "/elsewhere/users.oath"
    status, out, err, asked = ask("oath", far, frames=answer())
    check(status == 1 and "too long" in out and "1 skipped" in out, out)


if __name__ == "__main__":
    sys.exit(stepup.main())
