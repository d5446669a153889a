"""The comparator alone: what it takes for equal, and in which words it tells what is not."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.conformance.comparison import body_differences, differences, settled
from tests.conformance.hits import NoHits, parts_of
from tests.conformance.items import item_differences, single_searches
from tests.conformance.ranked import page_of, ranked_differences
from tests.conformance.reference import paged, reference, request_differences, unfaithful
from tests.support.asking import Got
from tests.support.recorder import Asked

JSON = (("Content-Type", "application/json"),)


def got(body: bytes = b"{}", status: int = 200, *headers: tuple[str, str]) -> Got:
    return Got(status, (*JSON, *headers), body)


def asked(body: bytes = b"", target: str = "/shop/_search", *headers: tuple[str, str]) -> Asked:
    return Asked("POST", target, headers, body)


def test_equal_answers_have_no_differences() -> None:
    assert differences(got(b'{"a":1}'), got(b'{"a":1}')) == []


def test_time_framing_and_our_own_headers_are_not_compared() -> None:
    one = got(b'{"took":5,"a":1}', 200, ("Content-Length", "16"), ("Date", "x"))
    other = got(b'{"took":12,"a":1}', 200, ("Transfer-Encoding", "chunked"), ("X-Sessionrank", "plain; reason=off"))
    assert differences(one, other) == []


def test_a_word_that_ends_in_took_is_compared() -> None:
    assert differences(got(b'{"mistook":5}'), got(b'{"mistook":6}')) != []


def test_the_status_is_told() -> None:
    assert differences(got(), got(status=201)) == ["status: 201, not 200"]


def test_headers_are_compared_by_name_without_regard_to_case() -> None:
    assert differences(Got(200, (("X-A", "1"),), b""), Got(200, (("x-a", "1"),), b"")) == []


def test_a_missing_header_is_told() -> None:
    assert differences(got(b"", 200, ("X-Opaque-Id", "a")), got(b"")) == ["header x-opaque-id: missing, not ['a']"]


def test_repeated_headers_are_compared_line_by_line() -> None:
    two = got(b"", 200, ("Warning", "a"), ("Warning", "b"))
    assert differences(two, got(b"", 200, ("Warning", "a, b"))) == ["header warning: ['a, b'], not ['a', 'b']"]
    assert differences(two, got(b"", 200, ("Warning", "b"), ("Warning", "a"))) != []


def test_the_length_is_compared_for_head_alone() -> None:
    one, other = got(b"", 200, ("Content-Length", "9")), got(b"")
    assert differences(one, other) == []
    assert differences(one, other, method="HEAD") == ["content-length: None, not 9"]


@pytest.mark.parametrize(
    ("expected", "other", "told"),
    [
        (b'{"a":1.0}', b'{"a":1}', "body: a: 1, not 1.0"),
        (b'{"a":{"b":[1,2]}}', b'{"a":{"b":[1,3]}}', "body: a.b[1]: 3, not 2"),
        (b'{"a":[1,2]}', b'{"a":[1]}', "body: a: 1 values, not 2"),
        (b'{"a":1,"b":2}', b'{"b":2,"a":1}', "body: (all): members in the order ['b', 'a'], not ['a', 'b']"),
        (b'{"a":1}', b'{"a":1,"b":2}', "body: (all): missing [], too many ['b']"),
        (b'{"a":null}', b'{"a":"null"}', 'body: a: "null", not null'),
        (b'{"a":1}', b'{ "a":1}', "body: from byte 1: b'{ \"a\":1}', not b'{\"a\":1}' (8 bytes, not 7)"),
        (b'{"a":"\\u00e9"}', '{"a":"é"}'.encode(), "body: from byte 6"),
        (b"abc", b"abx", "body: from byte 2: b'abx', not b'abc' (3 bytes, not 3)"),
        (b"abc", b"", "body: from byte 0: b'', not b'abc' (0 bytes, not 3)"),
    ],
)
def test_what_differs_in_bodies_is_told_by_its_place(expected: bytes, other: bytes, told: str) -> None:
    found = body_differences(expected, other)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_many_differences_are_cut_short() -> None:
    one, other = (json.dumps([n + add for n in range(20)]).encode() for add in (0, 1))
    found = body_differences(one, other)
    assert (len(found), found[-1]) == (6, "body: … and 15 more")


def test_packed_bodies_are_compared_unpacked() -> None:
    packed = [
        got(gzip.compress(body), 200, ("Content-Encoding", "gzip"))
        for body in (b'{"took":1,"a":2}', b'{"took":3,"a":2}')
    ]
    assert differences(*packed) == []


def test_what_only_says_that_it_is_packed_is_compared_as_it_is() -> None:
    one = got(b"plain", 200, ("Content-Encoding", "gzip"))
    assert settled(one) == b"plain"


@pytest.mark.parametrize("took", [b"\x05", b"\x18\x30", b"\x19\x01\x02"])
def test_the_time_of_a_cbor_answer_is_left_out(took: bytes) -> None:
    assert settled(got(b"\xbfdtook" + took + b"eother")) == b"\xbfdtook0eother"


@pytest.mark.parametrize("took", [b"\xc4", b"\x24\x03\xb0"])
def test_the_time_of_a_smile_answer_is_left_out(took: bytes) -> None:
    assert settled(got(b"\xfa\x83took" + took + b"\x84other")) == b"\xfa\x83took0\x84other"


def test_the_time_of_a_yaml_answer_is_left_out() -> None:
    assert settled(got(b"---\ntook: 31\ntimed_out: false\n")) == b"---\ntook: 0\ntimed_out: false\n"


def test_a_mask_leaves_what_it_is_told_to_keep() -> None:
    assert settled(got(b'{"start":17,"a":1}'), [r'(?P<kept>"start":)\d+']) == b'{"start":"<masked>","a":1}'


def answer(*ids: str, start: str = '{"took":1,"hits":{"total":3,"hits":', end: str = '},"aggregations":{}}') -> bytes:
    return (
        start + "[" + ",".join(f'{{"_index":"i","_id":"{each}","_score":1.0}}' for each in ids) + "]" + end
    ).encode()


def test_an_answer_cut_into_parts_is_whole_when_put_together() -> None:
    body = b'{ "took" : 1, "hits" : { "hits" : [\n  {"_id":"a","x":"[]"},\n  {"_id":"b"}\n ] }, "a":{"hits":{}} }'
    parts = parts_of(body)
    opening, between, closing = parts.layout
    assert (parts.before + opening + between.join(parts.hits) + closing + parts.behind).encode() == body
    assert parts.hits == ('{"_id":"a","x":"[]"}', '{"_id":"b"}')


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"hits":{}}', b'{"hits":{"hits":3}}', b'{"hits":{"hits":[', b"x"]
)
def test_what_has_no_hits_cannot_be_cut(body: bytes) -> None:
    with pytest.raises(NoHits):
        parts_of(body)


def ranked(page: bytes, window: bytes, expected: bytes = answer("a", "b", "c")) -> list[str]:
    engine = (got(expected), got(expected), got(expected), got(expected))
    return ranked_differences(engine, (got(page), got(window, 200, moved(3))), (0, 3))


def moved(count: int) -> tuple[str, str]:
    return "X-Sessionrank", f"personalised; window=20; moved={count}"


def test_a_wrong_count_of_moved_hits_is_told() -> None:
    engine = (got(answer("a", "b")),) * 4
    same = got(answer("a", "b"), 200, moved(0))
    assert ranked_differences(engine, (same, same), (0, 2)) == []
    lying = got(answer("a", "b"), 200, moved(2))
    assert ranked_differences(engine, (lying, lying), (0, 2)) == [
        "0 hits of the window were moved, but it says 'personalised; window=20; moved=2'"
    ]


def test_another_order_is_no_difference() -> None:
    assert ranked(answer("c", "a", "b"), answer("c", "a", "b")) == []


def test_a_hit_that_is_lost_or_doubled_or_changed_is_told() -> None:
    assert any("missing" in each for each in ranked(answer("c", "a"), answer("c", "a")))
    assert any("too many" in each for each in ranked(answer("c", "a", "a"), answer("c", "a", "a")))
    changed = answer("c", "a", "b").replace(b"1.0", b"2.0", 1)
    assert any("too many" in each for each in ranked(changed, changed))


def test_a_page_of_another_order_than_the_window_is_told() -> None:
    assert any("not cut from" in each for each in ranked(answer("c", "b", "a"), answer("c", "a", "b")))


def test_what_stands_around_the_hits_is_compared() -> None:
    without = answer("c", "a", "b", end="}}")
    assert any(each.startswith("page: body") for each in ranked(without, answer("c", "a", "b")))
    assert any(each.startswith("window: body") for each in ranked(answer("c", "a", "b"), without))


def test_highlights_are_those_of_the_clients_own_search() -> None:
    lit = answer("a").replace(b'"_score"', b'"highlight":{"n":["x"]},"_score"')
    engine = (got(answer("a")), got(answer("a")), got(answer("a")), got(lit))
    found = ranked_differences(engine, (got(answer("a")), got(answer("a"), 200, moved(0))), (0, 1))
    assert found == ["highlight of a: None, not {'n': ['x']}"]


@pytest.mark.parametrize(
    ("target", "body", "page"),
    [
        ("/s/_search", b"", (0, 10)),
        ("/s/_search", b'{"from":2,"size":"3"}', (2, 3)),
        ("/s/_search?size=4&from=1&size=5", b'{"from":2,"size":3}', (1, 5)),
        ("/s/_search?source=%7B%22size%22:7%7D", b"", (0, 7)),
    ],
)
def test_the_page_is_read_as_engines_read_it(target: str, body: bytes, page: tuple[int, int]) -> None:
    assert page_of(asked(body, target)) == page


def test_a_page_replaces_the_one_in_the_url() -> None:
    assert paged(asked(b"{}", "/s/_search?size=3&q=a&from=1"), 5, 20).target == "/s/_search?q=a&from=5&size=20"


def test_the_reference_has_the_clients_own_page_fields_and_filter_path() -> None:
    sent = asked(b'{"size":3,"_source":false}', "/s/_search?filter_path=hits.hits._score")
    arrived = asked(
        b'{"query":{"w":{}},"_source":true,"from":0,"size":20,"docvalue_fields":["id"]}',
        "/s/_search?filter_path=hits.hits._score%2C_shards.failed&preference=ab",
    )
    wrapped = reference(sent, arrived)
    assert json.loads(wrapped.body) == {"query": {"w": {}}, "size": 3, "_source": False}
    assert wrapped.target == "/s/_search?preference=ab&filter_path=hits.hits._score"


def test_what_a_wrap_loses_is_told() -> None:
    sent = asked(b'{"query":{"match":{}},"aggs":{"a":{}}}', "/s/_search?timeout=1s")
    faithful = asked(b'{"aggs":{"a":{}},"query":{"wrap":{"match":{}}},"size":20}', "/s/_search?timeout=1s")
    assert unfaithful(sent, faithful) == []
    lossy = asked(b'{"query":{"wrap":{"match":{"x":1}}}}', "/t/_search")
    assert [each.split(":")[1].split()[0] for each in unfaithful(sent, lossy)] == ["aggs", "the", "path", "parameters"]


def test_a_request_that_passes_may_lose_our_own_headers_alone() -> None:
    sent = asked(b"{}", "/s/_count", ("X-Sessionrank", "off"), ("X-A", "1"), ("Host", "a"))
    assert request_differences(sent, asked(b"{}", "/s/_count", ("x-a", "1"), ("Host", "b"))) == []
    assert len(request_differences(sent, asked(b"", "/s/_count?x", ("x-a", "2")))) == 3


@pytest.mark.parametrize(("path", "same"), [("/s/_pit", True), ("/s/_count", False), ("/s/_eql/search", True)])
def test_a_parameter_that_says_no_document_may_be_added_where_it_is_needed(path: str, same: bool) -> None:
    sent, arrived = asked(b"", f"{path}?a=1"), asked(b"", f"{path}?a=1&ignore_unavailable=false")
    assert (request_differences(sent, arrived) == []) is same


MULTI = b'{}\n{"size":1}\r\n{"index":["a","b"],"preference":"x y"}\n{"size":2}\n'


def test_a_multi_search_is_taken_apart() -> None:
    singles = single_searches(asked(MULTI, "/s/_msearch?typed_keys&filter_path=took,responses.hits.total&x=1"))
    assert [(each.target, each.body.strip()) for each in singles] == [
        ("/s/_search?typed_keys&filter_path=hits.total", b'{"size":1}'),
        ("/a,b/_search?typed_keys&filter_path=hits.total&preference=x%20y", b'{"size":2}'),
    ]


def multi(*items: Any) -> Got:
    return got(json.dumps({"took": 1, "responses": items}, separators=(",", ":")).encode())


def items_of(answer_of_proxy: Got, direct: Got | None = None) -> list[str]:
    """Compared with searches that find their own size."""
    sent = asked(MULTI, "/s/_msearch")
    alone = lambda single: got(single.body.strip())  # noqa: E731
    return item_differences(sent, (direct or multi({}, {}), answer_of_proxy), alone)


def test_items_are_compared_with_the_searches_alone() -> None:
    assert items_of(multi({"size": 1, "status": 200}, {"size": 2, "status": 200})) == []
    assert items_of(multi({"size": 1, "status": 200}, {"size": 9, "status": 200})) == ["item 2: body: size: 9, not 2"]
    assert items_of(multi({"size": 1, "status": 404}, {"size": 2, "status": 200})) == ["item 1: status 404, not 200"]
    assert items_of(multi({"size": 1, "status": 200})) == ["1 items, not 2"]
    assert items_of(got(b"[]"))[0].startswith("no responses")


def test_what_stands_around_the_items_is_compared() -> None:
    direct = got(b'{"took":1,"more":1,"responses":[]}')
    found = items_of(multi({"size": 1, "status": 200}, {"size": 2, "status": 200}), direct)
    assert len(found) == 1
    assert found[0].startswith("body: from byte")
