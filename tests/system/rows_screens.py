# SPDX-License-Identifier: BSD-2-Clause
"""What root's commands show on a terminal, as the tree keeps it in
tests/screens/root-*.txt; UPDATE_SCREENS=1 writes them anew.

Times, keys and codes are made the same each time, at the same width.
"""
import os
import re

import enroll
from people import Person
from place import TMP, run
from rows import equal, row
from rows_enroll import keep
from rows_login import CODE, come_in
from terminal import Session, Unexpected, plain_env

PHRASE = "four random words here"
OATH = "/etc/users.oath"
STABLE = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-11-21 12:00:00"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d\b(?!:\d)", "2026-11-21 12:00"),
    (r"\d{4}-\d\d-\d\d(?! \d\d:)", "2026-11-21"),
    (r"--after \d+(?:-\d+)+", "--after 1-2-3"),
    (r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b", "CODE-CODE-CODE-CODE"),
    (r"(?m)^[0-9a-f]{8}( +)\d+(?=  )",
     lambda m: "89abcdef" + (m.group(1) + " " * 9)[:10] + "120"),
    (r"\bkey [0-9a-f]{8}\b", "key 89abcdef"),
    (r"\b\d+ secrets?\b", "120 secrets"),
    (r"\b\d+ accounts? (?=in|with|are|is|and)", "12 accounts "),
    (r"\b\d+(?=  /bin/)", "1000"),
    (r"\(\d+ [KM]B\)", "(3 KB)"),
)


def stable(text):
    for pattern, same in STABLE:
        text = re.sub(pattern, same, text)
    return text


def shown(place, *words, answers=(), status=0):
    """The command and what stands on the terminal after it."""
    session = Session([place.stepup, *words], rows=100,
                      env=plain_env(HOME="/root", TZ="UTC"))
    for pattern, answer in answers:
        session.answer(pattern, answer)
    session.ends(status)
    text = session.screen.text()
    if any(len(line) > 80 for line in text.splitlines()):
        raise Unexpected("wider than 80 columns:\n" + text)
    return f"# stepup {' '.join(words)}\n{text}"


def compare(place, name, *parts):
    text = stable("\n".join(parts))
    path = os.path.join(place.source, "tests/screens", name)
    keep(place, name, text)
    if os.environ.get("UPDATE_SCREENS"):
        with open(path, "w") as f:
            f.write(text)
    with open(path) as f:
        kept = f.read()
    if text != kept:
        raise Unexpected(f"differs from tests/screens/{name}:\n{text}")


def group(place, name, *people):
    """list and log show these alone."""
    run("groupadd", name)
    for person in people:
        run("gpasswd", "-a", person.name, name)
    return name


@row("screens_list_log_lock")
def list_log_lock(place):
    """Who is there, what happened, and a lock."""
    place.serve()
    one, two = enroll.ready(place, "marie"), Person(place, "jonas")
    both = group(place, "screens", one, two)
    session = place.ssh(one.name)
    session.answer("[Pp]assword: ", one.password)
    session.answer(CODE, one.wrong_code())
    session.answer("code: $", one.code())
    session.expect("IN-marie")
    session.ends(0)
    locked = shown(place, "lock", two.name, "--reason", "on leave")
    equal(run(place.stepup, "lock", one.name, "--reason", "lost it").split()
          [:3], ["marie", "is", "locked:"])
    compare(place, "root-list.txt",
            shown(place, "list", "--group", both),
            shown(place, "list", "--group", both, "--missing"),
            shown(place, "list", "--group", both, "--weak"),
            shown(place, "status", "-u", one.name),
            shown(place, "status", "-u", two.name, status=3))
    compare(place, "root-lock.txt", locked,
            shown(place, "unlock", one.name),
            shown(place, "unlock", one.name, "--reason", "once more"),
            shown(place, "unlock", two.name))
    compare(place, "root-log.txt",
            shown(place, "log", "-u", one.name),
            shown(place, "log", "-u", one.name, "--outcome", "deny"),
            shown(place, "log", "-u", one.name, "--outcome", "change"),
            shown(place, "log", "-u", two.name, "--service", "sudo"))
    come_in(place.ssh(one.name), one, one.code())


@row("screens_pass_policy")
def pass_policy(place):
    """Passes and tickets; what the settings mean for somebody."""
    place.serve()
    one, two = enroll.ready(place, "paula"), Person(place, "oskar")
    made = shown(place, "pass", one.name, "--reason", "phone at home")
    ticket = shown(place, "pass", two.name, "--enroll", "--reason",
                   "first day", "--ttl", "2h")
    compare(place, "root-pass.txt", made, ticket,
            shown(place, "pass", "--list", one.name),
            shown(place, "pass", "--list", two.name),
            shown(place, "pass", one.name, "--revoke"),
            shown(place, "pass", one.name, "--revoke", status=1),
            shown(place, "pass", two.name, "--enroll", "--revoke"),
            shown(place, "pass", "--list", one.name))
    compare(place, "root-policy.txt",
            shown(place, "policy", one.name, "--service", "sudo"),
            shown(place, "policy", two.name).split("\n\n")[-1])


@row("screens_import")
def imports(place):
    """What is taken from another module's file, and what stays behind."""
    place.serve()
    for name in ("ingrid", "igor"):
        Person(place, name)
    with open(OATH, "w") as f:
        os.fchmod(f.fileno(), 0o600)
        f.write("HOTP/T30/6 ingrid - 3132333435363738393031323334353637383930"
                "\nHOTP igor - 3132333435363738393031323334353637383931\n"
                "HOTP/T30 nosuch - 3132333435363738393031323334353637383932\n"
                "HOTP/T30 igor - 31323334\n")
    try:
        compare(place, "root-import.txt",
                shown(place, "import", "oath", "--dry-run", OATH, status=1),
                shown(place, "import", "oath", OATH, status=1),
                shown(place, "import", "oath", OATH, status=1),
                shown(place, "import", "ga", "/no/such/file", status=1))
    finally:
        os.unlink(OATH)


@row("screens_key_backup")
def key_backup(place):
    """Another key, and a passphrase that has to be typed again."""
    place.serve()
    enroll.ready(place, "karla")
    path = f"{TMP}/screens.backup"
    new, again = "New passphrase.*: $", "same again: $"
    compare(place, "root-key.txt", shown(place, "key", "rotate"),
            shown(place, "key", "status"))
    compare(place, "root-backup.txt",
            shown(place, "backup", path, answers=(
                (new, "short"), (new, PHRASE), (again, PHRASE + "!"),
                (new, PHRASE), (again, PHRASE))),
            shown(place, "backup", path, status=1))
    os.unlink(path)


@row("screens_usage")
def usage(place):
    """What is said to a command that was not typed to its end."""
    compare(place, "root-usage.txt", *(
        shown(place, *words.split(), status=2) for words in (
            "lok", "lock", "lock daemon", "pass", "backup", "rename",
            "rename one", "key", "key turn", "import", "import ga",
            "import other /etc", "status alice", "list --sort size",
            "log --since yesterday", "log --outcome foo", "prune --yes")))
