# SPDX-License-Identifier: BSD-2-Clause
"""Both doors under a real systemd, in namespaces of its own."""
import os
import shutil
import subprocess

import enroll
import pam
from people import Person
from place import HERE, TMP, run, until
from rows import Skip, equal, matches, row
from terminal import Session, Unexpected, plain_env

UNITS = ["stepupd.socket", "stepupd.service", "stepup-public.socket",
         "stepup-public.service"]
CGROUPS = TMP + "/cgroup"


@row("systemd_units")
def units(place):
    """Not a remark from systemd, and the exposure we promise."""
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze here")
    folder = place.make_variable("systemdsystemunitdir")
    paths = [os.path.join(folder, unit) for unit in UNITS]
    said = run("systemd-analyze", "verify", "--man=no", *paths,
               status=None, env=plain_env(SYSTEMD_LOG_LEVEL="info"))
    equal(said, "", "systemd-analyze verify")
    for unit, most in (("stepupd.service", 20),
                       ("stepup-public.service", 30)):
        run("systemd-analyze", "security", "--offline=true",
            f"--threshold={most}", os.path.join(folder, unit))


class Systemd:
    """with Systemd(place) as systemd: it runs, the sockets listen."""

    def __init__(self, place):
        if not place.private:
            raise Skip("needs namespaces, and this container may make none")
        if not os.path.exists("/lib/systemd/systemd"):
            raise Skip("no systemd is installed here")
        self.place = place
        self.cgroup = f"{CGROUPS}/stepup-check-{os.urandom(4).hex()}"

    def __enter__(self):
        self.place.stop()
        os.makedirs(CGROUPS, exist_ok=True)
        if not os.path.ismount(CGROUPS):
            run("mount", "-t", "cgroup2", "cgroup2", CGROUPS)
        os.makedirs(self.cgroup, exist_ok=True)

        def enter_cgroup():
            with open(self.cgroup + "/cgroup.procs", "w") as f:
                f.write("0")

        folder = self.place.make_variable("systemdsystemunitdir")
        self.output = open(f"{TMP}/systemd.log", "w")
        self.unshare = subprocess.Popen(
            ["unshare", "-m", "-p", "-n", "-u", "-i", "-C", "--fork",
             "--kill-child", "--mount-proc", "--", "/bin/sh",
             HERE + "/systemd", folder],
            preexec_fn=enter_cgroup, stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=self.output)
        try:
            self.pid = until("systemd starts", self.first_child)
            until("systemd answers", lambda: self.ctl(
                "is-active", "check.target", status=None) == "active\n", 20)
        except BaseException as why:
            self.__exit__()
            if not isinstance(why, Unexpected):
                raise
            with open(f"{TMP}/systemd.log") as f:
                raise Unexpected(f"{why}; it said:\n{f.read()}")
        return self

    def first_child(self):
        path = f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children"
        with open(path) as f:
            return f.read().strip()

    def __exit__(self, *_):
        self.unshare.kill()
        self.unshare.wait()
        self.output.close()
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            until(f"{folder} is empty", lambda f=folder: gone(f))

    def inside(self, *argv):
        return ["/usr/bin/nsenter", "-t", self.pid, "-a", "-r", "--", *argv]

    def run(self, *argv, **options):
        return run(*self.inside(*argv), env=plain_env(), **options)

    def ctl(self, *argv, **options):
        return self.run("systemctl", *argv, **options)

    def show(self, unit, name):
        return self.ctl("show", "-P", name, unit).strip()

    def shell(self, person, *argv):
        """A program of that person, in here."""
        return Session(
            self.inside("setpriv", f"--reuid={person.uid}",
                        f"--regid={person.gid}", "--clear-groups", "--",
                        *argv),
            env=plain_env(HOME=person.home, USER=person.name,
                          LOGNAME=person.name))

    def su(self, person, code, status=0):
        """mallory becomes person, with password and code."""
        su = self.shell(Person(self.place, "mallory"), "/usr/bin/su",
                        person.name, "-c", "id -un")
        su.answer("Password: ", person.password)
        if code is not None:
            su.answer("code: $", code)
        if status == 0:
            su.ends(0)
            matches(f"^{person.name}$", su.text)
        else:
            su.expect("code: $|^su: ")
            equal(su.interrupt() == 0, False, "su came in")
        return su.text

    def pid_of(self, unit):
        pid = int(self.show(unit, "MainPID"))
        assert pid != 0, f"{unit} is not running"
        return pid

    def healthy(self):
        for unit in ("stepupd.socket", "stepup-public.socket"):
            equal(self.show(unit, "ActiveState"), "active", unit)


def gone(folder):
    try:
        os.rmdir(folder)
    except OSError:
        return not os.path.exists(folder)
    return True


@row("systemd_activation")
def activation(place):
    """The first login starts the service, the next finds it."""
    person = enroll.ready(place, "sys1")
    with Systemd(place) as systemd:
        equal(systemd.show("stepupd.service", "ActiveState"), "inactive",
              "the service before the first login")
        equal(oct(int(systemd.run("stat", "-c", "%a", place.rundir), 8)),
              "0o755", place.rundir)
        equal(systemd.run("stat", "-c", "%a", f"{place.rundir}/login",
                          f"{place.rundir}/public"), "600\n666\n", "sockets")
        systemd.su(person, person.code())
        pid = systemd.pid_of("stepupd.service")
        systemd.su(person, person.wrong_code(), status=1)
        equal(systemd.pid_of("stepupd.service"), pid, "MainPID")
        systemd.healthy()


@row("systemd_public")
def public(place):
    """Enrolling oneself through the sandboxed public door."""
    person = Person(place, "sys2")
    with Systemd(place) as systemd:
        session = systemd.shell(person, place.stepup, "enroll")
        enroll.wizard(person, session, password=True)
        systemd.pid_of("stepup-public.service")
        systemd.su(person, person.code())
        session = systemd.shell(person, place.stepup, "status")
        session.ends(0)
        systemd.healthy()


@row("systemd_birth")
def birth(place):
    """--init while the service runs: it notices at the next request."""
    person = Person(place, "sys3")
    folders = [os.path.dirname(place.keyring), place.statedir]
    for folder in folders:
        os.rename(folder, folder + ".away")
    try:
        with Systemd(place) as systemd:
            mark = place.log.mark()
            systemd.su(person, None, status=1)
            place.log.expect("fail.store.*stepupd --init", mark)
            pid = systemd.pid_of("stepupd.service")
            systemd.run(place.stepupd, "--init")
            session = Session(systemd.inside(
                place.stepup, "enroll", "-u", person.name))
            enroll.wizard(person, session)
            systemd.su(person, person.code())
            equal(systemd.pid_of("stepupd.service"), pid, "MainPID")
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(folder + ".away", folder)


@row("systemd_reload")
def reload(place):
    """SIGHUP: new settings are in force when `reload` returns to a login."""
    person = enroll.ready(place, "sys4")
    with Systemd(place) as systemd:
        systemd.su(person, person.code())
        pid = systemd.pid_of("stepupd.service")
        try:
            place.settings('services = ["sshd"]\n')
            systemd.ctl("reload", "stepupd.service")
            mark = place.log.mark()
            systemd.su(person, None)
            place.log.expect("skip.service", mark)
        finally:
            place.settings(None)
        systemd.ctl("reload", "stepupd.service")
        systemd.su(person, person.code())
        equal(systemd.pid_of("stepupd.service"), pid, "MainPID")


@row("systemd_stop")
def stop(place):
    """Stopped services start anew; without sockets, logins spawn."""
    person = enroll.ready(place, "sys5")
    with Systemd(place) as systemd:
        systemd.su(person, person.code())
        systemd.ctl("stop", "stepupd.service")
        equal(systemd.show("stepupd.service", "Result"), "success",
              "stepupd.service")
        systemd.su(person, person.code())
        systemd.pid_of("stepupd.service")
        systemd.ctl("stop", "stepupd.socket", "stepupd.service",
                    "stepup-public.socket", "stepup-public.service")
        equal(systemd.run("ls", place.rundir), "", place.rundir)
        systemd.su(person, person.recovery())
        equal(systemd.show("stepupd.service", "ActiveState"), "inactive",
              "the service, spawned beside it")
        systemd.ctl("start", "stepupd.socket", "stepup-public.socket")
        systemd.su(person, person.recovery())
        systemd.pid_of("stepupd.service")


BROKEN = "/run/units/stepupd.service.d"


def break_service(systemd):
    systemd.run("sh", "-c", f"mkdir -p {BROKEN} && printf "
                f"'[Service]\\nExecStart=\\nExecStart=/bin/false\\n' "
                f">{BROKEN}/broken.conf")
    systemd.ctl("daemon-reload")


@row("systemd_broken")
def broken(place):
    """A service that cannot start keeps nobody out."""
    person = enroll.ready(place, "sys6")
    with Systemd(place) as systemd:
        break_service(systemd)
        systemd.su(person, person.code())
        systemd.su(person, person.code())
        systemd.healthy()
        systemd.run("rm", "-r", BROKEN)
        systemd.ctl("daemon-reload")
        systemd.ctl("restart", "stepupd.service")
        systemd.su(person, person.recovery())
        systemd.pid_of("stepupd.service")


def fifty(systemd, person):
    """50 logins at once: one code is right, and taken once.  Systemd's
    stock limit counts what comes in 2 s: where the machine is too busy for
    that, once more."""
    code, wrong = person.code(), "12345"    # too short: free of charge
    shutil.copy(HERE + "/pam.py", TMP + "/pam.py")
    for inside in (1, 0, 0):
        said = systemd.run("/usr/bin/python3", "-B", TMP + "/pam.py",
                           "stepup-check-burst", person.name,
                           *([wrong] * 25 + [code] * 25)).split()
        codes, took = list(map(int, said[:-1])), float(said[-1])
        equal(codes.count(pam.SUCCESS), inside, "logins with one code")
        equal(set(codes) - {pam.SUCCESS, pam.AUTH_ERR, pam.CONV_ERR}, set(),
              "other answers than success and refused")
        systemd.healthy()
        if took <= 2:
            return
    raise Unexpected(f"50 logins took {took} s")


@row("systemd_burst")
def burst(place):
    """50 logins in 2 s, with a good and with a broken service."""
    person = enroll.ready(place, "sys7")
    with open("/etc/pam.d/stepup-check-burst", "w") as f:
        f.write("auth required pam_stepup.so tries=1\n")
    with Systemd(place) as systemd:
        fifty(systemd, person)
        systemd.pid_of("stepupd.service")
        break_service(systemd)
        systemd.ctl("stop", "stepupd.service")
        fifty(systemd, person)
