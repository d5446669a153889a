"""Guards for a search box that strangers use: what the engine's own limits leave open is refused here. Off by default.

A guard looks at names and values wherever they stand, not at what the engine will make of them, so it knows new kinds
of queries as well; the price is that a field called like a guarded word cannot be asked for. With any guard on, what
cannot be read with certainty is refused: other formats than JSON, templates, SQL, queries in Base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from .inside import Members, contents, parameters
from .request import ClientRequest
from .searchbody import Unreadable
from .settings import ProxySettings

__all__ = ["QUERIES", "Guards"]

#: Endpoints whose queries are texts of another language, or come out of a template.
_OPAQUE = re.compile(r"/(?:_(?:m?search|render)/template|_sql|_query|_eql/search)(?:/|$)")
_SCRIPT = re.compile(r"(?:.*_)?scripts?(?:_.*)?|scripted_.*|runtime_mappings|collate")
_AGGREGATIONS = frozenset({"aggs", "aggregations"})
#: Stands for the name of an aggregation: what follows are its kind and its sub-aggregations.
_ONE_AGGREGATION = "\0aggregation"
_TEXTS = frozenset({"query_string", "simple_query_string", "kql"})
#: Numbers that say how much is fetched or kept in memory.
_SIZES = frozenset({
    "size", "shard_size", "segment_size", "window_size", "rank_window_size", "suggest_size", "num_candidates", "k",
})  # fmt: skip
#: Where ``from`` starts a page; elsewhere it begins a range.
_PAGED = frozenset({"", "inner_hits", "top_hits", "request"})
#: Queries whose only member may be a field called ``size``.
_OF_ONE_FIELD = frozenset({
    "term", "match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "prefix", "fuzzy", "wildcard", "range",
})  # fmt: skip
#: What engines call their queries.
QUERIES = frozenset({
    "bool", "boosting", "combined_fields", "common", "constant_score", "dis_max", "distance_feature", "exists",
    "field_masking_span", "function_score", "fuzzy", "geo_bounding_box", "geo_distance", "geo_grid", "geo_polygon",
    "geo_shape", "has_child", "has_parent", "hybrid", "ids", "intervals", "knn", "kql", "match", "match_all",
    "match_bool_prefix", "match_none", "match_phrase", "match_phrase_prefix", "more_like_this", "multi_match", "nested",
    "neural", "neural_sparse", "parent_id", "percolate", "pinned", "prefix", "query_string", "range", "rank_feature",
    "regexp", "rule", "rule_query", "script", "script_score", "semantic", "shape", "simple_query_string",
    "span_containing", "span_first", "span_multi", "span_near", "span_not", "span_or", "span_term", "span_within",
    "sparse_vector", "template", "term", "terms", "terms_set", "text_expansion", "type", "weighted_tokens", "wildcard",
    "xy_shape",
})  # fmt: skip
_ESCAPE = re.compile(r"\\.", re.DOTALL)
#: A wildcard where a word begins (also behind a boost or a slop), with more of the word behind it, or nothing but them.
_LEADING = re.compile(
    r"(?<![\w.@*?])[*?]+(?=[^\s*?()\[\]{}:^])|(?<![\w.@*?])(?=[*?]*\*)[*?]{2,}|[\^~][0-9.]*[*?]", re.ASCII
)
_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*", re.ASCII)


#: Which setting says so: any of them.
_HERE = (
    "cannot pass the guards (SESSIONRANK_GUARD_SCRIPTS, SESSIONRANK_GUARD_PATTERNS, SESSIONRANK_MAX_SIZE and others)"
)


class _Refusal(Exception):
    """What a guard found: the text for the client."""


@dataclass(slots=True)
class _Tally:
    """What is counted over one search."""

    aggregations: int = 0
    clauses: int = 0


class Guards:
    """The guards under one set of settings."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self.are_on = settings.has_guards

    def refuse(self, request: ClientRequest, path: str, limit: int) -> str:
        """Why a request (on the route ``path``) may not pass, or nothing.

        Args:
            limit: bytes of a body, inflated, that are looked at.
        """
        try:
            if _OPAQUE.search(path):
                raise _Refusal(f"templates and other query languages {_HERE}")
            self._look_at_url(parameters(request.target))
            for content in contents(request, limit, path):
                self._look_at(content, analyses=path.endswith("/_analyze"))
        except _Refusal as refusal:
            return str(refusal)
        except Unreadable as error:
            return f"a request that cannot be read {_HERE}: {error}"
        return ""

    def _look_at_url(self, given: list[tuple[str, str]]) -> None:
        tally = _Tally()
        for name, value in given:
            if name == "q":
                self._look_at_text(value, tally, knows_regexps=True)
            elif name in _SIZES:
                self._bound(name, value, "max_size")
            elif name == "from":
                self._bound(name, value, "max_from")

    def _look_at(self, content: Any, *, analyses: bool) -> None:
        """One search body, whichever way it is nested. Raises ``_Refusal``."""
        tally = _Tally()
        # Value, the name that it stands under (of its list, in a list), and how deep.
        waiting: list[tuple[Any, str, int]] = [(content, "", 1)]
        while waiting:
            value, under, depth = waiting.pop()
            if not isinstance(value, list):
                continue
            self._bound("nesting", depth, "max_nesting")
            if not isinstance(value, Members):
                waiting.extend((item, under, depth + 1) for item in value)
                continue
            for name, inner in value:
                if analyses and self._settings.guard_patterns and name in ("pattern", "patterns"):
                    self._refuse_pattern(name)
                self._look_at_member(name, inner, under, alone=len(value) == 1)
                if name in _AGGREGATIONS and isinstance(inner, Members):
                    tally.aggregations += len(inner)
                    waiting.extend((body, _ONE_AGGREGATION, depth + 2) for _, body in inner)
                    continue
                if name in QUERIES and under != _ONE_AGGREGATION:
                    tally.clauses += 1
                if name in _TEXTS and isinstance(inner, Members):
                    for text in (text for key, text in inner if key == "query" and isinstance(text, str)):
                        self._look_at_text(text, tally, knows_regexps=name != "simple_query_string")
                waiting.append((inner, name, depth + 1))
            self._bound("the number of aggregations", tally.aggregations, "max_aggregations")
            self._bound("the number of queries", tally.clauses, "max_clauses")

    def _look_at_member(self, name: str, inner: Any, under: str, *, alone: bool) -> None:
        if name == "wrapper" and isinstance(inner, Members) and any(key == "query" for key, _ in inner):
            raise _Refusal(f"[wrapper] {_HERE}")
        if name in ("template_id", "templates"):
            raise _Refusal(f"templates {_HERE}")
        if self._settings.guard_scripts and _SCRIPT.fullmatch(name):
            raise _Refusal(f"[{name}] is refused here: SESSIONRANK_GUARD_SCRIPTS")
        if self._settings.guard_patterns:
            if name in ("regexp", "regex") or (name == "wildcard" and any(map(_leads, _strings(inner)))):
                self._refuse_pattern(name)
            if name in ("include", "exclude") and isinstance(inner, str) and under != "_source":
                self._refuse_pattern(name)
        if name in _SIZES and not (alone and under in _OF_ONE_FIELD):
            self._bound(name, inner, "max_size")
        if name == "from" and under in _PAGED:
            self._bound(name, inner, "max_from")

    def _look_at_text(self, text: str, tally: _Tally, *, knows_regexps: bool) -> None:
        """The text of a ``query_string``: patterns, words (each may become a query) and brackets."""
        plain = _ESCAPE.sub("x", text)
        if self._settings.guard_patterns and (_LEADING.search(plain) or (knows_regexps and plain.count("/") > 1)):
            self._refuse_pattern("query_string")
        tally.clauses += len(text.split())
        self._bound("the number of queries", tally.clauses, "max_clauses")
        self._bound("nesting", max(accumulate((c == "(") - (c == ")") for c in plain), default=0), "max_nesting")

    def _refuse_pattern(self, name: str) -> None:
        what = "a regular expression or a leading wildcard"
        raise _Refusal(f"[{name}] with {what} is refused here: SESSIONRANK_GUARD_PATTERNS")

    def _bound(self, name: str, value: Any, setting: str) -> None:
        """Refuse a number above a setting; what is no number is none of ours."""
        most = getattr(self._settings, setting)
        if not most or isinstance(value, (bool, list)) or value is None:
            return
        if isinstance(value, str):
            if not any(map(str.isdigit, value)):
                return
            if not _WHOLE.fullmatch(value):
                raise _Refusal(f"{name} [{value[:40]}] is no whole number: SESSIONRANK_{setting.upper()}")
            value = int(value)
        if not value <= most:
            raise _Refusal(f"{name} [{value}] is above {most}: SESSIONRANK_{setting.upper()}")


def _leads(pattern: str) -> bool:
    return pattern.lstrip().startswith(("*", "?"))


def _strings(value: Any) -> Iterator[str]:
    """All texts below a value, names of members left out."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Members):
            waiting.extend(inner for _, inner in value)
        elif isinstance(value, list):
            waiting.extend(value)
