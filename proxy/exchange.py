"""Exchanges with the engine: the client's own request, whose answer streams, and changed ones, read whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from .backends.base import BackendRequest, BackendResponse, Headers, SearchBackend
from .deadline import Deadline
from .gate import Route
from .plan import Planner
from .request import ClientRequest
from .settings import ProxySettings
from .stopwatch import Stopwatch

__all__ = ["Answer", "Exchange"]


@dataclass(slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    phrase: str
    headers: Headers
    #: The whole body, or a response that is to be streamed and closed.
    body: bytes | BackendResponse
    #: Empty when personalised, else one of ``reasons.REASONS``.
    reason: str
    moved: int = 0
    #: Of a multi-search, how many items were personalised, of how many.
    items: tuple[int, int] | None = None
    #: Seconds by part: engine, store, rank.
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def whole(cls, response: BackendResponse, body: bytes, reason: str, watch: Stopwatch, *, moved: int = 0) -> Answer:
        """The engine's status and headers with a body that is all there."""
        return cls(response.status, response.reason, response.headers, body, reason, moved, seconds=watch.seconds)


class Exchange:
    """Asks the engine within the time that one answer may take."""

    def __init__(self, settings: ProxySettings, backend: SearchBackend, planner: Planner) -> None:
        self._timeout = settings.engine_timeout_s
        self._limit = settings.max_response_bytes
        self._backend = backend
        self._planner = planner

    def begin(self) -> Stopwatch:
        """For one request of a client: the engine's time is one deadline over all that it is asked."""
        return Stopwatch(Deadline(self._timeout))

    def forward(self, request: ClientRequest, route: Route, reason: str, watch: Stopwatch | None = None) -> Answer:
        """The client's own request and the engine's own answer, streamed. Raises ``BackendError``."""
        watch = watch or self.begin()
        own = self._planner.own(request)
        own.repeatable = route.repeatable
        if route.instead:
            own.method, own.target = route.instead
            # An error is to be read, then; see `_in_own_words`.
            own.headers = [(name, value) for name, value in own.headers if name.lower() != "accept-encoding"]
        with watch("engine"):
            response = self._backend.send(own, timeout=watch.deadline.remaining())
            body = _in_own_words(response, request, own) if route.instead and response.status >= 400 else response
        return Answer(response.status, response.reason, response.headers, body, reason, seconds=dict(watch.seconds))

    def ask_again(self, request: ClientRequest, route: Route, watch: Stopwatch) -> Answer:
        """The client's own request, after the engine refused a changed one.

        ``wrapped-refused`` where the engine takes it, so that the change was to blame, else ``engine-error``.
        """
        answer = self.forward(request, route, "wrapped-refused", watch)
        if answer.status >= 400:
            answer.reason = "engine-error"
        return answer

    def ask(self, request: BackendRequest, watch: Stopwatch) -> tuple[BackendResponse, bytes]:
        """A changed request, and the whole body of its answer. Raises ``AnswerTooLarge`` and other ``BackendError``."""
        with watch("engine"):
            response = self._backend.send(request, timeout=watch.deadline.remaining())
            return response, response.read(self._limit)


def _in_own_words(response: BackendResponse, request: ClientRequest, asked: BackendRequest) -> bytes:
    """An error's body; where it names the request that we made, it names the client's own again."""
    words = "uri [{}] and method [{}]"
    ours, theirs = words.format(asked.target, asked.method), words.format(request.target, request.method)
    return response.read().replace(ours.encode("latin-1"), theirs.encode("latin-1"))
