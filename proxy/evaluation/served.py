"""Logged searches over HTTP through a running proxy: events first, then the search without and with the session."""

from __future__ import annotations

import json
import secrets
from typing import Any

from sessionrank.errors import BackendError, DataError
from sessionrank.searchlog import SearchCase

from ..backends.base import BackendRequest, Headers, SearchBackend
from ..settings import ProxySettings
from .outcomes import PERSONALISED, Outcome, check_answer, rank_in, total_of
from .query import SearchForm, target_of
from .visits import events_of

__all__ = ["ServedReplay"]


class ServedReplay:
    """Asks a proxy that serves; each case has a session of its own, which is deleted afterwards."""

    def __init__(
        self, settings: ProxySettings, backend: SearchBackend, index: str, form: SearchForm, *, raw: bool = False
    ) -> None:
        """``backend`` leads to the proxy; of the settings count those that a client has to know."""
        self._settings = settings
        self._backend = backend
        self._index = index
        self._form = form
        self._raw = raw

    def outcome(self, numbered: tuple[int, SearchCase]) -> Outcome:
        """One case, by its number and itself.

        Raises:
            BackendError: the proxy gave no answer that can be used.
            DataError: it refused an event.
        """
        _, case = numbered
        session = secrets.token_hex(16)
        if case.session:
            self._send_events(case, session)
        try:
            return self._asked(case, session)
        finally:
            if case.session:
                self._send("DELETE", f"/_sessionrank/sessions/{session}")

    def _asked(self, case: SearchCase, session: str) -> Outcome:
        item_id = self._settings.item_id
        plain, _ = self._search(case, [])
        body, told = self._search(case, [(self._settings.session_header, session)])
        raw = rank_in(self._search(case, [("X-Sessionrank", "off")])[0], case, item_id) if self._raw else None
        reason = told.partition("reason=")[2].partition(";")[0].strip()
        if not reason and not told.startswith(PERSONALISED):
            raise BackendError("an answer without X-Sessionrank: is there a Sessionrank proxy at that address?")
        ranks = (rank_in(body, case, item_id),)
        return Outcome(rank_in(plain, case, item_id), ranks, (reason or PERSONALISED,), total_of(plain), raw)

    def _search(self, case: SearchCase, headers: Headers) -> tuple[bytes, str]:
        """The body of an answer, and what it says of its order."""
        asked = self._form.filled(case.query, size=self._settings.window, item_id=self._settings.item_id)
        status, body, told = self._send("POST", target_of(self._index), asked, headers)
        check_answer(status, body, case)
        return body, told

    def _send_events(self, case: SearchCase, session: str) -> None:
        events = [
            {"session": session, "type": event.type, "sku": event.sku, "ts": event.time} for event in events_of(case)
        ]
        status, body, _ = self._send("POST", "/_sessionrank/events", json.dumps({"events": events}).encode(), [])
        try:
            items: list[dict[str, Any]] = json.loads(body)["items"]
        except (ValueError, TypeError, KeyError) as error:
            raise BackendError(f"the proxy answered {status} to events; is it a Sessionrank proxy?") from error
        for item in items:
            if "error" in item:
                kind = DataError if item["status"] == 400 else BackendError
                raise kind(f"the proxy refused an event of the log: {str(item['error'].get('reason'))[:200]}")

    def _send(
        self, method: str, target: str, body: bytes = b"", headers: Headers | None = None
    ) -> tuple[int, bytes, str]:
        """Status, body and ``X-Sessionrank`` of an answer."""
        lines = [
            ("Accept-Encoding", "identity"),
            *([("Content-Type", "application/json")] if body else []),
            *(headers or []),
        ]
        request = BackendRequest(method, target, lines, body)
        response = self._backend.send(request, timeout=self._settings.engine_timeout_s)
        return response.status, response.read(self._settings.max_response_bytes), response.header("x-sessionrank") or ""
