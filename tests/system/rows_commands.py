# SPDX-License-Identifier: BSD-2-Clause
"""Every command of the table, the same questions to each: its help, on a
terminal, in a pipe, without UTF-8, on a full disk, as somebody else."""
import json
import re
import subprocess

import enroll
from people import Person
from place import run
from rows import equal, lacks, matches, row
from terminal import Session, Unexpected, plain_env, visible

# What each is called with; {person} is enrolled, {idle} is not.  None: it
# asks, or changes more than a sweep should; its own rows show it.
CALLS = {
    "enroll": None,
    "add": None,
    "remove": None,
    "test": None,
    "status": ["-u", "{person}"],
    "codes": ["-u", "{person}"],
    "doctor": [],
    "lock": ["{idle}", "--reason", "swept"],
    "unlock": ["{idle}"],
    "pass": ["--list"],
    "list": [],
    "log": [],
    "backup": None,
    "restore": None,
    "key": ["status"],
    "rename": None,
    "rebind": None,
    "prune": ["--dry-run"],
    "policy": ["{person}"],
    "import": None,
}
LOCALES = ("C", "C.UTF-8")


def commands(place):
    """The names in the help, all of which have a line above."""
    said = run(place.stepup, "--help")
    names = re.findall(r"^  (\w+) +\w", said, re.M)
    equal(sorted(names), sorted(CALLS), "commands of --help and of CALLS")
    return names


MANY = ("import", "prune")      # words as many as there are
WHO = {}


def people(place):
    if WHO:
        return WHO
    person = enroll.ready(place, "swept1")
    idle = Person(place, "swept2")
    run(place.stepup, "pass", idle.name, "--reason", "swept",
        "--print-secret")
    WHO.update(person=person.name, idle=idle.name)
    return WHO


def calls(place):
    """(name, whole argv) of each that can be called here."""
    who = people(place)
    for name in commands(place):
        if CALLS[name] is not None:
            yield name, [place.stepup, name] + \
                [word.format(**who) for word in CALLS[name]]


def call(argv, locale="C.UTF-8", out=subprocess.PIPE, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out,
                          stderr=subprocess.PIPE, timeout=60,
                          env=plain_env(LC_ALL=locale), **more)


def wide(text, columns, what):
    for line in text.splitlines():
        if len(line) > columns:
            raise Unexpected(f"{what}: {len(line)} columns: {line}")


@row("commands_help")
def helps(place):
    """Fits a terminal, plain ASCII, exit 0; wrong words name it."""
    for name in commands(place):
        done = call([place.stepup, name, "--help"], "C")
        equal((done.returncode, done.stderr), (0, b""), f"{name} --help")
        text = done.stdout.decode("ascii")
        wide(text, 79, f"{name} --help")
        matches(rf"^usage: stepup {name}\b", text)
        wrongs = [["--no-such-option"], ["--help=x"], ["-u"], ["x"] * 9]
        for wrong in wrongs[:-1 if name in MANY else None]:
            done = call([place.stepup, name, *wrong], "C")
            equal((done.returncode, done.stdout), (2, b""),
                  f"{name} {wrong}: exit status, output")
            matches(rf"^Next: stepup {name} --help$", done.stderr.decode())


@row("commands_in_a_pipe")
def pipes(place):
    """No control sequences, ASCII where the locale is; what a program
    reads is not mixed with messages."""
    for name, argv in calls(place):
        for locale in LOCALES:
            done = call(argv, locale)
            said = done.stdout + done.stderr
            if done.returncode not in (0, 1, 3):
                raise Unexpected(f"{argv}: {done.returncode}\n{said}")
            text = said.decode("ascii" if locale == "C" else "utf-8")
            lacks(r"[\x00-\x08\x0b-\x1f\x7f]", text, f"output of {name}")
            lacks(r"^Next:", done.stdout.decode(), f"output of {name}")
        done = call(argv + ["--json"])
        text = done.stdout.decode()
        parts = [json.loads(part) for part in text.splitlines()]
        equal({part["version"] for part in parts}, {1}, f"{name}: version")
        equal(parts[-1]["event"], "end", f"{name}: the last line")


@row("commands_on_a_terminal")
def terminals(place):
    """80 columns hold each line, with UTF-8 and without."""
    for name, argv in calls(place):
        for locale in LOCALES:
            session = Session(argv, env=plain_env(LC_ALL=locale))
            session.wait()
            wide(visible(session.raw.decode()), 80, f"{name}, {locale}")


@row("commands_without_room")
def full(place):
    """What could not be written is not called done."""
    for name, argv in calls(place):
        for more in ([], ["--json"]):
            if not call(argv + more).stdout:
                continue
            with open("/dev/full", "w") as out:
                done = call(argv + more, out=out)
            equal(done.returncode, 4, f"{name} {more} > /dev/full")
            matches("No space left", done.stderr.decode())


@row("commands_of_root")
def others(place):
    """An ordinary person is told who may."""
    person = Person(place, "swept3")
    for name, argv in calls(place):
        if name in ("status", "codes", "doctor"):
            continue
        said = person.run(*argv, status=1)
        matches("^Only root may do this", said)
        matches(r"^Next: sudo stepup", said)
