"""Aggregations, of which a lift of popular products must change nothing."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Row, search

__all__ = ["ROWS"]

_RED = {"match": {"name": "red"}}


def _agg(name: str, body: dict[str, Any], url: str = "", **more: Any) -> Row:
    whole = {"query": _RED, "size": 3, "aggs": {"a": body}, **more}
    return search(name, whole, url, headers=FRESH)


def _plain(kind: str, value: Any, name: str = "", **more: Any) -> Row:
    return _agg(name or kind, {kind: value, **more})


ROWS = [
    _plain("terms", {"field": "group", "size": 3, "order": {"_key": "asc"}}),
    _plain("terms", {"field": "group"}, "terms with parts", aggs={"p": {"stats": {"field": "price"}}}),
    _plain("terms", {"field": "stock", "missing": -1, "include": [1, 2, -1]}, "terms of numbers with missing"),
    _plain("terms", {"field": "name.raw", "include": "red.*", "exclude": ".*pot"}, "terms include and exclude"),
    _plain("terms", {"script": {"source": "doc['group'].value + '!'"}}, "terms by script"),
    _plain("terms", {"field": "name"}, "terms on text"),
    _plain("rare_terms", {"field": "group"}),
    _plain("significant_terms", {"field": "tags", "min_doc_count": 1}),
    _plain("significant_text", {"field": "description", "min_doc_count": 1}),
    _plain("multi_terms", {"terms": [{"field": "group"}, {"field": "available"}]}),
    _plain("histogram", {"field": "price", "interval": 10, "min_doc_count": 0}),
    _plain("date_histogram", {"field": "added", "calendar_interval": "month", "format": "yyyy-MM"}),
    _plain("date_histogram", {"field": "added", "fixed_interval": "30d", "time_zone": "+02:00"},
           "date_histogram fixed"),
    _plain("date_histogram", {"field": "added", "interval": "month"}, "date_histogram by the old interval"),
    _plain("auto_date_histogram", {"field": "added", "buckets": 4}),
    _plain("range", {"field": "price", "ranges": [{"to": 20}, {"from": 20, "to": 40, "key": "mid"}, {"from": 40}]}),
    _plain("range", {"field": "price", "keyed": True, "ranges": [{"to": 20}]}, "range keyed"),
    _plain("date_range", {"field": "added", "ranges": [{"to": "2024-06-01"}, {"from": "2024-06-01"}]}),
    _plain("ip_range", {"field": "address", "ranges": [{"mask": "192.168.1.0/24"}]}),
    _plain("filter", {"term": {"available": True}}, aggs={"p": {"avg": {"field": "price"}}}),
    _plain("filters", {"filters": {"hearts": {"term": {"group": "heart"}}, "pots": {"term": {"group": "pot"}}}}),
    _plain("adjacency_matrix", {"filters": {"a": {"term": {"group": "heart"}}, "b": {"term": {"tags": "red"}}}}),
    _plain("global", {}, aggs={"g": {"terms": {"field": "group"}}}),
    _plain("missing", {"field": "popularity"}),
    _plain("nested", {"path": "variants"}, aggs={"c": {"terms": {"field": "variants.colour"},
                                                      "aggs": {"back": {"reverse_nested": {}}}}}),
    _plain("children", {"type": "review"}),
    _plain("parent", {"type": "review"}),
    _plain("sampler", {"shard_size": 5}, aggs={"g": {"terms": {"field": "group"}}}),
    _plain("diversified_sampler", {"field": "group", "shard_size": 5}, aggs={"g": {"terms": {"field": "group"}}}),
    _plain("composite", {"sources": [{"g": {"terms": {"field": "group"}}}], "size": 2}),
    _plain("composite", {"sources": [{"g": {"terms": {"field": "group"}}}], "size": 2, "after": {"g": "heart"}},
           "composite after a key"),
    _plain("geohash_grid", {"field": "place", "precision": 3}),
    _plain("geotile_grid", {"field": "place", "precision": 4}),
    _plain("geo_distance", {"field": "place", "origin": "48.8,2.3", "ranges": [{"to": 200000}, {"from": 200000}]}),
    _plain("geo_bounds", {"field": "place"}),
    _plain("geo_centroid", {"field": "place"}),
    _plain("variable_width_histogram", {"field": "price", "buckets": 3}),
    _plain("avg", {"field": "price", "missing": 0}),
    _plain("min", {"field": "price"}),
    _plain("max", {"field": "big"}, "max of a long beyond 2^53"),
    _plain("sum", {"field": "ratio"}, "sum of large floats"),
    _plain("sum", {"script": {"source": "doc['price'].value"}}, "sum by script"),
    _plain("stats", {"field": "price"}),
    _plain("stats", {"field": "no_such"}, "stats of a field that is not there"),
    _plain("extended_stats", {"field": "price", "sigma": 3}),
    _plain("value_count", {"field": "stock"}),
    _plain("cardinality", {"field": "group", "precision_threshold": 100}),
    _plain("percentiles", {"field": "price", "percents": [50, 95]}),
    _plain("percentiles", {"field": "price", "hdr": {"number_of_significant_value_digits": 2}}, "percentiles by hdr"),
    _plain("percentile_ranks", {"field": "price", "values": [20, 40]}),
    _plain("median_absolute_deviation", {"field": "price"}),
    _plain("weighted_avg", {"value": {"field": "price"}, "weight": {"field": "stock", "missing": 1}}),
    _plain("matrix_stats", {"fields": ["price", "stock"]}),
    _plain("boxplot", {"field": "price"}),
    _plain("string_stats", {"field": "group"}),
    _plain("top_metrics", {"metrics": {"field": "price"}, "sort": {"price": "desc"}}),
    _plain("rate", {"unit": "month"}),
    _plain("scripted_metric", {"init_script": "state.n = 0", "map_script": "state.n += 1",
                               "combine_script": "return state.n", "reduce_script": "return states"}),
    _plain("top_hits", {"size": 2, "sort": [{"price": "desc"}], "_source": ["name"]}),
    _plain("top_hits", {"size": 2, "_source": False}, "top_hits by score"),
    _plain("significant_terms", {"field": "tags", "background_filter": {"term": {"available": True}},
                                 "chi_square": {}}, "significant_terms with a background"),
    _agg("max_bucket over a histogram", {"date_histogram": {"field": "added", "calendar_interval": "month"}, "aggs": {
        "s": {"sum": {"field": "price"}}, "d": {"derivative": {"buckets_path": "s"}},
        "c": {"cumulative_sum": {"buckets_path": "s"}}, "m": {"moving_fn": {
            "buckets_path": "s", "window": 3, "script": "MovingFunctions.max(values)"}}}}),
    _agg("bucket_sort", {"terms": {"field": "group"}, "aggs": {
        "p": {"avg": {"field": "price"}}, "sorted": {"bucket_sort": {"sort": [{"p": "desc"}], "size": 2}}}}),
    _agg("bucket_script", {"terms": {"field": "group"}, "aggs": {"p": {"avg": {"field": "price"}}, "b": {
        "bucket_script": {"buckets_path": {"p": "p"}, "script": "params.p * 2"}}}}),
    search("sibling pipelines", {"query": _RED, "aggs": {
        "g": {"terms": {"field": "group"}, "aggs": {"p": {"avg": {"field": "price"}}}},
        "top": {"max_bucket": {"buckets_path": "g>p"}}, "all": {"stats_bucket": {"buckets_path": "g>p"}},
        "q": {"percentiles_bucket": {"buckets_path": "g>p"}}}}),
    _agg("typed_keys", {"terms": {"field": "group"}, "aggs": {"p": {"max": {"field": "price"}}}}, "typed_keys=true"),
    _agg("meta", {"terms": {"field": "group"}, "meta": {"colour": "red", "n": 1.0}}),
    _agg("unknown kind", {"no_such_kind": {"field": "group"}}),
    _agg("misspelt kind", {"term": {"field": "group"}}),
    _agg("two kinds in one", {"terms": {"field": "group"}, "avg": {"field": "price"}}),
    _agg("bad name", {"terms": {"field": "group"}, "aggs": {"a>b": {"avg": {"field": "price"}}}}),
    _agg("a number of a text field", {"avg": {"field": "group"}}),
    search("size 0 with aggregations", {"size": 0, "aggs": {"g": {"terms": {"field": "group"}}}}, expect="untouched"),
    search("aggregations with the page past the window", {"from": 40, "aggs": {"g": {"terms": {"field": "group"}}}},
           expect="wrapped"),
]  # fmt: skip
