"""The servers of the test session: started on first use, at most once each, ended with the session.

``SESSIONRANK_TEST_UPSTREAM`` and ``SESSIONRANK_TEST_REDIS_URL`` (both) name running ones to use instead, such as
those of ``sessionrank stack up``; what they hold is then the developer's to lose.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass

from stack.engine import start_engine
from stack.engines import DEFAULT_ENGINE
from stack.local import local_stack

__all__ = ["Servers", "TestStack"]


@dataclass(frozen=True)
class TestStack:
    """The addresses of an engine and a Redis that both answer."""

    __test__ = False

    upstream: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make every program use them."""
        return {"SESSIONRANK_UPSTREAM": self.upstream, "SESSIONRANK_REDIS_URL": self.redis_url}


class Servers:
    """Starts each server when it is first asked for."""

    def __init__(self, exits: ExitStack) -> None:
        self._exits = exits
        self._stack: TestStack | None = None
        self._engines: dict[str, str] = {}

    def stack(self) -> TestStack:
        """OpenSearch and Redis."""
        if self._stack is None:
            upstream = os.environ.get("SESSIONRANK_TEST_UPSTREAM", "")
            redis_url = os.environ.get("SESSIONRANK_TEST_REDIS_URL", "")
            if upstream and redis_url:
                self._stack = TestStack(upstream.rstrip("/"), redis_url)
            else:
                running = self._exits.enter_context(local_stack())
                self._stack = TestStack(running.upstream, running.redis_url)
        return self._stack

    def engine(self, name: str) -> str:
        """The URL of the engine of that name; the default one is the stack's."""
        if name == DEFAULT_ENGINE:
            return self.stack().upstream
        if name not in self._engines:
            self._engines[name] = self._exits.enter_context(start_engine(name)).url
        return self._engines[name]
