"""The searches of a log through the pipeline, once for all that is made of them: what `tune` and `train` begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sessionrank import keys
from sessionrank.searchlog import SearchCase

from ..backends.base import SearchBackend
from ..deadline import Deadline
from ..sessions.base import SessionStore
from ..settings import ProxySettings
from .capture import Capture, Captured
from .figures import Columns
from .needed import check_hits, check_release
from .products import EngineSide, Products, look_up, present
from .publishing import still_serving
from .query import SearchForm
from .refused import Refused, answered
from .tuning import MOST_CASES, drawn

__all__ = ["Searched", "Task", "searched"]

_SECONDS = 30.0


@dataclass(frozen=True)
class Task:
    """What is measured, and on what."""

    log: Path
    index: str
    form: SearchForm
    threads: int = 4
    seed: int = 1
    #: Of a longer log so many searches are drawn.
    most: int = MOST_CASES


@dataclass(frozen=True)
class Searched:
    """The searches of a log as strategies see them."""

    release: str
    cases: Sequence[SearchCase]
    captured: Sequence[Captured]
    products: Products
    #: About searches that were left out, in one line; empty where none was.
    note: str = ""
    #: How the release is ordered, as it stands in the store; None where nothing does.
    said: bytes | None = None
    refused: Refused = field(default_factory=Refused)

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
        DataError: more than a tenth of the searches is refused, or none has a hit.
    """
    cases = drawn(cases, seed=task.seed, most=task.most)
    capture = Capture(settings, task.index, task.form, seed=task.seed, backend=backend, store=store)
    try:
        # Whether there is such an index is found out by this, too, and told better.
        products = look_up(EngineSide.of(capture.replay.engine, settings, task.index), {case.clicked for case in cases})
        release = capture.replay.release()
        check_release("mix", task.index, release, capture.replay.store)
        kept, note = present(str(task.log), cases, products, task.index, allow_missing=True)
        on_done(len(cases) - len(kept))
        answers = answered(capture.captured, list(enumerate(kept)), task.threads, on_done)
        check_hits(str(task.log), task.index, [each.total for each in answers.made])
        release = still_serving(release, task.index, capture.replay.engine, capture.replay.store)
        said = capture.replay.store.value(keys.ranking(release), Deadline(_SECONDS))
    finally:
        capture.close()
    kept, refused = [kept[place] for place in answers.places], answers.refused
    notes = "; ".join(filter(None, (note, refused.note(len(answers.made) + refused.searches))))
    return Searched(release, kept, answers.made, products, notes, said, refused)
