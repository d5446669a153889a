"""How indices are named: lists, wildcards, exclusions, dates, other clusters, and those that are closed or missing."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Expect, Row, asks, search

__all__ = ["ROWS"]

_HEART: dict[str, Any] = {"query": {"match": {"name": "heart"}}, "size": 6}


def _named(name: str, index: str, expect: Expect = "ranked", url: str = "") -> Row:
    return search(name, _HEART, url, index=index, expect=expect, headers=FRESH)


ROWS = [
    _named("alias", "{alias}"),
    _named("alias with a filter", "{cheap}"),
    _named("index and alias", "{index},{alias}"),
    _named("the same name twice", "{index},{index}"),
    _named("two managed indices, one without vectors", "{index},{second}"),
    _named("a managed index without vectors", "{second}", "wrapped"),
    _named("a foreign index", "{other}", "untouched"),
    _named("an alias of a foreign index", "{foreign_alias}", "untouched"),
    _named("managed and foreign", "{index},{other}", "untouched"),
    _named("managed and an alias of a foreign index", "{alias},{foreign_alias}", "untouched"),
    _named("a wildcard over managed ones", "{prefix}-i*", "untouched"),
    _named("a wildcard over both", "{prefix}-*", "untouched", "ignore_unavailable=true"),
    _named("a wildcard and a managed one", "{index},{prefix}-s*", "untouched"),
    _named("a wildcard without a match", "{prefix}-zz*", "untouched"),
    _named("a wildcard without a match, not allowed", "{prefix}-zz*", "untouched", "allow_no_indices=false"),
    _named("an encoded wildcard", "{prefix}-s%2A", "untouched"),
    _named("an exclusion", "{prefix}-i*,-{index}", "untouched"),
    _named("an exclusion behind a managed name", "{index},-{second}", "untouched"),
    _named("an encoded comma", "{index}%2C{second}"),
    _named("a comma at the end", "{index},", "untouched"),
    _named("a date-math name", "%3C{prefix}-no-%7Bnow%7Byyyy%7D%7D%3E", "untouched"),
    _named("a date-math name with rounding", "%3C{prefix}-no-%7Bnow%2Fd%7D%3E", "untouched"),
    _named("a date-math name with rounding and a format", "%3C{prefix}-no-%7Bnow%2FM%7Byyyy.MM%7D%7D%3E", "untouched",
           "ignore_unavailable=true"),
    _named("a date-math name, not encoded", "<{prefix}-no-{now{yyyy}}>", "untouched"),
    _named("a date-math name that is broken", "%3C{prefix}-%7Bnow%3E", "untouched"),
    _named("another cluster", "elsewhere:{index}", "untouched"),
    _named("another cluster by a wildcard", "*:{index}", "untouched"),
    _named("another cluster and a managed index", "{index},elsewhere:{index}", "untouched"),
    _named("another cluster, skipped", "elsewhere:{index}", "untouched", "ignore_unavailable=true"),
    _named("_all with nothing found", "_all", "untouched", "q=nothingofthiskind"),
    _named("a missing index", "{missing}"),
    _named("a missing index, ignored", "{missing}", "wrapped", "ignore_unavailable=true"),
    _named("a managed and a missing index", "{index},{missing}"),
    _named("a managed and a missing index, ignored", "{index},{missing}", "ranked", "ignore_unavailable=true"),
    _named("a managed and an unmanaged missing index, ignored", "{index},no-such", "untouched",
           "ignore_unavailable=true"),
    _named("a closed index", "{closed}"),
    _named("a closed index, ignored", "{closed}", "wrapped", "ignore_unavailable=true"),
    _named("a managed and a closed index", "{index},{closed}"),
    _named("a managed and a closed index, ignored", "{index},{closed}", "ranked", "ignore_unavailable=true"),
    _named("an index that takes no wrapped query", "{odd}", "as-sent"),
    _named("an index name in capitals", "NoSuch", "untouched"),
    _named("an index name with a hash sign", "a%23b", "untouched"),
    _named("an index name with a blank", "a%20b", "untouched"),
    _named("an index name in unicode", "%E6%9D%B1%E4%BA%AC", "untouched"),
    _named("an index name that begins with a plus", "+{index}", "untouched"),
    _named("an index name of 300 letters", "x" * 300, "untouched"),
    search("percent-encoded letters of a managed name", _HEART, index="%63onf-no", expect="untouched"),
    asks("no index", "POST", "/_search", {"query": {"match": {"name": "nothingofthiskind"}}}),
    asks("no index by GET", "GET", "/_search?q=nothingofthiskind"),
    asks("a slash at the end", "POST", "/{other}/_search/", _HEART),
    asks("a wildcard counted", "GET", "/{prefix}-s*/_count"),
    asks("_all counted with nothing found", "GET", "/_all/_count?q=nothingofthiskind"),
    asks("a closed index counted", "GET", "/{closed}/_count"),
    asks("a closed index counted, ignored", "GET", "/{closed}/_count?ignore_unavailable=true"),
    asks("a closed index read", "GET", "/{closed}/_doc/s00"),
    asks("expand_wildcards closed", "GET",
         "/{prefix}-*/_settings?expand_wildcards=closed&filter_path=*.settings.index.verified_before_close"),
]  # fmt: skip
