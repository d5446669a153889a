"""Plays a visitor against the proxy: looks at products, asks, reads the answer. The demo's only HTTP client."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from sessionrank.errors import BackendError, BackendUnreachable

__all__ = ["Answer", "Hit", "Player", "search_body"]

#: Seconds for one call: the engine is cold when the first one comes.
_TIMEOUT = 30.0
_ATTEMPTS = 5
_PAUSE = 0.2
_EXPLAIN = ("-H", "X-Sessionrank-Explain: true")


@dataclass(frozen=True)
class Hit:
    """One product in an answer; what a plain answer does not say is ``None``."""

    sku: str
    name: str
    rank_before: int | None = None
    #: With the session, in [-1, 1]; ``None`` for a product without a vector.
    cosine: float | None = None


@dataclass(frozen=True)
class Answer:
    """An answer's hits, best first, and what the proxy says about it in ``X-Sessionrank``."""

    hits: tuple[Hit, ...]
    outcome: str


def search_body(word: str, size: int) -> dict[str, Any]:
    """The query that everybody sends."""
    return {"query": {"match": {"name": word}}, "_source": ["name"], "size": size}


class Player:
    """Talks to the proxy at ``url`` about one index."""

    def __init__(self, url: str, index: str) -> None:
        self.url = url.rstrip("/")
        self.search_url = f"{self.url}/{quote(index, safe='')}/_search"
        self._http = requests.Session()
        # A proxy of the environment must not come between us and a server on this machine.
        self._http.trust_env = False

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def is_ready(self) -> bool:
        """Whether the proxy, the engine, the store and the release are all there."""
        try:
            return self._http.get(f"{self.url}/_sessionrank/health/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def view(self, session_id: str, skus: Sequence[str]) -> None:
        """Tell the proxy that the visitor looked at ``skus``, in that order; telling it again changes nothing.

        Raises:
            BackendError: the proxy did not take every event.
        """
        events = [
            {"session": session_id, "type": "view", "sku": sku, "id": f"{session_id}-{place}"}
            for place, sku in enumerate(skus)
        ]
        answer = self._post(f"{self.url}/_sessionrank/events", {"events": events}, {})
        try:
            refused = answer.json()["errors"]
        except (ValueError, KeyError, TypeError) as error:
            raise BackendError(f"the proxy answered something else about events: {answer.text[:200]}") from error
        if refused:
            raise BackendError(f"the proxy refused events: {answer.text[:300]}")

    def search(
        self, word: str, *, size: int, session_id: str | None = None, explain: bool = False, off: bool = False
    ) -> Answer:
        """Ask for ``word`` as the visitor of a session, as nobody, or past the proxy's changes (``off``).

        Raises:
            BackendError: the answer is no search answer.
        """
        headers = {
            **({"X-Session-Id": session_id} if session_id else {}),
            **({"X-Sessionrank-Explain": "true"} if explain else {}),
            **({"X-Sessionrank": "off"} if off else {}),
        }
        answer = self._post(self.search_url, search_body(word, size), headers)
        try:
            hits = tuple(_hit(hit) for hit in answer.json()["hits"]["hits"])
        except (ValueError, KeyError, TypeError) as error:
            raise BackendError(f"{self.search_url} answered something else than hits: {answer.text[:200]}") from error
        return Answer(hits, answer.headers.get("X-Sessionrank", ""))

    def search_as(self, session_id: str, word: str, *, size: int) -> Answer:
        """Ask as a visitor, with the reasons; again when the answer came plain.

        On a machine that has just started everything, the first searches may take longer than the proxy's time budget,
        and then come plain. What still comes plain after a few times is given as it is: its outcome says why.
        """
        for _ in range(_ATTEMPTS):
            answer = self.search(word, size=size, session_id=session_id, explain=True)
            if answer.outcome.startswith("personalised"):
                break
            time.sleep(_PAUSE)
        return answer

    def curl_lines(self, word: str, session_id: str, sku: str) -> list[tuple[str, str]]:
        """What to try by hand: (what it shows, the line)."""
        body = json.dumps(search_body(word, 10), separators=(",", ":"))
        asking = ["curl", "-s", f"{self.search_url}?pretty", "-H", "Content-Type: application/json", "-d", body]
        similar = f"{self.url}/_sessionrank/items/{quote(sku, safe='')}/similar?n=5"
        lines = [
            ("as this visitor, with the reasons", [*asking, "-H", f"X-Session-Id: {session_id}", *_EXPLAIN]),
            ("as nobody", asking),
            ("the engine's own answer", [*asking, "-H", "X-Sessionrank: off"]),
            ("what is like the first product that this visitor saw", ["curl", "-s", similar]),
        ]
        return [(what, shlex.join(line)) for what, line in lines]

    def _post(self, url: str, body: Any, headers: dict[str, str]) -> requests.Response:
        try:
            answer = self._http.post(url, json=body, headers=headers, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise BackendUnreachable(f"{url}: no answer from the proxy: {error}") from error
        if answer.status_code >= 300:
            raise BackendError(f"{url} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def _hit(hit: dict[str, Any]) -> Hit:
    why = hit.get("_sessionrank") or {}
    return Hit(hit["_id"], hit["_source"]["name"], why.get("rank_before"), why.get("cosine"))
