"""Run one official client through named calls against a server; print a record of each as one JSON array.

Reads one JSON object from standard input. ``url``: the server; ``sections``: which calls to make; ``index``: the
index to ask; ``managed`` and ``headers``: the index and the client's headers in the section of that name; ``run``: a
word that is new in every run and may begin the name of an index.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from documents import documents
from library import FAILURES, connect
from managed import managed
from searching import searching
from sniffing import sniffing
from transcript import Transcript
from walking import walking
from wire import wire
from writing import writing

Section = Callable[[Transcript, dict[str, Any]], None]


def _client(given: dict[str, Any]) -> Any:
    """OpenSearch tells a warning once for each opaque id: every run has its own."""
    return connect(given["url"], opaque_id=f"run-{given['run']}")


_SECTIONS: dict[str, Section] = {
    "documents": lambda note, given: documents(note, _client(given), given["index"]),
    "managed": managed,
    "searching": lambda note, given: searching(note, _client(given), given["index"]),
    "sniffing": sniffing,
    "walking": lambda note, given: walking(note, _client(given), given["index"]),
    "wire": wire,
    "writing": writing,
}


def main() -> None:
    """Make the calls of the sections that were asked for."""
    given = json.load(sys.stdin)
    note = Transcript(FAILURES)
    for section in given["sections"]:
        note.section = section
        _SECTIONS[section](note, given)
    json.dump(note.records, sys.stdout)


if __name__ == "__main__":
    main()
