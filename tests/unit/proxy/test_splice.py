"""Pages cut from an engine's answer keep the engine's bytes."""

from __future__ import annotations

import json

import pytest

from proxy.splice import UnreadableAnswer, failed_shards, read_answer, without_extras, without_shards

HITS = [
    b'{"_index":"i","_id":"a","_score":1.0E10,"_source":{"big":9007199254740993,"n":1.0}}',
    b'{"_index":"i","_id":"b","_score":1.50,"_source":{"n":2}}',
    b'{"_index":"j","_id":"c","_score":null}',
]
HEAD = b'{"took":3,"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":{"value":3},"hits":'
TAIL = b'},"aggregations":{"x":{"hits":[]}}}'
BODY = HEAD + b"[" + b",".join(HITS) + b"]" + TAIL


def test_the_hits_tell_index_and_item() -> None:
    answer = read_answer(BODY)
    assert len(answer) == 3
    assert [index for index, _ in answer.named()] == ["i", "i", "j"]
    assert answer.items("_id") == ["a", "b", "c"]
    assert answer.failed_shards == 0


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1], []])
def test_only_the_text_of_the_hits_array_changes(order: list[int]) -> None:
    expected = HEAD + b"[" + b",".join(HITS[i] for i in order) + b"]" + TAIL
    assert read_answer(BODY).with_hits(order) == expected


def test_a_text_before_the_hits_that_begins_like_them_is_left_alone() -> None:
    lookalike = b'{"other":[' + HITS[0] + b',{"_index":"i","_id":"z"}],' + HEAD[1:]
    answer = read_answer(lookalike + b"[" + b",".join(HITS) + b"]" + TAIL)
    assert answer.with_hits([1]) == lookalike + b"[" + HITS[1] + b"]" + TAIL


def test_a_pretty_answer_keeps_its_layout() -> None:
    pretty = (
        b'{\n  "_shards" : {\n    "failed" : 0\n  },\n  "hits" : {\n    "hits" : [\n'
        b'      {\n        "_index" : "i",\n        "_id" : "a"\n      },\n'
        b'      {\n        "_index" : "i",\n        "_id" : "b"\n      }\n    ]\n  }\n}\n'
    )
    answer = read_answer(pretty)
    assert answer.with_hits([0, 1]) == pretty
    swapped = answer.with_hits([1, 0])
    assert swapped == pretty.replace(b'"a"', b'"?"').replace(b'"b"', b'"a"').replace(b'"?"', b'"b"')
    assert b'"hits" : [ ]' in answer.with_hits([])


def test_an_answer_without_hits_stays_as_it_is() -> None:
    for body in (b'{"hits":{"total":0,"hits":[]}}', b'{"hits":{"total":0,"hits":[ ]}}', b'{"hits":{}}'):
        assert read_answer(body).with_hits([]) == body


def test_hits_can_be_edited_and_left_out() -> None:
    body = read_answer(BODY).with_hits([2, 1], lambda position, text: None if position == 2 else text + b" ")
    assert body == HEAD + b"[" + HITS[1] + b" ]" + TAIL


def test_equal_hits_do_not_confuse_the_layout() -> None:
    hit = b'{"_index":"i","_id":"a"}'
    body = b'{"hits":{"hits":[ ' + hit + b" , " + hit + b" ]}}"
    assert read_answer(body).with_hits([1, 0]) == body


def test_item_fields_are_read_from_doc_values() -> None:
    body = (
        b'{"hits":{"hits":[{"_index":"i","_id":"1","fields":{"sku":["x"]}},{"_index":"i","_id":"2","fields":{"sku":[7]}}'
        b',{"_index":"i","_id":"3"},{"_index":"i","_id":"4","fields":{"sku":[{}]}}]}}'
    )
    assert read_answer(body).items("sku") == ["x", "7", "", ""]


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"[]", b'{"hits":[]}', b'{"hits":{"hits":{}}}', b'{"hits":{"hits":[{"_id":"a"}]}}', b'{"hits":3}'],
)
def test_what_is_no_search_answer_is_told(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read_answer(body)


def test_failed_shards_are_counted() -> None:
    assert failed_shards(b'{"_shards":{"failed":2},"hits":{}}') == 2
    assert failed_shards(b'{"hits":{}}') == 0
    with pytest.raises(UnreadableAnswer):
        failed_shards(b"...")


def test_extras_are_taken_out_of_a_hit() -> None:
    hit = b'{"_index":"i","_id":"a","fields":{"sku":["x"],"price":[1.0]},"_score":1.0E10}'
    assert without_extras(hit, ("_id",), "sku") == b'{"_index":"i","fields":{"price":[1.0]},"_score":1.0E10}'
    assert without_extras(b'{"_id":"a","fields":{"sku":["x"]},"n":1}', (), "sku") == b'{"_id":"a","n":1}'
    assert without_extras(b'{"_index":"i","_id":"a"}', ("_index", "_id"), "") is None


def test_an_answer_of_which_nothing_is_left_keeps_the_engines_layout() -> None:
    flat = b'{"hits":{"hits":[{"_index":"i","_id":"a"}]}}'
    lines = b'{\n  "hits" : {\n    "hits" : [\n      {\n        "_index" : "i", "_id" : "a"\n      }\n    ]\n  }\n}\n'
    assert read_answer(flat).with_hits([], drops_empty=True) == b"{}"
    assert read_answer(lines).with_hits([], drops_empty=True) == b"{ }\n"


def test_shard_counts_are_taken_out_whole_or_in_part() -> None:
    body = b'{"_shards":{"total":1,"failed":0},"hits":{}}'
    assert json.loads(without_shards(body, "all")) == {"hits": {}}
    assert json.loads(without_shards(body, "failed")) == {"_shards": {"total": 1}, "hits": {}}
    assert without_shards(b'{"hits":{}}', "all") == b'{"hits":{}}'
