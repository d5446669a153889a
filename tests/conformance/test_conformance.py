"""Every request of the catalogue, on every engine: through the proxy it is answered as the promise says."""

from __future__ import annotations

import pytest

from tests.conformance.catalogue.registry import CATALOGUE
from tests.conformance.report import COMMITTED, table
from tests.conformance.results import OWN_URL, Results, engine_names


@pytest.mark.parametrize("group", CATALOGUE)
@pytest.mark.parametrize("engine", engine_names())
def test_answers_through_the_proxy_are_the_engines_but_for_the_order(results: Results, engine: str, group: str) -> None:
    problems = results.problems(engine, group)
    assert not problems, "\n" + problems


if not OWN_URL:

    @pytest.mark.timeout(900)
    def test_the_committed_table_is_what_the_run_gives(results: Results) -> None:
        assert COMMITTED.read_text(encoding="utf-8") == table(results), (
            "docs/compatibility.md is not what the run gives; write it anew: python -m tests.conformance.report"
        )
