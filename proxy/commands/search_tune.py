"""``sessionrank search tune``: choose on a log of searches how a release is ordered, and write it into the release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sessionrank import keys
from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase, read_log
from sessionrank.settings import read_settings

from ..deadline import Deadline
from ..evaluation.publishing import store_of
from ..evaluation.query import form_of
from ..evaluation.replay import settings_for
from ..evaluation.run import settings_told
from ..evaluation.searched import Searched, Task, searched
from ..evaluation.settings_grid import as_text, combinations, parse_grid
from ..evaluation.tuning import FEWEST_CASES, MOST_CASES, Choice
from ..evaluation.tuning_run import verdict
from ..evaluation.visits import check_types
from ..ranking.registry import BY_RELEASE
from ..releases import index_meant
from ..settings import ProxySettings

__all__ = ["tune"]

_SECONDS = 30.0


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--index", metavar="NAME", help="Index or alias to search.  [default: the one in SESSIONRANK_INDICES]")
@click.option("--field", default="name", show_default=True, help="The text field that is searched.")
@click.option("--query-template", "template", type=click.Path(path_type=Path), metavar="FILE",
              help="JSON body of the search instead, with {{query}} in it.")  # fmt: skip
@click.option("--grid", "grids", multiple=True, metavar="SETTING=V,V,…",
              help="Try these values of a setting of the proxy too; may be given several times.")  # fmt: skip
@click.option("--keep-rank", is_flag=True, help="Never let the engine's own rank count less than by default.")
@click.option("--dry-run", is_flag=True, help="Write nothing into the release.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Searches at a time.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True,
              help="Of all that is drawn.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def tune(log: Path, as_json: bool, *, grids: tuple[str, ...], dry_run: bool, **options: Any) -> None:
    """Choose on the searches in LOG how the hits of a release are ordered, and write it into the release.

    On the searches of half of the visitors the strategy and its weights are chosen; on those of the other half the
    choice is judged: it is written where it puts the clicked products significantly higher, and `none` where it does
    not. Proxies follow within seconds. With too few searches the cautious defaults stay; of a log of more than 20,000
    that many are drawn.

    --keep-rank is for searches that are not of today, such as those that `index load` makes of visits that training
    left out. How good the engine's order is today they cannot tell: only `mix` is tried, and never with less of it.

    --grid tries settings of the proxy as well, each combination by itself, and tells which is best: settings are
    environment variables, so nothing is written then.

    \b
    Examples:
      sessionrank search tune searches.jsonl
      sessionrank search tune searches.jsonl --index products --dry-run --json
      sessionrank search tune searches.jsonl --grid session_decay=0.6,0.8,1 --grid window=50,100,200
    """
    settings = read_settings(ProxySettings)
    index, form = index_meant(options["index"], settings.indices), form_of(options["field"], options["template"])
    tried = list(combinations(settings_for(settings, index), parse_grid(grids)))
    cases = read_log(log)
    check_types(str(log), cases)
    task = Task(log, index, form, options["threads"], options["seed"])
    rows: list[dict[str, Any]] = []
    for named, each in tried:
        found = _searched(task, each, cases, told=bool(rows))
        rows.append(_row(named, each, found, *_verdict(task, found, each.max_displacement, options["keep_rank"])))
    written = not grids and not dry_run and _write(settings, index, rows[0])
    if written and settings.strategy != BY_RELEASE:
        err.print(f"SESSIONRANK_STRATEGY is {settings.strategy} here: proxies so set do not ask the release.")
    document = {
        "log": log.name, "index": index, "release": rows[0]["release"], "written": written, "rows": rows,
    }  # fmt: skip
    print_json(document) if as_json else _show(document)


def _searched(task: Task, settings: ProxySettings, cases: Sequence[SearchCase], *, told: bool) -> Searched:
    with progress() as bar:
        at = bar.add_task("Searches", total=min(len(cases), MOST_CASES))
        found = searched(task, settings, cases, lambda done: bar.advance(at, done))
    # The same is left out whatever the settings.
    if found.note and not told:
        err.print(printable(found.note), markup=False)
    return found


def _verdict(task: Task, found: Searched, most: int, keep_rank: bool) -> tuple[Ranking, Choice | None]:
    with progress() as bar:
        at = bar.add_task("Orders", total=None)
        return verdict(task, found, lambda: bar.advance(at, 1), max_displacement=most, keep_rank=keep_rank)


def _write(settings: ProxySettings, index: str, row: dict[str, Any]) -> bool:
    """Publish the ranking of the release; not where nothing was measured now, and something had been."""
    ranking = Ranking(**row["ranking"])
    key = keys.ranking(row["release"])
    with store_of(row["release"], index, settings) as store:
        if row["chosen_on"] is None and store.value(key, Deadline(_SECONDS)):
            return False
        store.put(key, ranking.to_json().encode(), Deadline(_SECONDS))
        return True


def _row(
    named: dict[str, Any], settings: ProxySettings, found: Searched, ranking: Ranking, choice: Choice | None
) -> dict[str, Any]:
    measured = {**ranking.measured, "settings": settings_told(settings)}
    return {
        "settings": named,
        "release": found.release,
        "refused": found.refused.document(),
        "ranking": {"strategy": ranking.strategy, "weights": dict(ranking.weights), "measured": measured},
        "chosen_on": {"mrr": choice.mrr, "tried": dict(choice.tried)} if choice else None,
    }


def _best(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row that was best where it was chosen; the first of those where nothing was measured."""
    return max(rows, key=lambda row: row["chosen_on"]["mrr"] if row["chosen_on"] else -1.0)


def _show(document: dict[str, Any]) -> None:
    table = Table(box=SIMPLE_HEAD, title=Text(f"{document['log']} · {document['release']}"), title_justify="left")
    for column in ("settings", "strategy", "weights", "MRR plain", "MRR", "difference, 95 % interval"):
        table.add_column(column, justify="right" if "MRR" in column or "diff" in column else "left", overflow="fold")
    told = _best(document["rows"])
    for row in document["rows"]:
        table.add_row(*map(Text, _cells(row)), style="bold" if row is told else None)
    out.print(table)
    for line in (*_figures(told["ranking"]), _outcome(document, told)):
        out.print(printable(line), markup=False)


def _cells(row: dict[str, Any]) -> Iterator[str]:
    ranking, measured = row["ranking"], row["ranking"]["measured"]
    yield ", ".join(f"{name} {as_text(value)}" for name, value in row["settings"].items()) or "as they are"
    yield ranking["strategy"]
    yield ", ".join(f"{name} {weight:g}" for name, weight in ranking["weights"].items())
    if "mrr" not in measured:
        yield from ("–", "–", f"too few searches ({measured['too_few']})")
        return
    yield from (f"{measured[name]:.3f}" for name in ("mrr_plain", "mrr"))
    interval = "" if measured["low"] is None else f" [{measured['low']:+.3f}, {measured['high']:+.3f}]"
    yield f"{measured['difference']:+.3f}{interval}"


def _figures(ranking: dict[str, Any]) -> Iterator[str]:
    measured = ranking["measured"]
    if "too_few" in measured:
        yield (
            f"Fewer than {FEWEST_CASES} searches in a part have signals and their click in the window: nothing was "
            "measured, and what orders the hits stays."
        )
        return
    each = "; ".join(f"{name} {value:.3f}" for name, value in measured["strategies"].items())
    yield f"MRR on the {measured['cases']:,} searches that nothing was chosen on: {each}"
    if ranking["strategy"] == "none":
        yield f"Nothing was significantly better than the engine's order (tried: {measured['tried']})."
    if measured["harmed"]:
        yield f"{measured['tried']} was significantly worse in these parts: {'; '.join(measured['harmed'])}"


def _outcome(document: dict[str, Any], told: dict[str, Any]) -> str:
    if document["written"]:
        return f"Written into release {document['release']}; proxies follow within seconds."
    if told["settings"] and told["chosen_on"]:
        best = " ".join(f"SESSIONRANK_{name.upper()}={as_text(value)}" for name, value in told["settings"].items())
        return f"Best where it was chosen: {best}. Nothing was written."
    return "Nothing was written."
