"""``sessionrank search train``: learn an order of hits from a log of searches, and publish it where it is better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from sessionrank import keys
from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase, read_log
from sessionrank.settings import read_settings
from sessionrank.textfile import sha256_of
from sessionrank.writing import replacing, told_in_one_line

from ..deadline import Deadline
from ..evaluation.capture import Capture, Captured
from ..evaluation.figures import Columns, Sampler
from ..evaluation.growing import TREES, lightgbm
from ..evaluation.learning import Verdict, judged_against, learned_from, present_ranking, start_of
from ..evaluation.needed import check_release
from ..evaluation.outcomes import in_threads
from ..evaluation.products import EngineSide, Products, look_up, present
from ..evaluation.query import SearchForm, match_form, template_form
from ..evaluation.replay import settings_for
from ..evaluation.tables import against_table, orders_table, slices_table
from ..evaluation.tuning import FEWEST_CASES, MOST_CASES, drawn, parted
from ..evaluation.visits import check_types
from ..ranking.trees import LearnedModel
from ..releases import default_index
from ..sessions.registry import from_url
from ..settings import ProxySettings

__all__ = ["train"]

_SECONDS = 30.0


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--out", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write the model here too.")
@click.option("--index", metavar="NAME", help="Index or alias to search.  [default: the one in SESSIONRANK_INDICES]")
@click.option("--field", default="name", show_default=True, help="The text field that is searched.")
@click.option("--query-template", "template", type=click.Path(path_type=Path), metavar="FILE",
              help="JSON body of the search instead, with {{query}} in it.")  # fmt: skip
@click.option("--holdout", type=click.FloatRange(0.05, 0.5), default=0.3, show_default=True,
              help="Share of the visitors whose searches are held back to judge on.")  # fmt: skip
@click.option("--cases", type=click.IntRange(2 * FEWEST_CASES), default=MOST_CASES, show_default=True,
              help="Of a longer log so many searches are drawn.")  # fmt: skip
@click.option("--publish", is_flag=True, help="Write the model into the release, if it is better.")
@click.option("--force", is_flag=True, help="… even if it is not.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Searches at a time.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Of all that is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def train(log: Path, as_json: bool, **options: Any) -> None:
    """Learn on the searches in LOG how to order hits (LightGBM, LambdaMART), and judge it on those held back.

    It begins with what `mix` says, by the weights of the release, and corrects that by all that the proxy knows: the
    engine's rank and score, cosine, covisits, what was seen before, and how much is known of the session. It is judged
    against what orders the release now (the cautious `mix` where nothing was measured), on visitors that neither it nor
    `search tune` with the same --seed and log learned on. A thousand searches are few, five thousand are enough.

    With --publish it goes into the release, if there it is better than that and surely better than the engine's own
    order; proxies follow within seconds. Run `search tune` before this, not after it: it would replace the choice.

    Needs `pip install 'sessionrank[ltr]'`; the proxy does not.

    \b
    Examples:
      sessionrank search train searches.jsonl
      sessionrank search train searches.jsonl --publish
      sessionrank search train searches.jsonl --index products --out model.json --holdout 0.5 --json
    """
    if options["force"] and not options["publish"]:
        raise ConfigurationError("--force publishes what is not better: say --publish as well")
    settings, index, form = _asked(options)
    cases = read_log(log)
    check_types(str(log), cases)
    # Before the searches: it would be a pity to find out after them.
    lightgbm()
    capture = Capture(settings, index, form, seed=options["seed"])
    try:
        chosen = drawn(cases, seed=options["seed"], most=options["cases"])
        found = _replayed(capture, settings, index, str(log), chosen, options["threads"])
    finally:
        capture.close()
    made = _learned(found, settings, log, options)
    if options["target"]:
        _write(options["target"], made.packed)
    published = options["publish"] and (made.verdict.is_better or options["force"])
    if published:
        ranking = made.verdict.ranking(made.packed, found.present, {**made.measured, "at": _now()})
        _publish(settings, found.release, made.packed, ranking)
    shown = {"index": index, "release": found.release, "search": form.told, "settings": {"window": settings.window}}
    document = made.document(found.present, {**shown, "holdout": options["holdout"]}) | {"published": published}
    print_json(document) if as_json else _show(document)


def _asked(options: dict[str, Any]) -> tuple[ProxySettings, str, SearchForm]:
    settings = read_settings(ProxySettings)
    index = options["index"] or default_index(settings.indices)
    if index is None:
        raise ConfigurationError(f"which index? SESSIONRANK_INDICES is {','.join(settings.indices)}; say --index NAME")
    form = match_form(options["field"]) if options["template"] is None else template_form(options["template"])
    return settings_for(settings, index), index, form


@dataclass(frozen=True)
class _Found:
    """The searches as strategies see them, and what orders their release now."""

    cases: Sequence[SearchCase]
    captured: Sequence[Captured]
    products: Products
    release: str
    present: Ranking

    def columns(self, places: Sequence[int]) -> Columns:
        """What is known of the cases at these places."""
        return Columns(
            lengths=[len(self.cases[at].session) for at in places],
            popular=[self.products.is_popular(self.cases[at].clicked) for at in places],
            totals=[self.captured[at].total for at in places],
            inside=[self.captured[at].clicked is not None for at in places],
        )


def _replayed(
    capture: Capture, settings: ProxySettings, index: str, name: str, cases: Sequence[SearchCase], threads: int
) -> _Found:
    engine, store = capture.replay.engine, capture.replay.store
    release = capture.replay.release()
    check_release("mix", index, release, store)
    if release is None:
        raise ConfigurationError(f"nothing is published for {index}; see `sessionrank index load --help`")
    field = "" if settings.popularity == "none" else settings.popularity_field
    side = EngineSide(engine, index, settings.item_id, field, settings.engine_timeout_s)
    products = look_up(side, {case.clicked for case in cases})
    kept, note = present(name, cases, products, index, allow_missing=True)
    if note:
        err.print(printable(note), markup=False)
    with progress() as bar:
        task = bar.add_task("Searches", total=len(kept))
        captured = in_threads(capture.captured, list(enumerate(kept)), threads, lambda done: bar.advance(task, done))
    now = present_ranking(store.value(keys.ranking(release), Deadline(_SECONDS)))
    return _Found(kept, captured, products, release, now)


@dataclass(frozen=True)
class _Made:
    """A model, and what it is worth."""

    model: LearnedModel
    packed: bytes
    verdict: Verdict
    #: What stands beside the figures in the release: on what it was learned, and on what judged.
    measured: dict[str, Any]

    def document(self, present: Ranking, shown: dict[str, Any]) -> dict[str, Any]:
        """All figures; ``shown`` stands in the protocol as well."""
        log = {"name": self.measured["log"], "sha256": self.measured["sha256"]}
        model = {"trees": len(self.model.trees), "bytes": len(self.packed), "gain": self.model.meta["gain"]}
        return {"protocol": {**self.measured, **shown, "log": log}, **self.verdict.document(present), "model": model}


def _learned(found: _Found, settings: ProxySettings, log: Path, options: dict[str, Any]) -> _Made:
    """Learn on a part of the visitors, judge on the others."""
    seed = options["seed"]
    learning, judging = parted([case.id for case in found.cases], seed=seed, share=1 - options["holdout"])
    if len(judging) < FEWEST_CASES:
        raise DataError(f"{log}: only {len(judging):,} searches are held back; {FEWEST_CASES} are the least")
    with progress() as bar:
        task = bar.add_task("Trees", total=TREES)
        model = learned_from(
            [found.captured[at] for at in learning], start_of(found.present, settings.weight),
            seed=seed, threads=options["threads"], on_tree=lambda: bar.advance(task, 1),
        )  # fmt: skip
    origin = {"log": log.name, "sha256": sha256_of(log), "seed": seed, "learned_on": len(learning)}
    model = replace(model, meta={**model.meta, **origin})
    sampler = Sampler([found.cases[at].id for at in judging], resamples=1000, seed=seed)
    verdict = judged_against(
        found.present, model, [found.captured[at] for at in judging], found.columns(judging), sampler,
        max_displacement=settings.max_displacement,
    )  # fmt: skip
    return _Made(model, model.packed(), verdict, {**origin, "cases": len(judging), "visitors": sampler.visitors})


def _publish(settings: ProxySettings, release: str, model: bytes, ranking: Ranking) -> None:
    """The model first: whoever reads that the release has one finds it."""
    store = from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
    try:
        store.put(keys.learned_model(release), model, Deadline(_SECONDS))
        store.put(keys.ranking(release), ranking.to_json().encode(), Deadline(_SECONDS))
    finally:
        store.close()


def _write(target: Path, model: bytes) -> None:
    with told_in_one_line(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.write_bytes(model)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _show(document: dict[str, Any]) -> None:
    out.print(orders_table(document))
    out.print(against_table(document))
    out.print(slices_table("learned", document["strategies"]["learned"]))
    for line in _lines(document):
        out.print(printable(line), markup=False)


def _lines(document: dict[str, Any]) -> Iterator[str]:
    protocol, against = document["protocol"], document["against"]["difference"]["mrr"]
    present_name = document["present"]["strategy"]
    looked_at = ", ".join(f"{name} {share:.0%}" for name, share in list(document["model"]["gain"].items())[:6])
    yield f"Learned on {protocol['learned_on']:,} searches; the trees look at: {looked_at}"
    interval = "" if against["low"] is None else f" [{against['low']:+.3f}, {against['high']:+.3f}]"
    yield f"MRR against {present_name}, which orders the release now: {against['mean']:+.3f}{interval}"
    if not document["better"]:
        yield f"Not better than {present_name}, or not surely better than the engine's own order."
    if document["published"]:
        yield f"Written into release {protocol['release']}; proxies follow within seconds."
    else:
        yield "Nothing was published." + (" Say --publish." if document["better"] else "")
