"""An engine in memory that answers what the indexer asks, keeps what it was asked, and fails where a test says so."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from indexer.engines.base import BulkOutcome, Engine, EngineInfo, EngineRefusal

__all__ = ["FakeEngine"]


class FakeEngine(Engine):
    """``indices``: name → {"documents", "meta", "settings", "aliases"}; ``asked``: (method, path) in order."""

    def __init__(self) -> None:
        super().__init__(EngineInfo("opensearch", "3.0.0"))
        self.indices: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        #: Given (method, path); may raise, before or (when it returns a callable) after the order is carried out.
        self.trouble: Callable[[str, str], Callable[[], None] | None] = lambda _method, _path: None
        #: Given (id, document): the outcome of a document, or None for success.
        self.judge: Callable[[str, dict[str, Any]], BulkOutcome | None] = lambda _id, _document: None
        #: Documents that the engine takes but loses.
        self.loses: set[str] = set()

    def add(self, name: str, *, meta: Any = None, aliases: Iterable[str] = (), documents: int = 0) -> None:
        """An index that is there already."""
        self.indices[name] = {
            "documents": {str(n): {} for n in range(documents)},
            "meta": {} if meta is None else meta,
            "settings": {},
            "aliases": set(aliases),
        }

    def serving(self, alias: str) -> list[str]:
        return sorted(name for name, index in self.indices.items() if alias in index["aliases"])

    def request(self, method: str, target: str, body: Any = None) -> Any:
        path = unquote(urlsplit(target).path)
        self.asked.append((method, path))
        after = self.trouble(method, path)
        answer = self._answer(method, path, body)
        if after is not None:
            after()
        return answer

    def bulk(self, index: str, documents: Iterable[tuple[str, dict[str, Any]]], *, chunk: int) -> Iterator[BulkOutcome]:
        batch: list[tuple[str, dict[str, Any]]] = []
        for pair in documents:
            batch.append(pair)
            if len(batch) == chunk:
                yield from self._store(index, batch)
                batch = []
        if batch:
            yield from self._store(index, batch)

    def close(self) -> None:
        pass

    def _store(self, index: str, batch: list[tuple[str, dict[str, Any]]]) -> Iterator[BulkOutcome]:
        self.asked.append(("BULK", f"/{index}"))
        for sku, document in batch:
            outcome = self.judge(sku, document) or BulkOutcome(sku, 201)
            if outcome.stored and sku not in self.loses:
                self.indices[index]["documents"][sku] = document
            yield outcome

    def _answer(self, method: str, path: str, body: Any) -> Any:
        for pattern, answer in self._ROUTES:
            if (match := re.fullmatch(pattern, f"{method} {path}")) is not None:
                return answer(self, *match.groups(), body)
        raise AssertionError(f"the fake engine knows no {method} {path}")

    def _find(self, name: str) -> dict[str, Any]:
        if name not in self.indices:
            raise EngineRefusal(404, "index_not_found_exception")
        return self.indices[name]

    def _matching(self, pattern: str) -> dict[str, dict[str, Any]]:
        return {name: index for name, index in self.indices.items() if fnmatch.fnmatchcase(name, pattern)}

    def _create(self, name: str, body: Any) -> Any:
        self.add(name, meta=body["mappings"]["_meta"])
        self.indices[name]["settings"] = dict(body["settings"]["index"])
        return {}

    def _list(self, pattern: str, _body: Any) -> Any:
        found = self._matching(pattern) or {name: self.indices[name] for name in self.serving(pattern)}
        if not found and "*" not in pattern:
            raise EngineRefusal(404, "index_not_found_exception")
        return {
            name: {"aliases": {key: {} for key in index["aliases"]}, "mappings": {"_meta": index["meta"]}}
            for name, index in found.items()
        }

    def _stats(self, pattern: str, _body: Any) -> Any:
        counts = {name: len(index["documents"]) for name, index in self._matching(pattern).items()}
        return {"indices": {name: {"primaries": {"docs": {"count": count}}} for name, count in counts.items()}}

    def _alias(self, name: str, _body: Any) -> Any:
        found = [name] if name in self.indices else self.serving(name)
        if not found:
            raise EngineRefusal(404, "index_not_found_exception")
        return {index: {"aliases": {}} for index in found}

    def _aliases(self, body: Any) -> Any:
        for action in body["actions"]:
            ((verb, order),) = action.items()
            for index in self._matching(order["index"]).values():
                (index["aliases"].discard if verb == "remove" else index["aliases"].add)(order["alias"])
        return {}

    def _mapping(self, name: str, body: Any) -> Any:
        self._find(name)["meta"] = body["_meta"]
        return {}

    def _settings(self, name: str, body: Any) -> Any:
        self._find(name)["settings"].update(body["index"])
        return {}

    def _count(self, name: str, _body: Any) -> Any:
        shards = {"total": 1, "successful": 1, "failed": 0}
        return {"count": len(self._find(name)["documents"]), "_shards": shards}

    def _delete(self, name: str, _body: Any) -> Any:
        self._find(name)
        del self.indices[name]
        return {}

    _ROUTES: tuple[tuple[str, Callable[..., Any]], ...] = (
        (r"GET /_cluster/state/version", lambda self, _body: {"cluster_uuid": "fake"}),
        (r"GET /_cluster/health/.+", lambda self, _body: {"status": "green"}),
        (r"POST /_aliases", _aliases),
        (r"GET /([^/]+)/_stats/docs", _stats),
        (r"GET /([^/]+)/_alias", _alias),
        (r"GET /([^/]+)/_count", _count),
        (r"POST /([^/]+)/_refresh", lambda self, _name, _body: {}),
        (r"PUT /([^/]+)/_mapping", _mapping),
        (r"PUT /([^/]+)/_settings", _settings),
        (r"PUT /([^/]+)", _create),
        (r"DELETE /([^/]+)", _delete),
        (r"GET /([^/]+)", _list),
    )
