# SPDX-License-Identifier: BSD-2-Clause
"""The place that `enter` made: what is installed, what runs, what it logs.

Everything here changes files below /etc, /usr, /var and /run: it runs in
`enter` only, where that is private or put back.
"""
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from terminal import Session, Unexpected

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICE = "stepup-test-sshd"        # sshd's PAM service: the name it has
TMP = "/run/stepup-place"
HOMES = "/run/people"
DEADLINE = 10


def run(*argv, status=0, **options):
    """Runs a program to its end; its output, or Unexpected."""
    options.setdefault("timeout", 120)
    done = subprocess.run(argv, stdin=options.pop("stdin",
                          subprocess.DEVNULL) if "input" not in options
                          else None, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if status is not None and done.returncode != status:
        raise Unexpected(f"{' '.join(argv)}: exit status {done.returncode}, "
                         f"not {status}\n{done.stdout}")
    return done.stdout


def until(what, ready, timeout=DEADLINE):
    """Looks until ready() is true, for states nobody announces."""
    end = time.monotonic() + timeout
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > end:
            raise Unexpected(f"not within {timeout} s: {what}")
        time.sleep(0.01)


class Log:
    """Listens at /dev/log as a syslog daemon does."""

    def __init__(self, path="/dev/log"):
        self.lines = []
        if os.path.lexists(path):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            data = self._socket.recv(65536).decode("utf-8", "replace")
            # <priority>Mon dd hh:mm:ss identity[pid]: message
            self.lines.append(re.sub(r"^<\d+>(... .. ..:..:.. )?", "",
                                     data.rstrip("\n\0")))

    def mark(self):
        return len(self.lines)

    def since(self, mark):
        return "\n".join(self.lines[mark:])

    def expect(self, pattern, mark):
        """A line may still be under way when the program has ended."""
        return until(f"log line /{pattern}/",
                     lambda: re.search(pattern, self.since(mark)), 5)


class Place:
    """pauses: pam_unix waits 2 s after a refusal, as installed."""

    def __init__(self, build, pauses=False):
        self.pauses = pauses
        self.build = build
        self.source = os.path.dirname(os.path.dirname(HERE))
        self.private = os.environ.get("STEPUP_PLACE") == "namespace"
        self.stepupd = self.config("STEPUPD_PATH")
        self.stepup = os.path.join(self.make_variable("bindir"), "stepup")
        self.module = os.path.join(self.config("STEPUP_PAMDIR"),
                                   "pam_stepup.so")
        self.rundir = self.config("STEPUP_RUNDIR")
        self.statedir = self.config("STEPUP_STATEDIR")
        self.conf = self.config("STEPUP_CONF")
        self.keyring = self.config("STEPUP_KEYRING")
        self.services = {}
        self.host = socket.gethostname().split(".")[0]
        for folder, mode in ((TMP, 0o711), (HOMES, 0o755)):
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, mode)
        self.log = Log()

    def config(self, name):
        with open(os.path.join(self.build, "config.h")) as f:
            return re.search(rf'^#define {name} "(.*)"$', f.read(),
                             re.M).group(1)

    def belongs_to_builder(self, *paths):
        """Whoever built may remove what root left in the build folder."""
        info = os.stat(self.build)
        for path in paths:
            if path.startswith(self.build + "/"):
                os.chown(path, info.st_uid, info.st_gid)

    def make_variable(self, name):
        return run("make", "-s", "-C", self.build, "-f", "-", "print",
                   input=f"include Makefile\nprint:\n\t@echo $({name})\n"
                   ).strip().splitlines()[-1]

    # --- installed ---------------------------------------------------

    def install(self):
        return run("make", "-C", self.build, "install", timeout=300)

    def birth(self):
        return run(self.stepupd, "--init")

    def settings(self, text):
        """Site settings; None: none, as it is installed."""
        if text is None:
            if os.path.exists(self.conf):
                os.unlink(self.conf)
            return
        with open(self.conf + ".new", "w") as f:
            f.write(text)
        os.chmod(self.conf + ".new", 0o644)
        os.rename(self.conf + ".new", self.conf)

    # --- PAM ---------------------------------------------------------

    def protect(self, arguments=""):
        """sshd, sudo and su ask for a code after the password, as the
        manual says."""
        if not self.pauses:
            self.no_pause()
        line = f"auth required pam_stepup.so {arguments}".rstrip() + "\n"
        for service in ("sudo", "su"):
            self.insert(service, line)
        with open(f"/etc/pam.d/{SERVICE}", "w") as f:
            f.write("@include common-auth\n" + line +
                    "account required pam_nologin.so\n"
                    "@include common-account\n"
                    "@include common-session-noninteractive\n")

    @staticmethod
    def insert(service, line):
        path = f"/etc/pam.d/{service}"
        with open(path) as f:
            lines = [x for x in f if "pam_stepup.so" not in x]
        at = lines.index("@include common-auth\n") + 1
        with open(path, "w") as f:
            f.writelines(lines[:at] + [line] + lines[at:])

    @staticmethod
    def no_pause():
        path = "/etc/pam.d/common-auth"
        with open(path) as f:
            text = f.read()
        if "nodelay" not in text:
            with open(path, "w") as f:
                f.write(re.sub(r"(pam_unix\.so)", r"\1 nodelay", text))

    # --- sshd --------------------------------------------------------

    def start_sshd(self):
        """One sshd; a port for each way to authenticate."""
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        link = f"/usr/sbin/{SERVICE}"
        if not os.path.lexists(link):
            os.symlink(shutil.which("sshd"), link)
        for name in ("host", "key"):
            path = f"{TMP}/{name}"
            if not os.path.exists(path):
                run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    path)
        ports = free_ports(3)
        with open(f"{TMP}/sshd_config", "w") as f:
            f.write(SSHD_CONFIG.format(tmp=TMP, ports=ports))
        with open(f"{TMP}/host.pub") as f:
            key = " ".join(f.read().split()[:2])
        with open(f"{TMP}/known_hosts", "w") as f:
            f.write(f"{self.host} {key}\n")
        with open(f"{TMP}/ssh_config", "w") as f:
            f.write(SSH_CONFIG.format(tmp=TMP, ports=ports,
                                      host=self.host))
        self.sshd = subprocess.Popen(
            [link, "-D", "-f", f"{TMP}/sshd_config", "-E",
             f"{TMP}/sshd.log"], stdin=subprocess.DEVNULL)
        self.ports = ports
        until("sshd listens", lambda: all(map(listens, ports)))

    def ssh(self, user, command="echo IN-$(id -un)", way="", **options):
        """The real client.  way: "", "-key", "-password", "-both"."""
        argv = ["/usr/bin/ssh", "-F", f"{TMP}/ssh_config",
                f"{user}@{self.host}{way}"]
        return Session(argv + ([command] if command else []), **options)

    # --- stepupd -----------------------------------------------------

    def serve(self, *doors, env=None):
        for door in doors or ("login", "public"):
            if door in self.services:
                continue
            with open(f"{TMP}/stepupd-{door}.log", "a") as log:
                self.services[door] = subprocess.Popen(
                    [self.stepupd, f"--{door}", "--listen",
                     self.rundir], stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, env=env)
            until(f"the {door} door listens",
                  lambda d=door: self.listening(d))

    def listening(self, door):
        if self.services[door].poll() is not None:
            with open(f"{TMP}/stepupd-{door}.log") as log:
                raise Unexpected(f"stepupd --{door} ended: " + log.read())
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            try:
                s.connect(f"{self.rundir}/{door}")
            except OSError:
                return False
        return True

    def stop(self, *doors):
        """SIGTERM; a service ends with success, within its deadline."""
        for door in doors or ("login", "public"):
            service = self.services.pop(door, None)
            if service is None:
                continue
            service.terminate()
            try:
                status = service.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                service.kill()
                raise Unexpected(f"stepupd --{door} ignored SIGTERM")
            if status != 0:
                raise Unexpected(f"stepupd --{door}: exit status {status} "
                                 "after SIGTERM")

    def close(self):
        for service in [*self.services.values(),
                        getattr(self, "sshd", None)]:
            if service is not None and service.poll() is None:
                service.kill()
                service.wait()


def free_ports(n):
    found = []
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
        found.append(s.getsockname()[1])
        s.close()
    return found


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {ports[0]}
Port {ports[1]}
Port {ports[2]}
HostKey {tmp}/host
PidFile none
LogLevel VERBOSE
UsePAM yes
PermitRootLogin yes
StrictModes no
AuthorizedKeysFile {tmp}/keys/%u
PasswordAuthentication no
PubkeyAuthentication no
KbdInteractiveAuthentication yes
AllowTcpForwarding no
X11Forwarding no
PrintLastLog no
PrintMotd no
MaxStartups 200
Match LocalPort {ports[1]}
	PubkeyAuthentication yes
	AuthenticationMethods publickey,keyboard-interactive
Match LocalPort {ports[2]}
	KbdInteractiveAuthentication no
	PasswordAuthentication yes
"""

SSH_CONFIG = """\
Host {host}
	Port {ports[0]}
	PreferredAuthentications keyboard-interactive
Host {host}-key
	Port {ports[1]}
	PreferredAuthentications publickey,keyboard-interactive
	IdentityFile {tmp}/key
Host {host}-password
	Port {ports[2]}
	PreferredAuthentications password
Host *
	HostName 127.0.0.1
	HostKeyAlias {host}
	UserKnownHostsFile {tmp}/known_hosts
	GlobalKnownHostsFile none
	IdentityAgent none
	IdentitiesOnly yes
	UpdateHostKeys no
	ControlPath none
	LogLevel ERROR
"""
