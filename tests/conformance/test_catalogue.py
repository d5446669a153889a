"""The catalogue itself: large enough, without doubles, and nothing of the search side is left out."""

from __future__ import annotations

import re

import pytest

from proxy.gate import _ALLOWED
from tests.conformance.catalogue.registry import CATALOGUE
from tests.conformance.rows import Step

STEPS = [step for rows in CATALOGUE.values() for row in rows for step in row.steps]


def test_there_are_hundreds_of_requests() -> None:
    assert sum(len(rows) for rows in CATALOGUE.values()) >= 300


@pytest.mark.parametrize("group", CATALOGUE)
def test_names_are_unique_in_their_group(group: str) -> None:
    names = [row.name for row in CATALOGUE[group]]
    assert sorted(names) == sorted(set(names))


def asks_for(step: Step, route: str, method: str) -> bool:
    """Whether a step is a request of that route."""
    pattern = re.sub(r"\\{(?:index|name|type|id)\\}", "[^/?]+", re.escape(route))
    return step.method == method and re.fullmatch(pattern, step.target.partition("?")[0]) is not None


@pytest.mark.parametrize("route", _ALLOWED)
def test_every_route_that_the_gate_admits_is_asked(route: str) -> None:
    assert any(asks_for(step, route, method) for step in STEPS for method in _ALLOWED[route]), route


#: Members of the search body that any of the four engines knows.
MEMBERS = (
    "aggregations", "aggs", "collapse", "derived", "docvalue_fields", "explain", "ext", "fields", "from", "highlight",
    "indices_boost", "knn", "min_score", "pit", "post_filter", "profile", "query", "rank", "rescore", "retriever",
    "runtime_mappings", "script_fields", "search_after", "seq_no_primary_term", "size", "slice", "sort", "_source",
    "stats", "stored_fields", "suggest", "terminate_after", "timeout", "track_scores", "track_total_hits", "version",
)  # fmt: skip


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_of_the_body_is_asked_with(member: str) -> None:
    text = f'"{member}":'.encode()
    assert any(text in (step.body or b"") for step in STEPS if "_search" in step.target)
