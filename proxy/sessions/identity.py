"""Session ids: what is one, and the keyed digest that stands for it everywhere past the door."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from sessionrank import keys
from sessionrank.errors import StoreError

from ..deadline import Deadline
from .base import SessionStore
from .record import ID_BYTES

__all__ = ["MAX_SESSION_ID", "Hasher", "check_session_id", "event_id"]

MAX_SESSION_ID = 256
#: Seconds after which the key in the store is looked at again: a flushed store may have got another one meanwhile.
_REFRESH_S = 60.0


def check_session_id(text: str) -> None:
    """Raise ``ValueError`` unless ``text`` is 1 to 256 printable ASCII characters without a space."""
    if not 1 <= len(text) <= MAX_SESSION_ID:
        raise ValueError(f"a session id has 1 to {MAX_SESSION_ID} characters")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("a session id has only printable ASCII characters and no spaces")


def event_id(text: str) -> bytes:
    """The eight bytes that a client's event id is kept as."""
    return hashlib.blake2b(text.encode(), digest_size=ID_BYTES).digest()


class Hasher:
    """Digests of session ids under the key from a file, else under the one that all users of the store share."""

    def __init__(
        self, store: SessionStore, key: bytes | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._key = key
        self._fixed = key is not None
        self._clock = clock
        self._refresh_at = 0.0
        self._lock = threading.Lock()

    def digest(self, session_id: str, deadline: Deadline) -> str:
        """The digest of a session id, 32 hex digits.

        Raises:
            StoreError: the key stands in the store, was never read yet, and the store does not answer.
        """
        key = self._key
        if key is None or not (self._fixed or self._clock() < self._refresh_at):
            key = self._stored_key(key, deadline)
        return keys.session_digest(key, session_id)

    def _stored_key(self, known: bytes | None, deadline: Deadline) -> bytes:
        """The key in the store. Once one is known, a single thread looks again and an error changes nothing."""
        if not self._lock.acquire(timeout=0 if known else max(0.0, deadline.remaining())):
            if known is None:
                raise StoreError("the key of the session hash was not read in time")
            return known
        try:
            if self._key is None or self._clock() >= self._refresh_at:
                # Set before the attempt: a store that hangs must not cost every request its budget again.
                self._refresh_at = self._clock() + _REFRESH_S
                self._key = self._store.secret(deadline)
            return self._key
        except StoreError:
            if known is None:
                raise
            return known
        finally:
            self._lock.release()
