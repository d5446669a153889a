"""Which release serves an index at the moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote

from sessionrank import keys
from sessionrank.errors import BackendError, ConfigurationError, SessionrankError
from sessionrank.releases import is_release, release_of

from .backends.base import BackendRequest, SearchBackend
from .deadline import Deadline
from .sessions.base import SessionStore

__all__ = ["ReleaseFinder", "default_index", "index_meant", "named_indices"]

_FRESH_S = 2.0
_REMEMBERED = 256


def named_indices(indices: Sequence[str]) -> list[str]:
    """The managed indices that are named, not matched by a glob."""
    return [name for name in indices if not any(c in name for c in "*?[")]


def default_index(indices: Sequence[str]) -> str | None:
    """The index that is meant where none is said: the only one that is managed, or None."""
    return indices[0] if len(indices) == 1 and named_indices(indices) else None


def index_meant(said: str | None, indices: Sequence[str]) -> str:
    """The index that an option names, or else the one that is meant.

    Raises:
        ConfigurationError: it names none, and more than one is managed, or a glob.
    """
    index = said or default_index(indices)
    if index is None:
        raise ConfigurationError(f"which index? SESSIONRANK_INDICES is {','.join(indices)}; say --index NAME")
    return index


class ReleaseFinder:
    """Asks the engine which concrete index an alias points to; an index that we did not load has a pointer instead.

    An answer holds for two seconds, a failure as well, so that not everyone waits for an engine that hangs.
    Searches need none of this: each hit names its index.
    """

    def __init__(
        self, backend: SearchBackend, store: SessionStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._backend = backend
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str | SessionrankError | None]] = {}

    def find(self, index: str, deadline: Deadline) -> str | None:
        """The release that serves ``index``, or None where nothing is published for it.

        Raises:
            BackendError: the engine could not be asked.
            StoreError: the store could not be asked.
        """
        until, found = self._known.get(index, (0.0, None))
        if self._clock() >= until:
            try:
                found = self._by_alias(index, deadline) or self._by_pointer(index, deadline)
            except SessionrankError as error:
                found = error
            with self._lock:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[index] = (self._clock() + _FRESH_S, found)
        if isinstance(found, SessionrankError):
            raise type(found)(str(found))
        return found

    def _by_alias(self, index: str, deadline: Deadline) -> str | None:
        request = BackendRequest("GET", f"/{quote(index, safe='')}/_alias", [("accept", "application/json")])
        answer = self._backend.send(request, timeout=max(0.001, deadline.remaining()))
        body = answer.read()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise BackendError(f"the engine answered {answer.status} when asked for the alias {index}")
        try:
            names = list(json.loads(body))
        except ValueError as error:
            raise BackendError(f"the engine's answer about the alias {index} is no JSON") from error
        # More than one while an alias is moved by hand: the newest.
        return max((found for name in names if (found := release_of(str(name)))), default=None)

    def _by_pointer(self, index: str, deadline: Deadline) -> str | None:
        pointer = (self._store.value(keys.pointer(index), deadline) or b"").decode(errors="replace")
        return pointer if is_release(pointer) else None
