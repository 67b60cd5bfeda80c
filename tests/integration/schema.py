# SPDX-License-Identifier: BSD-2-Clause
"""What stepup-json(5) says of documents, and whether one is like that.

A section `.Ss COMMAND, COMMAND, the event NAME` has an item for each key,
`.It Cm a[].b Pq optional text or null`; without an event it is about `end`.
"""
import re

ALL = "every document"
TIME = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KINDS = {
    "text": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "seconds": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "truth": lambda v: isinstance(v, bool),
    "time": lambda v: isinstance(v, str) and bool(TIME.fullmatch(v)),
    "object": lambda v: isinstance(v, dict)}
ITEM = re.compile(r"\.It Cm ([a-z_.\[\]]+) Pq (optional )?(%s)( or null)?"
                  % "|".join(KINDS))


class Undocumented(AssertionError):
    pass


class Schema:
    """sections[command, event][path] = (optional, kind, nullable)"""

    def __init__(self, page):
        self.sections, self.seen = {}, set()
        heads = []
        for line in page.read_text().splitlines():
            if line.startswith(".S"):
                heads = []
            if line.startswith(".Ss "):
                names, _, event = line[4:].partition(", the event ")
                heads = [(name, event or ("" if name == ALL else "end"))
                         for name in names.split(", ")]
                for head in heads:
                    self.sections.setdefault(head, {})
            elif heads and line.startswith(".It "):
                item = ITEM.fullmatch(line)
                if not item:
                    raise Undocumented(f"{heads}: no item of a key: {line}")
                path, optional, kind, null = item.groups()
                for head in heads:
                    self.sections[head][path] = (bool(optional), kind,
                                                 bool(null))

    def commands(self):
        return {name for name, _ in self.sections} - {ALL}

    def parts(self, document):
        name, event = document.get("command"), document.get("event")
        if (name, event) not in self.sections and event != "end":
            raise Undocumented(f"{name}: the event {event}: {document}")
        for head in ((ALL, ""), (ALL, event), (name, event)):
            if head in self.sections:
                yield head, self.sections[head]

    def check(self, document):
        """Every key is documented and of its kind; none is missing."""
        known = {}
        for head, keys in self.parts(document):
            for path, row in keys.items():
                known[path] = (head, row)
        self.walk(document, "", known)
        done = document.get("status", 0) == 0
        for path, (head, (optional, _, _)) in known.items():
            if not optional and (done or head[0] == ALL):
                self.present(document, path.split("."), path)

    def present(self, value, parts, path):
        """Where what it is a part of is there."""
        key = parts[0].removesuffix("[]")
        if key not in value:
            raise Undocumented(f"{path} is missing: {value}")
        value = value[key]
        if len(parts) == 1 or value is None:
            return
        for one in value if parts[0].endswith("[]") else [value]:
            self.present(one, parts[1:], path)

    def walk(self, value, path, known):
        if path in known:
            head, (_, kind, nullable) = known[path]
            if not (nullable if value is None else KINDS[kind](value)):
                raise Undocumented(f"{path} is no {kind}: {value!r}")
            self.seen.add((head, path))
        elif not path.endswith("[]") and not isinstance(value, (dict, list)):
            raise Undocumented(f"{path} is not in the manual: {value!r}")
        if isinstance(value, dict):
            below = path + "." if path else ""
            if path and not any(one.startswith(below) for one in known):
                raise Undocumented(f"{path} is not in the manual")
            for key, one in value.items():
                self.walk(one, below + key, known)
        elif isinstance(value, list):
            if not any(one.startswith(path + "[]") for one in known):
                raise Undocumented(f"{path}[] is not in the manual")
            for one in value:
                if path + "[]" not in known and not isinstance(one, dict):
                    raise Undocumented(f"{path}[]: {one!r}")
                self.walk(one, path + "[]", known)

    def unseen(self):
        return sorted(f"{head[0]}, {head[1]}: {path}"
                      for head, keys in self.sections.items()
                      for path in keys if (head, path) not in self.seen)
