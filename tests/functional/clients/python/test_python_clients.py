"""The official Python clients, unchanged, notice no proxy: every call gives what it gives at the engine itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import Over
from tests.support.client_stage import Stage, Stages
from tests.support.python_clients import Pairing, pairings, python_client
from tests.support.transcripts import Transcript, differences, told

#: The sections that only read, an index that is not personalised.
READING = ("documents", "searching", "walking", "wire")

#: Searches of the section ``managed`` whose hits are re-ordered.
PERSONALISED = (
    "managed body",
    "managed compressed",
    "managed fields",
    "managed filter path",
    "managed filtered",
    "managed headers",
    "managed lines",
    "managed one call's header",
    "managed pages",
    "managed q",
    "managed source none",
    "managed typed",
)

#: Calls below an index that engines with document types take for a document. The gate asks them in a way in which no
#: engine can, and an engine that does not have them refuses that way in its own words.
ASKED_SURELY = (
    "async search",
    "async search submit",
    "eql",
    "eql search",
    "knn search",
    "terms enum",
)

#: Calls that the engine warns of, and no other; elasticsearch-py 8 with Elasticsearch 9 makes none.
WARNED = {
    "elasticsearch-7": {"warnings", "warnings of a type"},
    "elasticsearch-8": {"warnings, two"},
    "elasticsearch-9": {"warnings of a parameter"},
    "opensearch": {"warnings"},
}

#: What each client raises when the nodes that it asks for at its start are refused.
SNIFF_ERRORS = {
    "elasticsearch-py-7": "AuthorizationException",
    "elasticsearch-py-8": "SniffingError",
    "elasticsearch-py-9": "SniffingError",
    "opensearch-py-3": "AuthorizationException",
}


#: Clients that give up a call when they may not sniff before it.
SNIFFS_WHILE_ASKING = {"elasticsearch-py-7", "opensearch-py-3"}


def test_every_call_is_answered_as_the_engine_answers_it(direct: Transcript, through: Transcript) -> None:
    expected, got = (but_for_words(only(each, *READING)) for each in (direct, through))
    assert len(expected) > 200
    assert differences(expected, got) == []


def test_the_engine_itself_refuses_only_what_it_must(pairing: Pairing, direct: Transcript) -> None:
    known = json.loads(Path(__file__).with_name("refusals.json").read_text(encoding="utf-8"))
    expected = {name for group in ("everywhere", pairing.engine, str(pairing)) for name in known.get(group, ())}
    read = only(direct, *READING)
    assert {name for name, record in read.items() if "error" in record} == expected & set(read)


def test_what_the_engine_warns_of_is_a_warning_of_the_client(pairing: Pairing, through: Transcript) -> None:
    warned = {name for name, record in through.items() if "warnings" in record}
    assert warned & WARNED[pairing.engine] or pairing == Pairing("elasticsearch-py-8", "elasticsearch-9")


def test_no_product_check_fails(through: Transcript) -> None:
    assert [name for name, record in through.items() if record.get("error") == "UnsupportedProductError"] == []


def test_one_connection_serves_twenty_calls(through: Transcript) -> None:
    assert through["connections of twenty calls"]["result"] == 1


@pytest.mark.parametrize("pairing", pairings("refused_by"), ids=str)
def test_a_client_that_the_engine_refuses_is_refused_in_the_same_words(pairing: Pairing, stages: Stages) -> None:
    stage, client = stages(pairing.engine), python_client(pairing.client)
    direct, through = (client(url, stage, ["documents"]) for url in (stage.engine, stage.managed))
    assert direct["get"]["info"]["error"]["type"] == "media_type_header_exception"
    assert differences(direct, through) == []


def test_sniffing_is_refused_and_the_client_stays_with_the_proxy(
    pairing: Pairing, direct: Transcript, through: Transcript
) -> None:
    assert through["sniff on start"]["error"] == SNIFF_ERRORS[pairing.client]
    refused = [record for name, record in through.items() if name.startswith("nodes")]
    assert [(record["error"], record["status"]) for record in refused] == [("AuthorizationException", 403)] * 4
    assert through["sniff connections"]["result"] == 1
    assert ("error" in through["sniff while asking"]) == (pairing.client in SNIFFS_WHILE_ASKING)
    for name in ("search between", "sniff on failure 0", "sniff on failure 1"):
        assert differences({name: direct[name]}, {name: through[name]}) == []


def test_sniffing_shows_the_engines_own_nodes_where_it_is_allowed(direct: Transcript, opened: Transcript) -> None:
    expected, got = only(direct, "sniffing"), only(opened, "sniffing")
    # Beside the engine's own address the newer clients keep the one that they were given.
    start = got.pop("sniff on start")
    assert set(start["result"]) == set(expected.pop("sniff on start")["result"]) == {"SERVER"}
    assert differences(expected, got) == []


def test_calls_that_write_are_refused_and_change_nothing(through: Transcript, stage: Stage) -> None:
    records = only(through, "writing")
    assert {(name, record.get("error"), record.get("status")) for name, record in records.items()} == {
        (name, "AuthorizationException", 403) for name in records
    }
    assert Over(stage.engine)("GET", "/_cat/indices/run*").body == b""


def test_calls_that_write_are_answered_as_the_engine_answers_them_where_they_are_allowed(
    direct: Transcript, opened: Transcript
) -> None:
    assert direct["helper bulk"]["result"] == [300, []]
    assert differences(only(direct, "writing"), only(opened, "writing")) == []


def test_with_a_session_only_the_order_of_the_hits_differs(
    direct: Transcript, through: Transcript, stage: Stage
) -> None:
    assert differences(only(direct, "managed"), only(through, "managed"), ranked=PERSONALISED) == []
    for name in PERSONALISED:
        ids = ids_of(through[name]["result"])
        assert ids != ids_of(direct[name]["result"]), name
        assert stage.follows_the_visit(ids), name
        if "headers" in through[name] and name != "managed lines":
            assert told(through[name]).startswith("personalised; "), name
    assert "headers" in through["managed headers"]


def only(transcript: Transcript, *sections: str) -> Transcript:
    """The records of these sections."""
    return {name: record for name, record in transcript.items() if record["section"] in sections}


def but_for_words(transcript: Transcript) -> Transcript:
    """A transcript that tells of :data:`ASKED_SURELY`, where the engine refused it, only that it did."""
    return {
        name: {"refused": 400 <= record["status"] < 500} if name in ASKED_SURELY and "error" in record else record
        for name, record in transcript.items()
    }


def ids_of(result: dict[str, Any]) -> list[str]:
    """The ids of the hits, in order; of the first search where there were several."""
    if "ids" in result:
        return list(result["ids"])
    return [hit["_id"] for hit in result.get("responses", [result])[0]["hits"]["hits"]]
