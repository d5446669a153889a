"""``sessionrank search …`` through the real command line, in this process."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout

import pytest

from sessionrank.cli import SEARCH_COMMANDS, main

from .model_run import Ran

__all__ = ["Search", "run_here", "searching"]

#: Given the words behind ``sessionrank search``.
Search = Callable[..., Ran]


def run_here(*words: object) -> Ran:
    """Run ``sessionrank`` with ``words``, where no test is that could capture what it says."""
    said, told = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(told), pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return Ran(int(left.value.code or 0), said.getvalue(), told.getvalue())


def searching(patch: pytest.MonkeyPatch, environment: Mapping[str, str], *, index: str) -> Search:
    """The members of ``search`` that belong to the proxy, by the names that its modules have in tests; on one index."""
    for name in ("evaluate", "train", "tune"):
        patch.setitem(SEARCH_COMMANDS, name, (f"proxy.commands.search_{name}:{name}", "proxy", ""))
    for name, value in {**environment, "SESSIONRANK_INDICES": index}.items():
        patch.setenv(name, value)
    return lambda *words: run_here("search", *words)
