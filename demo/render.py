"""What the demo prints: answers become tables. Pure; nothing here asks or prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sessionrank.console import printable

from .player import Answer, Hit
from .visits import Visit

__all__ = ["SHOWN", "Played", "as_json", "beginning", "ordered_by", "visit_view"]

#: How many hits are shown.
SHOWN = 10
#: Characters that place, cosine, rank and the lines between take.
_OTHER_COLUMNS = 34


@dataclass(frozen=True)
class Played:
    """One visit with its answer."""

    visit: Visit
    answer: Answer


def ordered_by(report: Mapping[str, Any]) -> str:
    """How the hits of a release are ordered, and what that was worth, by the report of ``index load``."""
    ranking = report["ranking"]
    if ranking is None:
        return f"Hits are ordered by the cautious defaults: {report['measure_error'] or 'nothing was measured'}."
    measured = ranking["measured"]
    if "mrr" not in measured:
        return "Hits are ordered by the cautious defaults: there were too few searches to measure."
    return (
        f"Hits are ordered by {ranking['strategy']}: the product bought next stood at a mean reciprocal rank of "
        f"{measured['mrr_plain']:.2f} in the plain order, and stands at {measured['mrr']:.2f}, in "
        f"{measured['cases']:,} searches that nothing was chosen on."
    )


def beginning(word: str, engine: Answer, plain: Answer, *, width: int) -> Table:
    """What everybody gets: the engine's own answer beside the one lifted by popularity."""
    table = _side_by_side(f"“{word}”, the same for everybody", "the engine's own", "× popularity, no session", width)
    for place in range(SHOWN):
        table.add_row(str(place + 1), _product(engine, place), _product(plain, place))
    return table


def visit_view(number: int, word: str, played: Played, plain: Answer, names: Mapping[str, str], *, width: int) -> Group:
    """One visit: what was looked at, and the plain and the personalised answer side by side."""
    visit = played.visit
    basket = visit.basket
    head = Text(f"Visit {number}: customer {basket.customer}, {basket.country}, {basket.time[:10]}", style="bold")
    looked = Text("looked at: ") + Text(printable(", ".join(names[sku] for sku in visit.viewed)), style="italic")
    table = _side_by_side(f"“{word}” for this visit", "plain, no session", "personalised", width)
    table.add_column("cosine", justify="right", no_wrap=True)
    table.add_column("was rank", justify="right", no_wrap=True)
    for place, hit in enumerate(played.answer.hits[:SHOWN]):
        table.add_row(
            str(place + 1),
            _product(plain, place, visit),
            _product(played.answer, place, visit),
            "–" if hit.cosine is None else f"{hit.cosine:.2f}",
            "" if hit.rank_before is None else _moved(hit.rank_before, place + 1),
        )
    return Group(
        head, looked, table, *_later(played, plain), Text(f"X-Sessionrank: {printable(played.answer.outcome)}")
    )


def as_json(word: str, url: str, engine: Answer, plain: Answer, visits: Sequence[Played]) -> dict[str, Any]:
    """The same for ``--json``: skus, best first."""
    return {
        "url": url,
        "query": word,
        "engine": [hit.sku for hit in engine.hits[:SHOWN]],
        "plain": [hit.sku for hit in plain.hits[:SHOWN]],
        "visits": [
            {
                "session": played.visit.session_id,
                "viewed": list(played.visit.viewed),
                "bought_later": list(played.visit.later),
                "outcome": played.answer.outcome,
                "personalised": [_hit_json(hit) for hit in played.answer.hits[:SHOWN]],
            }
            for played in visits
        ],
    }


def _side_by_side(title: str, left: str, right: str, width: int) -> Table:
    """Columns for the place and for two products, one line each; ``width`` is the whole table's, in characters."""
    names_width = max(12, (width - _OTHER_COLUMNS) // 2)
    table = Table(title=Text(printable(title)), title_justify="left")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(left, no_wrap=True, max_width=names_width)
    table.add_column(right, no_wrap=True, max_width=names_width)
    return table


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {"sku": hit.sku, "name": hit.name, "cosine": hit.cosine, "was_rank": hit.rank_before}


def _product(answer: Answer, place: int, visit: Visit | None = None) -> Text:
    if place >= len(answer.hits):
        return Text("")
    hit = answer.hits[place]
    bought = visit is not None and hit.sku in visit.later
    mark = "★ " if bought else ""
    return Text(mark + printable(f"{hit.sku} {hit.name}"), style="bold green" if bought else "")


def _moved(before: int, now: int) -> Text:
    arrow, style = ("↑", "green") if now < before else ("↓", "red") if now > before else ("=", "dim")
    return Text(f"{before} {arrow}", style=style)


def _later(played: Played, plain: Answer) -> list[Text]:
    """What the customer really bought of the answer: its place in both orders."""
    before = {hit.sku: rank for rank, hit in enumerate(plain.hits, 1)}
    bought = [
        f"{hit.name} (rank {before[hit.sku]} → {rank})"
        for rank, hit in enumerate(played.answer.hits, 1)
        if hit.sku in played.visit.later and hit.sku in before
    ]
    return [Text(printable("★ bought later in this visit: " + ", ".join(bought)))] if bought else []
