"""What came out of every row on every engine: each is tried once, when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

from stack.engines import ENGINES

from .catalogue.registry import CATALOGUE
from .rows import Row
from .stand import stand
from .trial import Outcome, Trial

__all__ = ["OWN", "OWN_URL", "Results", "engine_names"]

#: The URL of a user's own cluster, which is tried in place of the engines of the local stack.
OWN_URL = os.environ.get("SESSIONRANK_CONFORMANCE_URL", "")
OWN = "your cluster"


def engine_names() -> tuple[str, ...]:
    """The engines that are tried, in the order of the table."""
    return (OWN,) if OWN_URL else ("opensearch", *sorted(name for name in ENGINES if name != "opensearch"))


class Results:
    """Stands and outcomes.

    Args:
        engine: gives the URL of an engine of the local stack, by its name.
        redis_url: gives the URL of a Redis.
        exits: takes the stands down.
    """

    def __init__(self, engine: Callable[[str], str], redis_url: Callable[[], str], exits: ExitStack) -> None:
        self._engine = engine
        self._redis_url = redis_url
        self._exits = exits
        self._stands: dict[str, tuple[Trial, str]] = {}
        self._outcomes: dict[tuple[str, str, str], Outcome] = {}

    def trial(self, engine: str) -> Trial:
        """The stand of an engine."""
        return self._stand(engine)[0]

    def mode(self, engine: str) -> str:
        """How popularity is wrapped for an engine."""
        return self._stand(engine)[1]

    def outcome(self, engine: str, group: str, row: Row) -> Outcome:
        """What came out of a row."""
        key = (engine, group, row.name)
        if key not in self._outcomes:
            self._outcomes[key] = self.trial(engine).run(row)
        return self._outcomes[key]

    def problems(self, engine: str, group: str) -> str:
        """All that is wrong in a group, for a reader: the request's name, then each difference."""
        lines = []
        for row in CATALOGUE[group]:
            found = self.outcome(engine, group, row).problems
            if found:
                lines += [f"{engine}: {group}: {row.name}", *(f"    {each}" for each in found)]
        return "\n".join(lines)

    def _stand(self, engine: str) -> tuple[Trial, str]:
        if engine not in self._stands:
            url = OWN_URL if engine == OWN else self._engine(engine)
            self._stands[engine] = self._exits.enter_context(stand(url, self._redis_url()))
        return self._stands[engine]
