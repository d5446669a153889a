"""What became of each call: its result, or the error with its class, status and body; and the warnings."""

from __future__ import annotations

import base64
import sys
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["Transcript"]


class Transcript:
    """Makes calls and keeps what became of each as a record that JSON can hold."""

    def __init__(self, failures: tuple[type[Exception], ...]) -> None:
        self.records: list[dict[str, Any]] = []
        #: What the next calls belong to.
        self.section = ""
        self._failures = failures
        self._connects = 0
        sys.addaudithook(self._watch)

    def __call__(self, name: str, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make one call under a name of its own; gives its result, or None when the client raised its own error.

        Any other error is one of the script, and passes.
        """
        record: dict[str, Any] = {"call": name, "section": self.section}
        self.records.append(record)
        result = None
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                result = call(*args, **kwargs)
            except self._failures as error:
                record |= _failure(error)
            else:
                record |= _success(result)
        # Python's own are about the client's code; what the engine warns of has a class of the client's.
        if of_engine := [each for each in told if each.category is not DeprecationWarning]:
            record["warnings"] = sorted(f"{each.category.__name__}: {each.message}" for each in of_engine)
        return result

    @property
    def connects(self) -> int:
        """TCP connections that this process has opened so far."""
        return self._connects

    def _watch(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            self._connects += 1


def _failure(error: Exception) -> dict[str, Any]:
    """An error as a program that catches it sees it."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ not in ("builtins", "typing")]
    meta = getattr(error, "meta", None)
    return {
        "error": kinds[0],
        "bases": kinds[1:],
        "status": getattr(error, "status_code", None),
        "info": _plain(getattr(error, "info", None)),
        "message": str(error),
    } | ({"headers": dict(meta.headers)} if meta is not None else {})


def _success(result: Any) -> dict[str, Any]:
    """A result; the newer clients' answers with their status and headers."""
    if hasattr(result, "meta") and hasattr(result, "body"):
        told = {"status": result.meta.status, "headers": dict(result.meta.headers)}
        return {"result": _plain(result.body), "answer": type(result).__name__, **told}
    return {"result": _plain(result)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
