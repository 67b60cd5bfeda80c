# SPDX-License-Identifier: BSD-2-Clause
"""The table of rows, and the runner that goes through it."""
import os
import re
import sys
import time
import traceback

from terminal import Session, Unexpected, visible

LOGGED_MAX = 200    # lines in a transcript: a thousand logins log thousands
TABLE = []      # (name, function, needed): filled by @row, in order
LEFT_OUT = []   # (name, why): what this machine cannot do at all


class Skip(Exception):
    """This row cannot run here; the text says why."""


def row(name, needed=False):
    """A row of check-system.  Without a needed one nothing else runs."""
    def add(function):
        assert name not in [other for other, _, _ in TABLE], name
        TABLE.append((name, function, needed))
        return function
    return add


def left_out(name, why):
    """In place of @row, where quick runs go without: said, not counted."""
    LEFT_OUT.append((name, why))
    return lambda function: function


def equal(got, wanted, what="value"):
    if got != wanted:
        raise Unexpected(f"{what}: {got!r}, not {wanted!r}")


def matches(pattern, text, what="text"):
    found = re.search(pattern, text, re.M)
    if not found:
        raise Unexpected(f"no /{pattern}/ in this {what}:\n{text}")
    return found


def lacks(pattern, text, what="text"):
    if re.search(pattern, text, re.M):
        raise Unexpected(f"/{pattern}/ stands in this {what}:\n{text}")


class Runner:
    def __init__(self, place, log):
        self.place = place
        self.log = log
        self.counts = {"ok": 0, "not ok": 0, "skip": 0}

    def say(self, line):
        print(line, flush=True)
        print(line, file=self.log, flush=True)

    def indent(self, text, both):
        for line in text.splitlines():
            print("    " + line, file=self.log)
            if both:
                print("    " + line)
        self.log.flush()

    def transcript(self, mark):
        parts = []
        for session in Session.opened:
            parts.append("$ " + session.name())
            parts.append(visible(session.raw.decode("utf-8", "replace")))
        logged = self.place.log.since(mark).splitlines()
        left_out = len(logged) - LOGGED_MAX
        if left_out > 0:
            logged[:left_out] = [f"({left_out} lines before)"]
        if logged:
            parts.append("log:\n" + "\n".join(logged))
        return "\n".join(parts)

    def one(self, name, function):
        Session.opened.clear()
        mark = self.place.log.mark()
        begin = time.monotonic()
        why = None
        try:
            function(self.place)
        except Skip as reason:
            self.counts["skip"] += 1
            self.say(f"skip {name}: {reason}")
            return True
        except Unexpected as failure:
            why = str(failure)
            where = traceback.extract_tb(failure.__traceback__)
            why += "".join(f"\n  {os.path.basename(f.filename)}:{f.lineno}"
                           f" {f.line}" for f in where[1:])
        except Exception:
            why = traceback.format_exc()
        for session in Session.opened:
            session.end()
        took = time.monotonic() - begin
        if why is None:
            self.counts["ok"] += 1
            self.say(f"ok {name}")
            self.indent(f"{took:.1f} s", False)
        else:
            self.counts["not ok"] += 1
            first, _, rest = why.strip().partition("\n")
            self.say(f"not ok {name} - {first}")
            self.indent(rest, True)
        self.indent(self.transcript(mark), why is not None)
        return why is None

    def all(self, names):
        known = [name for name, _, _ in TABLE]
        for name in names:
            if name not in known + [name for name, _ in LEFT_OUT]:
                sys.exit(f"no such row: {name}; there are: " +
                         " ".join(known))
        for name, function, needed in TABLE:
            if names and not needed and name not in names:
                continue
            if not self.one(name, function) and needed:
                self.say(f"not ok the_rest - nothing runs without {name}")
                self.counts["not ok"] += 1
                break
        for name, why in LEFT_OUT:
            if not names or name in names:
                self.say(f"left out {name}: {why}")
        line = (f"{self.counts['ok']} passed, "
                f"{self.counts['not ok']} failed")
        if self.counts["skip"]:
            line += f", {self.counts['skip']} skipped"
        self.say(line)
        return self.counts["not ok"] == 0 and self.counts["ok"] > 0
