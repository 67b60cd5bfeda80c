# SPDX-License-Identifier: BSD-2-Clause
"""list: who is enrolled, and who is not. Run by `make check`."""
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from selfservice import REPLY                                # noqa: E402
from stepup import PERSON, admin, argv, check, equal, row    # noqa: E402
from stepup_admin import (ALICE, DONE, EVE, LIST, NAME, PEOPLE, ask,
                          narrow)                            # noqa: E402

HEAD = "NAME                ENROLLED    LAST USED   APPS  CODES  STATE\n"
LINE_ALICE = "alice               2025-11-21  2025-11-21     1   9/10  -\n"
LINE_BOB = ("bob                 2025-11-20  never          2  10/10  "
            "locked,wait 28 min,weak\n")
LINE_EVE = ("e" * 30 + "\n                    never       never          "
            "0    0/0  locked,none\n")


@row
def admin_list_marks():
    marked = [dict(ALICE, expires=1763723600),
              dict(EVE, name="eve", flags=0, expires_ticket=1763723600)]
    status, out, err, asked = ask("list", frames=[
        [LIST | REPLY, {"rows": marked}], [LIST | REPLY, DONE]])
    check("9/10  pass\n" in out and "0/0  none,ticket\n" in out, out)


@row
def admin_list_by_name():
    for words in ((), ("--sort", "name")):
        status, out, err, asked = ask("list", *words, frames=PEOPLE)
        equal((status, out, err), (0, HEAD + LINE_ALICE + LINE_BOB +
                                   LINE_EVE, ""))
        equal(asked[1], f"request {LIST} ")
        narrow(out)


@row
def admin_list_in_other_orders():
    for key, lines in (("used", (LINE_BOB, LINE_EVE, LINE_ALICE)),
                       ("enrolled", (LINE_EVE, LINE_BOB, LINE_ALICE))):
        status, out, err, asked = ask("list", "--sort", key, frames=PEOPLE)
        equal((status, out), (0, HEAD + "".join(lines)))


@row
def admin_list_weak():
    status, out, err, asked = ask("list", "--weak", frames=PEOPLE)
    equal((status, out, err), (0, HEAD + LINE_BOB, ""))


@row
def admin_list_group():
    import grp
    group = grp.getgrgid(PERSON.pw_gid).gr_name
    me = dict(ALICE, name=NAME)
    frames = [[LIST | REPLY, {"rows": [ALICE, me]}], [LIST | REPLY, DONE]]
    status, out, err, asked = ask("list", "--group", group, frames=frames)
    equal((status, out.count("\n"), NAME in out), (0, 2, True))
    status, out, err, asked = ask("list", "--group", "no-such-group",
                                  frames=frames)
    equal((status, out, asked), (1, "", []))
    check("Next: getent group" in err, err)


@row
def admin_list_missing():
    rows = [dict(ALICE, name=p) for p in sorted(["root", "aaa", "zzz"])]
    conf = stepup.TMP / "nsswitch.conf"
    for text, hidden in (("passwd: files systemd\n", False),
                         ("group: sss\n", False),
                         ("passwd:\tfiles [NOTFOUND=return] sss # x\n", True),
                         ("#passwd: sss\npasswd: ldap\n", True)):
        conf.write_text(text)
        status, out, err, asked = ask(
            "list", "--missing", env={"NSSWITCH": str(conf)},
            frames=[[LIST | REPLY, {"rows": rows}], [LIST | REPLY, DONE]])
        equal(status, 0)
        names = [line.split()[0] for line in out.splitlines()]
        check("root" not in names and "nobody" not in names, out)
        equal((text, "need not list" in err), (text, hidden))
    # Root has no factor here, and a shell.
    status, out, err, asked = ask(
        "list", "--missing", frames=[[LIST | REPLY, DONE]])
    check(status == 0 and "\nroot " in out, out)
    narrow(out)


@row
def admin_list_nobody():
    status, out, err, asked = ask("list", frames=[[LIST | REPLY, DONE]])
    equal((status, out), (0, ""))
    check("Next: stepup enroll -u NAME" in err, err)
    status, out, err, asked = ask("list", "--weak", frames=[
        [LIST | REPLY, {"rows": [ALICE]}], [LIST | REPLY, DONE]])
    equal((status, out, err),
          (0, "", "Nobody is like that.\nNext: stepup list\n"))


# What is freed stays for a while then.
SANITIZED = "ASAN_OPTIONS" in os.environ


def memory(pid):
    """KB at most until now; 0 for one that has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return max((int(line.split()[1]) for line in status
                        if line.startswith("VmHWM")), default=0)
    except OSError:
        return 0


def many(count, *words):
    """So many accounts: bytes, writes, KB of memory at most."""
    program, _ = admin({"people": count})
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    run = subprocess.Popen(
        argv("list", *words, uid=0, stepupd=program), stdout=theirs,
        stdin=subprocess.DEVNULL, env=stepup.plain_env(TZ="UTC"))
    theirs.close()
    size = writes = lines = peak = 0
    # A packet is what one write wrote.
    while part := ours.recv(1 << 20):
        size, writes, lines = (size + len(part), writes + 1,
                               lines + part.count(b"\n"))
        peak = max(peak, memory(run.pid))
    ours.close()
    equal((words, run.wait(), lines), (words, 0, count + 1))
    check(peak > 0, "its memory was not seen")
    return size, writes, peak


@row
def admin_list_of_many():
    """What 100 000 accounts cost: few writes, no memory."""
    for words in ((), ("--json",), ("--sort", "name")):
        few, some = many(10000, *words), many(100000, *words)
        for size, writes, _ in (few, some):
            check(writes <= size // 60000 + 2, (words, size, writes))
        check(SANITIZED or some[2] < few[2] + 512, (words, few, some))
    # Other orders keep the lines, some dozen bytes an account.
    few, some = many(10000, "--sort", "used"), many(100000, "--sort", "used")
    check(some[1] <= some[0] // 60000 + 2, some)
    check(SANITIZED or some[2] - few[2] < 100000 * 250 // 1024, (few, some))


if __name__ == "__main__":
    sys.exit(stepup.main())
