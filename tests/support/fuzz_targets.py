"""Targets of fuzzed requests: paths from what the engines know, and from what walks around gates; odd queries."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from .fuzz_bodies import Names, weighed

__all__ = ["CLOSED", "OWN", "READS", "targets"]

#: Method and path. ``{i}`` is an index or several, ``{d}`` a document. The health of an index is not among them:
#: engines wait half a minute for one that is not there.
READS = (
    "GET /", "HEAD /", "GET /{i}", "HEAD /{i}", "GET /_search", "POST /_search", "POST /{i}/_count", "GET /_count",
    "POST /{i}/_field_caps", "GET /{i}/_field_caps", "POST /{i}/_validate/query", "GET /{i}/_validate/query",
    "POST /{i}/_explain/{d}", "GET /{i}/_explain/{d}", "POST /{i}/_mget", "GET /_mget", "POST /_mget",
    "POST /{i}/_termvectors/{d}", "POST /{i}/_termvectors", "POST /{i}/_mtermvectors", "GET /{i}/_search_shards",
    "POST /{i}/_rank_eval", "POST /{i}/_analyze", "GET /_analyze", "POST /{i}/_search/template",
    "POST /_render/template", "POST /_render/template/x", "POST /_msearch/template", "POST /{i}/_terms_enum",
    "GET /{i}/_knn_search", "POST /_sql", "POST /_query", "POST /{i}/_eql/search", "POST /{i}/_async_search",
    "GET /_async_search/x", "DELETE /_async_search/x", "GET /_async_search/status/x", "GET /{i}/_doc/{d}",
    "HEAD /{i}/_doc/{d}", "GET /{i}/_source/{d}", "HEAD /{i}/_source/{d}", "GET /_mapping", "GET /{i}/_mapping",
    "GET /{i}/_mapping/field/n*", "GET /_mapping/field/name", "GET /_settings", "GET /{i}/_settings",
    "GET /_settings/x", "GET /{i}/_settings/index.*", "GET /_alias", "GET /{i}/_alias", "GET /_alias/{i}",
    "GET /{i}/_alias/x", "GET /_resolve/index/{i}", "GET /_search/scroll", "POST /_search/scroll",
    "DELETE /_search/scroll", "GET /_search/scroll/x", "DELETE /_search/scroll/_all",
    "POST /{i}/_search/point_in_time", "DELETE /_search/point_in_time", "DELETE /_pit", "POST /{i}/_pit",
    "GET /_cluster/health", "GET /_cat/indices", "GET /_cat/indices/{i}",
    "GET /_cat/count/{i}", "GET /_cat/aliases", "GET /_cat/health", "POST /{i}/_doc/_search", "POST /{i}/{i}/_search",
    "OPTIONS /{i}/_search", "OPTIONS /", "OPTIONS *", "HEAD /{i}/_search", "GET /{i}/_mvt/name/1/0/0",
)  # fmt: skip
#: What only a hole in the gate lets through, or what no engine knows.
CLOSED = (
    "DELETE /{i}", "PUT /{i}", "POST /{i}", "PUT /{i}/_doc/{d}", "POST /{i}/_doc", "POST /{i}/_doc/{d}",
    "DELETE /{i}/_doc/{d}", "POST /{i}/_create/{d}", "POST /_bulk", "POST /{i}/_bulk", "PUT /_bulk",
    "POST /{i}/_update/{d}", "POST /{i}/_update_by_query", "POST /{i}/_delete_by_query", "POST /_reindex",
    "POST /_aliases", "PUT /{i}/_alias/x", "DELETE /{i}/_alias/x", "PUT /{i}/_mapping", "PUT /{i}/_settings",
    "POST /{i}/_close", "POST /{i}/_open", "POST /{i}/_forcemerge", "GET /{i}/_forcemerge", "POST /{i}/_refresh",
    "GET /{i}/_refresh", "GET /_flush", "POST /{i}/_cache/clear", "PUT /_cluster/settings", "GET /_cluster/settings",
    "GET /_cluster/state", "GET /_nodes", "GET /_nodes/http", "GET /_nodes/stats", "GET /_tasks",
    "POST /_tasks/_cancel", "GET /_cat", "GET /_cat/nodes", "GET /_cat/shards", "PUT /_scripts/x", "GET /_scripts/x",
    "POST /_scripts/painless/_execute", "PUT /_ingest/pipeline/x", "PUT /_search/pipeline/x", "PUT /_template/x",
    "PUT /_index_template/x", "PUT /_snapshot/x", "POST /{i}/_rollover", "PUT /{i}/_clone/y", "PUT /{i}/_block/write",
    "POST /_dangling/x", "DELETE /_all", "DELETE /*", "DELETE /_search/scroll/_all,x", "DELETE /{i}/_search",
    "PUT /{i}/_search", "PATCH /{i}/_search", "POST /{i}/{i}", "POST /{i}/{i}/{d}", "PUT /{i}/{i}/{d}",
    "POST /{i}/_explain/_bulk", "POST /{i}/_termvectors/_update", "POST /{i}/_doc/_bulk", "CONNECT /{i}", "TRACE /",
    "get /{i}/_search", "PROPFIND /", "POST /_bulk/_search", "POST /_search/_bulk", "GET /_plugins/_x",
    "POST /{i}/_SEARCH", "GET /favicon.ico", "GET /_sessionrankx", "GET /_sessionrank%2Fevents",
    "POST //_sessionrank/events", "GET /{i}/_search/../_bulk", "POST /_remotestore/_restore",
)  # fmt: skip
OWN = (
    "POST /_sessionrank/events", "POST /_sessionrank/events", "POST /_sessionrank/events", "GET /_sessionrank/events",
    "GET /_sessionrank/sessions/@session@", "GET /_sessionrank/sessions/{d}", "DELETE /_sessionrank/sessions/{d}",
    "GET /_sessionrank/items/@sku@/similar", "GET /_sessionrank/items/{d}/similar",
    "HEAD /_sessionrank/items/{d}/similar", "GET /_sessionrank/health/live", "GET /_sessionrank/metrics",
    "GET /_sessionrank/analogy?a=@sku@&b={d}&c=@sku@", "GET /_sessionrank/analogy?a={d}",
    "GET /_sessionrank", "GET /_sessionrank/", "OPTIONS /_sessionrank/events", "PUT /_sessionrank/sessions/x",
    "GET /_sessionrank/{d}", "POST /_sessionrank//events", "GET /_sessionrank/../_search",
    "GET /_sessionrank/sessions/", "GET /_sessionrank/%73essions/x", "PATCH /_sessionrank/events",
    "TRACE /_sessionrank/events", "POST /_sessionrank/events/",
)  # fmt: skip
INDICES = (
    b"@shop@", b"@shop@", b"@shop@", b"@shop@", b"@shop@", b"@shop@", b"@index@", b"@secret@", b"@shop@,@secret@",
    b"@shop@%2C@secret@", b"@shop@,@shop@", b"@shop@*", b"*", b"_all", b"none", b"@shop@,none", b"-@shop@",
    b"*,-@shop@", b"%3C@shop@-%7Bnow%2Fd%7D%3E", b"<@shop@>", b"gr%C3%B6%C3%9Fe", "größe".encode(), b"%ff",
    b"\xff\xfe", b"_search", b"_bulk", b"UPPER", b".hidden", b"other:@shop@", b"", b".", b"..", b"%2e%2e", b"a%2Fb",
    b"@shop@;x", b"%00", b"%", b"%zz", b"x" * 300, b"%5f%61ll", b"%2A", b"@shop@%20", b"@shop@+", b"@sho%70@",
    b"@shop@,", b",@shop@", b"%252e%252e", b"%c0%ae", b"a\\b", b"a|b", b"^", b"{}", b"[", b"'\"", b"_doc",
    b"_sessionrank", b"%F0%9F%98%80", b"&", b"=", b"@", b":", b"~",
)  # fmt: skip
DOCUMENTS = (
    b"85123A", b"@sku@", b"1", b"none", b"a%2Fb", b"..", b"%2e%2e%2f_bulk", b"_bulk", b"%5fbulk", b"_search", b"%00",
    b"%ff", "é中".encode(), b"%C3%A9", b"a;b", b"x" * 600, b"%20", b"+", b"", b"//", b"a/b", b"%", b"%2F", b"*",
    b"similar", b"\x80", b"%E2%80%A8", b"%ED%A0%80",
)  # fmt: skip
PARAMETERS = (
    b"size=3", b"size=0", b"size=-1", b"size=10001", b"size=x", b"size=", b"size", b"size=3&size=4", b"from=2",
    b"from=99", b"from=200", b"from=-5", b"from=1e3", b"from=00000000000000000001", b"q=red", b"q=", b"q",
    b"q=name:(red+OR", b"q=*:*&df=name", b"q=a&default_operator=AND&analyze_wildcard", b"q=%ff", b"q=%ED%A0%80",
    b"source=%7B%22size%22%3A1%7D&source_content_type=application/json",
    b"source={}&source_content_type=application/json", b"source=", b"source=x", b"source=%7B%7D",
    b"source_content_type=application/json", b"sort=_score", b"sort=sku:desc", b"sort=", b"filter_path=hits.hits._id",
    b"filter_path=took", b"filter_path=-hits", b"filter_path=**._source", b"filter_path=hits.hits._s*,took",
    b"filter_path=", b"filter_path", b"filter_path=-**", b"filter_path=a.,.b",
    b"filter_path=hits.hits.*,-hits.hits._source", b"filter_path=" + b"a.b," * 300, b"filter_path=%00", b"pretty",
    b"pretty=true", b"pretty=x", b"human", b"error_trace=true", b"format=yaml", b"format=cbor", b"format=smile",
    b"format=json", b"format=x", b"format=", b"v", b"h=index", b"s=index", b"scroll=1s", b"scroll=x", b"search_type=x",
    b"search_type=dfs_query_then_fetch", b"preference=_local", b"preference=abc", b"preference=_x", b"preference=",
    b"routing=a", b"request_cache=true", b"typed_keys", b"rest_total_hits_as_int=true", b"track_total_hits=false",
    b"track_scores=x", b"_source=name", b"_source=false", b"_source_includes=n*", b"stored_fields=_none_",
    b"docvalue_fields=sku", b"explain", b"version=x", b"timeout=1s", b"timeout=0", b"terminate_after=1",
    b"allow_no_indices=false", b"expand_wildcards=all", b"ignore_unavailable=true", b"ignore_throttled=x", b"lenient",
    b"analyzer=none", b"max_concurrent_searches=2", b"max_concurrent_searches=0", b"batched_reduce_size=1",
    b"ccs_minimize_roundtrips=false", b"pre_filter_shard_size=1", b"search_pipeline=none", b"keep_alive=1s",
    b"index=@secret@", b"level=indices", b"local", b"n=3", b"n=x", b"index=@shop@", b"no_such=1", b"%73ize=2",
    b"s%69ze=2", b"size=%33", b"size=3;from=1", b"=q=x", b"=", b"&", b"&&", b"?", b"?size=2", b"a=%", b"a=%zz",
    b"%zz=a", b"a=%00", b"%00", b"\xff=\xfe", "ü=é".encode(), b"_method=DELETE", b"%5fmethod=PUT", b"method=x",
    b"a" * 5000, b"x=" + b"y" * 9000, b"a=1&" * 300, b"#frag", b"fields=*", b"fields=name", b"include_defaults",
    b"flat_settings", b"text=red", b"realtime=false", b"op_type=create", b"refresh=true", b"pipeline=x", b"phase_took",
)  # fmt: skip


_BEFORE_SLASH = (
    b"/", b"/.", b"/x/..", b"/%2e%2e", b"/%2E", b";a=b", b"%00", b"%0d%0a", b"%20", b"/..;", b"/%252e%252e",
    b"/%c0%ae%c0%ae", b"#", b"%3B", b"%5C..",
)  # fmt: skip
#: From a path, the place of a slash, the place of a byte and a number: a path that some server reads as another one.
_TRICKS: tuple[Callable[[bytes, int, int, int], bytes], ...] = (
    lambda path, slash, at, n: path[:slash] + b"%2F" + path[slash + 1 :],
    lambda path, slash, at, n: path[:slash] + b"\\" + path[slash + 1 :],
    lambda path, slash, at, n: path[:at] + b"%%%02x" % path[at] + path[at + 1 :],
    lambda path, slash, at, n: path[:at] + b"%%25%02x" % path[at] + path[at + 1 :],
    lambda path, slash, at, n: path[:at] + path[at:].upper(),
    lambda path, slash, at, n: path[:at] + bytes([0x80 + n % 128]) + path[at:],
    lambda path, slash, at, n: path[:at] + bytes([n % 33]) + path[at:],
    lambda path, slash, at, n: path + b"/",
    lambda path, slash, at, n: path + b"/x" * (n * 150),
    lambda path, slash, at, n: b"http://elsewhere" + path,
    lambda path, slash, at, n: path[1:],
)


def _tricked(path: bytes, how: int, number: int) -> bytes:
    slashes = [i for i, byte in enumerate(path) if byte == 0x2F] or [0]
    slash = slashes[number % len(slashes)]
    if how < len(_BEFORE_SLASH):
        return path[:slash] + _BEFORE_SLASH[how] + path[slash:]
    return _TRICKS[how - len(_BEFORE_SLASH)](path, slash, number % len(path), number)


def _target(
    route: str, index: bytes, document: bytes, trick: int, place: int, query: list[bytes], names: Names
) -> tuple[bytes, bytes]:
    method, _, path = route.partition(" ")
    made = path.encode().replace(b"{i}", index).replace(b"{d}", document)
    made = names.put_into(made)
    if trick > 0:
        made = _tricked(made, trick - 1, place)
    return method.encode(), made + b"?" * bool(query) + names.put_into(b"&".join(query))


def targets(routes: tuple[str, ...], names: Names, *, tricks: int = 200) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """Method and target of a request to one of ``routes``; the more ``tricks``, the fewer are played."""
    query = weighed((2, st.just([])), (1, st.lists(st.sampled_from(PARAMETERS), max_size=3)))
    return st.builds(
        _target,
        st.sampled_from(routes),
        st.sampled_from(INDICES),
        st.sampled_from(DOCUMENTS),
        # What is drawn shrinks towards zero: no trick.
        st.integers(-tricks, len(_BEFORE_SLASH) + len(_TRICKS)),
        st.integers(0, 150),
        query,
        st.just(names),
    )
