"""What clients send to the own endpoints, checked: one event, and the parameters of a query."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from .sessions.base import Event
from .sessions.identity import check_session_id, event_id
from .signals.attention import EVENT_TYPES

__all__ = [
    "EVENT_TYPES",
    "MAX_SKU_BYTES",
    "AnalogySchema",
    "EventSchema",
    "SimilarSchema",
    "first_message",
    "to_event",
]

MAX_SKU_BYTES = 512
#: 2000-01-01: what lies before is a time in seconds, not milliseconds, or a clock that was never set.
_EARLIEST_MS = 946_684_800_000
#: How far a client's clock may be ahead of ours.
_AHEAD_MS = 5 * 60 * 1000


def _session_id(text: str) -> None:
    try:
        check_session_id(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def _sku(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValidationError("not valid Unicode") from error
    if not 1 <= size <= MAX_SKU_BYTES:
        raise ValidationError(f"a sku has 1 to {MAX_SKU_BYTES} bytes")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise ValidationError("a sku has no control characters")


def _unicode(text: str) -> None:
    if not text.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise ValidationError("not valid Unicode")


class Timestamp(fields.Field[int]):
    """Milliseconds since 1970, or ISO 8601 (UTC where no offset is given); not long before now, not after."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        milliseconds = self._milliseconds(value)
        if not _EARLIEST_MS <= milliseconds <= int(time.time() * 1000) + _AHEAD_MS:
            raise ValidationError("lies in the future or before 2000; give milliseconds since 1970, or ISO 8601")
        return milliseconds

    def _milliseconds(self, value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        try:
            # Python 3.10 reads neither the Z nor fractions of other than three or six digits.
            at = datetime.fromisoformat(value.strip().replace("Z", "+00:00").replace("z", "+00:00"))
            at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
            return round(at.timestamp() * 1000)
        except (AttributeError, ValueError, OverflowError) as error:
            raise ValidationError("neither milliseconds since 1970 nor ISO 8601") from error


class EventSchema(Schema):
    """One event as it comes; unknown fields are refused, so that a misspelt one is noticed."""

    class Meta:
        unknown = RAISE

    session = fields.String(required=True, validate=_session_id)
    type = fields.String(required=True, validate=validate.OneOf(EVENT_TYPES))
    sku = fields.String(required=True, validate=_sku)
    # Many serialisers write null for what is not there.
    id = fields.String(allow_none=True, validate=[validate.Length(1, 512), _unicode])
    ts = Timestamp(allow_none=True)
    #: Which answer the event came from, and the place in it: taken, for the experiments that will read them.
    query_id = fields.String(allow_none=True, validate=[validate.Length(1, 256), _unicode])
    position = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 1_000_000))


class SimilarSchema(Schema):
    """The query of ``/items/{sku}/similar``."""

    class Meta:
        unknown = EXCLUDE

    n = fields.Integer(load_default=10, validate=validate.Range(1, 100))
    index = fields.String(load_default=None, validate=validate.Length(1, 255))


class AnalogySchema(SimilarSchema):
    """The query of ``/analogy``."""

    a = fields.String(required=True, validate=_sku)
    b = fields.String(required=True, validate=_sku)
    c = fields.String(required=True, validate=_sku)


def to_event(loaded: Mapping[str, Any], now_ms: int) -> Event:
    """The event that :class:`EventSchema` loaded, at ``now_ms`` where it carries no time."""
    id_ = loaded.get("id")
    time_ms = loaded.get("ts")
    return Event(loaded["sku"], loaded["type"], now_ms if time_ms is None else time_ms, event_id(id_) if id_ else b"")


def first_message(error: ValidationError) -> str:
    """The first complaint of a schema as one line: ``[field] what is wrong``."""
    messages: dict[str, Any] = error.messages_dict
    name, found = next(iter(sorted(messages.items(), key=lambda item: str(item[0]))))
    while isinstance(found, (list, dict)):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return f"[{str(name)[:100]}] {found}"
