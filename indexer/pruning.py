"""What may be removed: decided here, purely, and carried out by the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .indices import OwnIndex
from .moments import age_s

__all__ = ["Pruning", "decide", "decide_foreign"]

Record = dict[str, Any]


@dataclass(frozen=True)
class Pruning:
    """What goes: indices with their keys, then keys whose index is gone."""

    indices: tuple[OwnIndex, ...] = ()
    #: Releases whose keys in the store go.
    releases: tuple[str, ...] = ()
    #: Loads that seem to run still; they are left alone.
    running: tuple[str, ...] = ()


def decide(
    own: Sequence[OwnIndex],
    records: Iterable[Record],
    *,
    alias: str,
    cluster: str,
    keep: int,
    min_age: float,
    at: datetime,
) -> Pruning:
    """What may go of ``alias``, given its indices (the oldest first) and the records in the store.

    The served release stays; so do the ``keep`` published ones before it, and as many after it (of a rollback).
    What was never published goes when it has not shown a sign of life for ``min_age`` seconds. Records of an index that
    is gone go likewise, but only those of this cluster: others may share the store.
    """
    published = [index for index in own if "served" in index.meta and not index.served]
    served = next(((index.created, index.release) for index in own if index.served), None)
    older = [index for index in published if served is None or (index.created, index.release) < served]
    newer = [index for index in published if index not in older]
    kept = {index.name for index in (_last(older, keep if served else max(keep, 1)) + _last(newer, keep))}
    unfinished = [index for index in own if "served" not in index.meta and not index.served]
    dead = [index for index in unfinished if _silent(index.meta, at) >= min_age]
    gone = [index for index in published if index.name not in kept] + dead
    living = {index.release for index in own} - {index.release for index in gone}
    orphans = [
        record["release"]
        for record in records
        if record.get("alias") == alias and record.get("cluster") == cluster and record["release"] not in living
        if _silent(record, at) >= min_age or record["release"] in {index.release for index in gone}
    ]
    return Pruning(tuple(gone), tuple(sorted(orphans)), tuple(i.release for i in unfinished if i not in dead))


def decide_foreign(
    records: Iterable[Record], *, index: str, pointer: str | None, keep: int, min_age: float, at: datetime
) -> Pruning:
    """What may go of the vectors that were published for ``index``, which is not ours.

    The release that the pointer names stays, and the ``keep`` ones that it followed.
    """
    ours = {record["release"]: record for record in records if record.get("foreign") and record.get("index") == index}
    stays: set[str] = set()
    release = pointer
    while release is not None and release in ours and release not in stays and len(stays) <= keep:
        stays.add(release)
        release = ours[release].get("previous")
    stale = [record for name, record in ours.items() if name not in stays]
    gone = [r for r in stale if r.get("served") or _silent(r, at) >= min_age]
    running = [r["release"] for r in stale if r not in gone]
    return Pruning((), tuple(sorted(record["release"] for record in gone)), tuple(sorted(running)))


def _last(indices: list[OwnIndex], n: int) -> list[OwnIndex]:
    return indices[len(indices) - n :] if n < len(indices) else indices


def _silent(record: Record, at: datetime) -> float:
    """Seconds since a load's last sign of life."""
    return age_s(record.get("heartbeat", record.get("created")), at)
