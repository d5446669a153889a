"""Tuning a release on the searches of a log: the choice on some visitors, the verdict on others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sessionrank.ranking import Ranking
from sessionrank.textfile import sha256_of

from ..rankings import CAUTIOUS
from .figures import Sampler
from .searched import Searched, Task
from .tuning import FEWEST_CASES, Choice, chosen, judged, now_written, parted

__all__ = ["verdict"]


def verdict(
    task: Task,
    found: Searched,
    on_tried: Callable[[], None],
    *,
    max_displacement: int = 0,
    keep_rank: bool = False,
) -> tuple[Ranking, Choice | None]:
    """What the release is to carry, with its figures; no choice where there were too few searches to make one."""
    ids = [case.id for case in found.cases]
    choosing, judging = parted(ids, seed=task.seed)
    origin = {"log": task.log.name, "sha256": sha256_of(task.log), "seed": task.seed, "at": now_written()}
    telling = [sum(found.captured[at].is_telling for at in part) for part in (choosing, judging)]
    if min(telling) < FEWEST_CASES:
        return replace(CAUTIOUS, measured={"too_few": sum(telling), **origin}), None
    choice = chosen(
        [found.captured[at] for at in choosing],
        max_displacement=max_displacement,
        keep_rank=keep_rank,
        on_tried=on_tried,
    )
    held = [found.captured[at] for at in judging]
    sampler = Sampler([ids[at] for at in judging], resamples=1000, seed=task.seed)
    ranking = judged(choice, held, found.columns(judging), sampler, max_displacement=max_displacement)
    return replace(ranking, measured={**ranking.measured, **origin}), choice
