# SPDX-License-Identifier: BSD-2-Clause
"""probe.py FILE PORT: what a process in here may do, as JSON {WHAT: how}.

"yes", or the name of the error.  Runs in the sandbox of a service
(ExecStartPre=); nothing it tries would change a host.
"""
import ctypes
import errno
import json
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000
PROT_RWX, MAP_ANON_PRIVATE = 7, 0x22


def call(result):
    if result in (-1, 2 ** 64 - 1):
        raise OSError(ctypes.get_errno(), "call")


def write(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(fd)
    os.unlink(path)


def connect(family, address):
    with socket.socket(family) as s:
        s.settimeout(2)
        s.connect(address)


def give_away():
    path = "/var/lib/stepup/probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        os.chown(path, 12345, -1)
    finally:
        os.unlink(path)


def writable_and_executable():
    libc.mmap.restype = ctypes.c_size_t
    call(libc.mmap(None, 4096, PROT_RWX, MAP_ANON_PRIVATE, -1, 0))


def setuid_file():
    path = "/var/lib/stepup/probe-s"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        os.chmod(path, 0o4755)
    finally:
        os.unlink(path)


def real_time():
    """Where a group of processes has no time for it, the kernel refuses it
    to anybody; only the sandbox does so before it looks at the number."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1000))
    except OSError as e:
        if e.errno != errno.EINVAL:
            raise


TRIED = {
    "write /etc": lambda: write("/etc/stepup-probe"),
    "write /usr": lambda: write("/usr/stepup-probe"),
    "write /var/lib": lambda: write("/var/lib/stepup-probe"),
    "write /run": lambda: write("/run/stepup-probe"),
    "write /home": lambda: write("/home/stepup-probe"),
    "write /root": lambda: write("/root/stepup-probe"),
    "write /var/lib/stepup": lambda: write("/var/lib/stepup/probe-w"),
    "make /run/faillock": lambda: os.makedirs("/run/faillock",
                                              exist_ok=True),
    "list /root": lambda: os.listdir("/root"),
    "read 0600 of another": lambda: open("/run/stepup-place/theirs").close(),
    "chown": give_away,
    "setuid file": setuid_file,
    "setuid": lambda: os.setresuid(-1, 12345, -1),
    "socket INET": lambda: socket.socket(socket.AF_INET).close(),
    "socket INET6": lambda: socket.socket(socket.AF_INET6).close(),
    "socket NETLINK": lambda: socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    "socket PACKET": lambda: socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW).close(),
    "TCP to a server": lambda: connect(
        socket.AF_INET, ("127.0.0.1", int(sys.argv[2]))),
    "a root-only socket like SSSD's": lambda: connect(
        socket.AF_UNIX, "/var/lib/sss/pipes/private/pam"),
    "mount": lambda: call(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    "user namespace": lambda: call(libc.unshare(CLONE_NEWUSER)),
    "mount namespace": lambda: call(libc.unshare(CLONE_NEWNS)),
    "real time": real_time,
    "host name": lambda: socket.sethostname("web03"),
    "writable and executable memory": writable_and_executable,
    "personality": lambda: call(libc.personality(0x0008)),
    "ptrace": lambda: call(libc.ptrace(16, 1, None, None)),
    "kernel log": lambda: call(libc.klogctl(10, None, 0)),
    "kernel settings": lambda: open("/proc/sys/kernel/core_pattern",
                                    "r+").close(),
    "another's process": lambda: os.readlink("/proc/1/exe"),
    "processors": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
}

found = {}
for what, how in TRIED.items():
    try:
        how()
        found[what] = "yes"
    except OSError as why:
        found[what] = errno.errorcode.get(why.errno, "timeout")
with open("/proc/self/status") as f:
    for line in f:
        name, _, value = line.partition(":")
        if name in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs",
                    "Seccomp"):
            found[name] = value.strip()
with open(sys.argv[1], "w") as f:
    json.dump(found, f)
