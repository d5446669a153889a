"""The client that is installed here, and the few ways in which the clients differ."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

try:
    import opensearchpy as installed
except ImportError:
    import elasticsearch as installed

__all__ = [
    "FAILURES",
    "FAMILY",
    "SOURCE",
    "VERSION",
    "Answer",
    "Meta",
    "close_pit",
    "connect",
    "exchange",
    "helpers",
    "installed",
    "open_pit",
    "pit_id",
    "raw",
]

VERSION: str = installed.__versionstr__
#: ``opensearch``, ``old`` (elasticsearch-py 7) or ``new`` (8 and later).
FAMILY = "opensearch" if installed.__name__ == "opensearchpy" else "old" if int(VERSION.split(".")[0]) < 8 else "new"
helpers = importlib.import_module(f"{installed.__name__}.helpers")
#: The keyword argument for the parameter ``_source``.
SOURCE = "source" if FAMILY == "new" else "_source"


@dataclass(frozen=True)
class Meta:
    """What an answer has beside its body."""

    status: int
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer in the form that the newer clients give it."""

    body: Any
    meta: Meta


def _failures() -> tuple[type[Exception], ...]:
    of_helpers = (helpers.BulkIndexError, helpers.ScanError)
    if FAMILY != "new":
        base = installed.OpenSearchException if FAMILY == "opensearch" else installed.ElasticsearchException
        return (base, *of_helpers)
    from elastic_transport import TransportError

    return (installed.ApiError, TransportError, *of_helpers)


#: What the client and its helpers raise.
FAILURES = _failures()


def connect(url: str, **options: Any) -> Any:
    """A client of the server at ``url`` and no other."""
    kind = installed.OpenSearch if FAMILY == "opensearch" else installed.Elasticsearch
    return kind(url if FAMILY == "new" else [url], **options)


def raw(
    client: Any,
    method: str,
    path: str,
    *,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    body: Any = None,
) -> Any:
    """Any request through the client's own machinery."""
    if FAMILY == "new":
        named = {"accept": "application/json"} | ({"content-type": "application/json"} if body is not None else {})
        return client.perform_request(method, path, params=params, headers={**named, **(headers or {})}, body=body)
    return client.transport.perform_request(method, path, params=params or {}, headers=headers, body=body)


def exchange(client: Any, path: str, *, params: dict[str, Any] | None = None, body: Any = None) -> Any:
    """A POST, and the answer with its headers, which the older clients show only below their transport."""
    if FAMILY == "new":
        return raw(client, "POST", path, params=params, body=body)
    sent = json.dumps(body).encode() if body is not None else None
    status, found, text = client.transport.get_connection().perform_request("POST", path, params or {}, sent)
    return Answer(json.loads(text), Meta(status, dict(found)))


def open_pit(client: Any, index: str) -> Callable[[], Any]:
    """Opens a point in time over an index for a minute."""
    if FAMILY == "opensearch":
        return lambda: client.create_pit(index=index, params={"keep_alive": "1m"})
    return lambda: client.open_point_in_time(index=index, keep_alive="1m")


def pit_id(opened: Any) -> str:
    """The id in the answer of :func:`open_pit`."""
    found: str = opened["pit_id" if FAMILY == "opensearch" else "id"]
    return found


def close_pit(client: Any, pit: str) -> Callable[[], Any]:
    """Closes it."""
    if FAMILY == "opensearch":
        return lambda: client.delete_pit(body={"pit_id": [pit]})
    return lambda: client.close_point_in_time(body={"id": pit})
