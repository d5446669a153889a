"""Pages about what was found in the space of items: what is near to some, and what completes an analogy."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalogue import Catalogue
from ..space import ItemSpace, Neighbour
from . import tile
from .page import escaped, page
from .tile import Tile

__all__ = ["analogy_page", "similar_page"]

_STYLE = (
    """\
:root { color-scheme: light dark; --paper: #fafaf8; --card: #fff; --ink: #1c1d1f; --faint: #63666b; --line: #dddcd6; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #17181a; --card: #222427; --ink: #f1f1ee; --faint: #a4a7ac; --line: #3a3d42; } }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .75rem; }
p { margin: 0; color: var(--faint); font-size: .9rem; overflow-wrap: anywhere; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11.5rem, 44%), 1fr)); gap: 1rem; }
.analogy { display: grid; grid-template-columns: 1fr auto 1fr auto 1fr auto 1fr; gap: .75rem; align-items: center; }
.analogy > .tile { align-self: stretch; }
.sign { font-size: 1.6rem; font-weight: 600; color: var(--faint); text-align: center; }
.answer { outline: 3px solid #2f7d5b; border-radius: .75rem; align-self: stretch; display: grid; }
@media (max-width: 46rem) {
  .analogy { grid-template-columns: 1fr auto 1fr; }
  .analogy .between { grid-column: 1 / -1; } }
"""
    + tile.STYLE
)

_ABOUT = {
    "cosine": "Ranked by the cosine with what was asked for: 1 is the same direction, 0 has nothing in common.",
    "cosmul": "Ranked by cosmul: the product of the cosines with what is wanted over those with what is not.",
}


def similar_page(
    space: ItemSpace,
    found: Sequence[Neighbour],
    *,
    wanted: Sequence[str],
    unwanted: Sequence[str],
    method: str,
    catalogue: Catalogue,
) -> str:
    """The items asked for, and their neighbours, best first."""
    asked = [*dict.fromkeys(wanted), *dict.fromkeys(unwanted)]
    question = "".join(
        _asked(space, catalogue, sku, badge="near" if sku in wanted else "away from").html() for sku in asked
    )
    # With one item asked for and nothing unwanted the score is the cosine already.
    beside = asked if len(asked) > 1 or method != "cosine" else []
    grid = "".join(_found(space, catalogue, one, rank, method, beside).html() for rank, one in enumerate(found, 1))
    title = f"Near {', '.join(_called(catalogue, sku) for sku in wanted)}"
    body = (
        f'<h1>{escaped(title)}</h1>\n<p>{_about(space, method)}</p>\n<h2>Asked for</h2>\n<div class="grid">{question}'
        f'</div>\n<h2>The nearest {len(found)}</h2>\n<div class="grid">{grid}</div>'
    )
    return page(title, body, style=_STYLE)


def analogy_page(
    space: ItemSpace, found: Sequence[Neighbour], *, question: tuple[str, str, str], method: str, catalogue: Catalogue
) -> str:
    """a : b :: c : the best answer, and the further answers below."""
    a, b, c = (_asked(space, catalogue, sku).html() for sku in question)
    tiles = [_found(space, catalogue, one, rank, method, question).html() for rank, one in enumerate(found, 1)]
    first, rest = (tiles[0], tiles[1:]) if tiles else ('<div class="sign">?</div>', [])
    title = "{} is to {} as {} is to …".format(*(_called(catalogue, sku) for sku in question))
    body = (
        f"<h1>{escaped(title)}</h1>\n<p>{_about(space, method)}</p>\n<h2>The analogy</h2>\n"
        f'<div class="analogy">{a}{_sign(":")}{b}{_sign("::", " between")}{c}{_sign(":")}'
        f'<div class="answer">{first}</div></div>'
    )
    if rest:
        body += f'\n<h2>Further answers</h2>\n<div class="grid">{"".join(rest)}</div>'
    return page(title, body, style=_STYLE)


def _sign(text: str, more: str = "") -> str:
    return f'<div class="sign{more}" aria-hidden="true">{text}</div>'


def _about(space: ItemSpace, method: str) -> str:
    return escaped(f"{_ABOUT[method]} Support: how often training saw the item. {len(space):,} items have vectors.")


def _called(catalogue: Catalogue, sku: str) -> str:
    return catalogue.text(sku, "name") or sku


def _asked(space: ItemSpace, catalogue: Catalogue, sku: str, *, badge: str = "") -> Tile:
    facts = (("support", f"{space.support(sku):,}"),)
    return Tile(sku, catalogue.text(sku, "name"), catalogue.text(sku, "image"), badge, facts)


def _found(
    space: ItemSpace, catalogue: Catalogue, one: Neighbour, rank: int, method: str, beside: Sequence[str]
) -> Tile:
    cosines = zip(beside, space.cosines(one.sku, beside), strict=True)
    facts = (
        (method, f"{one.score:.3f}"),
        *((f"cosine with {sku}", f"{cosine:.3f}") for sku, cosine in cosines),
        ("support", f"{one.support:,}"),
    )
    return Tile(one.sku, catalogue.text(one.sku, "name"), catalogue.text(one.sku, "image"), str(rank), facts)
