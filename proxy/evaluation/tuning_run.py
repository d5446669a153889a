"""Tuning a release on a log: its searches through the pipeline, the choice on some visitors, the verdict on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from sessionrank.errors import ConfigurationError
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase
from sessionrank.textfile import sha256_of

from ..backends.base import SearchBackend
from ..rankings import CAUTIOUS
from ..sessions.base import SessionStore
from ..settings import ProxySettings
from .capture import Capture, Captured
from .figures import Columns, Sampler
from .needed import check_release
from .outcomes import in_threads
from .products import EngineSide, Products, look_up, present
from .query import SearchForm
from .tuning import FEWEST_CASES, Choice, chosen, drawn, judged, parted

__all__ = ["Searched", "Task", "searched", "verdict"]


@dataclass(frozen=True)
class Task:
    """What is tuned, and on what."""

    log: Path
    index: str
    form: SearchForm
    threads: int = 4
    seed: int = 1


@dataclass(frozen=True)
class Searched:
    """The searches of a log as strategies see them."""

    release: str
    cases: Sequence[SearchCase]
    captured: Sequence[Captured]
    products: Products
    #: About searches that were left out; empty where none was.
    note: str = ""

    def columns(self, places: Sequence[int]) -> Columns:
        """What is known of the cases at these places."""
        return Columns(
            lengths=[len(self.cases[at].session) for at in places],
            popular=[self.products.is_popular(self.cases[at].clicked) for at in places],
            totals=[self.captured[at].total for at in places],
            inside=[self.captured[at].clicked is not None for at in places],
        )


def searched(
    task: Task,
    settings: ProxySettings,
    cases: Sequence[SearchCase],
    on_done: Callable[[int], None],
    *,
    backend: SearchBackend | None = None,
    store: SessionStore | None = None,
) -> Searched:
    """Ask for all cases once.

    Args:
        on_done: told how many more are done, or were left out.
        backend: the engine, where it is not the one of the settings.
        store: the same of the store.

    Raises:
        ConfigurationError: there is no such index, nothing to order by is published for it, it has none of the
            products, or another release took its place meanwhile.
        BackendError: the engine is not up, or gives no answer that can be used.
        StoreError: the same of the store.
    """
    cases = drawn(cases, seed=task.seed)
    capture = Capture(settings, task.index, task.form, seed=task.seed, backend=backend, store=store)
    try:
        # Whether there is such an index is found out by this, too, and told better.
        products = look_up(_side(capture, settings, task.index), {case.clicked for case in cases})
        release = capture.replay.release()
        check_release("mix", task.index, release, capture.replay.store)
        kept, note = present(str(task.log), cases, products, task.index, allow_missing=True)
        on_done(len(cases) - len(kept))
        captured = in_threads(capture.captured, list(enumerate(kept)), task.threads, on_done)
        # What was measured is of a mixture then, and the ranking would go into the release that serves no more.
        if release is None or capture.replay.release() != release:
            raise ConfigurationError(f"another release of {task.index} was published meanwhile; run it again")
    finally:
        capture.close()
    return Searched(release, kept, captured, products, note)


def verdict(
    task: Task, found: Searched, on_tried: Callable[[], None], *, max_displacement: int = 0
) -> tuple[Ranking, Choice | None]:
    """What the release is to carry, with its figures; no choice where there were too few searches to make one."""
    ids = [case.id for case in found.cases]
    choosing, judging = parted(ids, seed=task.seed)
    origin = {"log": task.log.name, "sha256": sha256_of(task.log), "seed": task.seed, "at": _now()}
    telling = [sum(found.captured[at].is_telling for at in part) for part in (choosing, judging)]
    if min(telling) < FEWEST_CASES:
        return replace(CAUTIOUS, measured={"too_few": sum(telling), **origin}), None
    choice = chosen([found.captured[at] for at in choosing], max_displacement=max_displacement, on_tried=on_tried)
    held = [found.captured[at] for at in judging]
    sampler = Sampler([ids[at] for at in judging], resamples=1000, seed=task.seed)
    ranking = judged(choice, held, found.columns(judging), sampler, max_displacement=max_displacement)
    return replace(ranking, measured={**ranking.measured, **origin}), choice


def _side(capture: Capture, settings: ProxySettings, index: str) -> EngineSide:
    field = "" if settings.popularity == "none" else settings.popularity_field
    return EngineSide(capture.replay.engine, index, settings.item_id, field, settings.engine_timeout_s)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
