"""Bodies of fuzzed requests: searches put together from the parts that searches have, then spoilt here and there.

Everything is JSON text, not values, so that names can stand twice and numbers can be what no parser would write. A
body is made of few choices among many parts: that keeps ten thousand of them quick, and what fails small.

Kept out, since they end an engine and not a proxy: queries nested hundreds deep, regular expressions and scripts
without end, sizes near 2^31, and ids of contexts that an engine could take for lengths (longer texts hold a blank).
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TypeVar

from hypothesis import strategies as st

__all__ = ["BINARY", "Names", "documents", "events", "multi_search", "packed", "search", "spoilt", "weighed"]

T = TypeVar("T")

JUNK = (
    "null", "true", '""', "-1", "0", "1e400", "-0.0", "1.0E10", "9007199254740993", "99999999999999999999999", "NaN",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u00e9 \\u4e2d"', '"é 中 😀"', '"\\x"', "'one'", "/*c*/1", "{}",
    "[]", '{"":[]}', "[[[[[[[[]]]]]]]]", '{"a":{"a":{"a":{}}}}', '"_score"', '"10"', '"' + "c d " * 90 + '"', "01",
    "+1", ".5", "0x10", "{", "]", ",", '"', "\\", "[1,]", '{"a":1,"a":2}', '{"query":{"match_all":{}}}', "tr",
    '"\x01"', "1" * 400 + ".0", "[" * 50 + "]" * 50, '{"b":' * 60 + "1" + "}" * 60, "\ufeff1", "\u00a01", '"\u2028 "',
)  # fmt: skip
LEAVES = (
    '{"match_all":{}}', '{"match_all":{"boost":3.5}}', '{"match_none":{}}', '{"match":{"name":"heart"}}',
    '{"match":{"name":{"query":"red heart","operator":"and","fuzziness":"AUTO","_name":"n"}}}',
    '{"match_phrase":{"name":"white hanging"}}', '{"match_phrase_prefix":{"name":"whi"}}',
    '{"multi_match":{"query":"box","fields":["name^2","group","nothing"],"type":"cross_fields"}}',
    '{"match_bool_prefix":{"name":"red h"}}', '{"term":{"group":"heart"}}',
    '{"term":{"group":{"value":"Bag","case_insensitive":true}}}', '{"terms":{"group":["bag","box"]}}',
    '{"terms":{"group":{"index":"@secret@","id":"1","path":"word"}}}',
    '{"terms_set":{"group":{"terms":["a"],"minimum_should_match_script":{"source":"1"}}}}',
    '{"range":{"popularity":{"gte":2,"lt":1e3}}}', '{"range":{"popularity":{"gte":"now-1d/d","time_zone":"+01:00"}}}',
    '{"exists":{"field":"popularity"}}', '{"prefix":{"sku":"8"}}', '{"wildcard":{"sku":{"value":"8*a"}}}',
    '{"regexp":{"sku":"8[0-9]{1,4}"}}', '{"fuzzy":{"name":{"value":"haert","max_expansions":9}}}',
    '{"ids":{"values":["85123A",1,null]}}', '{"query_string":{"query":"name:(red OR blue) AND -group:bag"}}',
    '{"query_string":{"query":"((((","default_field":"name"}}',
    '{"simple_query_string":{"query":"+red -(","fields":["name"]}}',
    '{"constant_score":{"filter":{"term":{"group":"bag"}},"boost":2}}',
    '{"dis_max":{"queries":[{"match":{"name":"red"}}],"tie_breaker":0.3}}',
    '{"boosting":{"positive":{"match_all":{}},"negative":{"term":{"group":"bag"}},"negative_boost":0.1}}',
    '{"function_score":{"query":{"match_all":{}},"functions":[{"random_score":{"seed":1,"field":"_seq_no"}}],"boost_mode":"sum"}}',
    '{"function_score":{"field_value_factor":{"field":"popularity","missing":1,"modifier":"ln1p"}}}',
    '{"script_score":{"query":{"match_all":{}},"script":{"source":"_score * params.a","params":{"a":2}}}}',
    '{"script_score":{"query":{"match_all":{}},"script":"1/0"}}',
    '{"script_score":{"query":{"match_all":{}},"script":"-1"}}',
    '{"script":{"script":"doc[\'popularity\'].value > 1"}}',
    '{"more_like_this":{"fields":["name"],"like":"red heart","min_term_freq":1}}',
    '{"more_like_this":{"fields":["name"],"like":[{"_index":"@secret@","_id":"1"}],"min_doc_freq":1}}',
    '{"intervals":{"name":{"match":{"query":"red heart","max_gaps":2}}}}',
    '{"span_near":{"clauses":[{"span_term":{"name":"red"}}],"slop":1}}',
    '{"nested":{"path":"none","query":{"match_all":{}}}}',
    '{"geo_distance":{"distance":"1km","place":{"lat":1,"lon":2}}}',
    '{"wrapper":{"query":"eyJtYXRjaF9hbGwiOnt9fQ=="}}', '{"pinned":{"ids":["1"],"organic":{"match_all":{}}}}',
    '{"knn":{"v":{"vector":[1,2],"k":2}}}', '{"hybrid":{"queries":[]}}', '{"neural":{}}',
    '{"percolate":{"field":"q","document":{}}}', '{"rank_feature":{"field":"popularity"}}',
    '{"distance_feature":{"field":"d","origin":"now","pivot":"7d"}}', '{"parent_id":{"type":"x","id":"1"}}',
    '{"no_such_query":{}}', '{"match":{}}', '{"match":{"name":"a","group":"b"}}', '{"bool":{}}',
    '{"bool":{"must":[],"should":{},"filter":null,"minimum_should_match":"-50%"}}', "{}", "[]", "null", '"red"', "7",
    '{"match":null}',
)  # fmt: skip
MEMBERS = (
    '"size":3', '"size":0', '"size":10001', '"size":"7"', '"size":-1', '"size":1.5', '"size":null', '"size":100',
    '"from":0', '"from":5', '"from":99', '"from":101', '"from":9999', '"from":10001', '"from":-1', '"from":"2"',
    '"from":null', '"sort":["_score"]', '"sort":"_doc"', '"sort":[{"sku":"asc"}]',
    '"sort":[{"_score":{"order":"desc"}}]', '"sort":[]',
    '"sort":[{"none":{"unmapped_type":"long","missing":"_last"}}]',
    '"sort":{"_script":{"type":"number","script":"1","order":"asc"}}', '"sort":[{"_score":"asc"},"sku"]',
    '"sort":null', '"_source":false', '"_source":["name","gr*"]', '"_source":{"includes":"name","excludes":["n*"]}',
    '"_source":"no such"', '"_source":{"a":1}', '"stored_fields":"_none_"', '"stored_fields":["name","_routing"]',
    '"fields":["name",{"field":"sku","format":"x"}]', '"docvalue_fields":["sku","_id"]',
    '"highlight":{"fields":{"name":{}}}',
    '"highlight":{"fields":{"name":{"type":"fvh"}},"pre_tags":["<é>"],"highlight_query":{"match_all":{}}}',
    '"highlight":{"fields":[{"name":{"type":"unified"}},{"*":{}}],"order":"score","number_of_fragments":0}',
    '"highlight":{}', '"highlight":null', '"highlight":[]',
    '"highlight":{"fields":{"name":{"type":"plain","fragment_size":-1}}}', '"collapse":{"field":"group"}',
    '"collapse":{"field":"group","inner_hits":{"name":"i","size":2}}', '"collapse":{"field":"name"}', '"collapse":{}',
    '"aggs":{"g":{"terms":{"field":"group","size":3},"aggs":{"m":{"max":{"field":"popularity"}}}}}',
    '"aggs":{"g":{"top_hits":{"size":2}}}', '"aggregations":{"h":{"histogram":{"field":"popularity","interval":50}}}',
    '"aggs":{"s":{"significant_terms":{"field":"group"}}}',
    '"aggs":{"c":{"cardinality":{"field":"sku"}},"p":{"percentiles":{"field":"popularity"}}}',
    '"aggs":{"f":{"filters":{"filters":{}}}}',
    '"aggs":{"x":{"composite":{"sources":[{"g":{"terms":{"field":"group"}}}],"after":{"g":"b"}}}}', '"aggs":{}',
    '"aggs":{"a":{}}', '"aggs":[]', '"aggs":{"b":{"bucket_script":{"buckets_path":"x","script":"1"}}}',
    '"aggs":{"":{"max":{"field":"popularity"}}}', '"aggs":{"a[b]":{"min":{}}}',
    '"suggest":{"s":{"text":"haert","term":{"field":"name"}}}',
    '"suggest":{"text":"rde","s":{"phrase":{"field":"name"}}}', '"suggest":{}',
    '"suggest":{"c":{"prefix":"h","completion":{"field":"none"}}}', '"post_filter":{"term":{"group":"bag"}}',
    '"post_filter":{}', '"rescore":{"window_size":10,"query":{"rescore_query":{"match":{"name":"red"}}}}',
    '"rescore":[]', '"min_score":0.5', '"min_score":"1"', '"search_after":[1,"a"]', '"search_after":[]',
    '"search_after":{}', '"track_total_hits":true', '"track_total_hits":3', '"track_total_hits":"x"',
    '"track_scores":true', '"explain":true', '"version":true', '"seq_no_primary_term":true', '"profile":true',
    '"profile":"yes"', '"profile":false', '"timeout":"1s"', '"timeout":"x"', '"timeout":5', '"terminate_after":3',
    '"terminate_after":-1', '"indices_boost":[{"@shop@":2}]',
    '"runtime_mappings":{"r":{"type":"long","script":"emit(1)"}}',
    '"derived":{"d":{"type":"long","script":"emit(1)"}}',
    '"script_fields":{"a":{"script":{"source":"1","lang":"painless"}}}', '"script_fields":{"a":{"script":"x("}}',
    '"stats":["a"]', '"ext":{}', '"pit":{"id":"x"}', '"pit":{}', '"pit":null', '"slice":{"id":0,"max":2}',
    '"scroll":"1s"', '"knn":{"field":"v","query_vector":[1],"k":1}', '"retriever":{"standard":{}}',
    '"rank":{"rrf":{}}', '"search_pipeline":"none"', '"search_pipeline":{}', '"sub_searches":[]', '"no_such":1',
    '"Size":3', '"":1', '"\\u0073ize":3', '"size":1,"size":2', '"from":0,"from":1', '"query":{"match_none":{}}',
    '"que\\u0072y":{"match_none":{}}', '"inner_hits":{}', '"preference":"_local"', '"verbose_pipeline":true',
    '"include_named_queries_score":true', '"concurrent_segment_search":1',
)  # fmt: skip
HEADERS = (
    "{}", '{"index":"@shop@"}', '{"index":["@shop@","@shop@"]}', '{"index":"@index@"}', '{"index":"@secret@"}',
    '{"index":"@shop@,@secret@"}', '{"index":"*"}', '{"index":"none"}', '{"index":[]}', '{"index":null}',
    '{"index":7}', '{"index":{"a":1}}', '{"indices":"@secret@"}', '{"_index":"@secret@"}', "", " ",
    '{"index":"@shop@","preference":"_local"}',
    '{"index":"@shop@","search_type":"dfs_query_then_fetch","ignore_unavailable":true}', '{"no_such":1}',
    '{"index":"@shop@","index":"@secret@"}', '{"i\\u006edex":"@secret@"}', '{"index":"@shop@","routing":"a"}',
    '{"index":"@shop@","type":"_doc"}', "[]", "null", "{", '{"index":"@shop@"} {"index":"@secret@"}',
    '{"index":"@shop@"}x', '{"index":"\\ud800"}', '{"index":"-@shop@"}', '{"index":""}', "é",
    '{"index":"@shop@","request_cache":"x"}', '{"index":"@shop@","allow_no_indices":7,"expand_wildcards":[]}',
    '{"index":"<@shop@-{now/d}>"}', "{ }",
)  # fmt: skip
EVENTS = (
    '{"session":"@session@","type":"view","sku":"@sku@"}',
    '{"session":"s2","type":"cart","sku":"85123A","id":"e1","ts":1700000000000}',
    '{"session":"@session@","type":"view","sku":"@sku@","id":"same"}', '{"session":"s 3","type":"view","sku":"1"}',
    '{"session":"","type":"view","sku":"1"}', '{"session":"s3","type":"none","sku":"1"}',
    '{"session":"s3","type":"view","sku":""}', '{"session":"s3","type":"view","sku":"\\u0000"}', "{}", "[]",
    '{"session":"s3","type":"view","sku":"\\ud800"}',
    '{"session":"s3","type":"view","sku":"é 中","query_id":"\\udfff"}', '"x"', "7", "null", "[[]]", "",
    '{"session":"s3","type":"view","sku":"1","ts":"2024-01-01T00:00:00Z","position":3}',
    '{"session":"s3","type":"view","sku":"1","ts":1e300}',
    '{"session":"s3","type":"view","sku":"1","ts":99999999999999999999999}',
    '{"session":"s3","type":"view","sku":"1","ts":"9999-12-31T23:59:59.999999-23:59"}',
    '{"session":"s3","type":"view","sku":"1","ts":"0001-01-01T00:00:00+23:59"}',
    '{"session":"s3","type":"view","sku":"1","position":-1}',
    '{"session":"s3","type":"view","sku":"1","position":1.0}', '{"session":"s3","type":"view","sku":"1","surprise":1}',
    '{"session":["s3"],"type":{},"sku":7}', '{"session":"s3","type":["view"],"sku":"1"}',
    '{"session":"s3","type":{"a":1},"sku":"1"}', '{"session":"s3","type":"view","sku":true,"id":[]}', "{",
    '{"session":"s3","type":"view","sku":"1","ts":true}',
    '{"session":"s3","type":"view","sku":"1","ts":null,"id":null,"position":null,"query_id":null}', '{"events":[]}',
    '{"events":null}', '{"events":{"a":1}}', '{"session":"s3","type":"view","sku":"1","\\ud800":1}',
    '{"session":"s3","session":"s4"}',
)  # fmt: skip
OTHERS = (
    '{"ids":["85123A","1"]}', '{"docs":[{"_id":"85123A"},{"_index":"@secret@","_id":"1"}]}',
    '{"docs":[{"_index":"@shop@","_id":"1","_source":false}]}', '{"docs":{}}',
    '{"text":"Red hearts","analyzer":"standard"}', '{"field":"name","text":["a","b"]}',
    '{"fields":["name"],"offsets":false}', '{"doc":{"name":"red"},"fields":["name"]}',
    '{"source":{"query":{"match":{"name":"{{q}}"}}},"params":{"q":"red"}}', '{"id":"none","params":{}}',
    '{"scroll_id":"x"}', '{"scroll_id":["_all"]}', '{"scroll_id":"_all"}', '{"pit_id":["_all"]}', '{"pit_id":"x"}',
    '{"id":"x"}', '{"scroll_id":7}', '{"requests":[],"metric":{"precision":{}}}',
    '{"fields":["name"],"index_filter":{"match_all":{}}}', '{"query":"SELECT 1"}', '{"string":"a","field":"sku"}',
    '{"actions":[{"remove":{"index":"@shop@","alias":"x"}}]}', '{"index":{"_id":"1"}}\n{"name":"x"}\n',
    '{"delete":{"_id":"85123A"}}\n',
)  # fmt: skip
#: Bodies that are no JSON: CBOR, SMILE, YAML, forms, bare bytes.
BINARY = (
    b"\xa1\x65query\xa1\x69match_all\xa0", b"\xbf\x64size\x03\xff", b":)\n\x01\xfa\x83size\xc6\xfb",
    b"---\nquery:\n  match_all: {}\n", b"q=red&size=3", b"\xff\xfe\x7b\x00\x7d\x00", b"\x00", b"\xef\xbb\xbf{}",
    b"\x1f\x8b\x08", b"\x80\x81\xfe\xff" * 9, b"<a/>", b"--b\r\n\r\n--b--\r\n", b"\r\n", b"\n\n\n",
)  # fmt: skip
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[{}\[\],:]')


class Names:
    """What the words in ``@…@`` stand for: an alias, its index, somebody else's index, a session, a sku."""

    def __init__(self, **words: str) -> None:
        self._words = {f"@{word}@".encode(): text.encode() for word, text in words.items()}

    def put_into(self, data: bytes) -> bytes:
        """The bytes with every word replaced."""
        if b"@" in data:
            for word, text in self._words.items():
                data = data.replace(word, text)
        return data


def weighed(*choices: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """One of several, as often as its weight says; ``st.one_of`` takes a repeated one once."""
    return st.sampled_from([each for weight, each in choices for _ in range(weight)]).flatmap(lambda each: each)


def _wrapped(query: str, how: int, other: str) -> str:
    """A query inside others."""
    if how < 3:
        return query
    if how < 6:
        return f'{{"bool":{{"must":[{query}],"should":{other},"filter":[{other}]}}}}'
    if how == 6:
        return f'{{"bool":{{"must_not":{query},"must":{other}}}}}'
    if how == 7:
        return f'{{"function_score":{{"query":{query},"weight":2}}}}'
    if how == 8:
        return f'{{"script_score":{{"query":{query},"script":{{"source":"_score + 1"}}}}}}'
    depth = (how - 8) * 5
    return '{"bool":{"must":[' * depth + query + "]}}" * depth


def _query() -> st.SearchStrategy[str]:
    return st.builds(_wrapped, st.sampled_from(LEAVES), st.integers(0, 20), st.sampled_from(LEAVES))


def _object(query: str, members: list[str], first: bool) -> str:
    parts = [f'"query":{query}', *members] if query else members
    return "{" + ",".join(parts if first else parts[::-1]) + "}"


def search() -> st.SearchStrategy[str]:
    """The body of a search, sound in its syntax."""
    query = weighed((5, _query()), (1, st.just("")))
    return st.builds(_object, query, st.lists(st.sampled_from(MEMBERS), max_size=3), st.booleans())


def _lines(items: list[tuple[str, str]], end: str, last: bool) -> str:
    lines = [line for item in items for line in item]
    return end.join(lines) + (end if last else "")


def multi_search() -> st.SearchStrategy[str]:
    """Headers and searches, a line each; the line's end and the last one's vary."""
    header = weighed((2, st.sampled_from(HEADERS)), (3, st.sampled_from(HEADERS[:4])))
    item = st.tuples(header, weighed((6, search()), (1, st.sampled_from(JUNK))))
    ends = st.sampled_from(["\n", "\n", "\n", "\n", "\r\n", "\n\n", "\r"])
    return st.builds(_lines, st.lists(item, max_size=3), ends, st.sampled_from([True, True, True, False]))


def _batch(events: list[str], shape: int) -> str:
    if shape == 0:
        return "\n".join(events) + "\n"
    inner = "[" + ",".join(events) + "]"
    return inner if shape == 1 else f'{{"events":{inner}}}' if shape < 4 else events[0] if events else inner * 600


def events() -> st.SearchStrategy[str]:
    """Events: lines, a list, an object with a list, one alone."""
    return st.builds(_batch, st.lists(st.sampled_from(EVENTS), max_size=4), st.integers(0, 4))


def documents() -> st.SearchStrategy[str]:
    """Bodies of the other endpoints."""
    return st.sampled_from(OTHERS)


def _spoil(text: str, how: int, place: int, junk: str, names: Names) -> bytes:
    data = names.put_into(text.encode("utf-8", "surrogatepass"))
    tokens = list(_TOKEN.finditer(data)) if how in (1, 2, 3) else []
    if tokens:
        token = tokens[place % len(tokens)]
        kept = data[token.start() : token.end()] if how == 3 else b""
        return data[: token.start()] + junk.encode() + kept + data[token.end() :]
    at = place % (len(data) + 1)
    if how == 4:
        return data[:at]
    if how == 5:
        return data[:at] + BINARY[place % len(BINARY)] + data[at:]
    if how == 6:
        return data + b" " * place * 700
    if how == 7:
        return data.decode("utf-8", "replace").encode(("utf-16", "utf-16-be", "utf-32", "utf-8-sig")[place % 4])
    return data


def spoilt(bodies: st.SearchStrategy[str], names: Names) -> st.SearchStrategy[bytes]:
    """Most of them as they are, the others with a word too many, the end missing, another encoding, much too long."""
    return st.builds(_spoil, bodies, st.integers(0, 24), st.integers(0, 300), st.sampled_from(JUNK), st.just(names))


def packed(body: bytes, how: int) -> tuple[bytes, bytes]:
    """A ``Content-Encoding`` and the body in it: whole, cut, told wrongly, two megabytes in two kilobytes."""
    if how == 0:
        return b"gzip", gzip.compress(body, 1, mtime=0)
    if how == 1:
        return b"gzip", gzip.compress(body, 1, mtime=0)[:-5]
    if how == 2:
        return b"gzip", body
    if how == 3:
        return b"gzip", _BOMB
    if how == 4:
        return b"deflate", zlib.compress(body)
    if how == 5:
        return b"gzip, gzip", gzip.compress(gzip.compress(body, 1, mtime=0), 1, mtime=0)
    if how == 6:
        return b"x-gzip", gzip.compress(body, 1, mtime=0) + gzip.compress(b" ", 1, mtime=0)
    return (b"identity", b"br", b"GZIP", b"")[how % 4], body


_BOMB = gzip.compress(b'{"size":' + b" " * 2_000_000 + b"1}", 9, mtime=0)
