"""The engine is asked each thing once."""

from __future__ import annotations

import pytest

from proxy.backends.base import AnswerTooLarge, BackendRequest, BackendResponse
from proxy.evaluation import remembering
from proxy.evaluation.remembering import RememberingBackend
from tests.support.fake_backend import FakeBackend, FakeResponse


def ask(backend: RememberingBackend, target: str, body: bytes = b"{}") -> BackendResponse:
    return backend.send(BackendRequest("POST", target, [], body), timeout=1)


def numbered() -> FakeBackend:
    """Answers with how often it was asked."""
    made = FakeBackend(
        handler=lambda request: FakeResponse({"number": len(made.requests)}, headers=[("X-Engine", "1")])
    )
    return made


def test_what_differs_only_in_preference_is_asked_once() -> None:
    engine = numbered()
    backend = RememberingBackend(engine, limit=100)
    first = ask(backend, "/shop/_search?preference=aa&pretty=")
    assert first.read() == b'{"number":1}'
    assert first.headers == [("X-Engine", "1")]
    assert ask(backend, "/shop/_search?pretty=&preference=bb").read() == b'{"number":1}'
    assert backend.asked == len(engine.requests) == 1
    assert ask(backend, "/shop/_search?pretty=true").read() == b'{"number":2}'
    assert ask(backend, "/shop/_search?pretty=", b'{"size":1}').read() == b'{"number":3}'
    assert ask(backend, "/other/_search?pretty=").read() == b'{"number":4}'
    assert backend.last == b'{"number":4}'
    assert b"".join(ask(backend, "/shop/_search?pretty=").stream()) == b'{"number":1}'
    assert backend.last == b'{"number":1}'


def test_refusals_are_not_kept() -> None:
    engine = FakeBackend([FakeResponse({}, status=429), FakeResponse({"took": 1})])
    backend = RememberingBackend(engine, limit=100)
    assert ask(backend, "/shop/_search").status == 429
    assert ask(backend, "/shop/_search").status == 200


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_MOST_BYTES", 30)
    engine = numbered()
    backend = RememberingBackend(engine, limit=100)
    for target in ("/a", "/b", "/c", "/c", "/b", "/a"):
        ask(backend, target).read()
    assert [request.target for request in engine.requests] == ["/a", "/b", "/c", "/a"]


def test_answers_beyond_the_limit_are_refused() -> None:
    with pytest.raises(AnswerTooLarge):
        ask(RememberingBackend(numbered(), limit=5), "/a")
