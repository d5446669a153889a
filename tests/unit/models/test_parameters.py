"""Parameters out of range, and algorithms written as text."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from models.algorithms.blend import Blend
from models.algorithms.popularity import Popularity
from models.algorithms.registry import ALGORITHMS, build_algorithm, load_model, make_algorithm
from models.algorithms.sequential_rules import SequentialRules
from models.algorithms.word2vec import Word2Vec
from sessionrank.errors import ConfigurationError, DataError


def test_a_text_names_an_algorithm_and_its_parameters() -> None:
    assert make_algorithm("word2vec") == Word2Vec()
    assert make_algorithm("word2vec:size=64, ns-exponent=-0.5,seed=7") == Word2Vec(size=64, ns_exponent=-0.5, seed=7)
    assert make_algorithm("word2vec:size=64", size=32, window=None) == Word2Vec(size=32)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("word3vec", "unknown algorithm 'word3vec'; there are als, association-rules, "),
        ("word2vec:colour=red", "word2vec has no parameter 'colour'; it has seed, size, "),
        ("word2vec:size", "'size' in 'word2vec:size' is not parameter=value"),
        ("word2vec:size=big", "size must be a whole number, not 'big'"),
        ("word2vec:size=1.5", "size must be a whole number, not '1.5'"),
        ("word2vec:alpha=nan", "alpha must be a finite number"),
        ("word2vec:size=5000", "size must be from 1 to 4096, not 5000"),
        ("word2vec:sg=2", "sg must be 0 or 1, not 2"),
        ("word2vec:alpha=0", "alpha must be above 0"),
        ("sequential-rules:steps=0", "steps must be from 1 to 1000, not 0"),
        ("blend:parts=word2vec+nothing", "unknown algorithm 'nothing'"),
        ("blend:parts=", "unknown algorithm ''"),
    ],
)
def test_what_cannot_work_is_refused_by_name(text: str, line: str) -> None:
    with pytest.raises(ConfigurationError, match=line.replace("(", r"\(")):
        make_algorithm(text)


def test_a_file_of_settings_stands_for_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"algorithm": "word2vec", "parameters": {"size": 40}, "seed": 5, "found": {"score": 1}}))
    assert make_algorithm(f"@{path}") == Word2Vec(size=40, seed=5)
    assert make_algorithm(f"@{path}", size=8) == Word2Vec(size=8, seed=5)


def test_a_blend_is_described_so_that_the_description_builds_it_again(tmp_path: Path) -> None:
    blend = Blend(parts=(SequentialRules(steps=4, seed=9), Popularity()), each=7, visits=0)
    path = tmp_path / "blend.json"
    path.write_text(json.dumps(blend.describe()))
    assert make_algorithm(f"@{path}") == blend
    assert make_algorithm("blend:parts=popularity+random").parts == (Popularity(), ALGORITHMS["random"]())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"algorithm": 5}', '{"algorithm": "word2vec", "parameters": []}', "[" * 100_000, "\x00"],
)
def test_a_file_that_says_nothing_of_use_is_a_data_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "best.json"
    path.write_text(content)
    with pytest.raises(DataError, match="not a file of settings"):
        make_algorithm(f"@{path}")
    with pytest.raises(DataError, match="no such file of settings"):
        make_algorithm(f"@{tmp_path / 'missing'}")


@pytest.mark.parametrize("parts", [5, [5], [{}], {"a": 1}, [{"algorithm": "popularity", "parameters": 5}]])
def test_parts_that_are_no_algorithms_are_refused(parts: object) -> None:
    with pytest.raises(ConfigurationError):
        build_algorithm("blend", {"parts": parts})


def test_every_member_is_called_by_its_name_and_each_parameter_has_a_help_text() -> None:
    for name, kind in ALGORITHMS.items():
        assert kind.name == name
        assert all(field.metadata["help"] for field in dataclasses.fields(kind)), name


def test_a_model_of_any_algorithm_is_loaded_by_the_name_in_its_file(tmp_path: Path) -> None:
    sessions = [["a", "b", "c"], ["b", "c", "d"]] * 5
    for name in ("popularity", "sequential-rules", "vsknn"):
        model = make_algorithm(name).fit(sessions)
        model.save(tmp_path / "model.npz")
        assert load_model(tmp_path / "model.npz").recommend(["a"], 3) == model.recommend(["a"], 3)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DataError, match="not a model file"):
        load_model(tmp_path / "broken.npz")
    with pytest.raises(DataError, match="no such model file"):
        load_model(tmp_path / "missing.npz")


@pytest.mark.parametrize(
    "text",
    [
        # gensim's threads die of what fits no C number, and fit would wait for them for ever; a NaN ends the process.
        "word2vec:window=99999999999999999999999",
        "word2vec:negative=99999999999999999999999",
        "fasttext:alpha=1e308",
        "fasttext:ns_exponent=1e9",
        "word2vec:ns_exponent=-1e9",
        "factors:alpha=1e308",
        "factors:ns_exponent=1e308",
        "als:regularization=1e308",
        "als:confidence=1e308",
        "bpr:alpha=1e308",
        "bpr:popularity=1e308",
    ],
)
def test_numbers_that_no_library_can_work_with_are_out_of_range(text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        make_algorithm(text)
