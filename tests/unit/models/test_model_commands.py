"""The commands train, similar and analogy through the real command line."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.algorithms.registry import load_model
from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *words: run_model(capsys, *words)


@pytest.fixture
def sessions_file(tmp_path: Path) -> Path:
    chance = random.Random(3)
    path = tmp_path / "sessions.txt"
    path.write_text("".join(f"{n}\t{' '.join(chance.choices('abcdefgh', k=6))}\n" for n in range(60)) + "60 a b\n")
    return path


@pytest.fixture
def vectors_file(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.npz"
    matrix = np.array([[1, 0, 0], [0.9, 0.4, 0], [0, 1, 0.2], [0, 0, 1]])
    VectorsFile.build(["10001", "10002", "10003", "evil\x1b[2J"], matrix, [5, 6, 7, 8], {}).save(path)
    return path


def test_train_writes_a_vectors_file_that_says_where_it_comes_from(
    run: Run, sessions_file: Path, tmp_path: Path
) -> None:
    ran = run("train", "word2vec", sessions_file, "--out", tmp_path / "v.npz", "--size", 8, "--seed", 4, "--json")
    assert ran.code == 0, ran.err
    assert "Left out: 1 sessions of fewer than 3 items" in ran.err
    vectors = VectorsFile.load(tmp_path / "v.npz")
    assert vectors.dimensions == 8
    assert ran.json["meta"] == vectors.meta
    assert ran.json["sessions"] == 60
    assert ran.json["items_with_vector"] == vectors.ids.size == 8
    assert vectors.meta["algorithm"] == "word2vec"
    assert vectors.meta["seed"] == 4
    assert vectors.meta["data"]["name"] == "sessions.txt"
    assert vectors.meta["data"]["sha256"] == hashlib.sha256(sessions_file.read_bytes()).hexdigest()


def test_a_parameter_is_given_in_the_name_by_set_or_by_its_own_option(
    run: Run, sessions_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "v.npz"
    made = run("train", "word2vec:size=4,epochs=2", sessions_file, "--set", "size=5", "--out", out, "--json").json
    assert (made["meta"]["parameters"]["size"], made["meta"]["parameters"]["epochs"]) == (5, 2)
    made = run(
        "train", sessions_file, "--set", "size=5", "--set", "ns-exponent=.5", "--size", 6, "--out", out, "--json"
    ).json
    assert (made["meta"]["parameters"]["size"], made["meta"]["parameters"]["ns_exponent"]) == (6, 0.5)


def test_an_algorithm_without_vectors_writes_a_model_file(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    ran = run("train", "sequential-rules", sessions_file, "--set", "steps=2", "--out", tmp_path / "rules.npz", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["model"].endswith("rules.npz")
    assert "vectors" not in ran.json
    model = load_model(tmp_path / "rules.npz")
    assert model.meta["parameters"]["steps"] == 2
    assert model.meta["data"]["sha256"] == hashlib.sha256(sessions_file.read_bytes()).hexdigest()
    assert len(model.recommend(["a"], 3)) == 3


def test_the_data_is_never_written_over_whatever_it_is_called(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    before = sessions_file.read_bytes()
    (tmp_path / "link.npz").symlink_to(sessions_file)
    for target, line in ((sessions_file, "must end in .npz"), (tmp_path / "link.npz", "is read by this command")):
        ran = run("train", sessions_file, "--out", target)
        assert ran.code == 2
        assert line in ran.err
    assert sessions_file.read_bytes() == before


def test_training_again_gives_the_same_file_byte_for_byte(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        assert run("train", sessions_file, "--out", tmp_path / name).code == 0
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_train_prints_a_table_without_json(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    ran = run("train", sessions_file, "--out", tmp_path / "v.npz")
    assert ran.code == 0
    assert "items with vector" in ran.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["missing.txt"], "missing.txt: no such file"),
        (["latin.txt"], "not utf-8 text"),
        (["empty.txt"], "no session is left to learn from (the file is empty)"),
        (["sessions.txt", "--reader", "xml"], "unknown reader 'xml'"),
        (["word3vec", "sessions.txt"], "unknown algorithm 'word3vec'"),
        (["sessions.txt", "--min-count", "5000"], "lower min-count"),
        (["sessions.txt", "--group-by", "invoice"], "has no option --group-by"),
        (["sessions.txt", "--size", "0"], "size must be from 1 to 4096"),
        (["sessions.txt", "--out", "sessions.txt/v.npz"], "it is not a folder"),
        (["sessions.txt", "--out", "v.txt"], "must end in .npz"),
        (["sessions.txt", "--set", "size"], "--set size: not NAME=VALUE"),
        (["sessions.txt", "--set", "colour=red"], "word2vec has no parameter 'colour'"),
        (["popularity", "sessions.txt", "--size", "5"], "popularity has no parameter 'size'; it has seed"),
        (["@missing.json", "sessions.txt"], "missing.json: no such file of settings"),
        (["word2vec"], "which data should word2vec learn from"),
        (["a", "b", "c"], "one data file is read at a time"),
    ],
)
def test_train_refuses_bad_input_with_one_clear_line(
    run: Run, sessions_file: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    monkeypatch.chdir(sessions_file.parent)
    Path("latin.txt").write_bytes(b"0 caf\xe9 b c\n")
    Path("empty.txt").write_text("")
    out = [] if "--out" in words else ["--out", "v.npz"]
    ran = run("train", *words, *out)
    assert ran.code == 2
    (error,) = [each for each in ran.err.splitlines() if each.startswith("Error: ")]
    assert line in error
    assert "Traceback" not in ran.err
    assert not Path("v.npz").exists()


def test_similar_shows_names_cosine_and_support(run: Run, vectors_file: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("sku,name\n10002,Blue [bold]mug[/bold]\x1b[31m\n10002,second\n")
    ran = run("similar", "10001", "--vectors", vectors_file, "--names", catalogue)
    assert ran.code == 0
    assert "Blue [bold]mug[/bold]�[31m" in ran.out
    assert "0.914" in ran.out
    assert "\x1b" not in ran.out
    found = run("similar", "10001", "--vectors", vectors_file, "--names", catalogue, "--n", 1, "--json").json
    assert found["neighbours"] == [
        {"sku": "10002", "name": "Blue [bold]mug[/bold]\x1b[31m", "score": 0.913812, "support": 6}
    ]


def test_similar_takes_several_items_unwanted_ones_and_cosmul(run: Run, vectors_file: Path) -> None:
    found = run(
        "similar", "10001", "10003", "--not", "evil\x1b[2J", "--cosmul", "--vectors", vectors_file, "--json"
    ).json
    assert found["method"] == "cosmul"
    assert [one["sku"] for one in found["neighbours"]] == ["10002"]


def test_analogy_prints_the_question_and_the_answer(run: Run, vectors_file: Path) -> None:
    ran = run("analogy", "10001", "10002", "evil\x1b[2J", "--vectors", vectors_file)
    assert ran.code == 0
    assert "10001 is to 10002 as evil�[2J is to …" in ran.out
    assert "10003" in ran.out
    assert (
        run("analogy", "10001", "10002", "10003", "--vectors", vectors_file, "--cosmul", "--json").json["b"] == "10002"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["similar", "10009", "--vectors", "vectors.npz"], "no vector for '10009'; did you mean 10003"),
        (["analogy", "10001", "10002", "zzz", "--vectors", "vectors.npz"], "knows no such item"),
        (["similar", "10001", "--vectors", "none.npz"], "none.npz: no such vectors file"),
        (["similar", "10001", "--vectors", "names.csv"], "not a vectors file"),
        (["similar", "10001", "--vectors", "vectors.npz", "--names", "names.csv"], "no column name and sku"),
        (["similar", "10001", "--vectors", "vectors.npz", "--names", "none.csv"], "no such file"),
    ],
)
def test_looking_at_vectors_refuses_bad_input_with_one_clear_line(
    run: Run, vectors_file: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    monkeypatch.chdir(vectors_file.parent)
    Path("names.csv").write_text("id,title\n1,x\n")
    ran = run(*words)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert line in ran.err


def test_every_command_has_help_with_examples(run: Run) -> None:
    for command in ("train", "similar", "analogy"):
        ran = run(command, "--help")
        assert ran.code == 0
        assert f"sessionrank model {command} " in ran.out


def test_the_name_of_a_file_need_not_be_text(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    odd = sessions_file.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m.txt"))
    reported = run("train", "popularity", odd, "--out", f"{odd}.npz", "--json")
    assert reported.code == 0, reported.err
    assert reported.json["meta"]["data"]["name"] == odd.name
    written = tmp_path / "run"
    measured = run("evaluate", odd, "popularity", "--protocol", "leave-last-out", "--out", written, "--json")
    assert measured.code == 0, measured.err
    assert json.loads((written / "evaluation.json").read_text("utf-8"))["data"]["name"] == odd.name
    refused = run("train", f"{odd}.missing", "--out", tmp_path / "v.npz")
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert "\x1b" not in refused.err
