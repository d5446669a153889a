"""A loaded shop, a proxy under gunicorn before it, and proxies in this process for other settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from proxy.app import create_app
from proxy.backends.registry import backend_from_urls
from proxy.sessions.registry import from_url
from proxy.settings import ProxySettings
from tests.support.asking import Ask, InProcess, Over
from tests.support.served import Served, serving
from tests.support.shop import Shop, load_shop
from tests.support.stack import TestStack

#: Milliseconds for the personal part where a test is not about time: this machine may be busy.
PATIENT_MS = 10_000


@pytest.fixture(scope="session")
def shop(stack: TestStack, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return load_shop(tmp_path_factory.mktemp("shop"), stack.environment, f"shop{secrets.token_hex(4)}")


@pytest.fixture(scope="session")
def direct(stack: TestStack) -> Ask:
    """The engine itself."""
    return Over(stack.upstream)


@pytest.fixture(scope="session")
def server(stack: TestStack, shop: Shop) -> Iterator[Served]:
    """The proxy before the shop, with its defaults but for the time that it may take."""
    settings = {"SESSIONRANK_INDICES": shop.alias, "SESSIONRANK_BUDGET_MS": str(PATIENT_MS)}
    with serving({**stack.environment, **settings}) as running:
        yield running


@pytest.fixture(scope="session")
def proxy(server: Served) -> Ask:
    return Over(f"http://127.0.0.1:{server.port}")


@pytest.fixture
def proxy_with(stack: TestStack, shop: Shop) -> Iterator[Callable[..., Ask]]:
    """``proxy_with(window=7)``: a proxy in this process before the same engine and Redis."""
    opened: list[Any] = []

    def build(**changes: Any) -> Ask:
        given = {
            "upstream": (stack.upstream,),
            "redis_url": stack.redis_url,
            "indices": (shop.alias,),
            "budget_ms": PATIENT_MS,
            "strategy": "cosine",
        }
        settings = ProxySettings(**{**given, **changes})
        backend = backend_from_urls(settings.upstream, pool_size=settings.max_in_flight)
        store = from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
        opened.extend((backend, store))
        return InProcess(create_app(settings, backend=backend, store=store))

    yield build
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def visit(proxy: Ask) -> Callable[[Sequence[str]], dict[str, str]]:
    """``visit(skus)``: a new session that viewed these products; gives the header that names it."""

    def begin(skus: Sequence[str]) -> dict[str, str]:
        name = secrets.token_hex(8)
        events = [{"session": name, "type": "view", "sku": sku} for sku in skus]
        answer = proxy("POST", "/_sessionrank/events", {"events": events})
        assert answer.status == 200, answer.body
        assert not answer.json()["errors"], answer.body
        return {"X-Session-Id": name}

    return begin
