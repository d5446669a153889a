"""Searches for one product by its whole name: told by a fingerprint of the text, which stands in the store.

The loader writes the fingerprint of every product's name under ``keys.exact``; the proxy looks up that of the search.
A name of a single word is none: it is what a whole group of products is searched by.
"""

from __future__ import annotations

import hashlib

__all__ = ["FOUND", "fingerprint"]

#: What stands in the store beside a fingerprint.
FOUND = b"1"


def fingerprint(text: str) -> str | None:
    """16 hex digits that are the same for texts that differ in case and spaces alone; None for less than two words."""
    words = text.casefold().split()
    if len(words) < 2:
        return None
    return hashlib.blake2b(" ".join(words).encode(errors="surrogatepass"), digest_size=8).hexdigest()
