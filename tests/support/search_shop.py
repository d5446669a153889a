"""A small shop whose visits are planned: who looked at things of one style clicks that style among all hits of a word.

Products are named "<style> <thing>"; a search for a thing finds it once in every style. Vectors and covisits know which
products are of one style. Popularity knows which styles are clicked most, so that it is better than chance, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sessionrank.covisits import CovisitsFile
from sessionrank.searchlog import LoggedEvent, SearchCase, write_log
from sessionrank.vectors import VectorsFile

from .shop import command

__all__ = ["STYLES", "THINGS", "SearchShop", "load_search_shop", "planned_searches", "sku_of"]

STYLES = (
    "red",
    "blue",
    "striped",
    "dotted",
    "golden",
    "silver",
    "wooden",
    "woollen",
    "paper",
    "glass",
    "tiny",
    "giant",
)
THINGS = ("mug", "plate", "lamp", "clock", "basket", "candle", "ribbon", "frame", "tray", "jar", "bell", "hook")


@dataclass(frozen=True)
class SearchShop:
    """What was loaded, and searches in it."""

    alias: str
    index: str
    log: Path


def sku_of(style: int, thing: int) -> str:
    """The product of a style and a thing, by their numbers."""
    return f"S{style:02d}T{thing:02d}"


def load_search_shop(
    folder: Path, environment: Mapping[str, str], alias: str, *, cases: int = 120, covisits: bool = True
) -> SearchShop:
    """Load it with the real indexer, and write a log of ``cases`` searches of half as many visitors."""
    rows = [
        # The first styles are clicked most; between the things of a style chance decides.
        {"sku": sku_of(style, thing), "name": f"{name} {what}", "popularity": 100 - 8 * style + (7 * thing + style) % 5}
        for style, name in enumerate(STYLES)
        for thing, what in enumerate(THINGS)
    ]
    # In an order of chance, by which the engine places hits that it finds equally good.
    np.random.default_rng(11).shuffle(rows)
    (folder / "catalog.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    _vectors().save(folder / "v.npz")
    arguments = ["index", "load", str(folder / "catalog.jsonl"), "--vectors", str(folder / "v.npz"), "--alias", alias]
    if covisits:
        _covisits().save(folder / "c.npz")
        arguments += ["--covisit", str(folder / "c.npz")]
    report = json.loads(command([*arguments, "--no-measure", "--json"], environment))
    assert (report["loaded"], report["rejected"]) == (len(rows), 0), report
    write_log(folder / "searches.jsonl", planned_searches(cases))
    return SearchShop(alias, report["index"], folder / "searches.jsonl")


def planned_searches(count: int, seed: int = 5) -> list[SearchCase]:
    """Visits of one to four products of a style, then a search that ends with another thing of it; two a visitor."""
    draw = np.random.default_rng(seed)
    share = 0.7 ** np.arange(len(STYLES))
    made = []
    for number in range(count):
        style = int(draw.choice(len(STYLES), p=share / share.sum()))
        things = draw.permutation(len(THINGS))[: 2 + number % 4].tolist()
        *seen, clicked = (sku_of(style, thing) for thing in things)
        session = tuple(LoggedEvent(sku, "click" if at % 2 else "view") for at, sku in enumerate(seen))
        made.append(SearchCase(session, THINGS[things[-1]], clicked, id=f"visitor {number // 2}"))
    return made


def _skus() -> list[str]:
    return [sku_of(style, thing) for style in range(len(STYLES)) for thing in range(len(THINGS))]


def _vectors() -> VectorsFile:
    draw = np.random.default_rng(3)
    centres = np.repeat(np.eye(len(STYLES)), len(THINGS), axis=0)
    noisy = centres + draw.normal(0, 0.25, centres.shape)
    return VectorsFile.build(_skus(), noisy, [200] * len(noisy), {"algorithm": "planted", "seed": 3})


def _covisits() -> CovisitsFile:
    """Each product goes with all others of its style alike."""
    n, mates = len(STYLES) * len(THINGS), len(THINGS) - 1
    rows = [[first + other for other in range(len(THINGS)) if other != own] for first in range(0, n, len(THINGS))
            for own in range(len(THINGS))]  # fmt: skip
    return CovisitsFile.build(
        _skus(),
        np.full(n, 200),
        np.full(n, 0.9),
        np.arange(0, n * mates + 1, mates),
        np.ravel(rows),
        np.full(n * mates, 1 / mates),
        {"algorithm": "covisit"},
    )
