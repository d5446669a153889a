"""``filter_path`` as the engines read it: which parts of an answer a client asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["FilterPath", "name_matches"]


#: A pattern that matches no name.
_NOTHING = ["\0"]


class FilterPath:
    """A comma-separated list of dotted paths with ``*`` (in a name), ``**`` (any depth) and ``-`` (exclude)."""

    def __init__(self, text: str) -> None:
        patterns = [p.strip() for p in text.split(",") if p.strip()]
        self.excludes = [p[1:].split(".") for p in patterns if p.startswith("-")]
        self.includes = [p.split(".") for p in patterns if not p.startswith("-")]

    def below(self, name: str) -> FilterPath:
        """What it asks for within each element of the member ``name`` of an answer."""
        inner = FilterPath("")
        inner.excludes = _inside(self.excludes, name)
        inner.includes = _inside(self.includes, name)
        if self.includes and not inner.includes:
            inner.includes = [_NOTHING]
        return inner

    def __str__(self) -> str:
        return ",".join([".".join(p) for p in self.includes] + ["-" + ".".join(p) for p in self.excludes])

    def includes_path(self, path: str) -> bool:
        """Whether the value at ``path`` is in the answer, the excludes aside."""
        return not self.includes or any(_covers(pattern, path.split(".")) for pattern in self.includes)

    def touches(self, path: str) -> bool:
        """Whether anything at or below ``path`` can be in the answer, the excludes aside."""
        return not self.includes or any(_meets(pattern, path.split(".")) for pattern in self.includes)

    def excludes_any(self, paths: Sequence[str]) -> bool:
        """Whether an exclude takes one of ``paths`` away."""
        return any(_covers(pattern, path.split(".")) for pattern in self.excludes for path in paths)


def name_matches(pattern: str, name: str) -> bool:
    """Whether ``pattern``, in which ``*`` stands for any text, matches a name."""
    if "*" not in pattern:
        return pattern == name
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


def _inside(patterns: Sequence[list[str]], name: str) -> list[list[str]]:
    deep = [pattern for pattern in patterns if pattern[0] == "**"]
    named = [pattern[1:] or ["*"] for pattern in patterns if pattern[0] != "**" and name_matches(pattern[0], name)]
    return deep + named


def _covers(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether ``pattern`` matches ``path`` or one of its parents."""
    if not pattern:
        return True
    if not path:
        return pattern == ["**"]
    if pattern[0] == "**":
        return any(_covers(pattern[1:], path[i:]) for i in range(len(path) + 1))
    return name_matches(pattern[0], path[0]) and _covers(pattern[1:], path[1:])


def _meets(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether ``pattern`` matches ``path``, a parent of it or something below it."""
    if not pattern or not path or pattern[0] == "**":
        return True
    return name_matches(pattern[0], path[0]) and _meets(pattern[1:], path[1:])
