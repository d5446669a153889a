"""The suite can fail: proxies that are broken on purpose, in ways that real ones are, are each found out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.conformance.catalogue.registry import CATALOGUE
from tests.conformance.hits import NoHits, parts_of
from tests.conformance.peers import Peer
from tests.conformance.relay import relay
from tests.conformance.results import Results, engine_names
from tests.conformance.rows import Row
from tests.support.asking import Got
from tests.support.recorder import Asked

ROWS = {f"{group}: {row.name}": row for group, rows in CATALOGUE.items() for row in rows}


@dataclass(frozen=True)
class Broken:
    """What a proxy does wrong, a row that shows it, and the words in which it is told."""

    row: str
    told: str
    request: Callable[[Asked], Asked] = lambda asked: asked
    answer: Callable[[Asked, Got], Got] = lambda _asked, got: got


def without(name: str) -> Callable[[Asked, Got], Got]:
    def answer(_asked: Asked, got: Got) -> Got:
        return replace(got, headers=tuple((key, value) for key, value in got.headers if key.lower() != name))

    return answer


def one_warning(_asked: Asked, got: Got) -> Got:
    """Repeated lines joined to one, as many HTTP libraries do."""
    warnings = [value for key, value in got.headers if key.lower() == "warning"]
    rest = without("warning")(_asked, got)
    return replace(rest, headers=(*rest.headers, ("Warning", ", ".join(warnings)))) if warnings else got


def with_hits(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Callable[[Asked, Got], Got]:
    def answer(_asked: Asked, got: Got) -> Got:
        try:
            parts = parts_of(got.body)
        except (NoHits, UnicodeDecodeError):
            return got
        opening, between, closing = parts.layout
        array = opening + (between or ",").join(change(parts.hits)) + closing if parts.hits else ""
        return replace(got, body=(parts.before + (array or "[]") + parts.behind).encode())

    return answer


def encoded_anew(_asked: Asked, got: Got) -> Got:
    return replace(got, body=json.dumps(json.loads(got.body)).encode())


def body(old: str, new: str) -> Callable[[Asked, Got], Got]:
    return lambda _asked, got: replace(got, body=re.sub(old.encode(), new.encode(), got.body))


def items_mixed_up(_asked: Asked, got: Got) -> Got:
    answer = json.loads(got.body)
    if "responses" in answer:
        answer["responses"][:2] = answer["responses"][1::-1]
    return replace(got, body=json.dumps(answer).encode())


def never_off(asked: Asked) -> Asked:
    return replace(asked, headers=tuple(line for line in asked.headers if line[0].lower() != "x-sessionrank"))


def without_session(asked: Asked) -> Asked:
    return replace(asked, headers=tuple(line for line in asked.headers if line[0].lower() != "x-session-id"))


SORTED = "Members of the search body: sort by a field"
RANKED = "Members of the search body: aggs"
BROKEN = {
    "drops the query string": Broken(
        "Parameters of the search URL: sort by a field", "sent on: target",
        request=lambda asked: replace(asked, target=asked.target.partition("?")[0])),
    "decodes the path": Broken(
        "Other reads: _doc id with a slash", "sent on: target",
        request=lambda asked: replace(asked, target=asked.target.replace("%2F", "%252F"))),
    "drops the request's body": Broken(SORTED, "sent on: body", request=lambda asked: replace(asked, body=b"")),
    "forgets a request header": Broken(
        "Formats and headers: X-Opaque-Id of a missing index", "header x-opaque-id: missing",
        request=lambda asked: replace(asked, headers=asked.headers[:0])),
    "ignores off": Broken(RANKED, "off: body", request=never_off),
    "never re-ranks": Broken(RANKED, "not personalised", request=without_session),
    "loses a header of the engine": Broken(
        "Cluster and indices: index", "header x-opaque-id: missing", answer=without("x-opaque-id")),
    "loses the content type": Broken(SORTED, "header content-type: missing", answer=without("content-type")),
    "swallows warnings": Broken(
        "Warnings: a walk that warns", "header warning: missing", answer=without("warning")),
    "joins warnings to one line": Broken(
        "Warnings: indices_boost as an object and an old interval", "header warning:", answer=one_warning),
    "does not say what it did": Broken(SORTED, "X-Sessionrank says", answer=without("x-sessionrank")),
    "reorders hits of an untouched answer": Broken(SORTED, "hits.hits[0]", answer=with_hits(lambda hits: hits[::-1])),
    "cuts a page": Broken(SORTED, "hits.hits: 9 values, not 10", answer=with_hits(lambda hits: hits[:-1])),
    "cuts a ranked page": Broken(RANKED, "the page is not cut", answer=with_hits(lambda hits: hits[:-1])),
    "shows a ranked hit twice": Broken(
        RANKED, "the window's hits: missing", answer=with_hits(lambda hits: (*hits[:-1], *hits[:1]))),
    "reorders hits without a session": Broken(
        RANKED, "without a session: body: hits.hits[0]", answer=with_hits(lambda hits: hits[::-1])),
    "changes number texts": Broken(SORTED, "_source.ratio: 10000000000.0, not 1.0E10", answer=encoded_anew),
    "changes layout": Broken(
        "Cluster and indices: index pretty and flat_settings", "body: from byte", answer=encoded_anew),
    "loses an aggregation": Broken(RANKED, "missing ['aggregations']", answer=body(r',"aggregations":.*', "}")),
    "counts anew": Broken(RANKED, "page: body: from byte", answer=body(r'"value":\d+', '"value":10')),
    "loses highlights": Broken(
        "Highlights, suggestions, groups, computed fields: highlight fvh", "highlight of",
        answer=body(r',"highlight":\{[^}]*\}', "")),
    "changes a score": Broken(RANKED, "the window's hits: missing", answer=body(r'"_score":\d', '"_score":9')),
    "changes status": Broken(
        "Cluster and indices: index missing", "status: 200, not 404", answer=lambda _a, got: replace(got, status=200)),
    "makes errors its own": Broken(
        "Bad requests: a broken count", "body:", answer=body(r'"root_cause":\[.*?\],', "")),
    "drops the answer's body": Broken(SORTED, "body:", answer=lambda _asked, got: replace(got, body=b"")),
    "forgets the length of HEAD": Broken(
        "Other reads: _doc HEAD", "content-length:", answer=without("content-length")),
    "mixes up the items of a multi search": Broken(
        "Multi search: an item of a missing index", "item 1: status 404, not 200", answer=items_mixed_up),
    "lets everything through the gate": Broken(
        "Kept back by the gate: _cat alone", "gate: 200", answer=lambda _asked, got: replace(got, status=200)),
}  # fmt: skip


def problems(results: Results, row: Row, broken: Broken) -> list[str]:
    trial = results.trial(engine_names()[0])
    with relay(trial.proxy.bare_url, request=broken.request, answer=broken.answer) as between:
        return list(replace(trial, proxy=Peer(between.url)).run(row).problems)


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_proxy_is_found_out(results: Results, what: str) -> None:
    broken = BROKEN[what]
    found = problems(results, ROWS[broken.row], broken)
    assert any(broken.told in problem for problem in found), found


@pytest.mark.parametrize("name", sorted({broken.row for broken in BROKEN.values()}))
def test_the_same_row_through_an_honest_relay_has_no_problem(results: Results, name: str) -> None:
    assert problems(results, ROWS[name], Broken(name, "")) == []
