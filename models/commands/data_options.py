"""The options that say how DATA is read, for every command that reads sessions, and the reading itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import click

from sessionrank.console import err, printable, progress
from sessionrank.textfile import sha256_of

from ..readers.base import Reader, SessionData
from ..readers.guess import guess_reader
from ..readers.registry import READERS, make_reader

__all__ = ["data_options", "read_data", "take_reader"]

_MIN_COUNT = "min_item_count"
CommandT = TypeVar("CommandT", bound=Callable[..., Any])

#: By the reader's field, in the order of the help text. ``None`` keeps the reader's own default.
_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "reader": click.option(
        "--reader", help=f"Format: {', '.join(sorted(READERS))}.  [default: told from the file's name and first line]"
    ),
    "session_column": click.option("--session-column", help="events: the column of sessions.  [default: session_id]"),
    "user_column": click.option("--user-column", help="pairs: the column of users.  [default: user_id]"),
    "item_column": click.option("--item-column", help="events, pairs: … of items.  [default: product_id]"),
    "time_column": click.option(
        "--time-column", help="events: … of times; '' takes the file's order.  [default: event_time_stamp]"
    ),
    "group_by": click.option("--group-by", help="online-retail: customer or invoice.  [default: customer]"),
    "products_only": click.option(
        "--products-only",
        is_flag=True,
        default=None,
        help="online-retail: leave out cancellations and codes that are no products.",
    ),
    "encoding": click.option("--encoding", help="Of text.  [default: utf-8; online-retail: iso-8859-1]"),
    # Its own name inside: `train` has a --min-count that is its algorithm's.
    "min_count": click.option(
        "--min-count", _MIN_COUNT, type=int, help="Take items out that are seen less often.  [default: 1]"
    ),
    "min_length": click.option(
        "--min-length", type=int, help="Leave out shorter sessions.  [default: 3; events: 2; pairs, prepared: 1]"
    ),
    "max_length": click.option(
        "--max-length", type=int, help="… longer ones; 0 for no limit.  [default: sessions-txt: 199; others: 0]"
    ),
    "max_length_percentile": click.option(
        "--max-length-percentile", type=float, help="… those above this percentile.  [default: events: 95; others: 100]"
    ),
    "after": click.option("--after", metavar="DATE", help="Leave out events before this ISO date or time (UTC)."),
    "until": click.option("--until", metavar="DATE", help="Leave out events at this ISO date or time, and later ones."),
    "leave_out_share": click.option(
        "--leave-out-share",
        type=float,
        help="Leave out this share of the sessions: those that `search log --share` makes cases of, and `index load` "
        "measures on.",
    ),
    "share_seed": click.option("--share-seed", type=int, help="Draws the share; the same in both.  [default: 1]"),
}


def data_options(*, without: Collection[str] = ()) -> Callable[[CommandT], CommandT]:
    """Give a command the options of reading; they arrive as keyword arguments, for :func:`take_reader`.

    Args:
        without: options that the command uses for something else, such as ``min_count``.
    """

    def decorate(command: CommandT) -> CommandT:
        for name in reversed(_OPTIONS):
            if name not in without:
                command = _OPTIONS[name](command)
        return command

    return decorate


def take_reader(data: Path, options: dict[str, Any]) -> Reader:
    """The reader that ``options`` describe for the file ``data``; its options are taken out, others stay.

    Raises:
        ConfigurationError: there is no such reader, it has no such option, or a value cannot work.
    """
    given = {name: options.pop(_MIN_COUNT if name == "min_count" else name, None) for name in _OPTIONS}
    return make_reader(given.pop("reader") or guess_reader(data), **given)


def read_data(
    data: Path, reader: Reader, *, names: bool = False, say: bool = True
) -> tuple[SessionData, dict[str, Any]]:
    """Read ``data``, say on standard error what was left out, and tell the origin for the files made from it.

    Args:
        names: keep the sessions' own ids as well, where the file has any.
        say: whether what was left out is said; no for a command that shows it itself.

    Returns:
        (what was read, its origin: name, sha256, reader with its options, counts of sessions, items and events, and of
        a prepared file what it was made from)

    Raises:
        DataError: the file is missing, is not what the format says, or leaves no session.
    """
    with progress() as bar:
        bar.add_task(f"Reading {printable(data.name)}", total=None)
        read = reader.read(data, names=names)
    for reason, count in read.dropped.items() if say else ():
        err.print(f"Left out: {count} {printable(reason)}", markup=False)
    origin: dict[str, Any] = {
        "name": data.name,
        "sha256": sha256_of(data),
        "reader": {"class": type(reader).__name__, **dataclasses.asdict(reader)},
        "sessions": len(read.sessions),
        "items": read.items,
        "events": read.sessions.events,
    }
    if read.source is not None:
        origin["prepared_from"] = read.source
    return read, origin
