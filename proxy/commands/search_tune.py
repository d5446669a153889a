"""``sessionrank search tune``: choose on a log of searches how a release is ordered, and write it into the release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sessionrank import keys
from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase, read_log
from sessionrank.settings import read_settings
from sessionrank.textfile import sha256_of

from ..deadline import Deadline
from ..evaluation.capture import Capture, Captured
from ..evaluation.figures import Columns, Sampler
from ..evaluation.outcomes import in_threads
from ..evaluation.products import EngineSide, Products, look_up, present
from ..evaluation.query import SearchForm, match_form, template_form
from ..evaluation.replay import settings_for
from ..evaluation.settings_grid import combinations, parse_grid
from ..evaluation.tuning import FEWEST_CASES, Choice, chosen, judged, parted
from ..evaluation.visits import check_types
from ..rankings import CAUTIOUS
from ..releases import default_index
from ..sessions.registry import from_url
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
@click.option("--dry-run", is_flag=True, help="Write nothing into the release.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Searches at a time.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the parts and the intervals.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def tune(log: Path, as_json: bool, *, grids: tuple[str, ...], dry_run: bool, **options: Any) -> None:
    """Choose on the searches in LOG how the hits of a release are ordered, and write it into the release.

    On the searches of half of the visitors the strategy and its weights are chosen; on those of the other half the
    choice is judged: it is written where it puts the clicked products significantly higher, and `none` where it does
    not. Proxies follow within seconds. With too few searches the cautious defaults stay.

    --grid tries settings of the proxy as well, each combination by itself, and tells which is best: settings are
    environment variables, so nothing is written then.

    \b
    Examples:
      sessionrank search tune searches.jsonl
      sessionrank search tune searches.jsonl --index products --dry-run --json
      sessionrank search tune searches.jsonl --grid session_decay=0.6,0.8,1 --grid window=50,100,200
    """
    settings = read_settings(ProxySettings)
    index = options["index"] or default_index(settings.indices)
    if index is None:
        raise ConfigurationError(f"which index? SESSIONRANK_INDICES is {','.join(settings.indices)}; say --index NAME")
    form = match_form(options["field"]) if options["template"] is None else template_form(options["template"])
    tried = list(combinations(settings_for(settings, index), parse_grid(grids)))
    cases = read_log(log)
    check_types(str(log), cases)
    run = _Run(log, index, form, options["threads"], options["seed"])
    rows = [_row(named, *run.tuned(each, cases)) for named, each in tried]
    written = not grids and not dry_run
    if written:
        run.write(settings, rows[0]["ranking"])
    told = max(rows, key=lambda row: row["chosen_on"]["mrr"]) if grids else rows[0]
    document = {"log": log.name, "index": index, "release": run.release, "written": written, "rows": rows}
    print_json(document) if as_json else _show(document, told)


class _Run:
    """Tuning one release on one log."""

    def __init__(self, log: Path, index: str, form: SearchForm, threads: int, seed: int) -> None:
        self._log = log
        self._index = index
        self._form = form
        self._threads = threads
        self._seed = seed
        self.release: str | None = None

    def tuned(self, settings: ProxySettings, cases: Sequence[SearchCase]) -> tuple[Ranking, Choice | None]:
        """The ranking that was judged; no choice where there were too few searches to make one."""
        capture = Capture(settings, self._index, self._form, seed=self._seed)
        try:
            self.release = capture.replay.release()
            if self.release is None:
                raise ConfigurationError(f"nothing is published for {self._index}; see `sessionrank index load --help`")
            products = look_up(_side(capture, settings, self._index), {case.clicked for case in cases})
            kept, note = present(str(self._log), cases, products, self._index, allow_missing=True)
            if note:
                err.print(printable(note), markup=False)
            with progress() as bar:
                task = bar.add_task("Searches", total=len(kept))
                captured = in_threads(
                    capture.captured, list(enumerate(kept)), self._threads, lambda done: bar.advance(task, done)
                )
        finally:
            capture.close()
        return self._judged(kept, captured, products, settings.max_displacement)

    def _judged(
        self, cases: Sequence[SearchCase], captured: Sequence[Captured], products: Products, most: int
    ) -> tuple[Ranking, Choice | None]:
        ids = [case.id for case in cases]
        choosing, judging = parted(ids, seed=self._seed)
        origin = {"log": self._log.name, "sha256": sha256_of(self._log), "seed": self._seed, "at": _now()}
        if min(len(choosing), len(judging)) < FEWEST_CASES:
            too_few = {"too_few": len(cases), **origin}
            return replace(CAUTIOUS, measured=too_few), None
        with progress() as bar:
            task = bar.add_task("Orders", total=None)
            part = [captured[at] for at in choosing]
            choice = chosen(part, max_displacement=most, on_tried=lambda: bar.advance(task, 1))
        held = [captured[at] for at in judging]
        columns = Columns(
            lengths=[len(cases[at].session) for at in judging],
            popular=[products.is_popular(cases[at].clicked) for at in judging],
            totals=[captured[at].total for at in judging],
            inside=[captured[at].clicked is not None for at in judging],
        )
        sampler = Sampler([ids[at] for at in judging], resamples=1000, seed=self._seed)
        ranking = judged(choice, held, columns, sampler, max_displacement=most)
        return replace(ranking, measured={**ranking.measured, **origin}), choice

    def write(self, settings: ProxySettings, ranking: dict[str, Any]) -> None:
        """Publish the ranking of the release."""
        store = from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
        try:
            text = Ranking(ranking["strategy"], ranking["weights"], ranking["measured"]).to_json()
            store.put(keys.ranking(self.release or ""), text.encode(), Deadline(_SECONDS))
        finally:
            store.close()


def _side(capture: Capture, settings: ProxySettings, index: str) -> EngineSide:
    field = "" if settings.popularity == "none" else settings.popularity_field
    return EngineSide(capture.replay.engine, index, settings.item_id, field, settings.engine_timeout_s)


def _row(named: dict[str, Any], ranking: Ranking, choice: Choice | None) -> dict[str, Any]:
    return {
        "settings": named,
        "ranking": {
            "strategy": ranking.strategy, "weights": dict(ranking.weights), "measured": dict(ranking.measured),
        },
        "chosen_on": {"mrr": choice.mrr, "tried": dict(choice.tried)} if choice else {"mrr": 0.0, "tried": {}},
    }  # fmt: skip


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _show(document: dict[str, Any], told: dict[str, Any]) -> None:
    table = Table(box=SIMPLE_HEAD, title=Text(f"{document['log']} · {document['release']}"), title_justify="left")
    for column in ("settings", "strategy", "weights", "MRR plain", "MRR", "difference, 95 % interval"):
        table.add_column(column, justify="right" if "MRR" in column or "diff" in column else "left", overflow="fold")
    for row in document["rows"]:
        table.add_row(*map(Text, _cells(row)), style="bold" if row is told else None)
    out.print(table)
    for line in _lines(document, told):
        out.print(printable(line), markup=False)


def _cells(row: dict[str, Any]) -> Iterator[str]:
    ranking, measured = row["ranking"], row["ranking"]["measured"]
    yield ", ".join(f"{name} {value}" for name, value in row["settings"].items()) or "as they are"
    yield ranking["strategy"]
    yield ", ".join(f"{name} {weight:g}" for name, weight in ranking["weights"].items())
    if "mrr" not in measured:
        yield from ("–", "–", f"too few searches ({measured['too_few']})")
        return
    yield from (f"{measured[name]:.3f}" for name in ("mrr_plain", "mrr"))
    yield (
        "–"
        if measured["low"] is None
        else (f"{measured['difference']:+.3f} [{measured['low']:+.3f}, {measured['high']:+.3f}]")
    )


def _lines(document: dict[str, Any], told: dict[str, Any]) -> Iterator[str]:
    ranking, measured = told["ranking"], told["ranking"]["measured"]
    if "too_few" in measured:
        yield f"Fewer than {FEWEST_CASES} searches in a part: nothing was measured, the cautious defaults stay."
    else:
        each = ", ".join(f"{name} {value:.3f}" for name, value in measured["strategies"].items())
        yield f"MRR on the {measured['cases']:,} searches that nothing was chosen on: {each}"
        if ranking["strategy"] == "none":
            yield f"Nothing was significantly better than the engine's order (tried: {measured['tried']})."
        if measured["harmed"]:
            yield f"Significantly worse in these parts: {'; '.join(measured['harmed'])}"
    if document["written"]:
        yield f"Written into release {document['release']}; proxies follow within seconds."
    elif told["settings"]:
        better = " ".join(f"SESSIONRANK_{name.upper()}={value}" for name, value in told["settings"].items())
        yield f"Best where it was chosen: {better}. Nothing was written."
    else:
        yield "Nothing was written (--dry-run)."
