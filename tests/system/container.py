# SPDX-License-Identifier: BSD-2-Clause
"""container.py BUILD_DIR COMMAND [ARGUMENT...]

Runs COMMAND on the container itself, where no namespaces can be made, and
puts everything back afterwards: people, PAM files, settings, keys, store,
sockets, installed files, login records.  Also when COMMAND fails, or is
interrupted.  What is to be put back is written down (MANIFEST) before
anything changes: after a SIGKILL the next run begins by putting it back.
"""
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HOLD = "/var/tmp/stepup-place"
MANIFEST = HOLD + "/manifest"
ASIDE = ".stepup-aside"
PR_SET_CHILD_SUBREAPER = 36

# Copied, and written back.
KEPT = [f"/etc/{name}{old}" for old in ("", "-", "+", ".lock") for name in
        ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")]
KEPT += ["/etc/.pwd.lock", "/etc/ld.so.cache", "/run/utmp",
         "/var/log/lastlog", "/var/log/wtmp", "/var/log/btmp",
         "/var/log/faillog"]
# Moved aside, a copy in their place; moved back.
COPIED = ["/etc/pam.d", "/etc/sudoers.d", "/etc/ssh/ssh_config.d",
          "/var/lib/sudo"]
# Moved aside, nothing in their place; moved back.
EMPTIED = ["/dev/log", "/run/sudo", "/run/sshd", "/run/people",
           "/run/stepup-place"]


def config(build, name):
    """A string that configure wrote into config.h."""
    with open(os.path.join(build, "config.h")) as f:
        found = re.search(rf'^#define {name} "(.*)"$', f.read(), re.M)
    if not found:
        sys.exit(f"{build}/config.h has no {name}: run configure again")
    return found.group(1)


def installed(build):
    """The files that `make install` would write, without writing them."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as root:
        subprocess.run(["make", "-s", "-C", build, "install",
                        "DESTDIR=" + root], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return [os.path.join(folder, name)[len(root):]
                for folder, _, names in os.walk(root) for name in names]


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def copy(source, target):
    """A file with owner, mode and times; target is replaced at once."""
    new = target + ".stepup-new"
    shutil.copy2(source, new, follow_symlinks=False)
    info = os.lstat(source)
    os.lchown(new, info.st_uid, info.st_gid)
    if not os.path.islink(new):
        os.chmod(new, info.st_mode & 0o7777)
    try:
        os.rename(new, target)
    except OSError:
        # A container's runtime may have mounted this very file.
        with open(new, "rb") as f, open(target, "wb") as g:
            shutil.copyfileobj(f, g)
        os.unlink(new)


def move(source, target):
    """A folder of the container's image cannot be renamed (overlayfs)."""
    try:
        os.rename(source, target)
    except OSError as why:
        if why.errno != errno.EXDEV:
            raise
        remove(target + ".new")
        subprocess.run(["cp", "-a", source, target + ".new"], check=True)
        os.rename(target + ".new", target)
        remove(source)


def missing_folders(path):
    """The folders above path that are not there, deepest first."""
    found = []
    path = os.path.dirname(path)
    while not os.path.isdir(path):
        found.append(path)
        path = os.path.dirname(path)
    return found


def set_aside(build):
    settings = config(build, "STEPUP_CONF")
    emptied = EMPTIED + [
        settings, settings + ".d",
        os.path.dirname(config(build, "STEPUP_KEYRING")),
        config(build, "STEPUP_STATEDIR"), config(build, "STEPUP_RUNDIR")]
    files = KEPT + [p for p in installed(build)
                    if not p.startswith("/etc/pam.d/")]
    os.mkdir(HOLD, 0o700)
    os.mkdir(HOLD + "/files", 0o700)
    entries = []
    for number, path in enumerate(files):
        there = os.path.lexists(path)
        saved = f"{HOLD}/files/{number}" if there else None
        if saved:
            copy(path, saved)
        entries.append({"kind": "file", "path": path, "saved": saved,
                        "folders": missing_folders(path)})
    for path in COPIED + emptied:
        entries.append({"kind": "tree", "path": path,
                        "there": os.path.lexists(path),
                        "folders": missing_folders(path)})
    folders = {os.path.dirname(e["path"]) for e in entries}
    entries += [{"kind": "times", "path": f,
                 "mtime": os.stat(f).st_mtime_ns}
                for f in sorted(folders) if os.path.isdir(f)]
    with open(MANIFEST + ".new", "w") as f:
        json.dump({"pid": os.getpid(), "entries": entries}, f)
        f.flush()
        os.fsync(f.fileno())
    os.rename(MANIFEST + ".new", MANIFEST)
    for path in COPIED + emptied:
        if os.path.lexists(path):
            move(path, path + ASIDE)
            if path in COPIED:
                subprocess.run(["cp", "-a", path + ASIDE, path], check=True)


def put_back_file(entry):
    if not entry["saved"]:
        remove(entry["path"])
    else:
        copy(entry["saved"], entry["path"])


def put_back_tree(entry):
    path = entry["path"]
    if not entry["there"]:
        remove(path)
    elif os.path.lexists(path + ASIDE):
        remove(path)
        os.rename(path + ASIDE, path)


def put_back():
    """May be done twice, and after set_aside() was cut off anywhere."""
    failed = []
    try:
        with open(MANIFEST) as f:
            entries = json.load(f)["entries"]
    except FileNotFoundError:
        entries = []
    for entry in entries:
        try:
            if entry["kind"] == "file":
                put_back_file(entry)
            elif entry["kind"] == "tree":
                put_back_tree(entry)
            for folder in entry.get("folders", []):
                if os.path.isdir(folder) and not os.listdir(folder):
                    os.rmdir(folder)
        except OSError as why:
            failed.append(f"{entry['path']}: {why}")
    for entry in entries:
        if entry["kind"] == "times" and os.path.isdir(entry["path"]):
            mtime = entry["mtime"]
            os.utime(entry["path"], ns=(time.time_ns(), mtime))
    if not failed:
        remove(HOLD)
    return failed


def former_run():
    """A run that was killed left its memory: put that back first."""
    if not os.path.lexists(HOLD):
        return
    info = os.lstat(HOLD)
    if info.st_uid != 0 or info.st_mode & 0o077:
        sys.exit(f"{HOLD} is not root's alone: look at it, remove it")
    try:
        with open(MANIFEST) as f:
            pid = json.load(f)["pid"]
        with open(f"/proc/{pid}/cmdline") as f:
            if "container.py" in f.read():
                sys.exit(f"another run (process {pid}) is at work here")
    except FileNotFoundError:
        pass
    print("An earlier run was cut off: putting back what it changed.",
          file=sys.stderr)
    report(put_back())


def report(failed):
    if failed:
        sys.exit("Not put back (kept in %s):\n  %s" %
                 (HOLD, "\n  ".join(failed)))


def children():
    """Every process below this one."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    found, look = [], [os.getpid()]
    while look:
        below = parents.get(look.pop(), [])
        found += below
        look += below
    return found


def end_children():
    """All that COMMAND started has become ours (subreaper), and ends."""
    while True:
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.wait()
        except ChildProcessError:
            return


def main():
    build, command = sys.argv[1], sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    former_run()
    process, stopped = None, None

    def forward(number, _frame):
        # From the terminal, SIGINT reaches the command by itself.
        nonlocal stopped
        stopped = number
        if process is not None and number != signal.SIGINT:
            process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    status = 1
    try:
        set_aside(build)
        if stopped is None:
            process = subprocess.Popen(command)
            status = process.wait()
    finally:
        end_children()
        failed = put_back()
    report(failed)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
