# SPDX-License-Identifier: BSD-2-Clause
"""What the shells complete: every command and option, users, files, words.
The shells that are here do it. Run by `make check`."""
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import stepup                                                # noqa: E402
from stepup import BUILD, check, equal, pipe, row            # noqa: E402
from terminal import Session, plain_env                      # noqa: E402

MADE = BUILD / "completions"
BASH, ZSH, FISH = MADE / "stepup", MADE / "_stepup", MADE / "stepup.fish"
PLACE = pathlib.Path(tempfile.mkdtemp(prefix="stepup-"))
USERS = sorted({p.pw_name for p in pwd.getpwall()})


def said(*words):
    run = pipe(*words)
    return run.communicate("")[0]


def commands():
    part = said("--help").partition("\n\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in part.splitlines()]


def options(name):
    """All, as the command's own help names them."""
    lines = re.findall(r"^  (?:  )*-.*", said(name, "--help"), re.M)
    return sorted({word for line in lines for word in re.findall(
        r"--[a-z-]+", line.strip().partition("  ")[0])})


def bash(*words):
    """The last word is the one under the cursor."""
    script = f"""
        . {BASH}
        cd {PLACE}
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        function=$(complete -p stepup)
        function=${{function#*-F }}
        ${{function%% *}} stepup "${{@: -1}}" "${{@: -2:1}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    run = subprocess.run(["bash", "--norc", "-c", script, "bash", *words],
                         capture_output=True, text=True, cwd=PLACE)
    equal((words, run.stderr), (words, ""))
    return sorted(run.stdout.split("\n")[:-1] if run.stdout.strip() else [])


def fish(line):
    run = subprocess.run(
        ["fish", "--no-config", "-c",
         f"source {FISH}; complete -C {line!r}"], cwd=PLACE,
        capture_output=True, text=True,
        env=dict(os.environ, HOME=str(PLACE), XDG_CONFIG_HOME=str(PLACE)))
    equal((line, run.stderr), (line, ""))
    return sorted(one.split("\t")[0] for one in run.stdout.splitlines())


# --- Rows ---------------------------------------------------------------

@row
def completions_name_all():
    check(len(commands()) >= 11, commands())
    for name in commands():
        for option in options(name):
            word = option[2:]
            check(re.search(rf"^\t{name}\)\n\t\toptions='[^']*{option}\b",
                            BASH.read_text(), re.M), ("bash", name, option))
            part = ZSH.read_text().partition(f"\n\t{name})\n")[2]
            check(re.search(rf"{option}[=\[}}]", part.partition(" ;;\n")[0]),
                  ("zsh", name, option))
            check(re.search(rf"_from {name}'.* -l {word}\b",
                            FISH.read_text()), ("fish", name, option))


@row
def completions_bash():
    (PLACE / "a file").write_text("")
    (PLACE / "another").write_text("")
    equal(bash("stepup", ""), sorted(commands() + ["--help", "--version"]))
    equal(bash("stepup", "lo"), ["lock", "log"])
    equal(bash("stepup", "no-such", ""), [])
    equal(bash("stepup", "enroll", ""), [])
    for name in commands():
        letters = [one for one in bash("stepup", name, "-") if one[1] != "-"]
        equal((name, bash("stepup", name, "--")),
              (name, options(name)))
        check("-h" in letters, letters)
    equal(bash("stepup", "lock", ""), USERS)
    equal(bash("stepup", "lock", "roo"), ["root"])
    equal(bash("stepup", "lock", "--reason", ""), [])
    equal(bash("stepup", "lock", "--reason", "x", "roo"), ["root"])
    equal(bash("stepup", "status", "-u", "roo"), ["root"])
    equal(bash("stepup", "list", "--group", "roo"), ["root"])
    for words in (("--qr", ""), ("--qr", "="), ("--qr", "=", "")):
        equal(bash("stepup", "enroll", *words), ["ascii", "none", "utf8"])
    equal(bash("stepup", "enroll", "--qr", "=", "u"), ["utf8"])
    equal(bash("stepup", "list", "--sort", ""), ["enrolled", "name", "used"])
    equal(bash("stepup", "log", "--outcome", "deny.co"), ["deny.code"])
    equal(bash("stepup", "log", "--outcome", "change.l"), ["change.locked"])
    equal(bash("stepup", "codes", "--save", "a"), ["a file", "another"])


@row
def completions_fish():
    equal(subprocess.run(["fish", "-n", FISH]).returncode, 0)
    equal(fish("stepup "), sorted(commands()))
    equal(fish("stepup lo"), ["lock", "log"])
    for name in commands():
        equal((name, fish(f"stepup {name} --")), (name, options(name)))
    check("root" in fish("stepup lock "), "no users")
    equal(fish("stepup lock --reason "), [])
    equal(fish("stepup enroll --qr="),
          ["--qr=ascii", "--qr=none", "--qr=utf8"])
    equal(fish("stepup enroll --qr "), ["ascii", "none", "utf8"])
    equal(fish("stepup list --sort "), ["enrolled", "name", "used"])
    check("another" in fish("stepup codes --save a"), "no files")


@row
def completions_zsh():
    equal(subprocess.run(["zsh", "-f", "-n", ZSH]).returncode, 0)
    shell = Session([shutil.which("zsh"), "-f", "-i"], columns=200,
                    env=plain_env(HOME=str(PLACE), TERM="xterm"))
    shell.send(f"cd {PLACE}; LISTMAX=1000; "
               f"fpath=({MADE} $fpath); autoload -U compinit; "
               f"compinit -u -d {PLACE}/dump; echo up''start\r")
    shell.expect("upstart")
    for line, wanted in (
            ("stepup lo", ("lock", "log")), ("stepup lock roo", ("root",)),
            ("stepup enroll --qr=", ("ascii", "none", "utf8")),
            ("stepup enroll --s", ("--save",)),
            ("stepup list --sort ", ("enrolled", "name", "used")),
            ("stepup log --outcome change.l", ("change.locked",)),
            ("stepup codes --save ano", ("another",)),
            ("stepup status -u roo", ("root",))):
        shell.send(line + "\t")
        for word in wanted:
            shell.expect(re.escape(word))
        shell.send("\x15")      # the line is gone
    shell.send("exit\r")
    shell.wait()


if __name__ == "__main__":
    for missing in (completions_fish, completions_zsh):
        shell = missing.__name__.partition("_")[2]
        if shutil.which(shell) is None:
            print(f"skip {missing.__name__}: no {shell} here")
            stepup.ROWS.remove(missing)
    sys.exit(stepup.main())
