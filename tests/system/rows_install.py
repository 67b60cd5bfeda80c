# SPDX-License-Identifier: BSD-2-Clause
"""What is installed: files, exports, libraries, the birth of the store."""
import os
import shutil
import stat

from people import Person
from place import HERE, run
from rows import equal, lacks, matches, row

ENTRY_POINTS = ["acct_mgmt", "authenticate", "chauthtok", "close_session",
                "open_session", "setcred"]


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@row("install", needed=True)
def install(place):
    place.install()
    for path, wanted in ((place.module, 0o644), (place.stepupd, 0o755),
                         (place.stepup, 0o755),
                         ("/etc/pam.d/stepup", 0o644)):
        equal(oct(mode(path)), oct(wanted), path)
        equal(os.lstat(path).st_uid, 0, "owner of " + path)
    # No setuid, no setgid (above), no file capabilities.
    equal([a for a in os.listxattr(place.stepup) if "capability" in a], [],
          "capabilities of stepup")
    litter = [f for f in os.listdir(os.path.dirname(place.module))
              if f.startswith("pam_stepup") and f != "pam_stepup.so"]
    equal(litter, [], "files beside the module")
    if not shutil.which("stepup"):
        raise AssertionError("stepup is not in PATH")


@row("module_exports")
def module_exports(place):
    names = [line.split()[-1].partition("@")[0] for line in
             run("nm", "-D", "--defined-only", place.module).splitlines()
             if " A " not in line]
    equal(sorted(names), [f"pam_sm_{n}" for n in ENTRY_POINTS], "nm -D")


@row("module_libraries")
def module_libraries(place):
    needed = sorted(line.split("[")[1].rstrip("]") for line in
                    run("readelf", "-d", place.module).splitlines()
                    if "(NEEDED)" in line)
    equal(needed, ["libc.so.6", "libpam.so.0"], "NEEDED of the module")
    lacks("sqlite|crypto|config|qrencode", run("ldd", place.module), "ldd")


@row("cli_libraries")
def cli_libraries(place):
    lacks("sqlite|crypto|libpam|libconfig", run("ldd", place.stepup), "ldd")


@row("usage")
def usage(place):
    matches("(?i)^usage: stepupd", run(place.stepupd, status=2))
    matches("(?i)usage: stepup ", run(place.stepup, "--help"))
    run(place.stepup, "no-such-command", status=2)


def try_su(place, person):
    """su to a person, as somebody else; what it said, and what was
    logged."""
    mark = place.log.mark()
    other = Person(place, "mallory")
    su = other.shell("/usr/bin/su", person.name, "-c", "id -un")
    su.answer("Password: ", person.password)
    status = su.wait()
    place.log.expect(r"pam_stepup\(su:auth\)", mark)
    return status, su.text, place.log.since(mark)


@row("before_birth")
def before_birth(place):
    """Neither key nor store: everybody is refused, and told what to do."""
    place.protect()
    person = Person(place, "newborn")
    status, text, log = try_su(place, person)
    equal(status, 1, "su")
    lacks("^newborn", text)
    matches(r"fail\.store.*stepupd --init", log, "log")
    matches("on this host now", text)


@row("birth", needed=True)
def birth(place):
    place.birth()
    store = os.path.join(place.statedir, "stepup.db")
    accepted = os.path.join(place.statedir, "settings.accepted")
    for path, wanted in ((os.path.dirname(place.keyring), 0o700),
                         (place.keyring, 0o600), (place.statedir, 0o700),
                         (store, 0o600), (accepted, 0o600)):
        equal(oct(mode(path)), oct(wanted), path)
    size = os.path.getsize(store + "-wal")
    if size < 2000 * 1024:
        raise AssertionError(f"the WAL has {size} bytes, not its working "
                             "size")
    before = os.stat(store).st_ino, os.stat(place.keyring).st_ino
    place.birth()
    equal((os.stat(store).st_ino, os.stat(place.keyring).st_ino), before,
          "key and store after a second --init")


@row("half_a_birth")
def half_a_birth(place):
    """Key or store missing: --init names it and repairs nothing; a missing
    store is never `not enrolled`."""
    place.protect()
    person = Person(place, "newborn")
    store = os.path.join(place.statedir, "stepup.db")
    for path in (place.keyring, store):
        folder = os.path.dirname(path)
        os.rename(folder, folder + ".away")
        try:
            os.mkdir(folder, 0o700)
            matches(path, run(place.stepupd, "--init", status=1), "--init")
            if path == store:
                status, _, log = try_su(place, person)
                equal(status, 1, "su")
                matches(r"fail\.store", log, "log")
            equal([f for f in os.listdir(folder) if f != "settings.accepted"],
                  [], folder)
        finally:
            shutil.rmtree(folder)
            os.rename(folder + ".away", folder)


@row("sshd_and_both_doors", needed=True)
def sshd_and_doors(place):
    """From here on sshd runs, and both doors are open."""
    place.protect()
    place.start_sshd()
    place.serve()


@row("uninstall_refuses")
def uninstall_refuses(place):
    """While a PAM file names the module, removing it would shut out all."""
    said = run("/bin/sh", os.path.join(os.path.dirname(os.path.dirname(
        HERE)), "bootstrap"), "uninstall", status=1)
    matches("/etc/pam.d/su$", said, "bootstrap uninstall")
    matches("/etc/pam.d/sudo$", said, "bootstrap uninstall")
    if not os.path.exists(place.module):
        raise AssertionError("the module is gone all the same")
