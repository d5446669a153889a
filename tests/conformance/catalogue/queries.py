"""Kinds of queries, each alone in a search."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Expect, Row, search

__all__ = ["ROWS"]

_SCRIPT = {"source": "doc['price'].size() == 0 ? 1 : doc['price'].value * params.f", "params": {"f": 2}}


def _kind(name: str, query: dict[str, Any], expect: Expect = "ranked") -> Row:
    return search(name, {"query": query}, expect=expect, headers=FRESH)


def _plain(kind: str, value: Any, expect: Expect = "ranked", name: str = "") -> Row:
    return _kind(name or kind, {kind: value}, expect)


ROWS = [
    _plain("match", {"name": {"query": "red heart", "operator": "and", "fuzziness": "AUTO"}}),
    _plain("match_phrase", {"name": {"query": "tea pot", "slop": 1}}),
    _plain("match_phrase_prefix", {"name": "tea p"}),
    _plain("match_bool_prefix", {"name": "red he"}),
    _plain("multi_match", {"query": "red heart", "fields": ["name^3", "description"]}),
    _plain("multi_match", {"query": "red heart", "type": "cross_fields", "fields": ["name", "description"]},
           name="multi_match cross_fields"),
    _plain("multi_match", {"query": "red he", "type": "phrase_prefix", "fields": ["name*"]},
           name="multi_match phrase_prefix"),
    _plain("multi_match", {"query": "heart", "type": "best_fields", "fields": ["*"], "lenient": True},
           name="multi_match all fields, lenient"),
    _plain("combined_fields", {"query": "red heart", "fields": ["name", "description"]}),
    _plain("query_string", {"query": "name:(red AND heart) OR group:pot", "default_field": "name"}),
    _plain("simple_query_string", {"query": "red + heart | pot", "fields": ["name"]}),
    _plain("intervals", {"name": {"all_of": {"ordered": True, "intervals": [
        {"match": {"query": "red"}}, {"match": {"query": "heart"}}]}}}),
    _plain("term", {"group": "heart"}),
    _plain("term", {"group": {"value": "HEART", "case_insensitive": True}}, name="term case_insensitive"),
    _plain("terms", {"group": ["heart", "pot"], "boost": 2}),
    _plain("terms", {"group": {"index": "{other}", "id": "s01", "path": "group"}}, name="terms lookup"),
    _plain("terms_set", {"tags": {"terms": ["red", "wooden"], "minimum_should_match_field": "stock"}}),
    _plain("terms_set", {"tags": {"terms": ["red", "wooden"], "minimum_should_match_script": {"source": "1"}}},
           name="terms_set with a script"),
    _plain("range", {"price": {"gte": 10, "lt": 30}}),
    _plain("range", {"added": {"gte": "2024-03-01||/M", "lte": "now", "format": "yyyy-MM-dd", "time_zone": "+01:00"}},
           name="range of dates"),
    _plain("range", {"ages": {"gte": 3, "lte": 4, "relation": "contains"}}, name="range of ranges"),
    _plain("exists", {"field": "popularity"}),
    _plain("prefix", {"group": {"value": "he"}}),
    _plain("wildcard", {"sku": {"value": "SKU/0*"}}),
    _plain("regexp", {"group": {"value": "h.*t", "flags": "ALL"}}),
    _plain("fuzzy", {"name": {"value": "haert", "transpositions": True}}),
    _plain("ids", {"values": ["p01", "p05", "p59", "nothing"]}),
    _plain("type", {"value": "_doc"}),
    _plain("bool", {"must": [{"match": {"name": "red"}}], "filter": {"term": {"available": True}},
                    "must_not": [{"term": {"group": "pot"}}], "should": [{"match": {"description": "light"}}],
                    "minimum_should_match": 1, "boost": 1.2}),
    _plain("bool", {"filter": [{"term": {"group": "heart"}}]}, name="bool with filters alone"),
    _plain("bool", {}, name="bool empty"),
    _plain("boosting", {"positive": {"match": {"name": "red"}}, "negative": {"term": {"group": "pot"}},
                        "negative_boost": 0.2}),
    _plain("constant_score", {"filter": {"term": {"group": "heart"}}, "boost": 3}),
    _plain("dis_max", {"queries": [{"match": {"name": "red"}}, {"match": {"name": "heart"}}], "tie_breaker": 0.3}),
    _plain("function_score", {"query": {"match": {"name": "red"}}, "functions": [
        {"filter": {"term": {"group": "heart"}}, "weight": 3},
        {"gauss": {"price": {"origin": 20, "scale": 10}}},
        {"random_score": {"seed": 7, "field": "_seq_no"}}], "score_mode": "sum", "boost_mode": "replace"}),
    _plain("function_score", {"field_value_factor": {"field": "stock", "missing": 1, "modifier": "log1p"}},
           name="function_score by a field"),
    _plain("function_score", {"script_score": {"script": _SCRIPT}}, name="function_score by script"),
    _plain("script_score", {"query": {"match": {"name": "red"}}, "script": _SCRIPT}),
    _plain("script", {"script": {"source": "doc['price'].size() > 0 && doc['price'].value > params.p",
                                 "params": {"p": 30}}}),
    _plain("script", {"script": {"source": "this is no script"}}, name="script that does not compile"),
    _plain("script", {"script": {"source": "doc['no_such'].value > 1"}}, name="script that fails while it runs"),
    _plain("more_like_this", {"fields": ["description"], "like": "a red heart made of glass", "min_term_freq": 1,
                              "min_doc_freq": 1}),
    _plain("more_like_this", {"fields": ["name"], "like": [{"_index": "{index}", "_id": "p01"}], "min_term_freq": 1,
                              "min_doc_freq": 1}, name="more_like_this a document"),
    _plain("nested", {"path": "variants", "query": {"term": {"variants.colour": "red"}}, "score_mode": "max"}),
    _plain("nested", {"path": "no_such", "query": {"match_all": {}}}, name="nested without its path"),
    _plain("nested", {"path": "no_such", "query": {"match_all": {}}, "ignore_unmapped": True},
           name="nested with ignore_unmapped"),
    _plain("has_child", {"type": "review", "query": {"match": {"description": "lantern"}}, "score_mode": "sum"}),
    _plain("has_parent", {"parent_type": "product", "query": {"match_all": {}}}, "wrapped"),
    _plain("parent_id", {"type": "review", "id": "p06"}, "wrapped"),
    _plain("percolate", {"field": "query", "document": {"name": "a wooden lantern"}}, "wrapped"),
    _plain("geo_distance", {"distance": "200km", "place": {"lat": 49, "lon": 3}}),
    _plain("geo_bounding_box", {"place": {"top_left": {"lat": 52, "lon": 2}, "bottom_right": {"lat": 48, "lon": 7}}}),
    _plain("geo_polygon", {"place": {"points": [[2, 48], [6, 48], [6, 52]]}}),
    _plain("geo_shape", {"shape": {"shape": {"type": "envelope", "coordinates": [[2, 52], [7, 48]]}}}),
    _plain("distance_feature", {"field": "added", "origin": "2024-06-01", "pivot": "30d"}),
    _plain("distance_feature", {"field": "place", "origin": [3, 49], "pivot": "100km"}, name="distance_feature geo"),
    _plain("rank_feature", {"field": "rank", "saturation": {"pivot": 3}}),
    _plain("span_near", {"clauses": [{"span_term": {"name": "tea"}}, {"span_term": {"name": "pot"}}], "slop": 0,
                         "in_order": True}),
    _plain("span_first", {"match": {"span_term": {"name": "red"}}, "end": 1}),
    _plain("span_or", {"clauses": [{"span_term": {"name": "tea"}}, {"span_term": {"name": "heart"}}]}),
    _plain("span_multi", {"match": {"prefix": {"name": {"value": "he"}}}}),
    _plain("wrapper", {"query": "eyJtYXRjaCI6eyJuYW1lIjoicmVkIn19"}),
    _plain("knn", {"field": "vector", "query_vector": [1, 1, 1, 0.5], "k": 3, "num_candidates": 10}, "untouched",
           name="knn as a query"),
    _plain("pinned", {"ids": ["p03"], "organic": {"match": {"name": "red"}}}, "untouched"),
    _plain("rule", {"organic": {"match_all": {}}, "ruleset_ids": ["x"], "match_criteria": {}}, "untouched"),
    _plain("hybrid", {"queries": [{"match": {"name": "red"}}]}, "untouched"),
    _plain("neural", {"vector": {"query_text": "red", "k": 3}}, "untouched"),
    _plain("semantic", {"field": "name", "query": "red"}, "untouched"),
    search("knn beside the query", {"knn": {"field": "vector", "query_vector": [1, 1, 1, 0.5], "k": 3,
                                            "num_candidates": 10}}, expect="untouched"),
    search("retriever", {"retriever": {"standard": {"query": {"match": {"name": "red"}}}}}, expect="untouched"),
    search("rank rrf", {"query": {"match": {"name": "red"}}, "rank": {"rrf": {}}}, expect="untouched"),
    _kind("a field called pinned", {"match": {"pinned": "red"}}),
    _kind("search_as_you_type", {"multi_match": {"query": "tea po", "type": "bool_prefix", "fields": [
        "typed", "typed._2gram", "typed._3gram"]}}),
    _kind("match on an alias field", {"term": {"category": "heart"}}),
    _kind("match on a flattened field", {"term": {"flat.a": "red"}}),
    _kind("match on a wildcard field", {"wildcard": {"wild": "*ed-1*"}}),
    _kind("range of addresses", {"term": {"address": "192.168.0.0/24"}}),
    _kind("deeply nested bool", {"bool": {"must": {"bool": {"must": {"bool": {"must": {"bool": {
        "should": [{"match": {"name": "red"}}]}}}}}}}}),
    _kind("a huge boost", {"match": {"name": {"query": "red", "boost": 1e30}}}),
    _kind("a boost of zero", {"match": {"name": {"query": "red", "boost": 0}}}),
    _kind("boost below zero", {"match": {"name": {"query": "red", "boost": -1}}}),
    _kind("2,000 terms", {"terms": {"sku": [f"SKU/{n:03d}" for n in range(2000)]}}),
]  # fmt: skip
