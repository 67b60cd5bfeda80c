# SPDX-License-Identifier: BSD-2-Clause
"""Programs on a pseudo terminal, and what a person sees on it."""
import codecs
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from screen import Screen

TIMEOUT = 20


class Unexpected(AssertionError):
    """A program did not say what it should have said."""


class Session:
    """A program with a terminal of its own, driven like a person would.

    as_user: (uid, gid, groups) or None for root.  `text` is all that came,
    escape sequences taken out; `screen` what stands on the terminal now.
    `watch`, if set, is called with every piece of raw output.
    """
    opened = []     # sessions of the current row, for its transcript

    def __init__(self, argv, as_user=None, env=None, cwd="/", rows=24,
                 columns=80, watch=None):
        self.argv = argv
        self.screen = Screen(columns, rows)
        self.text = ""
        self.raw = b""
        self.seen = 0       # how far in text expect() has come
        self.status = None
        self.closed = False
        self.watch = watch
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self._child(argv, as_user, env, cwd, rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        Session.opened.append(self)

    @staticmethod
    def _child(argv, as_user, env, cwd, rows, columns):
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, columns, 0, 0))
            for number in (signal.SIGPIPE, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            if as_user:
                uid, gid, groups = as_user
                os.fchown(0, uid, 5)
                os.setgroups(groups)
                os.setgid(gid)
                os.setuid(uid)
            os.chdir(cwd)
            os.execve(argv[0], argv, env if env is not None else plain_env())
        except OSError as why:
            os.write(2, f"{argv[0]}: {why}\n".encode())
        os._exit(127)

    def read(self, timeout):
        """Takes in what has come; False at the end, or when too late."""
        if self.closed:
            return False
        if not select.select([self.fd], [], [], max(timeout, 0))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError as why:
            if why.errno != errno.EIO:
                raise
            data = b""
        if not data:
            self.closed = True
            return False
        self.raw += data
        piece = self._decode.decode(data)
        self.screen.feed(piece)
        self.text = visible(self._decoded())
        if self.watch:
            self.watch(piece)
        return True

    def _decoded(self):
        return self.raw.decode("utf-8", "replace")

    def expect(self, pattern, timeout=TIMEOUT):
        """Waits until pattern comes after what was matched before."""
        end = time.monotonic() + timeout
        while True:
            found = re.compile(pattern, re.M).search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return found
            if not self.read(end - time.monotonic()) and (
                    self.closed or time.monotonic() >= end):
                what = "ended" if self.closed else "stayed silent"
                raise Unexpected(f"{self.name()} {what} where "
                                 f"/{pattern}/ was expected")

    def expect_screen(self, pattern, timeout=TIMEOUT):
        """Waits until pattern stands on the screen."""
        end = time.monotonic() + timeout
        while True:
            found = re.compile(pattern, re.M).search(self.screen.text())
            if found:
                self.seen = len(self.text)
                return found
            if not self.read(end - time.monotonic()) and (
                    self.closed or time.monotonic() >= end):
                raise Unexpected(f"{self.name()}: no /{pattern}/ on the "
                                 "screen:\n" + self.screen.text())

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.send(text + "\n")

    def answer(self, pattern, text, timeout=TIMEOUT):
        found = self.expect(pattern, timeout)
        self.line(text)
        return found

    def wait(self, timeout=TIMEOUT):
        """Reads to the end; the exit status, 128 + n for a signal."""
        if self.status is not None:
            return self.status
        end = time.monotonic() + timeout
        while self.read(end - time.monotonic()):
            pass
        if not self.closed:
            self.end()
            raise Unexpected(f"{self.name()} did not end")
        status = os.waitpid(self.pid, 0)[1]
        self.status = (os.WEXITSTATUS(status) if os.WIFEXITED(status)
                       else 128 + os.WTERMSIG(status))
        os.close(self.fd)
        return self.status

    def ends(self, status=0):
        got = self.wait()
        if got != status:
            raise Unexpected(f"{self.name()}: exit status {got}, "
                             f"not {status}")

    def interrupt(self):
        """Ctrl-C, until it ends: a program that is just about to read may
        miss the first."""
        end = time.monotonic() + TIMEOUT
        while not self.closed and time.monotonic() < end:
            self.send("\x03")
            again = time.monotonic() + 0.5
            while self.read(again - time.monotonic()):
                pass
        return self.wait()

    def end(self):
        """Ends it, whatever it does; nothing when it has ended."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = 128 + signal.SIGKILL
            os.close(self.fd)
            self.closed = True

    def name(self):
        return " ".join(os.path.basename(a) if i == 0 else a
                        for i, a in enumerate(self.argv))


def plain_env(**more):
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                   "/sbin:/bin",
           "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color",
           "HOME": "/nonexistent"}
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


CONTROL = re.compile(r"\x1b\[[0-9;?<=>]*[ -/]*[@-~]|\x1b\][^\a\x1b]*(\a|\x1b\\)"
                     r"|\x1b[ -/]*[0-~]|[\0\a]")


MOVES = re.compile(r"(?:\x1b\[[0-9;]*[HfJK])+")


def visible(text):
    """Terminal output without its escape sequences, newlines alone; what
    was put elsewhere on the screen begins a line."""
    text = MOVES.sub("\n", text)
    return CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "")
