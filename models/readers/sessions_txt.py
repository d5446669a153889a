"""Sessions as text: one a line, an id first, then its items, oldest first, with any white space between them."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..sessions import Sessions
from .base import SessionData, TextReader, text_lines
from .ids import Ids

__all__ = ["SessionsTxt"]


@dataclass(frozen=True)
class SessionsTxt(TextReader):
    """``<session id> <item> <item> …``; tabs and spaces may be mixed, blank lines mean nothing."""

    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        items = Ids()
        codes, ends = array("i"), array("q", [0])
        kept_names: list[str] = []
        for line in text_lines(path, encoding=self.encoding):
            if words := line.split():
                codes.extend(map(items.__getitem__, words[1:]))
                ends.append(len(codes))
                if names:
                    kept_names.append(words[0])
        sessions = Sessions(
            items=tuple(items.texts),
            codes=np.array(codes, dtype=np.int32),
            offsets=np.array(ends, dtype=np.int64),
            names=tuple(kept_names) if names else None,
        )
        dropped: Counter[str] = Counter()
        sound = sessions.codes >= 0
        if not sound.all():
            dropped["items with an unusable id"] = int((~sound).sum())
            sessions = sessions.keep(sound)
        return self.select(path, sessions, dropped)
