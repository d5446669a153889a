"""``sessionrank search train``: learn an order of hits from a log of searches, and publish it where it is better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from ..evaluation.figures import Sampler
from ..evaluation.growing import TREES, lightgbm
from ..evaluation.learning import Verdict, judged_against, learned_from, present_ranking, start_of
from ..evaluation.publishing import store_of
from ..evaluation.query import SearchForm, form_of
from ..evaluation.replay import settings_for
from ..evaluation.run import settings_told
from ..evaluation.searched import Searched, Task, searched
from ..evaluation.tables import against_table, orders_table, slices_table
from ..evaluation.tuning import FEWEST_CASES, MOST_CASES, now_written, parted
from ..evaluation.visits import check_types
from ..ranking.trees import LearnedModel
from ..releases import index_meant
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
    task = Task(log, index, form, options["threads"], options["seed"], options["cases"])
    found = _searched(task, settings, cases)
    present = present_ranking(found.said)
    made = _learned(found, present, settings, task, holdout=options["holdout"])
    if options["target"]:
        _write(options["target"], made.packed)
    published = options["publish"] and (made.verdict.is_better or options["force"])
    if published:
        ranking = made.verdict.ranking(made.packed, present, {**made.measured, "at": now_written()})
        _publish(settings, index, found.release, made.packed, ranking)
    shown = {"index": index, "release": found.release, "search": form.told, "refused": found.refused.document()}
    document = made.document(present, {**shown, "holdout": options["holdout"]}) | {"published": published}
    print_json(document) if as_json else _show(document)


def _asked(options: dict[str, Any]) -> tuple[ProxySettings, str, SearchForm]:
    settings = read_settings(ProxySettings)
    index, form = index_meant(options["index"], settings.indices), form_of(options["field"], options["template"])
    return settings_for(settings, index), index, form


def _searched(task: Task, settings: ProxySettings, cases: Sequence[SearchCase]) -> Searched:
    with progress() as bar:
        at = bar.add_task("Searches", total=min(len(cases), task.most))
        found = searched(task, settings, cases, lambda done: bar.advance(at, done))
    if found.note:
        err.print(printable(found.note), markup=False)
    return found


@dataclass(frozen=True)
class _Made:
    """A model, and what it is worth."""

    model: LearnedModel
    packed: bytes
    verdict: Verdict
    #: What stands beside the figures in the release: on what it was learned, and on what and how judged.
    measured: dict[str, Any]

    def document(self, present: Ranking, shown: dict[str, Any]) -> dict[str, Any]:
        """All figures; ``shown`` stands in the protocol as well."""
        log = {"name": self.measured["log"], "sha256": self.measured["sha256"]}
        model = {"trees": len(self.model.trees), "bytes": len(self.packed), "gain": self.model.meta["gain"]}
        return {"protocol": {**self.measured, **shown, "log": log}, **self.verdict.document(present), "model": model}


def _learned(found: Searched, present: Ranking, settings: ProxySettings, task: Task, *, holdout: float) -> _Made:
    """Learn on a part of the visitors, judge on the others."""
    log, seed = task.log, task.seed
    learning, judging = parted([case.id for case in found.cases], seed=seed, share=1 - holdout)
    if len(judging) < FEWEST_CASES:
        raise DataError(f"{log}: only {len(judging):,} searches are held back; {FEWEST_CASES} are the least")
    with progress() as bar:
        at = bar.add_task("Trees", total=TREES)
        model = learned_from(
            [found.captured[place] for place in learning], start_of(present, settings.weight),
            seed=seed, threads=task.threads, on_tree=lambda: bar.advance(at, 1),
        )  # fmt: skip
    origin = {"log": log.name, "sha256": sha256_of(log), "seed": seed, "learned_on": len(learning)}
    model = replace(model, meta={**model.meta, **origin})
    sampler = Sampler([found.cases[place].id for place in judging], resamples=1000, seed=seed)
    verdict = judged_against(
        present, model, [found.captured[place] for place in judging], found.columns(judging), sampler,
        max_displacement=settings.max_displacement,
    )  # fmt: skip
    judged_on = {"cases": len(judging), "visitors": sampler.visitors, "settings": settings_told(settings)}
    return _Made(model, model.packed(), verdict, {**origin, **judged_on})


def _publish(settings: ProxySettings, index: str, release: str, model: bytes, ranking: Ranking) -> None:
    """The model first: whoever reads that the release has one finds it."""
    with store_of(release, index, settings) as store:
        store.put(keys.learned_model(release), model, Deadline(_SECONDS))
        store.put(keys.ranking(release), ranking.to_json().encode(), Deadline(_SECONDS))


def _write(target: Path, model: bytes) -> None:
    with told_in_one_line(str(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.write_bytes(model)


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
