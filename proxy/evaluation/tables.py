"""The figures of an evaluation as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sessionrank.console import printable

from .outcomes import PERSONALISED
from .refused import Refused

__all__ = ["against_table", "chance", "notes", "orders_table", "slices_table"]

_METRICS = {"mrr": "MRR", "ndcg@10": "NDCG@10", "hit_rate@10": "hits@10, %", "mean_rank": "mean rank"}


def orders_table(document: Mapping[str, Any]) -> Table:
    """One row an order, with its metrics."""
    protocol = document["protocol"]
    title = (
        f"{printable(protocol['log']['name'])} · {printable(protocol['index'])} · {protocol['cases']:,} searches of "
        f"{protocol['visitors']:,} visitors · window {protocol['settings']['window']}"
    )
    table = _table(title, *_METRICS.values())
    if document["raw"]:
        table.add_row(Text("raw"), *_metrics(document["raw"]), style="dim")
    table.add_row("plain", *_metrics(document["plain"]))
    for name, one in document["strategies"].items():
        table.add_row(Text(name), *_metrics(one["metrics"]), style="dim" if one["control"] else "bold")
    return table


def against_table(document: Mapping[str, Any]) -> Table:
    """One row an order: its MRR against the plain one, search by search."""
    table = _table("MRR against plain", "difference, 95 % interval", "× plain", "better/worse", "sign test p")
    for name, one in document["strategies"].items():
        sign, ratio = one["sign"], one["ratio"]["mean"]
        cells = [_difference(one["difference"]["mrr"]), "–" if ratio is None else f"{ratio:.2f}"]
        cells += [f"{sign['better']:,}/{sign['worse']:,}", chance(sign["p"])]
        table.add_row(Text(name), *cells, style="dim" if one["control"] else "bold")
    return table


def slices_table(name: str, one: Mapping[str, Any]) -> Table:
    """The MRR of one order in each part of the searches."""
    table = _table(f"{name}, by part of the searches", "searches", "MRR plain", "MRR", "difference, 95 % interval")
    before = None
    for part in one["slices"]:
        if part["by"] != before:
            before = part["by"]
            table.add_row(Text(before, style="dim"), "", "", "", "")
        numbers = [_fraction(part["mrr_plain"]), _fraction(part["mrr"]), _difference(part["difference"])]
        style = "bold red" if part["harmed"] else ""
        table.add_row(f"  {part['part']}", f"{part['cases']:,}", *numbers, style=style)
    return table


def notes(document: Mapping[str, Any]) -> list[str]:
    """What else is to be said, a line each: why answers were plain, and where an order did harm."""
    told = []
    for name, one in document["strategies"].items():
        if one["control"]:
            continue
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in one["reasons"].items())
        nobody = "" if PERSONALISED in one["reasons"] else "not one search was personalised: "
        told.append(f"{name}: {nobody}{reasons}")
        harmed = [f"{part['by']} {part['part']}" for part in one["slices"] if part["harmed"]]
        if harmed:
            told.append(f"{name} is significantly below plain in: {', '.join(harmed)}")
    protocol = document["protocol"]
    if note := Refused(**protocol["refused"]).note(protocol["cases"] + protocol["refused"]["searches"]):
        told.append(note)
    if protocol["visitors"] < 10:
        told.append("fewer than 10 visitors: no intervals can be told")
    told.append(f"{document['seconds']:.1f} s for the searches")
    return told


def _table(title: str, *heads: str) -> Table:
    """A first column for names, and one for each head for numbers."""
    table = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("", overflow="fold", min_width=9)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def chance(p: float) -> str:
    """A probability, short."""
    return "<.0001" if p < 1e-4 else "1" if p > 0.9999 else f"{p:.4f}".removeprefix("0")


def _metrics(found: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    percent, rank = found["hit_rate@10"]["mean"], found["mean_rank"]["mean"]
    return [
        _fraction(found["mrr"]["mean"]),
        _fraction(found["ndcg@10"]["mean"]),
        "–" if percent is None else f"{100 * percent:.1f}",
        "–" if rank is None else f"{rank:.1f}",
    ]


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _difference(found: Mapping[str, float | None]) -> str:
    if found["mean"] is None:
        return "–"
    if found["low"] is None or found["high"] is None:
        return f"{found['mean']:+.3f}"
    return f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
