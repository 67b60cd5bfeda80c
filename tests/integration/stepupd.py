# SPDX-License-Identifier: BSD-2-Clause
"""stepupd as a program: what its arguments are, who may say them, -t.

As anybody: what is root's is asked for with shim_root.so, as root without.
"""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback

BUILD = pathlib.Path(os.environ.get("abs_builddir", "."))
STEPUPD = BUILD / "stepupd"
SHIM = BUILD / "tests/integration/.libs/shim_root.so"
TMP = pathlib.Path(tempfile.mkdtemp(prefix="stepupd-"))
ROWS = []
USAGE = "usage: stepupd --login"


def row(function):
    ROWS.append(function)
    return function


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def holds(what, why):
    if not what:
        raise AssertionError(why)


def stepupd(*words, root=True, stdin=subprocess.DEVNULL, env=None,
            fds=(), before=None):
    environment = {"PATH": os.environ["PATH"], **(env or {})}
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "GCOV_ERROR_FILE",
                 "TMPDIR"):
        if name in os.environ:
            environment[name] = os.environ[name]
    user = None
    if root and os.geteuid() != 0:
        environment["LD_PRELOAD"] = str(SHIM)
    elif not root and os.geteuid() == 0:
        user = pwd.getpwnam("nobody").pw_uid
    run = subprocess.run(
        [STEPUPD, *map(str, words)], stdin=stdin, env=environment, user=user,
        pass_fds=fds, preexec_fn=before, capture_output=True, text=True,
        timeout=60)
    return run.returncode, run.stdout, run.stderr


def settings(text, name="stepup.conf", mode=0o644):
    path = TMP / name
    path.write_text(text)
    path.chmod(mode)
    return path


@row
def stepupd_usage():
    for words in ((), ("--nonsense",), ("--logi",), ("login",), ("",),
                  ("--login", "--listen"), ("--login", "--listen", "a", "b"),
                  ("--login", "nonsense"), ("--public",),
                  ("--public", "--listen"), ("--public", "/run"),
                  ("--admin", "now"), ("--init", "now"),
                  ("--self", "nonsense"), ("--version", "now"),
                  ("-t", "/etc/stepup.conf"), ("-t", "-f"),
                  ("-t", "-f", "a", "b"), ("-t", "-g", "a")):
        status, out, err = stepupd(*words)
        equal((words, status, out), (words, 2, ""))
        holds(err.startswith(USAGE), err)


@row
def stepupd_version():
    status, out, err = stepupd("--version", root=False)
    equal((status, err), (0, ""))
    holds(out.startswith("stepupd ") and out.count("\n") == 1, out)


@row
def stepupd_root_alone():
    for words in (("--login",), ("--public",), ("--self",), ("--admin",),
                  ("--init",), ("--login", "--listen", TMP),
                  ("--public", "--listen", TMP)):
        equal(stepupd(*words, root=False),
              (1, "", "stepupd: only root may do this\n"))
    equal(list(TMP.iterdir()), [])


@row
def stepupd_descriptor_0():
    """Without a socket of root's there is nobody to answer."""
    for words in (("--self",), ("--admin",)):
        status, out, err = stepupd(*words)
        equal((words, status, out), (words, 1, ""))
        holds("descriptor 0 is no connected socket" in err, err)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    status, out, err = stepupd("--admin", stdin=theirs)
    equal((status, out), (1, ""))
    ours.close()
    theirs.close()


@row
def stepupd_cannot_listen():
    file = settings("")
    for place in (file, TMP / "a" / "b", "relative", TMP / ("x" * 200)):
        for door in ("--login", "--public"):
            status, out, err = stepupd(door, "--listen", place)
            equal((place, status, out), (place, 1, ""))
            holds(err.startswith("stepupd: ") and err.count("\n") == 1, err)
    file.unlink()


@row
def stepupd_socket_of_another_kind():
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.bind(str(TMP / "stream"))
    stream.listen()
    pipe = os.pipe()
    for fd, count in ((stream.fileno(), 1), (pipe[0], 1), (pipe[0], 2),
                      (pipe[0], 0), (pipe[0], "many")):
        for door in ("--login", "--public"):
            run = subprocess.run(
                ["/bin/sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS={count} "
                 f'exec "$0" "$@" 3<&{fd}', STEPUPD, door],
                env=dict(os.environ, **({} if os.geteuid() == 0 else
                                        {"LD_PRELOAD": str(SHIM)})),
                pass_fds=(fd,), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=60)
            holds(run.returncode in (1, 2), (door, count, run))
            equal(run.stdout, "")
            holds(run.stderr.startswith("stepupd: ") or
                  run.stderr.startswith(USAGE), run.stderr)
    stream.close()
    for fd in pipe:
        os.close(fd)
    (TMP / "stream").unlink()


@row
def stepupd_test_says_what_is_in_force():
    file = settings('attempts = 5\nissuer = "web03"\nlock = "1h"\n')
    status, out, err = stepupd("-t", "-f", file)
    equal((status, err), (0, ""))
    for line in ("attempts = 5", 'issuer = "web03"', "cap = 50"):
        holds(line in out.replace(";", "").split("\n"), out)
    # What it says is what it takes.
    again = settings(out, "again.conf")
    equal(stepupd("-t", "-f", again), (0, out, ""))
    for path in (file, again):
        path.unlink()


@row
def stepupd_test_refuses():
    for text, why in (("attempts = 2\n", "attempts"),
                      ("nonsense = 1\n", "nonsense"),
                      ("attempts = 5\nattempts = 6\n", ""),
                      ("issuer = web03\n", "quotes"),
                      ("services = [\"sshd\"\n", ""),
                      ("issuer = \"a\0b\"\n", ""),
                      ("@include \"/etc/passwd\"\n", "")):
        file = settings(text)
        status, out, err = stepupd("-t", "-f", file)
        equal((text, status, out), (text, 1, ""))
        holds(err.startswith(f"stepupd: {file}") and why in err, err)
        file.unlink()
    status, out, err = stepupd("-t", "-f", TMP / "absent")
    equal((status, out), (1, ""))
    holds("absent" in err, err)


@row
def stepupd_test_remarks_owner_and_mode():
    file = settings("attempts = 5\n", mode=0o666)
    status, out, err = stepupd("-t", "-f", file, root=False)
    equal(status, 0)
    holds("attempts = 5" in out, out)
    holds(str(file) in err and err.count("\n") == 1, err)
    file.unlink()


@row
def stepupd_without_stdio():
    """Closed descriptors are filled before anything is opened."""
    for close in ((0,), (1,), (2,), (0, 1, 2)):
        run = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$0" --version ' +
             " ".join(f"{fd}>&-" for fd in close), STEPUPD],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        out, err = run.communicate(timeout=60)
        equal((close, run.returncode, err), (close, 0, ""))
        equal(out.startswith("stepupd "), 1 not in close)


def main():
    bad = 0
    TMP.chmod(0o755)
    for function in ROWS:
        name = function.__name__
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        try:
            function()
            print(f"ok {name}", flush=True)
        except Exception:
            traceback.print_exc(file=sys.stdout)
            print(f"not ok {name}", flush=True)
            bad = 1
    shutil.rmtree(TMP)
    return bad


if __name__ == "__main__":
    sys.exit(main())
