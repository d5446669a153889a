"""What the fuzz holds for harmful: rules of its own, which must neither miss a write nor take a read for one."""

from __future__ import annotations

import pytest

from tests.support.fuzz_forwarder import harm


@pytest.mark.parametrize(
    "target",
    [
        "/x/_explain/_BULK",
        "/x/_explain/_BULK/",
        "/x/_termvectors/_Update?routing=a",
        "/x/_explain/%5fbulk",
        "/x/_search",
    ],
)
def test_a_document_that_is_called_nearly_like_an_endpoint_is_a_question(target: str) -> None:
    assert harm("POST", target) == ""


@pytest.mark.parametrize(
    "target",
    [
        "/x/_explain/_bulk", "/x/_termvectors/_update", "/x/_bulk", "/x/_BULK", "/_BULK", "/x/%5fbulk",
        "/x/_search/_BULK", "/x/_Explain/_BULK",
        "/x/_doc/_search/_BULK", "/_BULK/_explain/1", "/x/_BULK/_explain", "/x/_explain/1/_BULK", "/_explain/_BULK",
    ],
)  # fmt: skip
def test_a_post_that_some_engine_could_take_for_a_write_is_none(target: str) -> None:
    assert "changes something" in harm("POST", target)
