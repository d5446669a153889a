"""Linear algebra in one thread: equal seeds then give equal bytes, and matrices of a batch's size are not slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the linear algebra below to one thread; with more, ``implicit`` also warns that it would be slow."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        yield
