# SPDX-License-Identifier: BSD-2-Clause
"""How the demo looks: headings, remarks, transcripts, screens."""
import os
import sys
import textwrap

from screen import palette
from terminal import visible

WIDTH = 78


class Paper:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.colour = (out.isatty() and not os.environ.get("NO_COLOR") and
                       os.environ.get("TERM", "dumb") != "dumb")
        self.chapter = 0

    def put(self, text=""):
        print(text, file=self.out, flush=True)

    def paint(self, text, *codes):
        if not self.colour or not text:
            return text
        return f"\033[{';'.join(map(str, codes))}m{text}\033[0m"

    def title(self, text):
        self.put()
        self.put("  " + self.paint(text, 1))
        self.put("  " + self.paint("═" * len(text), 36))

    def heading(self, text):
        self.chapter += 1
        line = f"── {self.chapter} "
        rest = "─" * (WIDTH - len(line) - len(text) - 1)
        self.put()
        self.put(self.paint(line, 36) + self.paint(text, 1, 36) + " " +
                 self.paint(rest, 36))

    def say(self, text):
        self.put()
        for line in textwrap.wrap(" ".join(text.split()), WIDTH - 2,
                                  break_on_hyphens=False):
            self.put("  " + line)

    def good(self, text):
        self.put("  " + self.paint("✓ " + text, 32))

    def no(self, text):
        self.put("  " + self.paint("✗ " + text, 33))

    def phone(self, text):
        self.put("  " + self.paint("phone: ", 2) + self.paint(text, 1))

    def transcript(self, command, text, who="$", typed=()):
        """What the terminal showed; `typed` is what the person typed."""
        bar = self.paint("│ ", 2)
        self.put()
        if command:
            self.put("  " + bar + self.paint(who + " ", 2) +
                     self.paint(command, 1))
        lines = visible(text).rstrip("\n").split("\n")
        while lines and not lines[0].strip():
            lines.pop(0)
        for line in lines:
            for answer in typed:
                line = line.replace(answer, self.paint(answer, 1, 35), 1)
            self.put("  " + bar + line.rstrip())

    def screen(self, screen):
        """A terminal's screen in a frame, with its colours."""
        rows = screen.cells
        last = max((y for y, row in enumerate(rows)
                    if any(c[0] != " " or c[2] is not None for c in row)),
                   default=0)
        edge = self.paint("┄" * screen.columns, 2)
        self.put()
        self.put(edge)
        for row in rows[:last + 1]:
            self.put(self.cells(row))
        self.put(edge)

    def cells(self, row):
        if not self.colour:
            return "".join(plain(cell) for cell in row)
        out, pen = [], None
        for c, fg, bg, reverse in row:
            wanted = "0" + ";7" * reverse + ansi(38, fg) + ansi(48, bg)
            if wanted != pen:
                out.append(f"\033[{wanted}m")
                pen = wanted
            out.append(c)
        return "".join(out) + "\033[0m"


def ansi(kind, colour):
    if colour is None:
        return ""
    best = min(range(16, 256), key=lambda n: sum(
        (a - b) ** 2 for a, b in zip(palette(n), colour)))
    return f";{kind};5;{best}"


def plain(cell):
    """Without colours light is drawn and dark is left out."""
    c, fg, bg, reverse = cell
    if c not in " █▀▄" or (fg is None and bg is None and not reverse):
        return c
    fg = sum((200,) * 3 if fg is None else fg) > 380
    bg = sum((0,) * 3 if bg is None else bg) > 380
    if reverse:
        fg, bg = bg, fg
    upper = fg if c in "█▀" else bg
    lower = fg if c in "█▄" else bg
    return " ▄▀█"[upper * 2 + lower]
