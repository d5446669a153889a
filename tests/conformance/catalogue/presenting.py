"""What is shown beside the hits: highlights, suggestions, collapsed groups, inner hits, computed fields."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Row, search

__all__ = ["ROWS"]

_HEART: dict[str, Any] = {"query": {"match": {"name": "heart"}}, "_source": False}
_VARIANTS = {"nested": {"path": "variants", "query": {"exists": {"field": "variants.colour"}}}}


def _light(name: str, highlight: dict[str, Any], **more: Any) -> Row:
    return search(f"highlight {name}", {**_HEART, **more, "highlight": highlight}, headers=FRESH)


def _suggest(name: str, suggest: dict[str, Any], url: str = "") -> Row:
    return search(f"suggest {name}", {"query": {"match": {"name": "heart"}}, "size": 2, "suggest": suggest}, url)


ROWS = [
    _light("plain", {"type": "plain", "fields": {"name": {}}}),
    _light("unified", {"type": "unified", "fields": {"name": {}}}),
    _light("fvh", {"type": "fvh", "fields": {"name": {}}}),
    _light("by default", {"fields": {"name": {}}}),
    _light("fields as a list", {"fields": [{"name": {}}, {"description": {}}]}),
    _light("all fields", {"require_field_match": False, "fields": {"*": {}}}),
    _light("each field by another kind", {"fields": {
        "name": {"type": "fvh"}, "name.plain": {"type": "plain"}, "description": {"type": "unified"}},
        "require_field_match": False}),
    _light("tags", {"pre_tags": ["<b>", "<i>"], "post_tags": ["</b>", "</i>"], "fields": {"name": {}}}),
    _light("tags_schema", {"tags_schema": "styled", "fields": {"name": {"type": "fvh"}}}),
    _light("fragments", {"fields": {"description": {"fragment_size": 20, "number_of_fragments": 2, "order": "score"}},
                         "require_field_match": False}),
    _light("no fragments", {"fields": {"description": {"number_of_fragments": 0}}, "require_field_match": False}),
    _light("no_match_size", {"fields": {"description": {"no_match_size": 30}}}),
    _light("encoder html", {"encoder": "html", "fields": {"name": {}}}),
    _light("matched_fields", {"fields": {"name": {"type": "fvh", "matched_fields": ["name", "name.plain"]}}}),
    _light("highlight_query", {"highlight_query": {"match": {"name": "red"}}, "fields": {"name": {}}}),
    _light("highlight_query of a field", {"fields": {"name": {"type": "fvh", "highlight_query": {
        "match": {"name": "red"}}}}}),
    _light("phrase", {"type": "fvh", "fields": {"name": {}}}, query={"match_phrase": {"name": "tea pot"}}),
    _light("phrase, unified", {"fields": {"name": {}}}, query={"match_phrase": {"name": "tea pot"}}),
    _light("query_string", {"type": "fvh", "fields": {"name": {}}}, query={"query_string": {"query": "he* red"}}),
    _light("bool with filter", {"fields": {"name": {}}, "type": "fvh"}, query={"bool": {
        "must": {"match": {"name": "red"}}, "filter": {"match": {"name": "heart"}}}}),
    _light("boundary scanner", {"fields": {"description": {"boundary_scanner": "word", "fragment_size": 10}},
                                "require_field_match": False}),
    _light("max_analyzed_offset", {"fields": {"description": {"max_analyzed_offset": 5}},
                                   "require_field_match": False}),
    _light("of everything", {"fields": {"name": {}}}, query={"match_all": {}}),
    _light("unknown kind", {"type": "no_such", "fields": {"name": {}}}),
    _light("unknown member", {"no_such": 1, "fields": {"name": {}}}),
    _light("fvh without term vectors", {"type": "fvh", "fields": {"description": {}}, "require_field_match": False}),
    _light("null", None),  # type: ignore[arg-type]
    search("highlight with q", {"highlight": {"fields": {"name": {"type": "fvh"}}}, "_source": False}, "q=name:heart"),
    search("highlight without a query", {"highlight": {"fields": {"name": {}}}, "size": 3}),
    _suggest("term", {"s": {"text": "haert", "term": {"field": "name"}}}),
    _suggest("term for all", {"text": "haert", "s": {"term": {"field": "name", "suggest_mode": "always"}}}),
    _suggest("phrase", {"s": {"text": "red haert", "phrase": {"field": "name", "max_errors": 2}}}),
    _suggest("completion", {"s": {"prefix": "te", "completion": {"field": "suggest", "size": 2}}}),
    _suggest("completion fuzzy", {"s": {"prefix": "tee", "completion": {
        "field": "suggest", "skip_duplicates": True, "fuzzy": {"fuzziness": 1}}}}),
    _suggest("completion by regex", {"s": {"regex": "t[ae]", "completion": {"field": "suggest"}}}),
    _suggest("typed_keys", {"s": {"text": "haert", "term": {"field": "name"}}}, "typed_keys"),
    _suggest("on a field that is none", {"s": {"prefix": "te", "completion": {"field": "name"}}}),
    _suggest("unknown kind", {"s": {"text": "x", "no_such": {"field": "name"}}}),
    search("suggest alone", {"suggest": {"s": {"prefix": "te", "completion": {"field": "suggest"}}}},
           expect="untouched"),
    search("suggest by URL", {"query": {"match": {"name": "heart"}}},
           "suggest_field=name&suggest_text=haert&suggest_mode=always&suggest_size=2"),
    search("collapse", {**_HEART, "collapse": {"field": "group"}}),
    search("collapse of everything", {"collapse": {"field": "maker.name"}, "_source": ["maker"]}),
    search("collapse with inner hits", {"query": {"match": {"name": "red"}}, "_source": ["name"], "collapse": {
        "field": "group", "inner_hits": {"name": "more", "size": 2, "sort": ["sku"], "_source": ["sku"]}}}),
    search("collapse with several inner hits", {"query": {"match": {"name": "red"}}, "_source": False, "collapse": {
        "field": "group", "max_concurrent_group_searches": 2, "inner_hits": [
            {"name": "cheap", "size": 1, "sort": ["price"], "_source": False},
            {"name": "new", "size": 1, "sort": [{"added": "desc"}], "_source": False}]}}),
    search("collapse with inner hits by score", {"query": {"match": {"name": "red"}}, "_source": False, "collapse": {
        "field": "group", "inner_hits": {"name": "best", "size": 2, "_source": False}}}),
    search("collapse on a number", {"query": {"match": {"name": "red"}}, "collapse": {"field": "stock"},
                                    "_source": ["stock"]}),
    search("collapse on text", {**_HEART, "collapse": {"field": "name"}}),
    search("collapse with sort", {**_HEART, "collapse": {"field": "group"}, "sort": ["price"]}, expect="untouched"),
    search("collapse and from", {"query": {"match": {"name": "red"}}, "collapse": {"field": "name.raw"}, "from": 2}),
    search("inner_hits of nested", {"query": {"bool": {"must": [{"match": {"name": "red"}}, {"nested": {
        **_VARIANTS["nested"], "inner_hits": {"size": 1, "_source": ["variants.note"]}}}]}}}),
    search("inner_hits with highlight and fields", {"query": {"nested": {
        "path": "variants", "query": {"match": {"variants.note": "red"}},
        "inner_hits": {"highlight": {"fields": {"variants.note": {}}}, "docvalue_fields": ["variants.size"]}}}}),
    search("inner_hits of children", {"query": {"has_child": {
        "type": "review", "query": {"match_all": {}}, "inner_hits": {"_source": ["sku"]}}}}),
    search("inner_hits twice by one name", {"query": {"bool": {"should": [
        {"nested": {**_VARIANTS["nested"], "inner_hits": {}}},
        {"nested": {**_VARIANTS["nested"], "inner_hits": {}}}]}}}),
    search("script_fields", {**_HEART, "script_fields": {"twice": {"script": {
        "source": "doc['price'].value * params.f", "params": {"f": 2}}}}}),
    search("script_fields of the source", {**_HEART, "script_fields": {"n": {"script": "params._source.name"}}}),
    search("script_fields ignore_failure", {**_HEART, "script_fields": {"n": {
        "script": "doc['no_such'].value", "ignore_failure": True}}}),
    search("script_fields that fail", {**_HEART, "script_fields": {"n": {"script": "doc['no_such'].value"}}}),
    search("script in an unknown language", {**_HEART, "script_fields": {"n": {"script": {
        "lang": "no_such", "source": "1"}}}}),
    search("script by an expression", {**_HEART, "script_fields": {"n": {"script": {
        "lang": "expression", "source": "doc['price'].value * 2"}}}}),
    search("stored script that is not there", {**_HEART, "script_fields": {"n": {"script": {"id": "no-such"}}}}),
    search("runtime field", {**_HEART, "runtime_mappings": {"r": {"type": "long", "script": "emit(1)"}},
                             "fields": ["r"]}),
    search("runtime field without a script", {**_HEART, "runtime_mappings": {"unmapped": {"type": "keyword"}},
                                              "fields": ["unmapped"]}),
    search("runtime field aggregated and queried", {
        "runtime_mappings": {"r": {"type": "long", "script": "emit(doc['stock'].size())"}},
        "query": {"term": {"r": 1}}, "aggs": {"r": {"terms": {"field": "r"}}}}),
    search("runtime field of an unknown type", {**_HEART, "runtime_mappings": {"r": {"type": "no_such"}}}),
]  # fmt: skip
