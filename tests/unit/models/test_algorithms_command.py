"""``model algorithms``: all of them by name, each with its parameters."""

from __future__ import annotations

import json

import pytest

from models.algorithms.registry import ALGORITHMS
from sessionrank.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["model", "algorithms", *words])
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def test_it_lists_all_of_them_with_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys)
    assert code == 0
    assert all(name in said for name in ALGORITHMS)
    assert "ns_exponent" in said


def test_json_has_every_parameter_with_its_default_and_range(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(run(capsys, "--json")[1])
    assert [one["algorithm"] for one in listed] == sorted(ALGORITHMS)
    (word2vec,) = [one for one in listed if one["algorithm"] == "word2vec"]
    (size,) = [one for one in word2vec["parameters"] if one["name"] == "size"]
    assert (size["default"], size["range"]) == (52, "1 to 4096")
    (blend,) = [one for one in listed if one["algorithm"] == "blend"]
    assert blend["parameters"][1]["default"][0]["algorithm"] == "sequential-rules"


def test_one_of_them_is_shown_with_its_parameters_and_an_unknown_one_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said, _ = run(capsys, "vsknn")
    assert code == 0
    assert "neighbours" in said
    assert "1 to 1000000" in said
    code, said, error = run(capsys, "word3vec")
    assert code == 2
    assert "unknown algorithm 'word3vec'; there are " in error
