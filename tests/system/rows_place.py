# SPDX-License-Identifier: BSD-2-Clause
"""The place itself: what it refuses, and what a container gets back.

A container that may make no namespaces is made here: a mark that says
container, and no CAP_SYS_ADMIN.
"""
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import time

import enroll
from people import Person
from place import HERE, TMP, run
from rows import Skip, equal, matches, row
from terminal import Session, Unexpected, plain_env

MARK = "/run/.containerenv"
LOOK = ["/etc", "/usr/local", "/usr/sbin", "/usr/lib/systemd", "/var/lib",
        "/var/log", "/var/tmp", "/run", "/dev/log"]
OURS = (MARK, TMP + "/", TMP + ".stepup-aside/")
# Some of what a container's root lacks; CAP_SYS_ADMIN is what counts.
LACKING = ("sys_admin", "sys_ptrace", "sys_nice", "sys_time", "net_admin",
           "ipc_lock", "dac_read_search", "audit_control", "syslog",
           "linux_immutable", "sys_rawio", "sys_module", "sys_boot")
WITHOUT = ["capsh", "--drop=" + ",".join("cap_" + c for c in LACKING),
           "--", "-c", 'exec "$@"', "sh"]


def look(place):
    """Everything below LOOK: owner, mode, size, times, small contents."""
    found = {}

    def add(path):
        info = os.lstat(path)
        what = [oct(info.st_mode), info.st_uid, info.st_gid]
        if stat.S_ISREG(info.st_mode):
            what += [info.st_size, info.st_mtime_ns]
            if info.st_size < 100000:
                with open(path, "rb") as f:
                    what.append(hashlib.sha256(f.read()).hexdigest())
        elif stat.S_ISLNK(info.st_mode):
            what.append(os.readlink(path))
        found[path] = what

    for top in LOOK + [os.path.dirname(place.module)]:
        if os.path.lexists(top):
            add(top)
        for folder, folders, names in os.walk(top):
            for name in names + folders:
                path = os.path.join(folder, name)
                if not path.startswith(OURS):
                    add(path)
    return found


def same(before, after):
    changed = [f"{path}: {before.get(path, 'not there')} -> "
               f"{after.get(path, 'gone')}"
               for path in sorted(set(before) | set(after))
               if before.get(path) != after.get(path)]
    if changed:
        raise Unexpected("not put back:\n" + "\n".join(changed))


class Container:
    """with Container(place): what a container's root would see."""

    def __init__(self, place):
        if not place.private:
            raise Skip("this is the real one")
        self.place = place

    def __enter__(self):
        self.place.stop()
        open(MARK, "w").close()
        self.before = look(self.place)
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                same(self.before, look(self.place))
        finally:
            os.unlink(MARK)

    def start(self, *argv):
        return subprocess.Popen(
            [*WITHOUT, *argv], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=plain_env(), start_new_session=True)

    def run(self, *argv):
        process = self.start(*argv)
        said, _ = process.communicate(timeout=200)
        return process.returncode, said


LOG = TMP + "/nested.log"
ROWS = ["sshd_code", "sshd_recovery_once", "sudo_code", "su_code",
        "without_the_service", "systemd_activation"]


@row("container_rows")
def container_rows(place):
    """The rows on a container itself, and all is put back."""
    with Container(place) as container:
        status, said = container.run(HERE + "/run", place.build, "--log",
                                     LOG, *ROWS)
        equal(status, 0, f"run, which said\n{said}")
        for name in ROWS[:-1]:
            matches(f"^ok {name}$", said, "output")
        matches("^skip systemd_activation: needs namespaces", said, "output")
        matches(r"^\d+ passed, 0 failed, 1 skipped$", said, "output")


def in_the_middle(process):
    """Until one of its rows has passed, and the next one runs."""
    said = ""
    for line in process.stdout:
        if line.startswith("ok sshd_code"):
            return
        said += line
    raise Unexpected(f"it ended before:\n{said}")


@row("container_interrupted")
def container_interrupted(place):
    """Ctrl-C in the middle: all is put back as well."""
    with Container(place) as container:
        process = container.start(HERE + "/run", place.build, "--log", LOG,
                                  "sshd_code", "the_wait_ends")
        in_the_middle(process)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
        if process.returncode == 0:
            raise Unexpected("the interrupted run says that all is well")


@row("container_killed")
def container_killed(place):
    """SIGKILL leaves a mess; the next run begins with putting it back."""
    with Container(place) as container:
        process = container.start(HERE + "/run", place.build, "--log", LOG,
                                  "sshd_code", "the_wait_ends")
        in_the_middle(process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        # What useradd leaves when it dies at the same moment.
        for name in ("passwd.lock", "shadow+"):
            open("/etc/" + name, "w").close()
        if look(place) == container.before:
            raise Unexpected("nothing was changed at all")
        status, said = container.run(HERE + "/enter", place.build, "true")
        equal(status, 0, said)
        matches("An earlier run was cut off", said)


@row("container_demo")
def container_demo(place):
    """The demo on a container itself, on a terminal: under a minute, one's
    own phone scans its QR code and logs in, all is put back."""
    with Container(place):
        begin = time.monotonic()
        session = Session(
            [shutil.which(WITHOUT[0]), *WITHOUT[1:], HERE + "/demo",
             place.build, "--interactive"], rows=50, columns=90)
        session.expect("Enter alone ends the demo", timeout=100)
        took = time.monotonic() - begin
        if took > 60:
            raise Unexpected(f"the demo took {took:.0f} s")
        for text in ("Already used, next one in", "Locked for", "spawn"):
            matches(text, session.text, "demo")
        for theme in ("dark", "light"):
            offer = enroll.Offer(enroll.scan(session, theme))
            equal(offer.label, f"{place.host}:alice", "phone")
        password = matches("Her password: +(.+)$", session.text).group(1)
        code = matches("Recovery codes: ([0-9A-Z-]+)", session.text)
        session.line("ssh")
        session.answer("Password: ", password)
        session.answer("code: $", code.group(1))
        session.answer(r"\$ $", "exit")
        session.answer("^> $", "")
        session.ends(0)


@row("refused_for_ordinary_people")
def ordinary(place):
    person = Person(place, "mallory")
    said = person.run(HERE + "/run", place.build, status=77)
    matches("needs root", said)


@row("refused_on_a_bare_host")
def bare_host(place):
    """No namespaces and no container: explained, nothing touched."""
    if not place.private:
        raise Skip("needs namespaces, and this container may make none")
    root = TMP + "/bare"
    for folder in ("", "/upper", "/work", "/root"):
        os.makedirs(root + folder, exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", root)
    for folder in ("/upper", "/work", "/root"):
        os.makedirs(root + folder, exist_ok=True)
    run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={root}/upper,"
        f"workdir={root}/work", "overlay", root + "/root")
    try:
        for mark in ("/.dockerenv", MARK):
            if os.path.lexists(root + "/root" + mark):
                os.unlink(root + "/root" + mark)
        for folder in ("/proc", "/dev"):
            run("mount", "--rbind", folder, root + "/root" + folder)
        said = run("chroot", root + "/root", *WITHOUT, HERE + "/run",
                   place.build, status=77, env=plain_env())
        matches("no container, so nothing was done", said)
        matches("docker run -it debian:12", said)
    finally:
        run("umount", "-R", "-l", root)
