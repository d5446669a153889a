"""``POST /_sessionrank/events``: what visitors did."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, request

from sessionrank.errors import SessionrankError

from ..deadline import Deadline
from ..errors import HttpError
from ..ingest import Malformed, Outcome, ingest, unknown_skus
from ..metrics import EVENTS, UNKNOWN_SKUS
from ..releases import default_index
from ..services import Services

__all__ = ["MAX_EVENTS", "blueprint"]

MAX_EVENTS = 1000
#: Seconds for a whole batch; a visitor does not wait for it, as for a search.
_DEADLINE_S = 1.0
#: Seconds for telling known skus from unknown ones, which nobody needs.
_COUNT_S = 0.2
#: Status of an event → its result in the metrics.
_RESULTS = {200: "duplicate", 201: "created", 400: "invalid", 503: "failed"}
_LINES = ("application/x-ndjson", "application/ndjson")
#: ``navigator.sendBeacon`` sends a text as ``text/plain``.
_WHOLE = ("application/json", "text/plain", "")


def blueprint(services: Services) -> Blueprint:
    """The endpoint, under ``/_sessionrank``."""
    views = Blueprint("events", __name__, url_prefix="/_sessionrank")

    @views.post("/events")
    def add_events() -> Response:
        began = time.monotonic()
        deadline = Deadline(_DEADLINE_S)
        items = _items(request.mimetype, _body(services.settings.max_body_bytes))
        if len(items) > MAX_EVENTS:
            raise HttpError(400, "illegal_argument_exception", f"{len(items)} events; send at most {MAX_EVENTS}")
        now_ms = int(time.time() * 1000)
        outcomes = ingest(items, store=services.store, hasher=services.hasher, now_ms=now_ms, deadline=deadline)
        _count(outcomes)
        return jsonify(
            {
                "took": int((time.monotonic() - began) * 1000),
                "errors": any(outcome.error for outcome in outcomes),
                "items": [outcome.to_dict() for outcome in outcomes],
                **_unknown(outcomes, services),
            }
        )

    return views


def _count(outcomes: list[Outcome]) -> None:
    for status, count in Counter(outcome.status for outcome in outcomes).items():
        EVENTS.labels(_RESULTS[status]).inc(count)


def _unknown(outcomes: list[Outcome], services: Services) -> dict[str, int]:
    """``unknown_skus``, where a release is at hand to tell by."""
    deadline = Deadline(_COUNT_S)
    index = default_index(services.settings.indices)
    try:
        release = services.releases.find(index, deadline) if index else None
        if release is None:
            return {}
        count = unknown_skus(outcomes, release, services.store, deadline)
    except SessionrankError:
        return {}
    UNKNOWN_SKUS.inc(count)
    return {"unknown_skus": count}


def _body(limit: int) -> bytes:
    if request.content_encoding not in (None, "", "identity"):
        raise HttpError(415, "media_type_header_exception", "send events without Content-Encoding")
    if (request.content_length or 0) > limit:
        raise _too_long(limit)
    # Also a body that does not say how long it is ends here.
    body: bytes = request.stream.read(limit + 1)
    if len(body) > limit:
        # Take as much again: a client that is still sending when the connection closes never sees why.
        request.stream.read(limit)
        raise _too_long(limit)
    return body


def _too_long(limit: int) -> HttpError:
    return HttpError(413, "content_too_long_exception", f"the body is longer than {limit} bytes")


def _items(mimetype: str, body: bytes) -> list[Any]:
    """The events of a body, unchecked."""
    if mimetype in _LINES:
        lines = [line for line in body.split(b"\n") if line.strip()]
        # One more than allowed is enough to be refused; the rest need not be read.
        return [_line(line) for line in lines[:MAX_EVENTS]] + lines[MAX_EVENTS:]
    if mimetype not in _WHOLE:
        reason = f"Content-Type [{mimetype[:100]}] is not one of application/json, application/x-ndjson"
        raise HttpError(415, "media_type_header_exception", reason)
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HttpError(400, "parse_exception", f"the body is not JSON: {error}") from error
    if isinstance(decoded, dict):
        decoded = decoded.get("events", [decoded])
    if not isinstance(decoded, list):
        raise HttpError(400, "parse_exception", 'send {"events": […]}, a list of events, or one event')
    return decoded


def _line(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Malformed(f"the line is not JSON: {error}")
