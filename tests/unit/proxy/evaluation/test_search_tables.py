"""The document of an evaluation, and what of it is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from proxy.evaluation.outcomes import CaseRefused, Outcome
from proxy.evaluation.plot import check_plot, draw_evaluation
from proxy.evaluation.products import Products
from proxy.evaluation.run import Job, evaluated
from proxy.evaluation.tables import against_table, chance, notes, orders_table, slices_table
from proxy.settings import ProxySettings
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.searchlog import LoggedEvent, SearchCase, write_log


class Planned:
    """Knows the outcomes beforehand: `good` lifts rare products and lowers popular ones, `none` does nothing."""

    def __init__(self, *refused: int) -> None:
        self._refused = refused

    def outcome(self, numbered: tuple[int, SearchCase]) -> Outcome:
        number, case = numbered
        if number in self._refused:
            raise CaseRefused(f"the search 'q {number}' was answered with 400: no\x1b such thing")
        if case.clicked == "rare":
            return Outcome(10, (1, 10), ("personalised", "strategy-none"), 50, raw=20)
        return Outcome(1, (2, 1), ("personalised", "strategy-none"), None, raw=3)


def made(folder: Path, visitors: int = 60, *, refused: Sequence[int] = (), **changes: Any) -> dict[str, Any]:
    cases = [
        SearchCase(
            (LoggedEvent("x"),) * (number % 4), "q", ("popular", "rare", "rare")[number % 3], id=str(number % visitors)
        )
        for number in range(90)
    ]
    write_log(folder / "odd \x1b$ log.jsonl", cases)
    given: dict[str, Any] = {"strategies": ("good",), "controls": ("none", "good"), "raw": True, "resamples": 200}
    job = Job(folder / "odd \x1b$ log.jsonl", "shop", "match on name", **{**given, **changes})
    done: list[int] = []
    document = evaluated(
        job, ProxySettings(), Planned(*refused), cases, Products({"popular": 9.0, "rare": 1.0}, 9.0),
        served={"release": "r1", "ranking": None}, left_out=3, on_done=done.append,
    )  # fmt: skip
    assert sum(done) == 90
    return document


def test_searches_that_are_refused_count_nowhere_but_are_told(tmp_path: Path) -> None:
    """The first is of a popular product, the second of a rare one and its visitor's only search."""
    document = made(tmp_path, refused=(3, 40))
    protocol = document["protocol"]
    assert (protocol["cases"], protocol["visitors"]) == (88, 59)
    assert protocol["refused"] == {"searches": 2, "first": "the search 'q 3' was answered with 400: no\x1b such thing"}
    assert document["strategies"]["good"]["reasons"] == {"personalised": 88}
    assert document["plain"]["mrr"]["mean"] == pytest.approx((29 * 1.0 + 59 * 0.1) / 88)
    (line,) = [line for line in notes(document) if "refused" in line]
    assert line.startswith("2 of 90 searches are refused and left out, such as this: the search 'q 3' was answered")
    assert made(tmp_path)["protocol"]["refused"] == {"searches": 0, "first": None}
    assert not [line for line in notes(made(tmp_path)) if "refused" in line]
    with pytest.raises(DataError, match="more than a tenth of the 90 searches is refused, such as this: the search"):
        made(tmp_path, refused=range(10))


def shown(*tables: Any) -> Sequence[str]:
    console = Console(width=80, soft_wrap=True, record=True, file=io.StringIO())
    for table in tables:
        console.print(table)
    return console.export_text().splitlines()


def test_the_document_tells_what_was_measured_and_how(tmp_path: Path) -> None:
    document = made(tmp_path)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    protocol = document["protocol"]
    assert {name: protocol[name] for name in ("cases", "left_out", "visitors", "release", "seed")} == {
        "cases": 90, "left_out": 3, "visitors": 60, "release": "r1", "seed": 1,
    }  # fmt: skip
    assert protocol["settings"]["window"] == 100
    assert len(protocol["log"]["sha256"]) == 64
    assert made(tmp_path, url="http://me:secret@proxy:9280")["protocol"]["through"] == "http://proxy:9280"
    assert list(document["strategies"]) == ["good", "none"]
    good = document["strategies"]["good"]
    assert good["metrics"]["mrr"]["mean"] == pytest.approx((30 * 0.5 + 60 * 1.0) / 90)
    assert document["plain"]["mrr"]["mean"] == pytest.approx((30 * 1.0 + 60 * 0.1) / 90)
    assert document["raw"]["mrr"]["mean"] == pytest.approx((30 / 3 + 60 / 20) / 90)
    assert good["sign"] | {"p": 0} == {"better": 60, "worse": 30, "equal": 0, "p": 0}
    assert good["reasons"] == {"personalised": 90}
    assert document["strategies"]["none"]["control"] is True
    totals = [part["cases"] for part in good["slices"] if part["by"] == "hits of the query"]
    assert totals == [60]


def test_tables_fit_a_terminal_and_name_the_harm(tmp_path: Path) -> None:
    document = made(tmp_path)
    lines = shown(orders_table(document), against_table(document), slices_table("good", document["strategies"]["good"]))
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert "\x1b" not in "".join(lines)
    (row,) = [line.split() for line in lines if line.split()[:1] == ["good"] and "60/30" in line]
    assert row[1].startswith("+0.")
    told = notes(document)
    assert told[:2] == [
        "good: personalised 90",
        "good is significantly below plain in: clicked product popular",
    ]
    assert "fewer than 10 visitors: no intervals can be told" in notes(made(tmp_path, visitors=5))
    assert "fewer than 10 visitors: no intervals can be told" not in told
    document["strategies"]["good"]["reasons"] = {"no-vector": 90}
    assert notes(document)[0] == "good: not one search was personalised: no-vector 90"


@pytest.mark.parametrize(("p", "text"), [(0.00001, "<.0001"), (0.04321, ".0432"), (1.0, "1"), (0.99999, "1")])
def test_chances_are_told_shortly(p: float, text: str) -> None:
    assert chance(p) == text


@pytest.mark.parametrize("visitors", [60, 5])
def test_a_picture_is_drawn_of_any_document(tmp_path: Path, visitors: int) -> None:
    for name in ("p.png", "p.svg"):
        draw_evaluation(made(tmp_path, visitors=visitors), tmp_path / "new" / name)
    assert (tmp_path / "new" / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "new" / "p.svg").read_text()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["p.png", "p.svg"]


def test_a_picture_of_another_kind_is_refused() -> None:
    check_plot(Path("p.PNG"))
    with pytest.raises(ConfigurationError, match=r"--plot: p\.pdf must end in \.png or \.svg"):
        check_plot(Path("p.pdf"))
