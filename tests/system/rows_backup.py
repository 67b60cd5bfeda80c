# SPDX-License-Identifier: BSD-2-Clause
"""All accounts into a file, and onto another machine."""
import json
import os
import shutil
import stat
import subprocess
import threading
import time

import enroll
from people import PERIOD, totp
from place import TMP, run, until
from rows import equal, lacks, matches, row
from rows_login import CODE, come_in, give_up
from terminal import Session, Unexpected, plain_env

WORDS = "four random words here"
FILE = f"{TMP}/stepup.backup"
STORE, KEYS = "/var/lib/stepup", "/etc/stepup"


def fresh(path=FILE):
    if os.path.exists(path):
        os.unlink(path)
    return path


def by_fd(place, *words, phrase=WORDS, status=0):
    """stepup with the passphrase on a descriptor; what it said."""
    end, other = os.pipe()
    os.write(other, phrase.encode() + b"\nnot this\n")
    os.close(other)
    try:
        return run(place.stepup, *words, "--passphrase-fd", str(end),
                   pass_fds=[end], status=status)
    finally:
        os.close(end)


def typed(place, *words, answers=(WORDS,), **options):
    session = Session([place.stepup, *words], env=plain_env(), **options)
    for answer in answers:
        session.answer("[Pp]assphrase.*: $|The same again: $", answer)
    lacks(WORDS, session.text)
    return session


def another_machine(place):
    """Neither key nor store; where the old ones are."""
    place.stop()
    kept = f"{TMP}/kept"
    shutil.rmtree(kept, ignore_errors=True)
    os.mkdir(kept, 0o700)
    for folder in (STORE, KEYS):
        target = f"{kept}/{os.path.basename(os.path.dirname(folder))}"
        os.mkdir(target)
        for name in os.listdir(folder):
            shutil.move(f"{folder}/{name}", target)


def next_code(person):
    """The first code after a restore: of the step after the next."""
    step = int(time.time() // PERIOD) + 2
    until("the next code", lambda: time.time() // PERIOD >= step - 1, 70)
    person.last_step = step
    return totp(person.secret, step * PERIOD)


@row("backup_to_another_machine")
def to_another_machine(place):
    """Typed passphrases; the phone stays, codes used and recovery codes
    are void, who is somebody else there is told."""
    place.serve()
    person = enroll.ready(place, "bak1")
    come_in(place.ssh(person.name), person, person.code())
    mark = place.log.mark()
    session = typed(place, "backup", fresh(), answers=(WORDS, WORDS))
    session.expect(r"accounts? (is|are) in")
    session.ends(0)
    place.log.expect("change.backup accounts=", mark)
    info = os.stat(FILE)
    equal((stat.S_IMODE(info.st_mode), info.st_uid), (0o600, 0))
    equal([n for n in os.listdir(TMP) if n.startswith("stepup.backup.")], [])
    with open(FILE, "rb") as f:
        content = f.read()
    for secret in (person.secret, person.name, WORDS):
        if secret.encode() in content:
            raise Unexpected(f"{secret} stands in the file")
    another_machine(place)
    mark = place.log.mark()
    session = typed(place, "restore", FILE)
    matches("making key and store", session.text)
    session.expect(r"restored, from the backup of \S+, made")
    session.expect("All recovery codes are void")
    session.ends(0)
    place.log.expect("change.restored accounts=", mark)
    place.serve()
    # The code used before, and a recovery code of the old sheet.
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.used_code())
    session.expect("Already used")
    give_up(session)
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.recovery())
    session.expect("already used|Verification|code: ")
    give_up(session)
    come_in(place.ssh(person.name), person, next_code(person))
    matches("0 of 10 recovery codes are left", person.run(place.stepup,
                                                          "codes"))
    matches("change.restored", run(place.stepup, "log"))


@row("backup_replaces_when_told")
def replaces_when_told(place):
    """Not over somebody who is enrolled, but with --replace; a lock and
    counts of here stay."""
    place.serve()
    person = enroll.ready(place, "bak2")
    said = by_fd(place, "backup", fresh())
    late = enroll.ready(place, "bak3")
    session = place.ssh(person.name)
    session.answer("Password: ", person.password)
    session.answer(CODE, person.wrong_code())
    session.expect("Wrong code")
    give_up(session)
    run(place.stepup, "lock", person.name, "--reason", "lost phone")
    before = run(place.stepup, "list")
    said = by_fd(place, "restore", FILE, status=1)
    matches("Somebody is enrolled on this host already. Nothing was", said)
    said = by_fd(place, "restore", FILE, "--replace", status=2)
    matches("has to be confirmed", said)
    said = by_fd(place, "restore", FILE, "--replace", "--yes",
                 phrase="four random words there", status=1)
    matches("not the passphrase of this backup. Nothing was changed", said)
    equal(run(place.stepup, "list"), before, "list")
    said = by_fd(place, "restore", FILE, "--replace", "--yes")
    matches("1 account of this host, not in the backup, has no factor", said)
    said = run(place.stepup, "list")
    matches(rf"^{person.name} .* 0/10  locked", said)
    matches(rf"^{late.name} .* 0    0/0  none", said)
    matches("Lock      by an administrator: lost phone\n(.*\n)*"
            "  Count     1 wrong code",
            run(place.stepup, "unlock", person.name))
    # Open connections and cached statements see the new tables.
    come_in(place.ssh(person.name), person, next_code(person))
    equal(subprocess.run([place.stepup, "status", "-u", late.name],
                         stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL).returncode, 3)


@row("backup_says_it_to_programs")
def to_programs(place):
    """--json, one document each; nothing asked of a pipe."""
    enroll.ready(place, "bak4")
    end = json.loads(json_of(place, "backup", fresh()))
    equal((end["status"], end["file"]), (0, FILE))
    equal(end["bytes"], os.stat(FILE).st_size)
    end = json.loads(json_of(place, "restore", FILE, "--replace", "--yes"))
    equal((end["status"], end["without_factor"]), (0, 0))
    matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", end["made"])
    for words in (("backup", f"{FILE}.2"), ("restore", FILE)):
        said = run(place.stepup, *words, status=2)
        matches("--passphrase-fd N", said)
    equal(os.path.exists(f"{FILE}.2"), False)


def json_of(place, *words):
    end, other = os.pipe()
    os.write(other, WORDS.encode())
    os.close(other)
    done = subprocess.run(
        [place.stepup, *words, "--json", "--passphrase-fd", str(end)],
        pass_fds=[end], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    os.close(end)
    equal(done.stdout.count("\n"), 1)
    return done.stdout


@row("backup_is_left_at_every_prompt")
def left_at_every_prompt(place):
    """Ctrl-C; passphrases too short, not the same, three times wrong."""
    enroll.ready(place, "bak5")
    fresh()
    for answers in ((), (WORDS,)):
        session = typed(place, "backup", FILE, answers=answers)
        session.expect(": $")
        equal(session.interrupt(), 5)
        matches("Nothing was changed", session.text)
        equal([n for n in os.listdir(TMP)
               if n.startswith("stepup.backup")], [])
    session = typed(place, "backup", FILE,
                    answers=("short", WORDS, WORDS + "!", WORDS, WORDS))
    session.ends(0)
    matches("too short", session.text)
    matches("were not the same", session.text)
    before = run(place.stepup, "list")
    session = typed(place, "backup", FILE, answers=())
    session.ends(1)
    matches("is there already", session.text)
    session = Session([place.stepup, "restore", FILE, "--replace"],
                      env=plain_env())
    session.expect(r"Go on\? \[y/N\] ")
    equal(session.interrupt(), 5)
    session = Session([place.stepup, "restore", FILE, "--replace"],
                      env=plain_env())
    session.answer(r"Go on\? \[y/N\] ", "y")
    session.expect("Passphrase of the backup: $")
    equal(session.interrupt(), 5)
    session = typed(place, "restore", FILE, "--replace", "--yes",
                    answers=("not this one",) * 3)
    session.ends(1)
    equal(run(place.stepup, "list"), before, "list")


@row("backup_damaged")
def damaged(place):
    """Cut off, changed, not a backup, not a file: told, nothing changed."""
    enroll.ready(place, "bak6")
    by_fd(place, "backup", fresh())
    before = run(place.stepup, "list")
    with open(FILE, "rb") as f:
        whole = f.read()
    bad = f"{FILE}.bad"
    middle = len(whole) - 100
    for content, why in (
            (whole[:-1], "its end is missing"),
            (whole[:100], "its end is missing"),
            (whole[:middle] + bytes([whole[middle] ^ 1]) +
             whole[middle + 1:], "it is damaged"),
            (whole[:20] + b"x" + whole[21:], "it is damaged"),
            (whole + b"x", "it is damaged"),
            (b"hello, world", "it is not a backup"), (b"", "not a backup")):
        with open(bad, "wb") as f:
            f.write(content)
        said = by_fd(place, "restore", bad, "--replace", "--yes", status=1)
        matches(why, said)
        matches("cannot be restored. Nothing was changed", said)
        equal(run(place.stepup, "list"), before, "list")
    os.unlink(bad)
    os.mkfifo(bad)
    matches("not a regular file", by_fd(place, "restore", bad, status=1))
    os.unlink(bad)


@row("backup_while_people_log_in")
def while_people_log_in(place):
    """Logins go on meanwhile."""
    place.serve()
    person = enroll.ready(place, "bak7")
    stop = threading.Event()
    made, failed = [], []

    def back_up():
        try:
            while not stop.is_set():
                made.append(by_fd(place, "backup", fresh()))
        except Exception as why:
            failed.append(str(why))
    thread = threading.Thread(target=back_up)
    thread.start()
    try:
        come_in(place.ssh(person.name), person, person.code())
        for _ in range(3):
            session = place.ssh(person.name)
            session.answer("Password: ", person.password)
            session.answer(CODE, person.recovery())
            session.expect(f"IN-{person.name}")
            session.ends(0)
    finally:
        stop.set()
        thread.join()
    equal(failed, [])
    if not made:
        raise Unexpected("no backup beside the logins")
    by_fd(place, "restore", FILE, "--replace", "--yes")
    # Who enrolls in the very second of a restore is taken for one of those
    # in the backup: their codes up to now count as used.
    second = int(time.time())
    until("the next second", lambda: time.time() >= second + 1)


@row("backup_of_a_moved_store")
def of_a_moved_store(place):
    """Another machine-id: status and doctor say so, logins go on; a restore
    makes the store this machine's."""
    path = "/etc/machine-id"
    before = None
    if os.path.exists(path):
        with open(path) as f:
            before = f.read()
    else:
        write(path, "0123456789abcdef0123456789abcdef\n")
    place.serve()
    person = enroll.ready(place, "bak8")
    by_fd(place, "backup", fresh())
    by_fd(place, "restore", FILE, "--replace", "--yes")
    status = (place.stepup, "status", "-u", person.name)
    lacks("another machine", run(*status))
    try:
        write(path, "fedcba9876543210fedcba9876543210\n")
        matches("made on another machine(.|\n)*Next: stepup backup FILE, "
                "then", run(*status))
        matches('"store_moved":true', run(*status, "--json"))
        lacks("another machine", person.run(place.stepup, "status"))
        matches("store-moved", run(place.stepup, "doctor", status=None))
        come_in(place.ssh(person.name), person, next_code(person))
    finally:
        if before is None:
            os.unlink(path)
        else:
            write(path, before)
    lacks("another machine", run(*status))


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
