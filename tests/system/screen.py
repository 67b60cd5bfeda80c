# SPDX-License-Identifier: BSD-2-Clause
"""A terminal's screen as cells, as text, and as a picture."""
import re
import struct
import zlib

SEQUENCE = re.compile(
    r"\x1b\[([?<=>]?)([0-9;:]*)[ -/]*([@-~])"     # CSI
    r"|\x1b\][^\a\x1b]*(?:\a|\x1b\\)"             # OSC
    r"|\x1b[ -/]*([0-~])")
UNFINISHED = re.compile(r"\x1b(\[[0-9;:?<=>]*[ -/]*|\][^\a\x1b]*|[ -/]*)?$")

# Colours: None is the terminal's own, else an index or (r, g, b).
THEMES = {"dark": ((0xd0, 0xd0, 0xd0), (0x12, 0x12, 0x12)),
          "light": ((0x20, 0x20, 0x20), (0xfc, 0xfc, 0xf4))}
BASIC = [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238),
         (205, 0, 205), (0, 205, 205), (229, 229, 229), (127, 127, 127),
         (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255),
         (255, 0, 255), (0, 255, 255), (255, 255, 255)]
BLANK = (" ", None, None, False)


def palette(index):
    if index < 16:
        return BASIC[index]
    if index >= 232:
        return ((index - 232) * 10 + 8,) * 3
    steps = (0, 95, 135, 175, 215, 255)
    index -= 16
    return steps[index // 36], steps[index // 6 % 6], steps[index % 6]


class Screen:
    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.pending = ""
        self.saved = (0, 0)
        self.other = None
        self.reset_pen()
        self.clear()

    def reset_pen(self):
        self.fg = self.bg = None
        self.reverse = False

    def clear(self):
        self.cells = [[BLANK] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0

    def feed(self, text):
        text = self.pending + text
        cut = UNFINISHED.search(text)
        self.pending = text[cut.start():] if cut else ""
        if cut:
            text = text[:cut.start()]
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                self.sequence(found)
                at = found.end()
            else:
                self.put(text[at])
                at += 1

    def put(self, c):
        if c == "\n":
            self.down()
        elif c == "\r":
            self.x = 0
        elif c == "\b":
            self.x = max(self.x - 1, 0)
        elif c == "\t":
            self.x = min(self.x // 8 * 8 + 8, self.columns - 1)
        elif c >= " " and c != "\x7f":
            if self.x >= self.columns:
                self.x = 0
                self.down()
            self.cells[self.y][self.x] = (c, self.fg, self.bg, self.reverse)
            self.x += 1

    def down(self):
        self.y += 1
        if self.y == self.rows:
            self.cells = self.cells[1:] + [[BLANK] * self.columns]
            self.y -= 1

    def sequence(self, found):
        mark, digits, final, escape = found.groups()
        if escape == "7":
            self.saved = (self.x, self.y)
        elif escape == "8":
            self.x, self.y = self.saved
        elif escape == "c":
            self.reset_pen()
            self.clear()
        if final is None:
            return
        n = [int(d) if d else 0 for d in re.split("[;:]", digits)]
        if mark == "?":
            if final in "hl" and n[0] in (47, 1047, 1049):
                self.alternate(final == "h")
        elif mark == "" and final == "m":
            self.pen(n)
        elif mark == "":
            self.move(final, n)

    def alternate(self, on):
        if on and self.other is None:
            self.other = (self.cells, self.x, self.y)
            self.clear()
        elif not on and self.other is not None:
            self.cells, self.x, self.y = self.other
            self.other = None

    def move(self, final, n):
        one = max(n[0], 1)
        if final in "Hf":
            self.y = min(one, self.rows) - 1
            self.x = min(max((n + [1])[1], 1), self.columns) - 1
        elif final == "A":
            self.y = max(self.y - one, 0)
        elif final == "B":
            self.y = min(self.y + one, self.rows - 1)
        elif final == "C":
            self.x = min(self.x + one, self.columns - 1)
        elif final == "D":
            self.x = max(self.x - one, 0)
        elif final == "G":
            self.x = min(one, self.columns) - 1
        elif final == "d":
            self.y = min(one, self.rows) - 1
        elif final == "K":
            self.erase_line(n[0])
        elif final == "J":
            self.erase(n[0])

    def erase_line(self, how):
        row = self.cells[self.y]
        first = self.x if how == 0 else 0
        last = self.x + 1 if how == 1 else self.columns
        row[first:last] = [BLANK] * (last - first)

    def erase(self, how):
        if how in (2, 3):
            self.cells = [[BLANK] * self.columns for _ in range(self.rows)]
            return
        self.erase_line(how)
        lines = (range(self.y + 1, self.rows) if how == 0
                 else range(self.y))
        for y in lines:
            self.cells[y] = [BLANK] * self.columns

    def pen(self, n):
        while n:
            code = n.pop(0)
            if code == 0:
                self.reset_pen()
            elif code in (7, 27):
                self.reverse = code == 7
            elif code in (38, 48):
                colour = (palette(n[1]) if n[0] == 5 else tuple(n[1:4]))
                n = n[2:] if n[0] == 5 else n[4:]
                self.colour(code == 38, colour)
            elif code in (39, 49):
                self.colour(code == 39, None)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.colour(True, BASIC[code % 10 + (8 if code > 50 else 0)])
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.colour(False, BASIC[code % 10 + (8 if code > 50 else 0)])

    def colour(self, front, value):
        if front:
            self.fg = value
        else:
            self.bg = value

    def text(self):
        """What stands there, lines without trailing blanks."""
        lines = ["".join(c[0] for c in row).rstrip() for row in self.cells]
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(lines) + "\n"

    def picture(self, theme, size=8):
        """A PNG of the block elements; letters are left out."""
        own_fg, own_bg = THEMES[theme]
        lines = []
        for row in self.cells:
            upper, lower = bytearray(), bytearray()
            for c, fg, bg, reverse in row:
                fg = own_fg if fg is None else fg
                bg = own_bg if bg is None else bg
                if reverse:
                    fg, bg = bg, fg
                upper += bytes(fg if c in "█▀" else bg) * size
                lower += bytes(fg if c in "█▄" else bg) * size
            lines += [bytes(upper)] * size + [bytes(lower)] * size
        return png(lines)


def png(lines):
    def chunk(kind, data):
        body = kind + data
        return (struct.pack(">I", len(data)) + body +
                struct.pack(">I", zlib.crc32(body)))
    head = struct.pack(">IIBBBBB", len(lines[0]) // 3, len(lines), 8, 2, 0,
                       0, 0)
    data = zlib.compress(b"".join(b"\0" + line for line in lines))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
            chunk(b"IDAT", data) + chunk(b"IEND", b""))
