# SPDX-License-Identifier: BSD-2-Clause
"""Both doors under a real systemd: what they may, and how they come back."""
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import crowd
import pam
import place_of_neighbours as near
import rows as table
from people import Person
from place import HERE, TMP, run, until
from rows import equal, lacks, matches, row
from terminal import Unexpected, plain_env

# For its Systemd; its rows are check-system's.
_mine = list(table.TABLE)
from rows_systemd import Systemd            # noqa: E402
table.TABLE[:] = _mine

HERE_TOO = os.path.dirname(os.path.abspath(__file__))
LOGIN, PUBLIC = "stepupd.service", "stepup-public.service"
OK_RECOVERY = 12        # enum outcome


@row("units_exposure")
def exposure(place):
    """systemd's own opinion (tests/system holds verify against silence)."""
    folder = place.make_variable("systemdsystemunitdir")
    figures = []
    for unit, most in ((LOGIN, 2.0), (PUBLIC, 3.0)):
        said = run("systemd-analyze", "security", "--offline=true",
                   f"--threshold={int(most * 10)}",
                   os.path.join(folder, unit))
        level = float(matches(r"exposure level for .*: ([\d.]+)",
                              said).group(1))
        if level > most:
            raise Unexpected(f"{unit}: {level}, not at most {most}")
        figures.append(f"{unit} {level} (at most {most})")
    near.report("systemd-analyze security", ", ".join(figures))


def drop_in(systemd, unit, *lines):
    folder = f"/run/units/{unit}.d"
    systemd.run("sh", "-c", f"mkdir -p {folder} && printf '%s\\n' '[Service]' "
                '"$@" >' + folder + "/test.conf", "sh", *lines)
    systemd.ctl("daemon-reload")


def probe(place, systemd, unit, port):
    out = f"{place.statedir}/probe.json"
    drop_in(systemd, unit, "ExecStartPre=/usr/bin/python3 -B "
            f"{TMP}/probe.py {out} {port}")
    systemd.ctl("restart", unit)
    with open(out) as f:
        found = json.load(f)
    os.unlink(out)
    return found


# Refused to both.  EACCES and EPERM say the same in different places.
REFUSED = [
    "write /etc", "write /usr", "write /var/lib", "write /home",
    "write /root", "setuid file", "setuid", "socket PACKET", "mount",
    "user namespace", "mount namespace", "real time", "host name",
    "writable and executable memory", "personality", "ptrace", "kernel log",
    "kernel settings", "another's process"]
# The public door's alone, for a password check.
FOR_PASSWORDS = [
    "write /run", "make /run/faillock", "read 0600 of another", "chown",
    "socket INET", "socket INET6", "socket NETLINK", "TCP to a server",
    "processors"]


def sssd(systemd):
    """Somebody at the path of SSSD's socket for root, in there."""
    os.makedirs("/var/lib/sss/pipes/private", mode=0o755, exist_ok=True)
    path = "/var/lib/sss/pipes/private/pam"
    if os.path.lexists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o600)
    s.listen(8)
    return s


@row("units_sandbox")
def sandbox(place):
    """What a process in each of them may do, tried out in there."""
    for name in ("probe.py",):
        shutil.copy(f"{HERE_TOO}/{name}", TMP)
    with open(f"{TMP}/theirs", "w") as f:
        os.fchmod(f.fileno(), 0o600)
        os.fchown(f.fileno(), 12345, 12345)
    with Systemd(place) as systemd:
        server = subprocess.Popen(systemd.inside(
            "/usr/bin/python3", "-c", "import fcntl, socket, struct, sys\n"
            "fcntl.ioctl(socket.socket(), 0x8914, struct.pack("
            "'16sh22x', b'lo', 1))\n"
            "s = socket.create_server(('127.0.0.1', 0))\n"
            "print(s.getsockname()[1], flush=True)\nsys.stdin.read()"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        directory = sssd(systemd)
        try:
            port = int(server.stdout.readline())
            login = probe(place, systemd, LOGIN, port)
            public = probe(place, systemd, PUBLIC, port)
        finally:
            server.communicate()     # its input ends
            directory.close()
        for what in REFUSED:
            for unit, found in ((LOGIN, login), (PUBLIC, public)):
                lacks("^(yes|timeout)$", found[what], f"{unit}: {what}")
        for what in FOR_PASSWORDS:
            equal(public[what], "yes", f"{PUBLIC}: {what}")
            lacks("^yes$", login[what], f"{LOGIN}: {what}")
        for found in (login, public):
            equal(found["write /var/lib/stepup"], "yes", "the state's folder")
            equal(found["a root-only socket like SSSD's"], "yes", "UNIX")
            equal((found["NoNewPrivs"], found["Seccomp"], found["CapAmb"]),
                  ("1", "2", "0" * 16), "privileges")
        equal({login[c] for c in ("CapEff", "CapPrm", "CapBnd")}, {"0" * 16},
              f"capabilities of {LOGIN}")
        # CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, AUDIT_WRITE 29
        equal(public["CapBnd"], f"{1 << 0 | 1 << 1 | 1 << 3 | 1 << 29:016x}",
              f"capabilities of {PUBLIC}")
        # The running process itself, by the kernel's word.
        pid = systemd.pid_of(LOGIN)
        said = systemd.run("cat", f"/proc/{pid}/status")
        for name, value in (("CapEff", "0+"), ("CapPrm", "0+"),
                            ("CapBnd", "0+"), ("Seccomp", "2"),
                            ("NoNewPrivs", "1")):
            matches(rf"^{name}:\s+{value}$", said, "status")
        nets = systemd.run("readlink", "/proc/1/ns/net", f"/proc/{pid}/ns/net"
                           ).split()
        equal(nets[0] == nets[1], False, "an own network")
    place.serve()
    near.report("Sandboxes, tried from inside", f"{len(REFUSED)} things "
                f"refused to both, {len(FOR_PASSWORDS)} more to the login "
                "door, which has no capability and no network")


FAILLOCK = """\
auth required pam_faillock.so preauth
auth sufficient pam_unix.so nodelay
auth [default=die] pam_faillock.so authfail
account required pam_faillock.so
account required pam_unix.so
"""


@row("units_faillock")
def faillock(place):
    """The sandboxed public door keeps pam_faillock's tallies: made, owned
    by the person, reset by the right password."""
    person = Person(place, "tallied")
    own = "/etc/pam.d/stepup"
    with open(own) as f:
        before = f.read()
    with open(own, "w") as f:
        f.write(FAILLOCK)
    tally = f"/run/faillock/{person.name}"
    try:
        with Systemd(place) as systemd:
            session = systemd.shell(person, place.stepup, "enroll")
            session.answer("[Pp]assword: $", "wrong")
            session.expect("Wrong password.*[Pp]assword: $|[Pp]assword: $")
            said = systemd.run("stat", "-c", "%U %s", tally).split()
            equal(said[0], person.name, "owner of the tally")
            equal(int(said[1]) > 0, True, "a failure in the tally")
            session.line(person.password)
            session.expect_screen("Code: *$")
            equal(systemd.run("stat", "-c", "%s", tally), "0\n",
                  "the tally after the right password")
            session.interrupt()
    finally:
        with open(own, "w") as f:
            f.write(before)
        place.serve()


# --- restarts ----------------------------------------------------------

class Clients(threading.Thread):
    """People who log in with their recovery codes, in there."""

    def __init__(self, systemd, phones, pause):
        super().__init__(daemon=True)
        for path in (HERE + "/pam.py", HERE_TOO + "/clients.py"):
            shutil.copy(path, TMP)
        self.plan = "".join(f"{p.name} {' '.join(p.sheet)}\n" for p in phones)
        self.process = subprocess.Popen(
            systemd.inside("/usr/bin/python3", "-B", f"{TMP}/clients.py",
                           "stepup-neighbours", str(pause)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=plain_env())
        self.start()

    def run(self):
        self.said = self.process.communicate(self.plan)[0]

    def going(self):
        return self.process.poll() is None

    def results(self):
        """(name, code, PAM's code, seconds) of each login."""
        self.join(300)
        return [(name, code, int(result), float(took)) for
                name, code, result, took in map(str.split,
                                                self.said.splitlines())]


def twenty_codes(place, n):
    """People with twenty recovery codes each."""
    place.settings("recovery_codes = 20\n")
    try:
        return crowd.enrolled(place, n, "many")
    finally:
        place.settings(None)


def spent(place, phones):
    db = sqlite3.connect(f"file:{place.statedir}/stepup.db?mode=ro",
                         uri=True, timeout=10)
    try:
        return [db.execute("SELECT count(*) FROM event WHERE uid = ? AND "
                           "outcome = ?", (p.uid, OK_RECOVERY)
                           ).fetchone()[0] for p in phones]
    finally:
        db.close()


def under_load(place, systemd, phones, disturb, times):
    """disturb() times over while they log in; (how often that was, logins,
    refused because their answer was lost, the longest)."""
    mark, done = place.log.mark(), 0
    clients = Clients(systemd, phones, near.long(0.7, 0.3))
    while done < times and clients.going():
        disturb()
        done += 1
        systemd.healthy()
    results = clients.results()
    if done < times / 2:
        raise Unexpected(f"only {done} times while they logged in")
    equal(len(results), sum(len(p.sheet) for p in phones), "logins")
    refused = [r for r in results if r[2] != pam.SUCCESS]
    # Whose answer was lost was asked again: used already, and on record.
    lost = len(re.findall(r"deny\.replay user=many", place.log.since(mark)))
    equal(len(refused), lost, f"refused ({refused[:3]}), and replays")
    # Nothing lost, nothing doubled: each code is on record once.
    equal(spent(place, phones), [len(p.sheet) for p in phones],
          "codes on record")
    systemd.healthy()
    return done, len(results), lost, max(r[3] for r in results)


@row("units_restarted_under_load")
def restarted(place):
    phones = twenty_codes(place, near.long(48, 16))
    times = near.long(60, 20)
    with Systemd(place) as systemd:
        times, n, lost, longest = under_load(
            place, systemd, phones,
            lambda: systemd.ctl("restart", LOGIN), times)
        equal(lost, 0, "answers lost by a restart that ends cleanly")
    place.serve()
    near.report(f"systemctl restart × {times} under {len(phones)} clients",
                f"{n} right logins, 0 refused, each code on record once; "
                f"the longest took {longest:.2f} s")


@row("units_killed_under_load")
def killed(place):
    """SIGKILL: back after 100 ms, the socket never failed."""
    phones = twenty_codes(place, near.long(48, 16))
    times = near.long(60, 20)

    def kill():
        pid = int(systemd.show(LOGIN, "MainPID"))
        if pid:
            systemd.run("kill", "-KILL", str(pid), status=None)
        until("started again", lambda: systemd.show(LOGIN, "MainPID") not in
              ("0", str(pid)), 5)

    with Systemd(place) as systemd:
        times, n, lost, longest = under_load(place, systemd, phones, kill,
                                             times)
        systemd.healthy()
    place.serve()
    near.report(f"SIGKILL × {times} under {len(phones)} clients",
                f"{n} right logins, {lost} refused (their answer was lost, "
                "asked again: already used), each code on record once; the "
                f"longest took {longest:.2f} s")


@row("units_hanging")
def hanging(place):
    """Idle ones are left alone; stopped (SIGSTOP) ones are ended by the
    watchdog, and logins go on."""
    phone = crowd.enrolled(place, 1)[0]
    person = Person(place, "careful")
    with Systemd(place) as systemd:
        systemd.ctl("start", LOGIN, PUBLIC)
        pids = {u: systemd.pid_of(u) for u in (LOGIN, PUBLIC)}
        time.sleep(8)       # the time itself: longer than WatchdogSec=
        for unit, pid in pids.items():
            equal((systemd.show(unit, "NRestarts"), systemd.pid_of(unit)),
                  ("0", pid), f"{unit}, idle for 8 s")
        for pid in pids.values():
            systemd.run("kill", "-STOP", str(pid))
        begin = time.monotonic()
        phone.sheet, spare = phone.sheet[:2], phone.sheet[2:]
        early = Clients(systemd, [phone], 0)
        back = {}
        for unit, pid in pids.items():
            until(f"{unit} is started again", lambda u=unit, p=pid:
                  systemd.show(u, "MainPID") not in ("0", str(p)) and
                  systemd.show(u, "ActiveState") == "active", 12)
            back[unit] = time.monotonic() - begin
        systemd.healthy()
        for _, _, result, took in early.results():
            equal(result in (pam.SUCCESS, pam.SERVICE_ERR), True,
                  f"PAM code {result}")
            if took > 5.5:
                raise Unexpected(f"a login waited {took} s")
        late = [r for r in early.results() if r[2] != pam.SUCCESS]
        phone.sheet = spare[:4]
        for _, _, result, took in Clients(systemd, [phone], 0).results():
            equal(result, pam.SUCCESS, "a login after the restart")
        session = systemd.shell(person, place.stepup, "status")
        session.wait()
        equal(session.status in (0, 3), True, "stepup status")
    place.serve()
    near.report("SIGSTOP of both services", f"killed and started again after "
                f"{back[LOGIN]:.1f} s (login) and {back[PUBLIC]:.1f} s "
                f"(public); {len(late)} of 2 logins meanwhile refused, all "
                "after it let in")
