"""Media types both ways, encodings, and headers that engines answer to."""

from __future__ import annotations

import gzip
from typing import Any

from tests.conformance.rows import Row, asks, search

__all__ = ["ROWS"]

_RED: dict[str, Any] = {"query": {"match": {"name": "red"}}, "size": 3}
_JSON = b'{"query":{"match":{"name":"red"}},"size":3}'
_YAML = b'---\nquery:\n  match:\n    name: "red"\nsize: 3\n'
#: {"query":{"match_all":{}},"size":3} in the two binary forms.
_CBOR = b"\xa2\x65query\xa1\x69match_all\xa0\x64size\x03"
_SMILE = b":)\n\x00\xfa\x84query\xfa\x88match_all\xfa\xfb\xfb\x83size\xc6\xfb"
_VND = "application/vnd.elasticsearch+json"
_VND_LINES = "application/vnd.elasticsearch+x-ndjson"


def _typed(name: str, content_type: str, body: bytes = _JSON, accept: str = "", **more: Any) -> Row:
    lines = {"Content-Type": content_type} | ({"Accept": accept} if accept else {})
    return search(name, body, headers=lines, **more)


def _accepts(name: str, accept: str, **more: Any) -> Row:
    return search(f"Accept {name}", _RED, headers={"Content-Type": "application/json", "Accept": accept}, **more)


def _vnd(version: int, blank: str = " ") -> str:
    return f"{_VND};{blank}compatible-with={version}"


ROWS = [
    _typed("JSON with a charset", "application/json; charset=UTF-8"),
    _typed("JSON with a charset in small letters", "application/json;charset=utf-8"),
    _typed("JSON in capitals", "Application/JSON"),
    _typed("JSON of another charset", "application/json; charset=ISO-8859-1"),
    _typed("JSON with another parameter", "application/json; x=y"),
    _typed("form data", "application/x-www-form-urlencoded", expect="untouched"),
    _typed("text", "text/plain", expect="untouched"),
    _typed("no content type", "", expect="untouched"),
    _typed("a content type that is none", "nonsense", expect="untouched"),
    _typed("ndjson for a search", "application/x-ndjson", expect="untouched"),
    _typed("YAML body", "application/yaml", _YAML, expect="untouched"),
    _typed("YAML body and answer", "application/yaml", _YAML, "application/yaml", expect="untouched"),
    _typed("CBOR body", "application/cbor", _CBOR, expect="untouched"),
    _typed("CBOR body and answer", "application/cbor", _CBOR, "application/cbor", expect="untouched"),
    _typed("SMILE body", "application/smile", _SMILE, expect="untouched"),
    _typed("SMILE body and answer", "application/smile", _SMILE, "application/smile", expect="untouched"),
    # Some engines tell where in a buffer of theirs they stood.
    _typed(
        "broken CBOR", "application/cbor", _CBOR[:-3], expect="untouched",
        masks=[r"x?.\[-1:\d+\]", r"x.(?=Needed to read)", r"byte offset: #\d+"],
    ),
    _typed("JSON said to be YAML", "application/yaml", expect="untouched"),
    _typed("YAML said to be JSON", "application/json", _YAML),
    _typed("JSON behind a byte order mark", "application/json", b"\xef\xbb\xbf" + _JSON, expect="untouched"),
    _accepts("JSON", "application/json"),
    _accepts("anything", "*/*"),
    _accepts("any application", "application/*"),
    _accepts("a list", "text/html, application/json;q=0.9"),
    _accepts("a list with anything", "application/json, text/plain, */*"),
    _accepts("YAML", "application/yaml", expect="untouched"),
    _accepts("CBOR", "application/cbor", expect="untouched"),
    _accepts("SMILE", "application/smile", expect="untouched"),
    _accepts("text", "text/plain", expect="untouched"),
    _accepts("csv", "text/csv", expect="untouched"),
    _accepts("HTML alone", "text/html"),
    _accepts("nothing", ""),
    _accepts("nonsense", "nonsense"),
    search("format yaml", _RED, "format=yaml", expect="untouched"),
    search("format yaml pretty", _RED, "format=yaml&pretty", expect="untouched"),
    search("format cbor", _RED, "format=cbor", expect="untouched"),
    search("format smile", _RED, "format=smile", expect="untouched"),
    search("format that is none", _RED, "format=no_such", expect="untouched"),
    search("format in capitals", _RED, "format=YAML", expect="untouched"),
    search("format over Accept", _RED, "format=json",
           headers={"Content-Type": "application/json", "Accept": "application/yaml"}, expect="untouched"),
    asks("YAML of a count", "GET", "/{index}/_count?format=yaml"),
    asks("CBOR of a document", "GET", "/{index}/_doc/p01?format=cbor"),
    asks("YAML of an error", "GET", "/{missing}/_search?format=yaml"),
    *(_typed(f"vnd {v}", _vnd(v), accept=_vnd(v)) for v in (7, 8, 9, 10)),
    _typed("vnd without a blank", _vnd(8, ""), accept=_vnd(8, "")),
    _typed("vnd without a version", _VND, accept=_VND),
    _typed("vnd of two versions", _vnd(8), accept=_vnd(7)),
    _typed("vnd only as content type", _vnd(8)),
    _typed("vnd only accepted", "application/json", accept=_vnd(8)),
    _typed("vnd content type and anything accepted", _vnd(8), accept="*/*"),
    _typed("vnd with a charset", _vnd(8) + "; charset=utf-8", accept=_vnd(8)),
    search("vnd without a body", headers={"Accept": _vnd(8)}, expect="either"),
    search("vnd 9 without a body", headers={"Accept": _vnd(9)}, expect="either"),
    asks("vnd of a count", "POST", "/{index}/_count", {"query": {"match": {"name": "red"}}},
         headers={"Content-Type": _vnd(8), "Accept": _vnd(8)}),
    asks("vnd of the root", "GET", "/", headers={"Accept": _vnd(8)}),
    asks("vnd ndjson", "POST", "/{other}/_msearch", b'{}\n{"size":1}\n',
         headers={"Content-Type": f"{_VND_LINES}; compatible-with=8", "Accept": _vnd(8)}),
    asks("vnd yaml", "GET", "/{index}/_count",
         headers={"Accept": "application/vnd.elasticsearch+yaml; compatible-with=8"}),
    search("gzipped body", gzip.compress(_JSON, mtime=0),
           headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    asks("gzipped body of a count", "POST", "/{index}/_count", gzip.compress(b'{"query":{"match_all":{}}}', mtime=0),
         headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    search("body said to be gzipped", _JSON, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
           expect="untouched"),
    search("body in an unknown encoding", _JSON,
           headers={"Content-Type": "application/json", "Content-Encoding": "br"}, expect="untouched"),
    search("Accept-Encoding gzip", {"size": 10},
           headers={"Content-Type": "application/json", "Accept-Encoding": "gzip"}),
    search("Accept-Encoding gzip, deflate, br", {"size": 10},
           headers={"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate, br"}),
    search("Accept-Encoding identity", {"size": 10},
           headers={"Content-Type": "application/json", "Accept-Encoding": "identity"}),
    asks("Accept-Encoding gzip of a document", "GET", "/{index}/_mget", {"ids": ["p01"] * 9},
         headers={"Content-Type": "application/json", "Accept-Encoding": "gzip"}),
    asks("Accept-Encoding gzip of an error", "GET", "/{missing}", headers={"Accept-Encoding": "gzip"}),
    search("X-Opaque-Id", _RED, headers={"X-Opaque-Id": "shop-front-1"}),
    search("X-Opaque-Id with an error", {"query": {"no_such": {}}}, headers={"X-Opaque-Id": "shop-front-1"}),
    asks("X-Opaque-Id of a missing index", "GET", "/{missing}", headers={"X-Opaque-Id": "shop-front-1"}),
    search("traceparent", _RED, headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}),
    search("X-Elastic-Client-Meta and User-Agent", _RED, headers={
        "x-elastic-client-meta": "es=8.19.0,py=3.11.2,t=8.17.0", "User-Agent": "elasticsearch-py/8.19.0"}),
    search("a header twice", _RED, headers=(("X-Opaque-Id", "one"), ("X-Opaque-Id", "two"))),
    search("a header of 9 KB", _RED, headers={"X-Long": "x" * 7000}),
    asks("a method override", "POST", "/{index}/_count", headers={"X-HTTP-Method-Override": "DELETE"}),
    asks("HEAD of a document with gzip", "HEAD", "/{index}/_doc/p01", headers={"Accept-Encoding": "gzip"}),
]  # fmt: skip
