"""What lies below the calls: compression, headers, media types, connections, large and many requests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from library import FAMILY, SOURCE, connect, exchange, installed, raw
from transcript import Transcript

__all__ = ["wire"]

_HEART = {"query": {"match": {"name": "heart"}}, "size": 3}
#: The query for everything, in two binary formats.
_ALL = {
    "cbor": b"\xa1\x65query\xa1\x69match_all\xa0",
    "smile": b":)\n\x00\xfa\x84query\xfa\x88match_all\xfa\xfb\xfb\xfb",
}
_AT_ONCE = 20


def wire(note: Transcript, given: dict[str, Any]) -> None:
    """Ask ``given["index"]`` in ways that differ below the calls."""
    url, index = given["url"], given["index"]
    _compressed(note, connect(url, http_compress=True), index)
    _headers(note, url, index, given["run"])
    _formats(note, url, index)
    _versions(note, url, index)
    _large(note, url, index)
    _connections(note, url, index)
    _other_drivers(note, url, index)


def _compressed(note: Transcript, client: Any, index: str) -> None:
    note("compressed search", client.search, index=index, body=_HEART)
    note("compressed search, long", client.search, index=index, body={"size": 400})
    note("compressed by url", client.search, index=index, q="heart", size=1)
    note("compressed msearch", client.msearch, index=index, body=[{}, _HEART, {}, {"query": {"no": {}}}])
    note("compressed refused", client.search, index=index, body={"query": {"no_such_query": {}}})
    note("compressed exists", client.exists, index=index, id="85123A")
    note("compressed exchange", exchange, client, f"/{index}/_search", params={"filter_path": "hits.hits._id"})


def _headers(note: Transcript, url: str, index: str, run: str) -> None:
    named = connect(url, opaque_id=f"call-{run}")
    note("opaque id", exchange, named, f"/{index}/_count")
    note("opaque id of a refused one", exchange, named, "/no-such-index/_count")
    note("opaque id, long", exchange, connect(url, opaque_id="x" * 3500), f"/{index}/_count")
    told = connect(url, opaque_id=f"warned-{run}")
    old_range = {"range": {"popularity": {"from": 1, "to": 5}}}
    note("warnings", told.search, index=index, body={**_HEART, "indices_boost": {"*": 2}})
    note("warnings, two", told.search, index=index, body={"query": old_range, "size": 1})
    note("warnings of a parameter", raw, told, "GET", f"/{index}/_settings", params={"local": "true"})
    note("warnings of a type", raw, told, "GET", f"/{index}/_doc/_search", params={"size": "1"})
    client = connect(url)
    if FAMILY == "new":
        note("one call's headers", client.options(headers={"x-any": "thing"}, opaque_id="o1").count, index=index)
        note("missing is no error", client.options(ignore_status=404).get, index=index, id="none")
        note("signed in", connect(url, basic_auth=("reader", "pass:word")).count, index=index)
    else:
        note("one call's headers", client.count, index=index, headers={"x-any": "thing", "x-opaque-id": "o1"})
        note("missing is no error", client.get, index=index, id="none", ignore=404)
        note("signed in", connect(url, http_auth=("reader", "pass:word")).count, index=index)


def _formats(note: Transcript, url: str, index: str) -> None:
    class Text(installed.serializer.TextSerializer):
        mimetype = "application/yaml"

    class Binary(installed.serializer.JSONSerializer if FAMILY != "new" else installed.serializer.JsonSerializer):
        def loads(self, data: Any) -> Any:
            return data

        def dumps(self, data: Any) -> Any:
            return data

    binary = Binary()
    binary_types = {"application/cbor": binary, "application/smile": binary}
    client = connect(url, serializers={"application/yaml": Text(), **binary_types}, max_retries=0)
    for path, parameters in (("_search", {"size": 1}), ("_count", {}), ("_doc/none", {}), ("_mapping", {})):
        note(f"yaml {path}", raw, client, "GET", f"/{index}/{path}", params={"format": "yaml", **parameters})
        note(f"yaml {path}, by header", raw, client, "GET", f"/{index}/{path}", headers={"accept": "application/yaml"})
    for kind, body in _ALL.items():
        headers = {"accept": f"application/{kind}", "content-type": f"application/{kind}"}
        note(f"{kind} count", raw, client, "POST", f"/{index}/_count", headers=headers, body=body)
        note(f"{kind} search", raw, client, "POST", f"/{index}/_search", headers=headers, body=body,
             params={"filter_path": "hits"})  # fmt: skip
        note(f"{kind} missing", raw, client, "POST", "/no-such-index/_count", headers=headers, body=body)
        headers = {"accept": "application/json", "content-type": f"application/{kind}"}
        note(f"{kind} asked, json answered", raw, client, "POST", f"/{index}/_search", headers=headers, body=body)
    odd = {"accept": "text/html, application/json;q=0.5"}
    note("accept list", raw, client, "GET", f"/{index}/_count", headers=odd)
    note("unknown accept", raw, client, "GET", f"/{index}/_count", headers={"accept": "image/png"})
    note(
        "unknown content type",
        raw,
        client,
        "POST",
        f"/{index}/_count",
        headers={"content-type": "text/none"},
        body="{}",
    )


def _versions(note: Transcript, url: str, index: str) -> None:
    if FAMILY != "new":
        with _environment("ELASTIC_CLIENT_APIVERSIONING", "1"):
            client = connect(url)
            note("versioned search", client.search, index=index, body=_HEART)
            note("versioned count", client.count, index=index)
            note("versioned info", client.info)
            note("versioned msearch", client.msearch, index=index, body=[{}, _HEART])
        return
    client = connect(url)
    for version in (7, 8, 9, 10):
        for blank in ("", " "):
            kind = f"application/vnd.elasticsearch+json;{blank}compatible-with={version}"
            name = f"version {version}{' with a blank' if blank else ''}"
            both = {"accept": kind, "content-type": kind}
            note(name, raw, client, "POST", f"/{index}/_search", headers=both, body=_HEART)
            note(f"{name}, of the answer", raw, client, "GET", f"/{index}/_count", headers={"accept": kind})
    lines = {"content-type": "application/vnd.elasticsearch+x-ndjson;compatible-with=8", "accept": "application/json"}
    note("version of lines", raw, client, "POST", f"/{index}/_msearch", headers=lines, body=[{}, _HEART])
    yaml = {"accept": "application/vnd.elasticsearch+yaml;compatible-with=8"}
    note("version of yaml", raw, connect(url, serializers={"application/vnd.elasticsearch+yaml": _text()}), "GET",
         f"/{index}/_count", headers=yaml)  # fmt: skip


def _text() -> Any:
    class Text(installed.serializer.TextSerializer):
        mimetype = "application/vnd.elasticsearch+yaml"

    return Text()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _large(note: Transcript, url: str, index: str) -> None:
    client = connect(url)
    many = {"query": {"terms": {"sku": [f"{number:040d}" for number in range(48_000)] + ["85123A"]}}}
    note("body of 2 MB", client.search, index=index, body=many)
    note("compressed body of 2 MB", connect(url, http_compress=True).count, index=index, body=many)
    note("url of almost 4 KB", raw, client, "GET", f"/{index}/_search", params={"preference": "x" * 3900, "size": 1})
    note("url of 5 KB", raw, client, "GET", f"/{index}/_search", params={"preference": "x" * 5000, "size": 1})
    note("long answer", client.search, index=index, body={"size": 600, "explain": True})
    note("many names", client.count, index=[index] * 60, ignore_unavailable=True)


def _connections(note: Transcript, url: str, index: str) -> None:
    client = connect(url)
    before = note.connects
    for number in range(5):
        note(f"kept alive {number}: search", client.search, index=index, body={**_HEART, "from": number})
        note(f"kept alive {number}: exists", client.exists, index=index, id="none")
        note(f"kept alive {number}: refused", client.search, index=index, body={"query": {"no": {}}})
        note(f"kept alive {number}: lines", client.msearch, index=index, body=[{}, _HEART])
    note("connections of twenty calls", lambda: note.connects - before)

    def ask(number: int) -> list[str]:
        found = client.search(index=index, body={"from": number * 7, "size": 7, "sort": ["sku"]}, **{SOURCE: False})
        return [hit["_id"] for hit in found["hits"]["hits"]]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        note("twenty at once", lambda: list(pool.map(ask, range(_AT_ONCE))))


def _other_drivers(note: Transcript, url: str, index: str) -> None:
    """A node that is down beside the one that is not; another HTTP library below the client."""
    down = "http://127.0.0.1:1"
    kind = installed.OpenSearch if FAMILY == "opensearch" else installed.Elasticsearch
    client = kind([down, url], max_retries=3)
    note("one node of two is down", lambda: [client.count(index=index)["count"] for _ in range(4)])
    if FAMILY == "opensearch":
        client = connect(url, connection_class=installed.RequestsHttpConnection, http_compress=True, pool_maxsize=2)
        note("requests: search", client.search, index=index, body=_HEART)
        note("requests: refused", client.search, index=index, body={"query": {"no": {}}})
        note("requests: exists", client.exists, index=index, id="85123A")
        note("requests: cat", client.cat.count, index=index, h="count")
