"""The command ``model evaluate`` through the real command line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.algorithms.popularity import Popularity
from models.evaluation.evaluate import evaluate
from models.protocols.registry import make_protocol
from models.readers.sessions_txt import SessionsTxt
from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

#: Enough for 60 sessions, and quick.
SMALL = ("--protocol", "fast-forward:test=20,validation=20", "--seeds", "1-3")


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *words: run_model(capsys, *words)


def visits(count: int = 60) -> list[list[str]]:
    chance = random.Random(3)
    return [chance.choices("aaabbcdefgh", k=chance.randint(4, 8)) for _ in range(count)]


@pytest.fixture
def sessions_file(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.txt"
    path.write_text("".join(f"{n}\t{' '.join(visit)}\n" for n, visit in enumerate(visits())))
    return path


def events_file(path: Path) -> Path:
    rows = [
        f"s{n},{item},2020-01-{1 + n // 3:02d}T10:{place:02d}:00"
        for n, visit in enumerate(visits())
        for place, item in enumerate(visit)
    ]
    path.write_text("\n".join(["session_id,product_id,event_time_stamp", *rows]) + "\n")
    return path


def pairs_file(path: Path, part: slice) -> Path:
    rows = [f"u{n},{item}" for n, visit in enumerate(visits()) for item in sorted(set(visit))[part]]
    path.write_text("\n".join(["user_id,product_id", *rows]) + "\n")
    return path


def test_a_folder_gets_the_run_as_json_page_and_plot(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    ran = run(
        "evaluate", sessions_file, "random", "popularity", *SMALL, "--out", tmp_path / "results", "--k", 1, "--k", 3
    )
    assert ran.code == 0, ran.err
    said = json.loads((tmp_path / "results" / "evaluation.json").read_text())
    assert {
        "data",
        "protocol",
        "seeds",
        "parts",
        "ks",
        "intervals",
        "train",
        "cases",
        "machine",
        "algorithms",
    } <= said.keys()
    assert said["ks"] == [1, 3]
    assert said["seeds"] == [1, 2, 3]
    assert said["protocol"] == make_protocol(SMALL[1]).describe()
    assert len(said["data"]["sha256"]) == 64
    assert said["data"]["reader"]["class"] == "SessionsTxt"
    for one in said["algorithms"]:
        assert one["seconds"]["train"] >= 0
        assert one["peak_memory_bytes"] > 1e7
        assert len(one["parts"]["test"]["metrics"]["recall@3"]["draws"]) == 3
        assert {"popular answers", "rare answers"} <= one["parts"]["test"]["slices"].keys()
    assert "against_first" in said["algorithms"][1]["parts"]["test"]
    page = (tmp_path / "results" / "evaluation.md").read_text()
    assert page.index("| popularity |") < page.index("| random |")
    assert "less random" in page
    assert (tmp_path / "results" / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    assert "popularity" in ran.out


def test_its_figures_are_those_of_the_splits_of_the_protocol(run: Run, sessions_file: Path) -> None:
    ran = run("evaluate", sessions_file, "popularity", *SMALL, "--k", 2, "--json")
    assert ran.code == 0, ran.err
    sessions = SessionsTxt().read(sessions_file).sessions
    by_hand = []
    for seed in (1, 2, 3):
        split = make_protocol(SMALL[1]).split(sessions, seed)
        by_hand.append(evaluate(Popularity().fit(split.train), split.test, (2,)).mean("recall@2"))
    assert ran.json["algorithms"][0]["parts"]["test"]["metrics"]["recall@2"]["draws"] == pytest.approx(
        by_hand, abs=1e-6
    )


def test_the_same_words_give_the_same_figures(run: Run, sessions_file: Path) -> None:
    words = ("evaluate", sessions_file, "word2vec:epochs=1,min_count=1,size=4", *SMALL, "--part", "test", "--json")
    once, again = run(*words).json, run(*words).json
    assert once["parts"] == ["test"]
    assert once["algorithms"][0]["parts"] == again["algorithms"][0]["parts"]


def test_a_curve_has_recall_and_loss_of_every_epoch(run: Run, sessions_file: Path, tmp_path: Path) -> None:
    curve = tmp_path / "curve.png"
    word2vec = "word2vec:epochs=3,min_count=1,size=4"
    ran = run("evaluate", sessions_file, word2vec, "popularity", *SMALL, "--curve", curve, "--json")
    assert ran.code == 0, ran.err
    points = ran.json["algorithms"][0]["epochs"]
    assert [point["epoch"] for point in points] == [1, 2, 3]
    assert all(point["loss"] > 0 for point in points)
    whole = ran.json["algorithms"][0]["parts"]["validation"]["metrics"]["recall@10"]["mean"]
    assert points[-1]["recall@10"] == pytest.approx(whole, abs=1e-6)
    assert "epochs" not in ran.json["algorithms"][1]
    assert curve.read_bytes().startswith(b"\x89PNG")


def test_by_time_and_holdout_read_what_they_need(run: Run, tmp_path: Path) -> None:
    events = events_file(tmp_path / "events.csv")
    timed = run("evaluate", events, "popularity", "--protocol", "by-time", "--seeds", "1", "--json")
    assert timed.code == 0, timed.err
    assert timed.json["train"]["events"] < 0.8 * timed.json["data"]["events"]
    assert "sessions new" in timed.json["algorithms"][0]["parts"]["test"]["slices"]
    train, valid = pairs_file(tmp_path / "train.csv", slice(1, None)), pairs_file(tmp_path / "valid.csv", slice(0, 1))
    words = (
        "evaluate",
        train,
        "popularity",
        "--reader",
        "pairs",
        "--protocol",
        "holdout",
        "--holdout",
        valid,
        "--seeds",
        "1",
    )
    joined = run(*words, "--json")
    assert joined.code == 0, joined.err
    assert joined.json["protocol"]["leave_out"] == "all"
    assert joined.json["cases"]["answers"] == 60
    assert joined.json["holdout"]["name"] == "valid.csv"
    part = run(*words, "--leave-out-share", "0.5", "--json")
    assert part.code == 0, part.err
    # A part of what is learned from, and all of the answers.
    assert part.json["data"]["sessions"] == 30
    assert part.json["holdout"]["sessions"] == 60


def test_a_model_file_is_measured_and_told_of_when_it_has_seen_the_answers(
    run: Run, sessions_file: Path, tmp_path: Path
) -> None:
    assert run("train", "popularity", sessions_file, "--out", tmp_path / "m.npz").code == 0
    ran = run("evaluate", sessions_file, "random", "--model", tmp_path / "m.npz", *SMALL, "--json")
    assert ran.code == 0, ran.err
    assert "has learned from this very file, answers included" in ran.err
    assert [one["seen_answers"] for one in ran.json["algorithms"]] == [False, True]
    assert ran.json["algorithms"][1]["seconds"]["train"] is None


def test_several_trainings_are_told_apart(run: Run, sessions_file: Path) -> None:
    ran = run("evaluate", sessions_file, "random:seed=5", *SMALL, "--train-seeds", 2, "--json")
    assert ran.json["algorithms"][0]["training_seeds"] == [5, 6]
    assert len(ran.json["algorithms"][0]["by_training_seed"]["test"]["recall@10"]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("popularity", "--protocol", "backwards"), "unknown protocol 'backwards'; there are by-time, fast-forward"),
        (("word3vec",), "unknown algorithm 'word3vec'"),
        ((), "which algorithms should be measured"),
        (("popularity",), "draws 2,000 sessions of at least 2 items (1,000 test, 1,000 validate) and there are 60"),
        (("popularity", "--protocol", "by-time"), "needs the time of each event"),
        (("popularity", "--protocol", "by-time:date=tomorrow"), "not an ISO date"),
        (("popularity", "--protocol", "holdout"), "--holdout FILE"),
        (("popularity", "--holdout", "DATA"), "go together"),
        (("popularity", "--protocol", "holdout", "--holdout", "missing.txt"), "missing.txt"),
        (("popularity", "--seeds", "all"), "seeds 'all'"),
        (("popularity", "--out", "result.txt"), "must end in .json"),
        (("popularity", "--plot", "plot.pdf"), "must end in .png"),
        (("popularity", "--epochs-curve"), "learns in epochs"),
        (("word2vec", "--epochs-curve", "--part", "test"), "on what validates"),
        (("--model", "DATA"), "not a model file"),
        (("--model", "missing.npz"), "no such model file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    run: Run, sessions_file: Path, words: tuple[str, ...], message: str
) -> None:
    ran = run("evaluate", sessions_file, *(str(sessions_file) if word == "DATA" else word for word in words))
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.strip().count("\n") == 0
    assert "Traceback" not in ran.err


def test_text_from_outside_cannot_leave_its_cell_or_its_label(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "a|b$x_1$\x1b[2J.txt"
    data.write_text("".join(f"{n}\t{' '.join(visit)}\n" for n, visit in enumerate(visits())))
    ran = run("evaluate", data, "popularity", *SMALL, "--out", tmp_path / "results", "--reader", "sessions-txt")
    assert ran.code == 0, ran.err
    assert "\x1b[2J" not in ran.out + (tmp_path / "results" / "evaluation.md").read_text()
    assert "# a\\|b$x\\_1$" in (tmp_path / "results" / "evaluation.md").read_text()


def test_a_model_that_knows_more_items_than_the_data_covers_at_most_all_of_them(
    run: Run, sessions_file: Path, tmp_path: Path
) -> None:
    known = sorted({item for visit in visits() for item in visit})
    ids = [*known, *(f"new{number}" for number in range(40))]
    matrix = np.random.default_rng(1).normal(size=(len(ids), 4))
    meta = {"algorithm": "word2vec", "seed": 1, "parameters": {}}
    VectorsFile.build(ids, matrix, [1] * len(ids), meta).save(tmp_path / "completed.npz")
    ran = run("evaluate", sessions_file, "--model", tmp_path / "completed.npz", *SMALL, "--json")
    assert ran.code == 0, ran.err
    (one,) = ran.json["algorithms"]
    assert 0.5 < one["parts"]["test"]["metrics"]["coverage@10"]["mean"] <= 1
