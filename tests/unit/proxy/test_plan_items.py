"""The plan of a multi-search, item by item."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.plan import Change, PassThrough, Planner
from proxy.plan_items import Multi, plan_items
from proxy.request import ClientRequest
from proxy.settings import ProxySettings

SESSION = "0123456789abcdef0123456789abcdef"
NDJSON = ("content-type", "application/x-ndjson")
BAG = {"query": {"match": {"name": "bag"}}}
BY_PRICE = {**BAG, "sort": "price"}


def lines(*parts: Any) -> bytes:
    return b"".join((part if isinstance(part, bytes) else json.dumps(part).encode()) + b"\n" for part in parts)


def plan(
    body: bytes,
    target: str = "/catalog/_msearch",
    *,
    session: str | None = SESSION,
    headers: list[tuple[str, str]] | None = None,
    refused: tuple[str, ...] = (),
    limit: int = 10_000_000,
    **settings: Any,
) -> PassThrough | Multi:
    request = ClientRequest("POST", target, [NDJSON] if headers is None else headers, body)
    names = tuple(target[1:].split("/")[0].split(",")) if target.count("/") > 1 else ()
    planner = Planner(ProxySettings(**settings))
    return plan_items(
        planner, request, names, session, "no-session", refused=lambda names, own: names == refused, limit=limit
    )


def changed(*args: Any, **kwargs: Any) -> Multi:
    made = plan(*args, **kwargs)
    assert isinstance(made, Multi), made
    return made


def outcomes(made: Multi) -> list[str]:
    """The reason of each item; empty for those that are changed and ranked."""
    return [item.plan.reason for item in made.items]


def asked(made: Multi) -> list[Any]:
    return [json.loads(line) for line in made.request.body.splitlines()]


def test_each_item_is_planned_as_if_it_came_alone() -> None:
    body = lines({}, BAG, {"index": "other"}, BAG, {}, BY_PRICE, {"index": "catalog"}, {**BAG, "from": 10, "size": 5})
    made = changed(body)
    assert outcomes(made) == ["", "not-managed", "sort", ""]
    assert body.splitlines(keepends=True)[2:6] == made.request.body.splitlines(keepends=True)[2:6]
    header, first, *_, last_header, last = asked(made)
    assert header == {"preference": SESSION[:16]}
    assert last_header == {"index": "catalog", "preference": SESSION[:16]}
    assert (first["from"], first["size"]) == (last["from"], last["size"]) == (0, 100)
    assert first["query"]["script_score"]["query"] == BAG["query"]


def test_the_client_keeps_its_preference() -> None:
    made = changed(lines({"preference": "mine", "routing": "a"}, BAG))
    assert asked(made)[0] == {"preference": "mine", "routing": "a"}


@pytest.mark.parametrize(
    ("header", "managed"),
    [
        ({"index": "catalog"}, True),
        ({"index": ["catalog"]}, True),
        ({"indices": "catalog"}, True),
        ({"index": "catalog,other"}, False),
        ({"index": ["catalog", "other"]}, False),
        ({"index": []}, False),
        ({"index": None}, False),
        ({"index": 3}, False),
        ({"index": "catalog", "indices": "other"}, False),
        (b'{"index":"catalog","index":"other"}', False),
        ({"index": "*"}, False),
    ],
)
@pytest.mark.parametrize("target", ["/_msearch", "/catalog/_msearch"])
def test_an_item_searches_the_indices_of_its_header(header: Any, managed: bool, target: str) -> None:
    assert isinstance(plan(lines(header, BAG), target), Multi if managed else PassThrough)


def test_what_the_header_says_of_hits_or_order_makes_another_walk() -> None:
    headers = [{}, {"routing": "a"}, {"routing": "b"}, {"preference": "a"}, {"index": "catalog"}]
    made = changed(lines(*(part for header in headers for part in (header, BAG))))
    walks = [item.plan.page.walk for item in made.items if isinstance(item.plan, Change) and item.plan.page]
    assert len(walks) == 5
    assert len(set(walks)) == 4, "the same index, by the header or the URL, is the same walk"


def test_without_a_header_the_indices_of_the_url_are_searched() -> None:
    assert isinstance(plan(lines({"index": "catalog"}, BAG, b"", BAG)), Multi)
    assert plan(lines({}, BAG), "/_msearch") == PassThrough("not-managed")
    assert plan(lines({}, BAG), "/catalog,other/_msearch") == PassThrough("not-managed")


@pytest.mark.parametrize(
    "body",
    [
        lines({}, BAG)[:-1],
        lines({}, BAG, {}),
        lines({}, BAG, b""),
        lines(b"", {}, BAG),
        b"\n",
        b"",
        b"\r\n" + lines({}, BAG),
    ],
)
def test_what_engines_read_in_ways_of_their_own_is_left_to_them(body: bytes) -> None:
    assert plan(body) == PassThrough("unreadable")


def test_lines_may_end_with_carriage_returns() -> None:
    made = changed(lines({}, BAG).replace(b"\n", b"\r\n"))
    assert outcomes(made) == [""]


@pytest.mark.parametrize("item", [b"", b"{", b"[]", b'{"query":{},"query":{}}', {"query": None}, {**BAG, "size": -1}])
def test_an_item_that_cannot_be_read_is_left_alone_and_touches_no_other(item: Any) -> None:
    made = changed(lines({}, item, {}, BAG))
    assert outcomes(made) == ["unreadable", ""]


def test_nothing_to_change_passes_with_the_common_reason() -> None:
    assert plan(lines({}, BY_PRICE, {}, BY_PRICE)) == PassThrough("sort")
    assert plan(lines({}, BY_PRICE, {"index": "x"}, BAG)) == PassThrough("mixed")
    assert plan(lines({}, BAG), session=None, popularity="none") == PassThrough("no-session")
    assert plan(lines({}, BAG), refused=("catalog",)) == PassThrough("wrapped-refused")
    assert plan(lines({}, BAG), strategy="none", popularity="none") == PassThrough("strategy-none")


def test_bodies_come_gzipped_within_the_limit_and_not_in_other_formats() -> None:
    packed = gzip.compress(lines({}, BAG))
    headers = [NDJSON, ("content-encoding", "gzip")]
    assert outcomes(changed(packed, headers=headers)) == [""]
    bomb = gzip.compress(lines({}, b"{" + b" " * 100_000 + b"}"))
    assert plan(bomb, headers=headers, limit=10_000) == PassThrough("too-large")
    assert plan(lines(*([{}, BAG] * 1001))) == PassThrough("too-large")
    assert plan(lines({}, BAG), headers=[("content-type", "application/cbor")]) == PassThrough("format")
    vendor = "application/vnd.elasticsearch+x-ndjson; compatible-with=8"
    made = changed(lines({}, BAG), headers=[("content-type", vendor)])
    assert ("Content-Type", vendor) in made.request.headers


@pytest.mark.parametrize("name", ["format=yaml", "source=x", "search_pipeline=p", "x=%zz"])
def test_some_urls_are_left_alone(name: str) -> None:
    assert isinstance(plan(lines({}, BAG), f"/catalog/_msearch?{name}"), PassThrough)


@pytest.mark.parametrize(
    ("wish", "outer", "members", "hides_status"),
    [
        ("responses.hits", "", (), True),
        ("responses", "", (), False),
        ("took,responses.hits.hits._id", "responses.hits.hits._index,responses._shards.failed", ("_index",), True),
        ("**._source", "responses.hits.hits._id,responses.hits.hits._index,responses._shards.failed",
         ("_id", "_index"), True),
    ],
)  # fmt: skip
def test_a_filter_path_is_widened_for_all_items(
    wish: str, outer: str, members: tuple[str, ...], hides_status: bool
) -> None:
    made = changed(lines({}, BAG, {}, BY_PRICE), f"/catalog/_msearch?filter_path={wish}")
    (told,) = parse_qs(urlsplit(made.request.target).query)["filter_path"]
    assert set(outer.split(",")) - {""} <= set(told.split(","))
    assert ("responses.status" in told.split(",")) == hides_status == made.hides_status
    assert made.extras.hit_members == members
    plan_of_first = made.items[0].plan
    assert isinstance(plan_of_first, Change)
    assert plan_of_first.extras.hit_members == members


def test_a_filter_path_without_hits_is_not_ranked() -> None:
    made = changed(lines({}, BAG), "/catalog/_msearch?filter_path=responses.took")
    assert outcomes(made) == ["no-hits-asked"]
    assert outcomes(changed(lines({}, BAG), "/catalog/_msearch?filter_path=took")) == ["no-hits-asked"]
