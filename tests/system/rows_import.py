# SPDX-License-Identifier: BSD-2-Clause
"""stepup import: files that the other modules' own programs made."""
import base64
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import enroll
from people import PERIOD, Person
from place import HOMES, run, until
from rows import equal, lacks, matches, row
from rows_login import come_in
from terminal import Unexpected

GA_DIR = "/var/lib/ga"
OATH = "/etc/users.oath"


def imported(person, secret):
    """Its phone; codes up to now and one more are used up."""
    person.secret = secret
    person.last_step = int(time.time() // PERIOD) + 1
    return person


def google(person, *options):
    """What google-authenticator writes into the person's home."""
    path = os.path.join(person.home, ".google_authenticator")
    person.run("google-authenticator", "-t", "-d", "-f", "-C", "-q",
               "-r", "3", "-R", "30", *(options or ("-w", "3")))
    with open(path) as f:
        return path, f.readline().strip()


def comes_in(place, person):
    """With a code of the phone that the other module knew."""
    until("a code of the next step", person.codes_left, PERIOD + 5)
    come_in(place.ssh(person.name), person, person.code())


def stamp(path):
    info = os.stat(path)
    with open(path, "rb") as f:
        return (f.read(), info.st_mtime_ns, info.st_mode, info.st_ino,
                info.st_uid)


@row("import_ga_homes")
def ga_homes(place):
    """A folder of homes: dry, then for good; in with the old phone."""
    place.serve()
    shutil.rmtree(HOMES)
    os.mkdir(HOMES, 0o755)
    people = [Person(place, f"ga{i}") for i in range(4)]
    files = [google(p) for p in people[:3]]
    wide, _ = google(people[1], "-w", "17")
    before = [stamp(path) for path, _ in files]
    said = run(place.stepup, "import", "ga", "--dry-run", HOMES)
    matches(r"^3 accounts would be imported \(0 weak\), 0 skipped\.$", said)
    lacks("ga0 ", run(place.stepup, "list"))
    mark = place.log.mark()
    said = run(place.stepup, "import", "ga", HOMES)
    matches(r"^3 accounts imported \(0 weak\), 0 skipped\.$", said)
    matches(rf"^imported  ga1 +{wide}:1\n +took 17 codes at a time, here 3",
            said)
    place.log.expect("change.imported accounts=3", mark)
    equal([stamp(path) for path, _ in files], before)
    for _, secret in files:
        lacks(secret, said + place.log.since(mark))
    matches(r"^ga0 +\d{4}-\d\d-\d\d  never +1 +0/0  -$",
            run(place.stepup, "list"))
    person = imported(people[0], files[0][1])
    said = run(place.stepup, "status", "-u", "ga0")
    matches("^  Recovery codes  none, there have not been any$", said)
    matches(r"^No recovery codes are left\. Next: stepup codes --new -u ga0$",
            said)
    matches("no recovery codes, and have not been", person.run(
        place.stepup, "codes"))
    comes_in(place, person)
    # A second run finds them there.
    said = run(place.stepup, "import", "ga", HOMES, status=1)
    matches(r"^skipped   ga0 .*\n +is enrolled already$", said)
    matches(r"^0 accounts imported \(0 weak\), 3 skipped\.$", said)


@row("import_ga_replay")
def ga_replay(place):
    """A code that the other module may have taken is not taken again."""
    person = Person(place, "gar")
    path, secret = google(person)
    run(place.stepup, "import", "ga", path)
    person.secret = secret
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    session.answer("code: $", person.code())
    place.log.expect("deny.replay user=gar ", mark)
    session.interrupt()
    run(place.stepup, "codes", "-u", "gar", status=0)


@row("import_ga_secrets_folder")
def ga_folder(place):
    """Root's folder of files, by name; what is not for us is named."""
    shutil.rmtree(GA_DIR, ignore_errors=True)
    os.mkdir(GA_DIR, 0o700)
    good, other, weak, short, shared = (
        Person(place, f"gs{i}") for i in range(5))
    event, eve = Person(place, "gse"), Person(place, "gsx")

    def write(name, secret, rest='" TOTP_AUTH\n', mode=0o400, uid=0):
        path = f"{GA_DIR}/{name}"
        with open(path, "w") as f:
            f.write(f'{secret}\n" RATE_LIMIT 3 30\n{rest}12345678\n')
        os.chmod(path, mode)
        os.chown(path, uid, 0)
        return path

    keys = {p.name: base64.b32encode(os.urandom(20)).decode()
            for p in (good, other, shared, event, eve)}
    write("gs0", keys["gs0"])
    write("gs1", keys["gs1"])
    write("gs4", keys["gs1"])               # one secret, two accounts
    write("gs2", "ABCDEFGHIJKLMNOP")        # 80 bits
    write("gs3", "ABCDEFGH")                # 40
    write("gse", keys["gse"], '" HOTP_COUNTER 5\n')
    write("gsx", keys["gsx"], uid=good.uid)
    write("nobody-such", keys["gs0"])
    os.mkfifo(f"{GA_DIR}/fifo")
    os.symlink(f"{GA_DIR}/gs0", f"{GA_DIR}/link")
    said = run(place.stepup, "import", "ga", GA_DIR, status=1)
    for name, why in (("gs1", "same key"), ("gs4", "same key"),
                      ("gs3", "less than 80 bits"), ("gse", "count events"),
                      (r"\?", "owner and place"),
                      (r"\?", "nothing says whose"),
                      (r"\?", "no regular file")):
        matches(rf"^skipped   {name} +{GA_DIR}/\S+\n +.*{why}", said)
    matches(r"^imported  gs2 +\S+\n +weak: a key of 80 bits", said)
    matches(r"^2 accounts imported \(1 weak\), 8 skipped\.$", said)
    matches("^gs2 ", run(place.stepup, "list", "--weak"))
    comes_in(place, imported(good, keys["gs0"]))
    # gsx's file is gs0's own: also when root says whose it should be.
    said = run(place.stepup, "import", "ga", f"gsx={GA_DIR}/gsx", status=1)
    matches(r"^skipped   gsx .*\n +it belongs to somebody else$", said)
    os.chown(f"{GA_DIR}/gsx", 0, 0)
    run(place.stepup, "import", "ga", f"gsx={GA_DIR}/gsx")
    # Whose secret somebody has who is enrolled here.
    os.rename(f"{GA_DIR}/gs4", f"{GA_DIR}/gs1")
    os.unlink(f"{GA_DIR}/gse")
    write("gse", keys["gs0"])
    said = run(place.stepup, "import", "ga", f"{GA_DIR}/gse", status=1)
    matches("another account has the same key", said)


@row("import_oath")
def oath(place):
    """users.oath as oathtool's secrets make it: lines by kind."""
    people = [Person(place, f"oa{i}") for i in range(6)]
    hexes = [os.urandom(20).hex() for _ in people]
    with open(OATH, "w") as f:
        f.write("# type user pin secret\n\n"
                f"HOTP/T30/6\toa0\t-\t{hexes[0]}\n"
                f"HOTP/T30 oa1 1234 {hexes[1].upper()}\t0\t123456\t"
                "2026-11-21T10:00:00L\r\n"
                f"HOTP/T60/8 oa2 - {hexes[2]}\n"
                f"HOTP oa3 - {hexes[3]}\n"
                f"HOTP/T30 oa4 - {hexes[4]}\n"
                f"HOTP/T30 oa4 - {hexes[5]}\n"
                f"MOTP oa5 - {hexes[5]}\n"
                f"HOTP/T30 oa-none - {hexes[5]}\n"
                "HOTP/T30 oa5 - 12345\n"
                "HOTP/T30 oa5")
    os.chmod(OATH, 0o600)
    before = stamp(OATH)
    said = run(place.stepup, "import", "oath", OATH, "--json", status=1)
    lines = [json.loads(line) for line in said.splitlines()
             if line.startswith("{")]
    report, entries = lines[-1], lines[:-1]
    equal([report[k] for k in ("imported", "weak", "skipped", "status")],
          [3, 0, 7, 1])
    equal([(e["user"], e["line"], e["reason"]) for e in entries],
          [("oa0", 3, None), ("oa1", 4, None), ("oa2", 5, None),
           ("oa3", 6, "event-based"), ("oa4", 7, "twice"),
           ("oa4", 8, "twice"), ("oa5", 9, "type"),
           ("oa-none", 10, "no-user"), ("oa5", 11, "key"),
           ("oa5", 12, "line")])
    equal(entries[1]["notes"], ["pin"])
    equal(stamp(OATH), before)
    secret = base64.b32encode(bytes.fromhex(hexes[1])).decode()
    comes_in(place, imported(people[1], secret))
    os.chmod(OATH, 0o620)
    matches("others than its owner may write it",
            run(place.stepup, "import", "oath", OATH, status=1))
    os.chmod(OATH, 0o600)
    os.chown(OATH, people[0].uid, 0)
    matches("belongs to somebody else",
            run(place.stepup, "import", "oath", OATH, status=1))
    os.unlink(OATH)


def many(prefix, first, count):
    """Accounts without a home, as a directory has them by the thousand."""
    with open("/etc/passwd", "a") as f:
        f.writelines(f"{prefix}{i:04}:x:{first + i}:{first + i}::/:"
                     "/bin/false\n" for i in range(count))
    with open(OATH, "w") as f:
        os.fchmod(f.fileno(), 0o600)
        f.writelines(f"HOTP/T30 {prefix}{i:04} - {os.urandom(20).hex()}\n"
                     for i in range(count))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def counted(place, prefix):
    """Who is in, each with a factor: half an account is none."""
    said = run(place.stepup, "list", "--json")
    people = [json.loads(line) for line in said.splitlines()]
    people = [p for p in people if (p["user"] or "").startswith(prefix)]
    if not all(p["factor"] and p["apps"] == 1 for p in people):
        raise Unexpected(f"half an account: {people}")
    return len(people)


def begun(place, prefix):
    """Whether anybody is in, without asking the service."""
    path = os.path.join(place.statedir, "stepup.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro",
                                            uri=True)) as db:
        return db.execute("SELECT 1 FROM account WHERE substr(name, 1, ?) "
                          "= ?", (len(prefix), prefix.encode())
                          ).fetchone() is not None


@row("import_killed")
def killed(place):
    """kill -9 of stepupd in the middle: each account is in or not there,
    logins go on, and a second run imports the rest."""
    person = enroll.ready(place, "imk")
    halves = 0
    for turn in range(8):
        prefix, total = f"k{turn}-", 800
        many(prefix, 100000 + 1000 * turn, total)
        client = subprocess.Popen(
            [place.stepup, "import", "oath", OATH],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        service = until("stepupd --admin", lambda: children(client.pid))[0]
        # From before the first to behind the last account; every other
        # time when some are in.
        if turn % 2:
            until("the first", lambda: begun(place, prefix) or
                  client.poll() is not None)
        else:
            time.sleep(random.random() * 0.4)
        try:
            os.kill(service, signal.SIGKILL)
        except ProcessLookupError:
            pass
        status = client.wait()
        before = counted(place, prefix)
        if status != 4 and (status != 0 or before != total):
            raise Unexpected(f"{before} of {total}: exit status {status}")
        halves += 0 < before < total
        said = run(place.stepup, "import", "oath", OATH,
                   status=0 if before == 0 else 1)
        matches(rf"^{total - before} accounts? imported \(0 weak\), "
                rf"{before} skipped\.$", said)
        equal(counted(place, prefix), total)
    if halves == 0:
        raise Unexpected("nobody was killed in the middle")
    come_in(place.ssh(person.name), person, person.code())
    os.unlink(OATH)
