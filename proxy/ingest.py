"""Events from clients into sessions: checked one by one, written session by session, answered one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from sessionrank import keys
from sessionrank.errors import StoreError

from .deadline import Deadline
from .errors import status_of
from .schemas import EventSchema, first_message, to_event
from .sessions.base import Event, Lookup, SessionStore
from .sessions.identity import Hasher

__all__ = ["Malformed", "Outcome", "ingest", "unknown_skus"]

_SCHEMA = EventSchema()


@dataclass(frozen=True, slots=True)
class Malformed:
    """What stands in the place of an event that could not even be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; ``sku`` is given when it was taken."""

    status: int
    error: tuple[str, str] | None = None
    sku: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the answer."""
        if self.error:
            return {"status": self.status, "error": {"type": self.error[0], "reason": self.error[1]}}
        return {"status": self.status, "result": "created" if self.status == 201 else "duplicate"}


def ingest(
    items: Sequence[Any], *, store: SessionStore, hasher: Hasher, now_ms: int, deadline: Deadline
) -> list[Outcome]:
    """Write the sound ones among ``items``, each session once, and say what became of each item, in their order."""
    outcomes: list[Outcome | None] = [None] * len(items)
    sessions: dict[str, list[tuple[int, Event]]] = {}
    for i, item in enumerate(items):
        try:
            if isinstance(item, Malformed):
                raise ValidationError({"event": item.reason})
            loaded: Any = _SCHEMA.load(item)
            sessions.setdefault(loaded["session"], []).append((i, to_event(loaded, now_ms)))
        except ValidationError as error:
            outcomes[i] = Outcome(400, ("illegal_argument_exception", first_message(error)))
    for session_id, events in sessions.items():
        for (i, _), outcome in zip(events, _write(session_id, events, store, hasher, deadline), strict=True):
            outcomes[i] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


def _write(
    session_id: str, events: list[tuple[int, Event]], store: SessionStore, hasher: Hasher, deadline: Deadline
) -> list[Outcome]:
    try:
        appended = store.append(hasher.digest(session_id, deadline), [event for _, event in events], deadline)
    except StoreError as error:
        status, type_, reason = status_of(error)
        return [Outcome(status, (type_, reason))] * len(events)
    return [Outcome(201 if new else 200, sku=event.sku) for (_, event), new in zip(events, appended.new, strict=True)]


def unknown_skus(outcomes: Sequence[Outcome], release: str, store: SessionStore, deadline: Deadline) -> int:
    """How many of the new events name a product that the release has no vector of. Raises ``StoreError``."""
    skus = [outcome.sku for outcome in outcomes if outcome.status == 201 and outcome.sku is not None]
    if not skus:
        return 0
    _, found = store.read(None, [Lookup(keys.vectors(release, 0), skus)], deadline)
    return sum(vector is None for vector in found[0])
