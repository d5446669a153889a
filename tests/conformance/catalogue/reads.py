"""All other endpoints of the search side: counts, documents, explanations, templates, other languages."""

from __future__ import annotations

from tests.conformance.rows import FRESH, Row, asks

__all__ = ["ROWS"]

_RED = {"query": {"match": {"name": "red"}}}
_WORDS = {"source": {"query": {"match": {"name": "{{words}}"}}, "size": "{{size}}"}}
_PARAMS = {"words": "red", "size": 3}
_RANK_EVAL = {
    "requests": [{"id": "red", "request": _RED, "ratings": [{"_index": "{index}", "_id": "p05", "rating": 1}]}],
    "metric": {"precision": {"k": 5, "relevant_rating_threshold": 1}},
}


def _of(path: str, *rows: tuple[str, str, str, object]) -> list[Row]:
    """Rows (what, method, rest of the target, body) of one endpoint."""
    return [
        asks(f"{path} {what}".strip(), method, f"/{{index}}/{path}{rest}", body) for what, method, rest, body in rows
    ]


ROWS = [
    *_of("_count",
         ("", "GET", "", None), ("with a body", "POST", "", _RED), ("by GET with a body", "GET", "", _RED),
         ("with q", "GET", "?q=name:red", None), ("with terminate_after", "POST", "?terminate_after=2", _RED),
         ("with min_score", "POST", "?min_score=1", _RED), ("with size in the body", "POST", "", {"size": 3}),
         ("with a bad query", "POST", "", {"query": {"no_such": {}}}),
         ("with an unknown parameter", "GET", "?sizee=1", None)),
    asks("_count of everything", "GET", "/_count?q=nothingofthiskind"),
    *_of("_field_caps",
         ("", "GET", "?fields=*", None), ("some fields", "GET", "?fields=name,pr*,no_such", None),
         ("without fields", "GET", "", None), ("by POST", "POST", "?fields=price", None),
         ("with a filter", "POST", "?fields=price", {"index_filter": {"range": {"price": {"gte": 1000}}}}),
         ("include_unmapped", "GET", "?fields=popularity&include_unmapped=true", None),
         ("fields in the body", "POST", "", {"fields": ["name"]})),
    asks("_field_caps of two indices", "GET", "/{index},{other}/_field_caps?fields=name,price,day&include_unmapped"),
    *_of("_validate/query",
         ("", "GET", "", None), ("with q", "GET", "?q=name:red&explain=true", None),
         ("with rewrite", "POST", "?rewrite=true", {"query": {"match": {"name": "he*"}}}),
         ("explained", "POST", "?explain=true", _RED), ("of a bad query", "POST", "?explain", {"query": {"no": {}}}),
         ("all_shards", "POST", "?all_shards=true&explain=true", _RED)),
    *_of("_explain/p01",
         ("", "POST", "", _RED), ("with q", "GET", "?q=name:red&df=name", None),
         ("with the source", "POST", "?_source=name", _RED), ("without a query", "GET", "", None)),
    asks("_explain of a missing document", "POST", "/{index}/_explain/nothing", _RED),
    *_of("_termvectors/p01",
         ("", "GET", "", None), ("of fields", "GET", "?fields=name&term_statistics=true", None),
         ("with a filter", "POST", "", {"fields": ["description"], "filter": {"max_num_terms": 2}})),
    *_of("_termvectors",
         ("of an artificial document", "POST", "", {"doc": {"name": "a red heart"}, "fields": ["name"]}),
         ("of nothing", "GET", "/nothing", None)),
    *_of("_mtermvectors", ("", "POST", "", {"ids": ["p01", "p02"], "parameters": {"fields": ["name"]}}),
         ("by the URL", "GET", "?ids=p01,p02&fields=name", None)),
    asks("_mtermvectors across indices", "POST", "/_mtermvectors", {"docs": [
        {"_index": "{index}", "_id": "p01", "fields": ["name"]}, {"_index": "{missing}", "_id": "1"}]}),
    *_of("_mget",
         ("", "POST", "", {"ids": ["p01", "p59", "missing"]}), ("by GET", "GET", "", {"ids": ["p01"]}),
         ("with _source", "POST", "?_source=name,maker.name", {"ids": ["p01"]}),
         ("with stored_fields", "POST", "?stored_fields=stored", {"ids": ["p01"]}),
         ("with docs", "POST", "", {"docs": [{"_id": "p01", "_source": False}, {"_id": "p02", "routing": "x"}]}),
         ("without ids", "POST", "", {"ids": []}), ("without a body", "POST", "", None),
         ("with an unknown member", "POST", "", {"idz": ["p01"]})),
    asks("_mget across indices", "POST", "/_mget", {"docs": [
        {"_index": "{index}", "_id": "p01"}, {"_index": "{other}", "_id": "s01"},
        {"_index": "{missing}", "_id": "1"}]}),
    *_of("_doc",
         ("", "GET", "/p01", None), ("pretty", "GET", "/p02?pretty", None), ("HEAD", "HEAD", "/p01", None),
         ("missing", "GET", "/nothing", None), ("HEAD of a missing one", "HEAD", "/nothing", None),
         ("without its source", "GET", "/p01?_source=false", None),
         ("with fields", "GET", "/p01?_source=na*,price", None),
         ("stored_fields", "GET", "/p01?stored_fields=stored", None), ("realtime", "GET", "/p01?realtime=false", None),
         ("of a version that is not so", "GET", "/p01?version=77", None),
         ("with routing", "GET", "/r1?routing=p06", None),
         ("id with a slash", "GET", "/a%2Fb", None), ("id in unicode", "GET", "/%E6%9D%B1", None),
         ("id with plus and blank", "GET", "/a+b%20c", None)),
    *_of("_source",
         ("", "GET", "/p01", None), ("of fields", "GET", "/p01?_source_includes=name", None),
         ("HEAD", "HEAD", "/p01", None), ("missing", "GET", "/nothing", None),
         ("HEAD missing", "HEAD", "/nothing", None),
         ("pretty", "GET", "/p03?pretty", None)),
    *_of("_search_shards", ("", "GET", "", None), ("with routing", "POST", "?routing=p06", None)),
    *_of("_analyze",
         ("", "POST", "", {"text": "White hanging heart", "analyzer": "standard"}),
         ("by a field", "POST", "", {"field": "name", "text": "Red"}), ("explained", "POST", "", {
             "tokenizer": "standard", "filter": ["lowercase"], "text": "Red Heart", "explain": True}),
         ("by GET", "GET", "", {"text": ["a b", "c"]}), ("of nothing", "POST", "", {}),
         ("by an unknown analyzer", "POST", "", {"analyzer": "no_such", "text": "x"})),
    asks("_analyze without an index", "POST", "/_analyze", {"text": "Red", "analyzer": "standard"}),
    *_of("_rank_eval", ("", "POST", "", _RANK_EVAL), ("without requests", "POST", "", {"requests": []})),
    *_of("_terms_enum", ("by GET", "GET", "", {"field": "group", "string": "h"})),
    asks("_terms_enum", "POST", "/{index}/_terms_enum", {"field": "group", "string": "h"}),
    asks("_knn_search", "POST", "/{index}/_knn_search", {"knn": {
        "field": "vector", "query_vector": [1, 1, 1, 1], "k": 2, "num_candidates": 5}}),
    *_of("_mvt", ("", "GET", "/place/2/1/1", None), ("by POST", "POST", "/place/2/1/1", _RED)),
    *_of("_search/template",
         ("", "POST", "", {**_WORDS, "params": _PARAMS}),
         ("stored", "POST", "", {"id": "{template}", "params": _PARAMS}),
         ("stored with a default", "POST", "", {"id": "{template}", "params": {"words": "heart"}}),
         ("explained and profiled off", "POST", "", {**_WORDS, "params": _PARAMS, "explain": True}),
         ("that is not there", "POST", "", {"id": "no-such", "params": {}}), ("without a body", "POST", "", None),
         ("that makes no search", "POST", "", {"source": {"no_such": 1}, "params": {}}),
         ("with rest_total_hits_as_int", "POST", "?rest_total_hits_as_int=true", {**_WORDS, "params": _PARAMS}),
         ("by GET", "GET", "?typed_keys", {**_WORDS, "params": _PARAMS})),
    asks("_msearch/template", "POST", "/{index}/_msearch/template",
         b'{}\n{"source":"{\\"query\\":{\\"match\\":{\\"name\\":\\"{{w}}\\"}}}","params":{"w":"red"}}\n'
         b'{}\n{"id":"no-such"}\n', headers={"Content-Type": "application/x-ndjson"}),
    asks("_render/template", "POST", "/_render/template", {**_WORDS, "params": _PARAMS}),
    asks("_render/template stored", "POST", "/_render/template/{template}", {"params": _PARAMS}),
    asks("_render/template by GET", "GET", "/_render/template", {"id": "{template}", "params": _PARAMS}),
    asks("_sql", "POST", "/_sql", {"query": 'SELECT sku FROM "{index}" ORDER BY sku LIMIT 2'}),
    asks("_sql as text", "POST", "/_sql?format=txt", {"query": 'SELECT sku FROM "{index}" LIMIT 1'}),
    asks("_query", "POST", "/_query", {"query": "FROM {index} | SORT sku | LIMIT 2 | KEEP sku"}),
    asks("_query as csv", "POST", "/_query?format=csv", {"query": "FROM {index} | LIMIT 1 | KEEP sku"}),
    asks("_eql/search", "POST", "/{index}/_eql/search", {"query": "any where true", "timestamp_field": "added"}),
    asks("a search of a type", "POST", "/{index}/product/_search", _RED, headers=FRESH),
    asks("a search of a type by GET", "GET", "/{index}/product/_search?q=red", headers=FRESH),
]  # fmt: skip
