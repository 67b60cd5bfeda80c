# SPDX-License-Identifier: BSD-2-Clause
"""The filter of fail2ban, held against lines that the module logged in its
own tests, and against lines that others forged. Run by `make check`."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SRC = pathlib.Path(os.environ["abs_srcdir"])
BUILD = pathlib.Path(os.environ["abs_builddir"])
FILTER = SRC / "contrib/fail2ban/filter.d/stepup.conf"
JAIL = SRC / "contrib/fail2ban/jail.d/stepup.conf"
HEAD = "Nov 21 14:00:00 web03 sshd[4711]: "
COUNTED = {"deny.code", "deny.locked", "deny.disabled", "deny.user"}
LINE = "pam_stepup(sshd:auth): deny.code user=alice rhost=198.51.100.9"
ROWS = []


def row(function):
    ROWS.append(function)
    return function


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")


def matched(place, lines):
    """The lines that count."""
    log = place / "auth.log"
    log.write_text("".join(line + "\n" for line in lines))
    out = subprocess.run(
        ["fail2ban-regex", "--print-all-matched", str(log), str(FILTER)],
        capture_output=True, text=True).stdout
    equal("Failregex:" in out, True)
    part = out.partition("|- Matched line(s):\n")[2].partition("\n`-")[0]
    return [line[3:] for line in part.splitlines()]


def logged(place):
    """All that the module logged in its own tests."""
    file = place / "lines"
    for test in ("outcomes", "answers"):
        subprocess.run([BUILD / f"tests/integration/test_pam_{test}"],
                       env=dict(os.environ, STEPUP_LINES=str(file)),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=True)
    return sorted(set(file.read_text().splitlines()))


@row
def fail2ban_counts_what_the_module_refused(place):
    lines = logged(place)
    names = {re.match(r"pam_stepup\(stepup-test:auth\): ([a-z.]+)", line)[1]
             for line in lines}
    # It has said all that it can say.
    equal(sorted(COUNTED - names), [])
    equal(len(names) > 20 and {"accept.totp", "skip.service", "deny.format",
                               "deny.replay", "fail.store"} <= names, True)
    wanted = [HEAD + line for line in lines
              if line.split(" ")[1] in COUNTED and
              line.count(" rhost=203.0.113.7") == 1]
    equal(len(wanted) > 8, True)
    equal(sorted(matched(place, [HEAD + line for line in lines])), wanted)
    equal(len([line for line in wanted if "198.51.100.9" in line]), 2)


@row
def fail2ban_bans_the_right_address(place):
    """Of names that look like fields, never what they say."""
    lines = [HEAD + line for line in logged(place) if "198.51.100.9" in line]
    equal(len(lines), 2)
    log = place / "auth.log"
    log.write_text("\n".join(lines) + "\n")
    run = subprocess.run(["fail2ban-regex", "-o", "ip", str(log),
                          str(FILTER)], capture_output=True, text=True)
    equal(run.stdout.split(), ["203.0.113.7"] * 2)


@row
def fail2ban_reads_lines_of_others(place):
    """Heads as syslog daemons write them, addresses of both kinds."""
    lines = [head + LINE + rest for head, rest in (
        (HEAD, ""), (HEAD, " tty=ssh"), (HEAD, " tty=ssh count=4/10"),
        (HEAD, ' tty="a b=c"'), (HEAD, " count=10/10"),
        ("2026-11-21T14:00:00.123456+01:00 web03 sshd[4711]: ", ""),
        ("Nov 21 14:00:00 web03 sshd-session[4711]: ", ""),
        ("Nov 21 14:00:00 web03 login: ", ""))]
    lines += [HEAD + LINE.replace("198.51.100.9", "2001:db8::7"),
              HEAD + LINE.replace("user=alice", "user=?")]
    equal(matched(place, lines), lines)


@row
def fail2ban_is_not_fooled(place):
    """What people type, and what other programs say of it."""
    forged = [
        HEAD + "Invalid user " + LINE + " from 203.0.113.7 port 22",
        HEAD + "Failed password for invalid user " + LINE,
        HEAD + "x " + LINE, HEAD + "x: " + LINE, HEAD + LINE + " x",
        HEAD + LINE + " tty=a b", HEAD + LINE + "x",
        HEAD + LINE + " user=root", HEAD + LINE + " rhost=203.0.113.7",
        HEAD + LINE.replace("user=alice", "user=a b"),
        HEAD + LINE.replace("user=alice", 'user="a" b'),
        HEAD + LINE.replace("user=alice", 'user="a'),
        HEAD + LINE.replace("user=alice", 'user="a\\"'),
        HEAD + LINE.replace("user=alice", "user="),
        HEAD + LINE.replace("user=alice ", ""),
        HEAD + LINE.replace("198.51.100.9", "evil.example"),
        HEAD + LINE.replace("198.51.100.9", '"198.51.100.9"'),
        HEAD + LINE.replace("198.51.100.9", "198.51.100.9.evil.example"),
        HEAD + LINE.replace("pam_stepup", "pam_unix"),
        HEAD + LINE.replace(":auth", ":account"),
        HEAD + LINE.replace("(sshd:auth)", "(sshd: auth)")]
    forged += [HEAD + LINE.replace("deny.code", name) for name in (
        "accept.totp", "accept.recovery", "skip.service", "skip.unenrolled",
        "deny.format", "deny.replay", "deny.input", "deny.admin",
        "deny.unenrolled", "deny.changed", "deny.peer", "fail.store",
        "fail.key", "deny.codes", "deny.cod", "xdeny.code")]
    equal(matched(place, forged), [])


@row
def fail2ban_takes_the_jail(place):
    """Together with the configuration of the distribution."""
    etc = place / "fail2ban"
    shutil.copytree("/etc/fail2ban", etc)
    shutil.copy(FILTER, etc / "filter.d/stepup.conf")
    shutil.copy(JAIL, etc / "jail.d/stepup.conf")
    (place / "auth.log").write_text("")
    for other in (etc / "jail.d").iterdir():
        if other.name != "stepup.conf":
            other.unlink()
    (etc / "jail.local").write_text(
        f"[DEFAULT]\nsyslog_authpriv = {place}/auth.log\n")
    run = subprocess.run(["fail2ban-client", "-c", str(etc), "-t"],
                         capture_output=True, text=True)
    equal((run.returncode, "OK" in run.stdout), (0, True))
    run = subprocess.run(["fail2ban-client", "-c", str(etc), "-d"],
                         capture_output=True, text=True)
    for words in ("['add', 'stepup', 'auto']", "'maxretry', 10",
                  "'findtime', '1h'", "pam_stepup"):
        equal((words, words in run.stdout), (words, True))


def main():
    bad = 0
    if shutil.which("fail2ban-regex") is None:
        for function in ROWS:
            print(f"skip {function.__name__}: no fail2ban here")
        return 0
    for function in ROWS:
        place = pathlib.Path(tempfile.mkdtemp(prefix="stepup-"))
        try:
            function(place)
            print(f"ok {function.__name__}", flush=True)
        except Exception as why:
            print(f"{why!r}\nnot ok {function.__name__}", flush=True)
            bad = 1
        shutil.rmtree(place)
    return bad


if __name__ == "__main__":
    sys.exit(main())
