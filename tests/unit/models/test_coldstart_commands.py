"""The commands coldstart and evaluate-coldstart through the real command line."""

from __future__ import annotations

import builtins
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

WORDS = ("lantern", "teapot", "ribbon")


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    return lambda *words: run_model(capsys, *words)


@pytest.fixture(autouse=True)
def shop(tmp_path: Path) -> None:
    """catalogue.csv, sessions.txt and vectors.npz of 60 products, p57 to p59 without a vector; two more have a text."""
    chance = random.Random(1)
    names = {f"p{n:02d}": f"{chance.choice(['red', 'blue'])} {WORDS[n % 3]}" for n in range(60)}
    rows = [*names.items(), ("new-1", "teapots, blue"), ("new-2", "Unheard-of")]
    (tmp_path / "catalogue.csv").write_text("sku,name,brand\n" + "".join(f'{s},"{t}",Acme\n' for s, t in rows))
    lines = []
    for session in range(300):
        group = chance.randrange(3)
        lines.append(f"{session} " + " ".join(f"p{3 * chance.randrange(20) + group:02d}" for _ in range(10)))
    (tmp_path / "sessions.txt").write_text("\n".join(lines) + "\n")
    rng = np.random.default_rng(1)
    rows = [np.eye(8)[n % 3] + rng.normal(scale=0.1, size=8) for n in range(57)]
    VectorsFile.build([f"p{n:02d}" for n in range(57)], rows, [9] * 57, {"algorithm": "x"}).save(tmp_path / "v.npz")


def test_products_without_a_vector_get_one_and_the_file_says_how(run: Run) -> None:
    ran = run("coldstart", "catalogue.csv", "--vectors", "v.npz", "--out", "completed.npz", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["trained"], ran.json["added"], ran.json["without_vector"]) == (57, 4, 1)
    trained, file = VectorsFile.load("v.npz"), VectorsFile.load("completed.npz")
    assert file.ids[57:].tolist() == ["p57", "p58", "p59", "new-1"]
    assert file.vectors[:57].tobytes() == trained.vectors.tobytes()
    assert file.support[57:].tolist() == [0, 0, 0, 0]
    assert file.meta["cold_start"] == ran.json["cold_start"]
    assert file.meta["cold_start"]["method"] == "ridge"
    assert file.meta["algorithm"] == "x"
    nearest = np.argsort(-(file.vectors[:57] @ file.vectors[60]))[:10]
    assert {n % 3 for n in nearest.tolist()} == {WORDS.index("teapot")}


def test_the_same_input_gives_the_same_file_byte_for_byte(run: Run) -> None:
    for name in ("one.npz", "two.npz"):
        assert run("coldstart", "catalogue.csv", "--vectors", "v.npz", "--out", name).code == 0
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes()


def test_a_table_tells_what_was_added(run: Run) -> None:
    ran = run("coldstart", "catalogue.csv", "--vectors", "v.npz", "--out", "c.npz", "--columns", "name, brand")
    assert ran.code == 0, ran.err
    # Every product is of Acme, so that the one whose name says nothing still says as much.
    assert "products given a vector" in ran.out
    assert VectorsFile.load("c.npz").meta["cold_start"]["without"] == 0


def test_the_network_learns_from_the_sessions_of_any_reader(run: Run) -> None:
    small = "triplet:inputs=16,hidden=16,epochs=2,steps=20,batch=64"
    words = ("--method", small, "--vectors", "v.npz", "--data", "sessions.txt", "--max-length", "9", "--out", "c.npz")
    ran = run("coldstart", "catalogue.csv", *words)
    assert ran.code == 2
    assert "no session is left" in ran.err
    ran = run("coldstart", "catalogue.csv", *words[:6], "--out", "c.npz", "--json")
    assert ran.code == 0, ran.err
    learned = VectorsFile.load("c.npz").meta["cold_start"]
    assert (learned["method"], learned["parameters"]["epochs"], learned["added"]) == ("triplet", 2, 4)


def test_without_keras_one_line_names_the_extra_and_ridge_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_keras(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("keras", "jax"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_keras)
    words = ("coldstart", "catalogue.csv", "--vectors", "v.npz", "--data", "sessions.txt", "--out", "c.npz")
    ran = run(*words, "--method", "triplet")
    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith("Error: the triplet method needs ")
    assert "pip install 'sessionrank[coldstart]'" in ran.err
    assert run(*words).code == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["catalogue.csv", "--vectors", "no.npz"], "no such vectors file"),
        (["catalogue.csv", "--vectors", "catalogue.csv"], "not a vectors file"),
        (["catalogue.csv", "--columns", "colour"], "no column colour; there are: sku, name, brand"),
        (["catalogue.csv", "--columns", ","], "name at least one column"),
        (["catalogue.csv", "--sku-column", "id"], "no column id"),
        (["catalogue.csv", "--catalogue-encoding", "x-9"], "unknown encoding 'x-9'"),
        (["catalogue.csv", "--method", "magic"], "unknown method 'magic'; there are ridge, triplet"),
        (["catalogue.csv", "--method", "ridge:strength=-1"], "strength must be at least 0"),
        (["catalogue.csv", "--method", "ridge:depth=1"], "ridge has no parameter 'depth'"),
        (["catalogue.csv", "--method", "triplet"], "name their file with --data"),
        (["catalogue.csv", "--method", f"triplet:window={10**23}"], "window must be from 1 to 10000"),
        (["catalogue.csv", "--out", "c.txt"], "must end in .npz"),
        (["catalogue.csv", "--out", "v.npz"], "is read by this command"),
        (["other.csv"], "is this the same shop's catalogue"),
    ],
)
def test_bad_input_is_one_clear_line(run: Run, words: list[str], line: str) -> None:
    Path("other.csv").write_text("sku,name\nq1,red lantern\nq2,red teapot\n")
    before = Path("v.npz").read_bytes()
    given = ["--vectors", "v.npz"] if "--vectors" not in words else []
    ran = run("coldstart", *words, *given, *(["--out", "c.npz"] if "--out" not in words else []))
    assert ran.code == 2
    (error,) = [each for each in ran.err.splitlines() if each.startswith("Error: ")]
    assert line in error
    assert "Traceback" not in ran.err
    assert not Path("c.npz").exists()
    assert Path("v.npz").read_bytes() == before


def test_evaluation_reports_every_ranking_with_its_interval(run: Run) -> None:
    words = ("evaluate-coldstart", "catalogue.csv", "--data", "sessions.txt", "--method", "ridge")
    words += ("--algorithm", "word2vec:size=8,epochs=20", "--draws", "2")
    report = run(*words, "--json").json
    assert [draw["seed"] for draw in report["draws"]] == [123, 124]
    assert report["draws"][0]["products_held_out"] == 12
    assert report["data"]["sessions"] == 300
    assert set(report["results"]) == {"random", "popularity", "popularity, told", "ridge", "trained with them"}
    mrr = {name: figures["held-out products"]["mrr@10"] for name, figures in report["results"].items()}
    for figure in mrr.values():
        assert figure["low"] <= figure["mean"] <= figure["high"]
    assert mrr["ridge"]["low"] > mrr["popularity, told"]["high"]
    (told,) = [one for one in report["differences"] if (one["of"], one["to"]) == ("ridge", "popularity, told")]
    assert told["held-out products"]["mrr@10"]["low"] > 0
    table = run(*words)
    assert "Among all products: " in table.out
    assert "ridge − popularity, told" in table.out


def test_evaluation_with_too_little_data_or_an_algorithm_without_vectors_is_one_line(run: Run) -> None:
    words = ("evaluate-coldstart", "catalogue.csv", "--data", "sessions.txt")
    ran = run(*words, "--algorithm", "popularity")
    assert (ran.code, "popularity has no item vectors" in ran.err) == (2, True)
    Path("sessions.txt").write_text("1 p01 p02 p03\n")
    ran = run(*words)
    assert (ran.code, "too few products or sessions" in ran.err) == (2, True)
