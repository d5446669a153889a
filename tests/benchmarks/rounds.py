"""Several ways of asking the same, in turns: what slows the machine for a moment slows all of them."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .material import Ask
from .servers import Server

__all__ = ["Client", "Measured", "Way", "compare"]

#: Requests of one way before it is the next one's turn.
TURN = 20


class Client:
    """One connection, kept alive."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, ask: Ask) -> tuple[bytes, http.client.HTTPResponse]:
        """The body of the answer, and the answer.

        Raises:
            AssertionError: its status is not 200.
        """
        self._http.request("POST", ask.target, ask.body, dict(ask.headers))
        answer = self._http.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{ask.target}: {answer.status} {body[:300]!r}"
        return body, answer

    def page(self, ask: Ask) -> list[str]:
        """The ids of the hits."""
        return [hit["_id"] for hit in json.loads(self.ask(ask)[0])["hits"]["hits"]]

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


@dataclass(frozen=True)
class Way:
    """One way of asking: where and what, and the server whose processor time it costs (None: not measured)."""

    name: str
    url: str
    asks: Sequence[Ask]
    server: Server | None = None
    #: What ``X-Sessionrank`` must begin with, so that nothing cheaper is measured by mistake.
    outcome: str = ""


@dataclass(frozen=True)
class Measured:
    """One round of one way, in milliseconds."""

    p50: float
    p99: float
    #: Processor time a request.
    cpu: float


@dataclass
class _Tally:
    way: Way
    client: Client
    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def turn(self, count: int) -> None:
        """Ask ``count`` times, from where the last turn ended."""
        way, begun = self.way, len(self.seconds)
        used = way.server.cpu() if way.server else 0.0
        for place in range(begun, begun + count):
            ask = way.asks[place % len(way.asks)]
            started = time.perf_counter()
            _, answer = self.client.ask(ask)
            self.seconds.append(time.perf_counter() - started)
            outcome = answer.headers.get("X-Sessionrank", "")
            assert outcome.startswith(way.outcome), f"{way.name}: {outcome}"
        self.cpu += way.server.cpu() - used if way.server else 0.0

    def measured(self) -> Measured:
        cuts = statistics.quantiles(self.seconds, n=100, method="inclusive")
        return Measured(cuts[49] * 1000, cuts[98] * 1000, self.cpu / len(self.seconds) * 1000)


def compare(
    ways: Sequence[Way], *, rounds: int, requests: int, warm_up: int, advance: Callable[[], None] = lambda: None
) -> dict[str, list[Measured]]:
    """Ask each way ``requests`` times a round (at least twice), turn by turn; ``warm_up`` requests before go uncounted.

    ``advance`` is called after each turn of them all.
    """
    clients = [Client(urlsplit(way.url).port or 80) for way in ways]
    results: dict[str, list[Measured]] = {way.name: [] for way in ways}
    try:
        for way, client in zip(ways, clients, strict=True):
            _Tally(way, client).turn(warm_up)
        for _ in range(rounds):
            tallies = [_Tally(way, client) for way, client in zip(ways, clients, strict=True)]
            for begun in range(0, requests, TURN):
                for tally in tallies:
                    tally.turn(min(TURN, requests - begun))
                advance()
            for tally in tallies:
                results[tally.way.name].append(tally.measured())
    finally:
        for client in clients:
            client.close()
    return results
