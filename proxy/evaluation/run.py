"""One evaluation: checks, the replay of all cases, and the document with its figures."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sessionrank import __version__
from sessionrank.addresses import shown
from sessionrank.searchlog import SearchCase
from sessionrank.textfile import sha256_of

from ..settings import ProxySettings
from .figures import Columns, Sampler, compared, reasons_of, summary
from .needed import check_hits
from .outcomes import Outcome
from .products import Products
from .refused import answered

__all__ = ["Job", "Replaying", "evaluated", "settings_told"]

#: Settings that decide what is measured.
_SETTINGS = (
    "item_id", "popularity", "popularity_field", "popularity_weight", "strategy", "weight", "window", "session_cap",
    "session_decay", "event_weights", "visit_gap_s", "earlier_weight", "unit_length", "max_displacement",
)  # fmt: skip


class Replaying(Protocol):
    """What asks for the cases."""

    def outcome(self, numbered: tuple[int, SearchCase]) -> Outcome: ...  # pragma: no cover


@dataclass(frozen=True)
class Job:
    """What is measured, and how."""

    log: Path
    index: str
    #: How queries are asked for, in words.
    form: str
    strategies: tuple[str, ...]
    controls: tuple[str, ...]
    #: The address of a running proxy; empty for the pipeline in this process.
    url: str = ""
    raw: bool = False
    threads: int = 4
    seed: int = 1
    resamples: int = 1000

    @property
    def orders(self) -> tuple[str, ...]:
        """All strategies to be asked under; a control that is measured by itself stands once."""
        return (*self.strategies, *(name for name in self.controls if name not in self.strategies))


def evaluated(
    job: Job,
    settings: ProxySettings,
    replay: Replaying,
    cases: Sequence[SearchCase],
    products: Products,
    *,
    served: Mapping[str, Any],
    left_out: int = 0,
    on_done: Callable[[int], None],
) -> dict[str, Any]:
    """Replay all cases and tell their figures as one document.

    Args:
        served: what is known of the release that serves the index.
        left_out: how many searches of the log were left out before.

    Raises:
        BackendError: the engine stopped giving answers that can be used.
        DataError: it refuses more than a tenth of the cases, or has not one hit for any.
    """
    started = time.perf_counter()
    answers = answered(replay.outcome, list(enumerate(cases)), job.threads, on_done)
    seconds = time.perf_counter() - started
    outcomes, cases = answers.made, [cases[place] for place in answers.places]
    check_hits(str(job.log), job.index, [outcome.total for outcome in outcomes])
    sampler = Sampler([case.id for case in cases], resamples=job.resamples, seed=job.seed)
    plain = np.array([outcome.plain for outcome in outcomes])
    columns = Columns(
        lengths=[len(case.session) for case in cases],
        popular=[products.is_popular(case.clicked) for case in cases],
        totals=[outcome.total for outcome in outcomes],
        inside=[outcome.plain > 0 for outcome in outcomes],
    )
    strategies = {}
    for at, name in enumerate(job.orders):
        figures = compared(sampler, plain, np.array([outcome.ranks[at] for outcome in outcomes]), columns)
        reasons = reasons_of([outcome.reasons[at] for outcome in outcomes])
        strategies[name] = {"control": name not in job.strategies, **figures, "reasons": reasons}
    told = {"left_out": left_out, "refused": answers.refused.document(), **served}
    raw = [outcome.raw for outcome in outcomes if outcome.raw is not None]
    return {
        "protocol": _protocol(job, settings, cases, sampler, told),
        "plain": summary(sampler, plain),
        "raw": summary(sampler, np.array(raw)) if job.raw else None,
        "strategies": strategies,
        "seconds": round(seconds, 2),
    }


def _protocol(
    job: Job,
    settings: ProxySettings,
    cases: Sequence[SearchCase],
    sampler: Sampler,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "log": {"name": job.log.name, "sha256": sha256_of(job.log)},
        "cases": len(cases),
        **told,
        "visitors": sampler.visitors,
        "index": job.index,
        "through": shown(job.url) if job.url else "the proxy's pipeline in this process",
        "search": job.form,
        "settings": settings_told(settings),
        "threads": job.threads,
        "seed": job.seed,
        "resamples": job.resamples,
        "versions": {"sessionrank": __version__, "python": platform.python_version(), "numpy": np.__version__},
    }


def settings_told(settings: ProxySettings) -> dict[str, Any]:
    """The settings that decide what is measured, as JSON has them."""
    return {name: _plain(getattr(settings, name)) for name in _SETTINGS}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
