# SPDX-License-Identifier: BSD-2-Clause
"""Accounts that are renamed, renumbered and removed with the real usermod,
userdel and deluser: what becomes of their factor."""
import json
import os
import re

import enroll
from people import Person
from place import HERE, TMP, run
from rows import equal, lacks, matches, row
from rows_admin import refused
from rows_login import CODE, come_in, give_up
from terminal import Session, Unexpected, plain_env

NSSWITCH = "/etc/nsswitch.conf"
HOOKS = "/etc/shadow-maint/userdel-post.d"


def clean(place):
    """Nobody of an earlier row is left behind, here or there."""
    gone = json.loads(matches(r"^\{.*\}$", run(
        place.stepup, "prune", "--dry-run", "--json")).group())
    for account in gone["accounts"]:
        run(place.stepup, "prune", "--yes", account["name"])


def inform(place, text):
    """Settings that the login door has read."""
    place.settings(text)
    place.stop("login")
    place.serve("login")


def changed(place, person):
    """The right password, and no prompt: the account is another one."""
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    place.log.expect(f"deny.changed user={person.name} ", mark)
    give_up(session)


def charge(place, person, count):
    """One wrong code, and which one it is."""
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    session.answer(CODE, person.wrong_code())
    place.log.expect(f"deny.code user={person.name} .*count={count}/10",
                     mark)
    give_up(session)


def no_replay(place, person):
    """The code that let in before, again."""
    mark = place.log.mark()
    session = place.ssh(person.name)
    session.answer("[Pp]assword: $", person.password)
    session.answer(CODE, person.used_code())
    place.log.expect(f"deny.replay user={person.name} ", mark)
    give_up(session)


def answered(place, words, answer, status):
    """A command of root's on a terminal, its question answered."""
    session = Session([place.stepup, *words], env=plain_env(HOME="/root"))
    session.expect(r"On this host: ")
    session.answer(r"\[y/N\] $", answer)
    session.ends(status)
    return session.text


@row("accounts_renamed")
def renamed(place):
    """usermod -l: refused, renamed by root, in with the same phone."""
    place.serve()
    clean(place)
    person = enroll.ready(place, "ren1")
    come_in(place.ssh(person.name), person, person.code())
    charge(place, person, 1)
    run("usermod", "-l", "ren2", "ren1")
    person.name = "ren2"
    changed(place, person)
    said = run(place.stepup, "status", "-u", "ren2", status=1)
    matches("In the store  ren1, user number %d" % person.uid, said)
    matches("On this host  ren2, user number %d" % person.uid, said)
    matches("Next: .*stepup rename ren1 ren2", said)
    said = run(place.stepup, "status", "-u", "ren1", status=1)
    matches("Next: a new name: stepup rename ren1 NEW", said)
    # Said no, nobody asked, the wrong way round: as it was.
    answered(place, ("rename", "ren1", "ren2"), "", 5)
    run(place.stepup, "rename", "ren1", "ren2", status=2)
    run(place.stepup, "rename", "ren2", "ren1", "--yes", status=3)
    run(place.stepup, "rebind", "ren2", "--yes", status=3)
    changed(place, person)
    mark = place.log.mark()
    said = answered(place, ("rename", "ren1", "ren2", "--reason", "wed"),
                    "y", 0)
    matches(f"In the store: ren1, user number {person.uid}", said)
    place.log.expect('change.renamed user=ren2 .*reason="was ren1: wed"',
                     mark)
    no_replay(place, person)
    charge(place, person, 2)
    come_in(place.ssh(person.name), person, person.code())
    come_in(place.ssh(person.name), person, person.recovery())
    matches("change.renamed", run(place.stepup, "log", "-u", "ren2"))
    lacks("ren1 ", run(place.stepup, "list"))
    run(place.stepup, "rename", "ren1", "ren2", "--yes", status=3)


@row("accounts_rename_refused")
def rename_refused(place):
    """No factor goes to a name whose number is another's, or that stands in
    the store; nor away from somebody who is there."""
    place.serve()
    clean(place)
    one, other = enroll.ready(place, "ren3"), Person(place, "ren4")
    third = enroll.ready(place, "ren5")
    for words, status in ((("ren3", "ren4"), 1), (("ren3", "ren3"), 1),
                          (("ren3", "ren5"), 1), (("ren4", "ren3"), 3),
                          (("ren3", "no-such-person"), 1)):
        run(place.stepup, "rename", *words, "--yes", status=status)
    # The old name given out again, to somebody with another number.
    run("usermod", "-l", "ren6", "ren3")
    run("groupmod", "-n", "ren6", "ren3")
    heir = Person(place, "ren3")
    equal(one.uid == heir.uid, False, "the same number")
    said = run(place.stepup, "rename", "ren3", "ren6", "--yes", status=1)
    matches("another account of this host now", said)
    changed(place, heir)
    run("userdel", "ren3")
    run("userdel", "ren6")
    run(place.stepup, "prune", "--yes", "ren3")
    come_in(place.ssh(third.name), third, third.code())
    run(place.stepup, "status", "-u", other.name, status=3)


@row("accounts_rebound")
def rebound(place):
    """usermod -u: refused, rebound by root who sees both numbers."""
    place.serve()
    clean(place)
    person = enroll.ready(place, "reb1")
    come_in(place.ssh(person.name), person, person.code())
    charge(place, person, 1)
    before, person.uid = person.uid, 61234
    run("usermod", "-u", "61234", "reb1")
    os.chown(person.home, person.uid, person.gid)
    changed(place, person)
    said = run(place.stepup, "status", "-u", "reb1", status=1)
    matches(f"In the store  reb1, user number {before}", said)
    matches("On this host  reb1, user number 61234", said)
    matches("Next: .*stepup rebind reb1; .*stepup prune reb1", said)
    said = run(place.stepup, "status", "-u", "reb1", "--json", status=1)
    found = json.loads(matches(r"^\{.*\}$", said).group())
    equal((found["uid"], found["stored_uid"], found["stored_name"]),
          (61234, before, None))
    answered(place, ("rebind", "reb1"), "n", 5)
    changed(place, person)
    said = answered(place, ("rebind", "reb1"), "y", 0)
    matches(f"stored with user number 61234 now \\(it was {before}\\)", said)
    no_replay(place, person)
    charge(place, person, 2)
    come_in(place.ssh(person.name), person, person.code())
    run(place.stepup, "rebind", "reb1", "--yes", status=1)


@row("accounts_rebind_refused")
def rebind_refused(place):
    """Two who changed numbers: neither takes what is stored as the other's."""
    place.serve()
    clean(place)
    one, two = enroll.ready(place, "reb3"), enroll.ready(place, "reb4")
    run("usermod", "-u", "61235", "reb4")
    run("usermod", "-u", str(two.uid), "reb3")
    said = run(place.stepup, "rebind", "reb3", "--yes", status=1)
    matches(f"the store has user number {two.uid} as another account's",
            said)
    said = run(place.stepup, "status", "-u", "reb3", status=1)
    matches(f"In the store  reb3, user number {one.uid}", said)
    matches(f"In the store  reb4, user number {two.uid}", said)
    run(place.stepup, "rebind", "reb4", "--yes")
    said = answered(place, ("rebind", "reb3"), "y", 0)
    come_in(place.ssh("reb3"), one, one.code())
    come_in(place.ssh("reb4"), two, two.code())
    # The old number is somebody's here: root is told whose.
    run("usermod", "-u", "61236", "reb3")
    run("usermod", "-u", str(two.uid), "reb4")
    said = answered(place, ("rebind", "reb3"), "n", 5)
    matches(f"User number {two.uid} is reb4 here", said)
    run(place.stepup, "prune", "--yes", "reb3", "reb4")


@row("accounts_pruned")
def pruned(place):
    """A list, one by one on a terminal, and never somebody who is there."""
    place.serve()
    clean(place)
    person, gone = enroll.ready(place, "pru1"), enroll.ready(place, "pru2")
    enroll.ready(place, "pru3")
    run("userdel", "pru2")
    said = run(place.stepup, "prune", "--dry-run")
    matches(r"^pru2 +%d .* 1  no such name$" % gone.uid, said)
    lacks("^pru1 ", said)
    run(place.stepup, "prune", status=2)
    run(place.stepup, "prune", "pru2", status=2)
    matches("pru1 is an account of this host",
            run(place.stepup, "prune", "pru1", "--yes", status=1))
    session = Session([place.stepup, "prune"], env=plain_env(HOME="/root"))
    session.expect("In the store: pru2, user number %d" % gone.uid)
    session.answer(r"Delete it from the store\? \[y/N\] $", "n")
    session.ends(0)
    # Ctrl-C is no "no": the next one is not asked about.
    run("userdel", "pru3")
    session = Session([place.stepup, "prune"], env=plain_env(HOME="/root"))
    session.expect(r"Delete it from the store\? \[y/N\] $")
    session.send("\x03")
    session.ends(5)
    lacks("In the store: pru3", session.text)
    session = Session([place.stepup, "prune"], env=plain_env(HOME="/root"))
    session.answer(r"Delete it from the store\? \[y/N\] $", "n")
    session.answer(r"pru3(.|\n)*Delete it from the store\? \[y/N\] $", "y")
    session.expect("pru3 is out of the store")
    session.ends(0)
    session = Session([place.stepup, "prune"], env=plain_env(HOME="/root"))
    session.answer(r"Delete it from the store\? \[y/N\] $", "y")
    session.expect("pru2 is out of the store")
    session.ends(0)
    lacks("^pru2 ", run(place.stepup, "list"))
    matches("change.pruned", run(place.stepup, "log"))
    matches("pru2", run(place.stepup, "log", "--outcome", "change.pruned"))
    run(place.stepup, "prune", "pru2", "--yes", status=3)
    come_in(place.ssh(person.name), person, person.code())


def hooked(place):
    person, other = enroll.ready(place, "heir1"), enroll.ready(place, "hei")
    uid = person.uid
    mark = place.log.mark()
    said = run("userdel", "heir1")
    lacks("stays in the store", said)
    place.log.expect("change.pruned user=heir1 .*heir1: userdel", mark)
    lacks("^heir1 ", run(place.stepup, "list"))
    run("useradd", "-M", "-d", person.home, "-s", "/bin/sh", "-u", str(uid),
        "heir1")
    heir = Person(place, "heir1")
    equal(heir.uid, uid)
    matches("not enrolled", run(place.stepup, "status", "-u", "heir1",
                                status=3))
    mark = place.log.mark()
    session = place.ssh("heir1")
    session.answer("[Pp]assword: $", heir.password)
    session.answer(CODE, person.code())
    place.log.expect("deny.unenrolled user=heir1 ", mark)
    give_up(session)
    come_in(place.ssh(other.name), other, other.code())
    # deluser calls userdel; who was never enrolled costs no word.
    enroll.as_root(heir)
    lacks("stays in the store", run("deluser", "--quiet", "heir1"))
    lacks("^heir1 ", run(place.stepup, "list"))
    Person(place, "heir2")
    equal(run("userdel", "heir2"), "")


@row("accounts_heir_begins_with_nothing")
def heir_begins_with_nothing(place):
    """userdel with the hook; who gets name and number next has no factor."""
    place.serve()
    clean(place)
    os.makedirs(HOOKS, exist_ok=True)
    hook = os.path.join(place.make_variable("pkgdatadir"), "userdel-hook")
    os.symlink(hook, f"{HOOKS}/stepup")
    try:
        hooked(place)
    finally:
        os.unlink(f"{HOOKS}/stepup")
    # The same as deluser's own hook; and without any: still there.
    os.symlink(hook, "/usr/local/sbin/deluser.local")
    try:
        third = enroll.ready(place, "heir3")
        run("deluser", "--quiet", third.name)
        lacks("^heir3 ", run(place.stepup, "list"))
    finally:
        os.unlink("/usr/local/sbin/deluser.local")
    enroll.ready(place, "heir4")
    run("userdel", "heir4")
    matches("^heir4 ", run(place.stepup, "list"))
    run(place.stepup, "prune", "--yes", "heir4")


@row("accounts_hook_says_what_failed")
def hook_says_what_failed(place):
    """The account is gone, the store not to be had: said, and no error."""
    place.serve()
    clean(place)
    hook = os.path.join(place.make_variable("pkgdatadir"), "userdel-hook")
    enroll.ready(place, "hook1")
    os.unlink(place.statedir + "/settings.accepted")
    place.settings("nonsense\n")
    try:
        said = run(hook, env={"SUBJECT": "hook1", "ACTION": "userdel"})
        matches("^stepup: hook1 stays in the store:$", said)
    finally:
        inform(place, None)
    # An account that is still there, another action, nobody.
    matches("hook1 stays in the store", run(hook, "hook1", env={}))
    equal(run(hook, env={"SUBJECT": "hook1", "ACTION": "groupdel"}), "")
    equal(run(hook, env={"SUBJECT": ""}), "")
    equal(run(hook, "no-such-person", env={}), "")
    matches("^hook1 ", run(place.stepup, "list"))


@row("accounts_name_service_unsure")
def name_service_unsure(place):
    """A directory that fails or is not there deletes nobody."""
    clean(place)
    person = enroll.ready(place, "uns1")
    library = os.path.join(os.path.dirname(os.path.dirname(place.module)),
                           "libnss_stepuptest.so.2")
    run(place.make_variable("CC"), "-shared", "-fPIC", "-O1", "-o", library,
        os.path.join(os.path.dirname(HERE), "faults", "nss_stepuptest.c"))
    with open(NSSWITCH) as f:
        before = f.read()
    passwd = run("getent", "passwd", "uns1")
    run("userdel", "uns1")
    try:
        for sources in ("stepuptest", "files nosuchmodule"):
            with open(NSSWITCH, "w") as f:
                f.write(re.sub(r"(?m)^passwd:.*", f"passwd: files {sources}",
                               before))
            with open(TMP + "/nss", "w") as f:
                f.write(f"uns1 uns1 {person.uid} 0 unavail\n"
                        f"{person.uid} uns1 {person.uid} 0 unavail\n")
            said = run(place.stepup, "prune", status=1)
            matches(f"come from {sources.split()[-1]} too", said)
            if sources == "stepuptest":
                # EIO is no "no such user": by name and list alike.
                run(place.stepup, "prune", "--yes", "uns1", status=4)
                run(place.stepup, "prune", "--dry-run", status=4)
            else:
                matches("^uns1 ", run(place.stepup, "prune", "--dry-run"))
        matches("^uns1 ", run(place.stepup, "list"))
        # Root's word about one name is enough where nothing fails.
        run(place.stepup, "prune", "--yes", "uns1")
    finally:
        with open(NSSWITCH, "w") as f:
            f.write(before)
        os.unlink(library)
    matches("^uns1:", passwd)


@row("accounts_policy_as_it_is")
def policy_as_it_is(place):
    """What policy says is what the logins do."""
    place.serve()
    clean(place)
    person = enroll.ready(place, "pol1")
    idle = Person(place, "pol2")
    try:
        inform(place, 'services = ["stepup-test-sshd"]\ncap = 40\n')
        said = run(place.stepup, "policy")
        matches(r"^cap +40 +%s:2$" % place.conf, said)
        matches(r"^attempts +10 +default$", said)
        said = run(place.stepup, "policy", "pol1", "--service", "sudo")
        matches("^pol1 at sudo passes without a code", said)
        said = run(place.stepup, "policy", "pol1", "--service",
                   "stepup-test-sshd")
        matches("^pol1 at stepup-test-sshd is asked for a code of the app", said)
        come_in(place.ssh("pol1"), person, person.code())
        said = run(place.stepup, "policy", "pol2")
        matches("refused whatever is typed: not enrolled", said)
        inform(place, 'unenrolled = "allow"\n')
        said = run(place.stepup, "policy", "pol2", "--service", "sudo")
        matches("^pol2 at sudo passes without a code: not enrolled", said)
        session = place.ssh("pol2")
        session.answer("[Pp]assword: $", idle.password)
        session.expect("IN-pol2")
        session.ends(0)
        run(place.stepup, "lock", "pol2", "--reason", "policy")
        matches("^pol2 at a covered service is refused: locked",
                run(place.stepup, "policy", "pol2"))
        refused(place, idle)
        # A set that is refused: what holds is the copy, and it says so.
        inform(place, 'unenrolled = allow\n')
        said = run(place.stepup, "policy")
        matches(f"settings files are refused: {place.conf}:1: ", said)
        matches(r'^unenrolled +"allow" +.*settings.accepted$', said)
        run(place.stepup, "unlock", "pol2")
    finally:
        inform(place, None)


@row("accounts_unlock_passwords")
def unlock_passwords(place):
    """Ten wrong passwords in self-service, and root ends the wait: also of
    somebody of whom the store has nothing else."""
    place.serve()
    clean(place)
    person = Person(place, "pwd1")
    for _ in range(3):
        session = person.shell(place.stepup, "enroll")
        for _ in range(3):
            session.answer("[Pp]assword: $", "wrong")
        session.ends(1)
    session = person.shell(place.stepup, "enroll")
    session.answer("[Pp]assword: $", "wrong")
    session.answer("[Pp]assword: $", person.password)
    session.expect("Too many wrong passwords")
    session.ends(1)
    mark = place.log.mark()
    said = run(place.stepup, "unlock", "pwd1")
    matches("^  Passwords 10 wrong ones in self-service$", said)
    place.log.expect("change.unlocked user=pwd1", mark)
    matches("change.unlocked", run(place.stepup, "log", "-u", "pwd1"))
    run(place.stepup, "unlock", "pwd1", status=3)
    session = person.shell(place.stepup, "enroll")
    enroll.wizard(person, session, password=True)
    come_in(place.ssh("pwd1"), person, person.code())
    matches("nothing", run(place.stepup, "unlock", "pwd1"))
    if "Passwords" in run(place.stepup, "unlock", "pwd1"):
        raise Unexpected("counted twice")
