"""Names of the keys in the store, shared by the loader that writes them and the proxy that reads them.

| key | type | holds | lives |
|---|---|---|---|
| ``sr:v:{<release>:<bucket>}`` | hash | item id → float32 vector, little-endian, unit length | until pruned |
| ``sr:l:{<release>:<bucket>}`` | hash | item id → how long its vector was in training, float32 | until pruned |
| ``sr:c:{<release>:<bucket>}`` | hash | item id → the items that go with it, packed (``covisits.py``) | until pruned |
| ``sr:x:{<release>}`` | hash | fingerprint of a product's name (``exact.py``) → 1 | until pruned |
| ``sr:w:<release>`` | string | JSON: how the hits of the release are ordered (``ranking.py``) | until pruned |
| ``sr:m:<release>`` | string | a learned model of the release, JSON (``trees.py``) | until pruned |
| ``sr:r:<release>`` | string | JSON: index, dimensions, buckets, count, the vectors' metadata | until pruned |
| ``sr:p:<index>`` | string | the release that serves an index which we did not load | until changed |
| ``sr:s:{<digest>}`` | hash | a session: its events and its cached vector | TTL, renewed by events |
| ``sr:o:{<digest>}`` | hash | the orders that a session's first pages froze | TTL of a minute |
| ``sr:secret`` | string | the random key of the session digest, where no key file is set | kept |

The braces are Redis Cluster hash tags. Nothing here does I/O.
"""

from __future__ import annotations

import hashlib
import zlib

__all__ = [
    "BUCKETS",
    "SECRET",
    "bucket",
    "covisits",
    "exact",
    "learned_model",
    "lengths",
    "orders",
    "pointer",
    "ranking",
    "release_info",
    "session",
    "session_digest",
    "vectors",
]

SECRET = "sr:secret"  # noqa: S105 (the name of a key)
#: Buckets that the vectors of one release are spread over on a single server; a cluster will want 256.
BUCKETS = 1


def bucket(item_id: str, buckets: int) -> int:
    """The bucket that the vector of ``item_id`` stands in, in ``range(buckets)``."""
    return zlib.crc32(item_id.encode()) % buckets if buckets > 1 else 0


def vectors(release: str, bucket: int) -> str:
    """The hash that holds one bucket of a release's item vectors."""
    return f"sr:v:{{{release}:{bucket}}}"


def lengths(release: str, bucket: int) -> str:
    """The hash that holds how long one bucket of a release's item vectors were in training."""
    return f"sr:l:{{{release}:{bucket}}}"


def covisits(release: str, bucket: int) -> str:
    """The hash that holds one bucket of a release's covisits."""
    return f"sr:c:{{{release}:{bucket}}}"


def exact(release: str) -> str:
    """The hash of the fingerprints of a release's product names."""
    return f"sr:x:{{{release}}}"


def ranking(release: str) -> str:
    """How the hits of a release are ordered."""
    return f"sr:w:{release}"


def learned_model(release: str) -> str:
    """The learned model of a release."""
    return f"sr:m:{release}"


def release_info(release: str) -> str:
    """The JSON record about a release."""
    return f"sr:r:{release}"


def pointer(index: str) -> str:
    """The release that serves ``index``, for an index that we did not load."""
    return f"sr:p:{index}"


def session(digest: str) -> str:
    """The record of a session, by its keyed digest."""
    return f"sr:s:{{{digest}}}"


def orders(digest: str) -> str:
    """The frozen orders of a session, by its keyed digest."""
    return f"sr:o:{{{digest}}}"


def session_digest(secret: bytes, session_id: str) -> str:
    """The keyed hash that stands for a session id in keys, logs and ``preference``: 32 hex digits.

    BLAKE2b with a key (RFC 7693); ``secret`` may be of any length and is reduced to the 64 bytes that it takes.
    """
    key = secret if len(secret) <= 64 else hashlib.blake2b(secret).digest()
    return hashlib.blake2b(session_id.encode(), key=key, digest_size=16).hexdigest()
