"""The data that the catalogue asks for: a small shop with a field of every kind, loaded alike into each engine.

One shard, no replica and one segment: an engine then gives the same answer to the same question every time.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .peers import Peer

__all__ = ["CLUSTERS", "PRODUCTS", "Shop", "cluster_of", "product_id", "stocked"]

PRODUCTS = 60
CLUSTERS = 4
#: Every how many products one has no popularity, and one no vector.
_UNPOPULAR, _UNKNOWN = 7, 9

_COLOURS = ("red", "blue", "green", "white", "black")
_MATERIALS = ("wooden", "glass", "metal", "paper")
_THINGS = ("lantern", "heart", "basket", "candle holder", "picture frame", "tea pot")
_ONE_SHARD = {"number_of_shards": 1, "number_of_replicas": 0}
#: No answer may depend on when an engine refreshes, so it does only when told.
_SETTINGS = {"index": {**_ONE_SHARD, "refresh_interval": "-1", "max_result_window": 10_000}}

_FIELDS: dict[str, Any] = {
    "sku": {"type": "keyword"},
    "name": {
        "type": "text",
        "term_vector": "with_positions_offsets",
        "fields": {"raw": {"type": "keyword"}, "plain": {"type": "text"}},
    },
    "description": {"type": "text", "index_options": "offsets"},
    "group": {"type": "keyword"},
    "tags": {"type": "keyword"},
    "price": {"type": "double"},
    "stock": {"type": "integer"},
    "big": {"type": "long"},
    "ratio": {"type": "float"},
    "popularity": {"type": "float"},
    "added": {"type": "date"},
    "added_nanos": {"type": "date_nanos"},
    "available": {"type": "boolean"},
    "address": {"type": "ip"},
    "blob": {"type": "binary"},
    "place": {"type": "geo_point"},
    "ages": {"type": "integer_range"},
    "stored": {"type": "text", "store": True},
    "category": {"type": "alias", "path": "group"},
    "suggest": {"type": "completion"},
    "maker": {"properties": {"name": {"type": "keyword"}, "town": {"type": "text"}}},
    "variants": {
        "type": "nested",
        "properties": {"colour": {"type": "keyword"}, "size": {"type": "integer"}, "note": {"type": "text"}},
    },
}
#: Fields that some engines or builds do not have; one that is refused is left out, and its values are not indexed.
_OPTIONAL: dict[str, Any] = {
    "kind": {"type": "join", "relations": {"product": "review"}},
    "query": {"type": "percolator"},
    "rank": {"type": "rank_feature"},
    "typed": {"type": "search_as_you_type"},
    "cents": {"type": "scaled_float", "scaling_factor": 100},
    "shape": {"type": "geo_shape"},
    "flat": {"type": "flattened"},
    "flat_object": {"type": "flat_object"},
    "wild": {"type": "wildcard"},
    "vector": {"type": "dense_vector", "dims": 4},
}


@dataclass(frozen=True)
class Shop:
    """What was made in an engine: the value of each placeholder."""

    names: Mapping[str, str]

    @property
    def managed(self) -> tuple[str, ...]:
        """The names whose searches are to be personalised."""
        return tuple(self.names[name] for name in ("index", "alias", "cheap", "second", "odd", "closed", "missing"))

    @property
    def index(self) -> str:
        """The index that vectors are published for."""
        return self.names["index"]


def product_id(number: int) -> str:
    """The document's id of a product."""
    return f"p{number:02d}"


def cluster_of(number: int) -> int | None:
    """The cluster in which a product's vector lies; some have none."""
    return None if number % _UNKNOWN == 4 else number * 7 % CLUSTERS


@contextmanager
def stocked(engine: Peer) -> Iterator[Shop]:
    """Make the shop under names of its own; at the end all of it goes again."""
    prefix = "conf" + secrets.token_hex(4)
    names = {name: f"{prefix}-{name}" for name in ("index", "other", "second", "odd", "closed", "missing")}
    aliases = {name: f"{prefix}-{name}" for name in ("alias", "cheap", "foreign_alias")}
    template = f"{prefix}-template"
    made = [names[name] for name in ("index", "other", "second", "odd", "closed")]
    try:
        _fill(engine, names, prefix)
        _name(engine, names, aliases)
        engine.ask("PUT", f"/_scripts/{template}", _JSON, json.dumps(_TEMPLATE).encode())
        yield Shop({**names, **aliases, "prefix": prefix, "template": template})
    finally:
        engine.ask("DELETE", f"/_scripts/{template}")
        for name in made:
            engine.ask("DELETE", f"/{name}")


_JSON = (("Content-Type", "application/json"),)
_TEMPLATE = {
    "script": {
        "lang": "mustache",
        "source": {"query": {"match": {"name": "{{words}}"}}, "size": "{{size}}{{^size}}3{{/size}}"},
    }
}


def _fill(engine: Peer, names: Mapping[str, str], prefix: str) -> None:
    _create(engine, names["index"], {"dynamic": False, "properties": _FIELDS})
    for name, field in _OPTIONAL.items():
        body = json.dumps({"properties": {name: field}}).encode()
        engine.ask("PUT", f"/{names['index']}/_mapping", _JSON, body)
    text = {"name": {"type": "text", "term_vector": "with_positions_offsets"}, "group": {"type": "keyword"}}
    _create(engine, names["other"], {"properties": {**text, "day": {"type": "date"}}})
    _create(engine, names["second"], {"properties": {**text, "price": {"type": "double"}}})
    _create(engine, names["odd"], {"properties": {**text, "popularity": {"type": "text"}}})
    _create(engine, names["closed"], {"properties": text})
    lines = [*_products(names["index"]), *_extras(names["index"])]
    for name, count in (("other", 12), ("second", 15), ("odd", 5), ("closed", 2)):
        lines += _simple(names[name], count)
    _must(engine.ask("POST", "/_bulk", (("Content-Type", "application/x-ndjson"),), "".join(lines).encode()))
    every = f"{prefix}-*"
    _must(engine.ask("POST", f"/{every}/_refresh"))
    _must(engine.ask("POST", f"/{every}/_forcemerge?max_num_segments=1"))
    _must(engine.ask("POST", f"/{every}/_refresh"))
    _must(engine.ask("POST", f"/{names['closed']}/_close"))
    _must(engine.ask("GET", f"/_cluster/health/{every}?wait_for_status=green&timeout=30s"))


def _create(engine: Peer, name: str, mapping: Mapping[str, Any]) -> None:
    body = json.dumps({"settings": _SETTINGS, "mappings": mapping}).encode()
    _must(engine.ask("PUT", f"/{name}", _JSON, body))


def _name(engine: Peer, names: Mapping[str, str], aliases: Mapping[str, str]) -> None:
    actions = [
        {"add": {"index": names["index"], "alias": aliases["alias"]}},
        {"add": {"index": names["index"], "alias": aliases["cheap"], "filter": {"range": {"price": {"lt": 50}}}}},
        {"add": {"index": names["other"], "alias": aliases["foreign_alias"]}},
    ]
    _must(engine.ask("POST", "/_aliases", _JSON, json.dumps({"actions": actions}).encode()))


def _must(got: Any) -> None:
    assert got.status in (200, 201), got.body
    assert not got.json().get("errors"), got.body


def _products(index: str) -> Iterator[str]:
    for n in range(PRODUCTS):
        yield _line(index, product_id(n))
        yield _product(n) + "\n"


def _product(n: int) -> str:
    """A product as JSON text, with number texts, escapes and empty values that must come back as they are."""
    colour, material, thing = _COLOURS[n % 5], _MATERIALS[n // 5 % 4], _THINGS[n % 6]
    words = [colour, material, thing, *(["with", "red", "ribbon"] if n % 4 == 1 else [])]
    source: dict[str, Any] = {
        "sku": f"SKU/{n:03d}",
        "name": " ".join(words),
        "description": f"A {colour} {thing} made of {material} things. " * (1 + n % 3) + "Every heart needs a light.",
        "group": thing.split()[-1],
        "tags": [colour, material][: n % 3],
        "price": 5.0 + n * 37 % 60,
        "stock": n * 13 % 40 or None,
        "added": f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}T10:{n:02d}:00Z",
        "added_nanos": f"2024-{1 + n % 12:02d}-01T00:00:00.{n:09d}Z",
        "available": n % 3 != 0,
        "address": f"192.168.{n % 4}.{n}",
        "blob": "aGVsbG8=",
        "place": {"lat": 48 + n / 10, "lon": 2 + n / 7},
        "ages": {"gte": n % 5, "lt": 10 + n % 5},
        "stored": f"kept apart: {colour}",
        "suggest": {"input": [thing, f"{colour} {thing}"], "weight": 1 + n % 9},
        "maker": {"name": f"maker {n % 3}", "town": "Ménerbes 東京"},
        "variants": [{"colour": c, "size": n % 4 + i, "note": f"{c} one"} for i, c in enumerate(_COLOURS[: n % 3])],
        "kind": "product",
        "rank": 1 + n % 5,
        "typed": thing,
        "cents": n / 4,
        "shape": {"type": "point", "coordinates": [2 + n / 7, 48 + n / 10]},
        "flat": {"a": colour, "b": {"c": material}},
        "flat_object": {"a": colour},
        "wild": f"{colour}-{n}",
        "vector": [n % 2, 1, n % 3, 0.5],
    }
    if n % _UNPOPULAR != 3:
        source["popularity"] = n * 31 % 50
    texts = '"big":9007199254740993,"ratio":1.0E10,"exact":1.10,"tiny":1e-7,"escaped":"\\u00e9\\/\\u2028"'
    return json.dumps(source, ensure_ascii=n % 2 == 0)[:-1] + "," + texts + ',"nothing":null,"empty":{ },"none":[ ]}'


def _extras(index: str) -> Iterator[str]:
    """Reviews (children of products) and queries to be percolated, where the engine has such fields."""
    for n in range(4):
        review = {"sku": f"review {n}", "description": "a fine lantern", "kind": {"name": "review", "parent": "p06"}}
        yield _line(index, f"r{n}", routing="p06") + json.dumps(review) + "\n"
    for n, word in enumerate(("lantern", "heart", "basket")):
        yield _line(index, f"q{n}") + json.dumps({"sku": f"query {n}", "query": {"match": {"name": word}}}) + "\n"


def _simple(index: str, count: int) -> Iterator[str]:
    for n in range(count):
        name = f"{_COLOURS[n % 5]} {_THINGS[n % 6]}"
        source = {"name": name, "group": name.split()[-1], "price": n, "day": f"2024-05-{n + 1:02d}"}
        if index.endswith("-odd"):
            source["popularity"] = "much"
        yield _line(index, f"s{n:02d}") + json.dumps(source) + "\n"


def _line(index: str, name: str, **more: str) -> str:
    return json.dumps({"index": {"_index": index, "_id": name, **more}}) + "\n"
