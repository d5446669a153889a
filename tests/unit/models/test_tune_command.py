"""``sessionrank model tune``: what it refuses before Ray is started, one clear line each."""

from __future__ import annotations

import importlib.metadata
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.model_run import run_model


@pytest.fixture
def sessions_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    chance = random.Random(3)
    path = tmp_path / "sessions.txt"
    path.write_text("".join(f"{n}\t{' '.join(chance.choices('abcdefgh', k=6))}\n" for n in range(60)))
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--algorithm", "word3vec"], "unknown algorithm 'word3vec'"),
        (["--algorithm", "popularity"], "popularity has no search space; those that can be tuned are als, "),
        (["--algorithm", "@best.json"], "a file of settings leaves nothing to search"),
        (["--algorithm", "word2vec:epochs=5"], "give epochs by --max-epochs"),
        (["--algorithm", "word2vec: Seed =5"], "word2vec has no parameter 'Seed'"),
        (["--algorithm", "word2vec: seed =5"], "give seed by --seed"),
        (["--algorithm", "word2vec:min_count=0"], "min_count must be at least 1"),
        (["--algorithm", "vsknn:neighbours=5,decay=0,last=5"], "every parameter of vsknn that could be tuned is fixed"),
        (["--protocol", "by-luck"], "unknown protocol 'by-luck'"),
        (["--protocol", "holdout"], "by leave-last-out:leave_out=all"),
        (["--time-budget", "soon"], "--time-budget 'soon': not a length of time"),
        (["--protocol", "by-time"], "protocol by-time needs the time of each event"),
        (["--min-length", "200"], "the longest session"),
        (["--reader", "xml"], "unknown reader 'xml'"),
        (["--resume"], "sweep holds no sweep to resume"),
        (["--out", "sessions.txt"], "it is not a folder"),
        (["--ray-address", "nowhere"], "--ray-address nowhere: not HOST:PORT"),
        (["--ray-address", "ray://10.0.0.5:10001"], "not HOST:PORT"),
        (["--ray-address", "host:99999"], "not HOST:PORT"),
        (["--objective", "validation"], "draws 2,000 sessions"),
    ],
)
def test_tune_refuses_what_cannot_work(
    capsys: pytest.CaptureFixture[str], sessions_file: Path, words: list[str], line: str
) -> None:
    assert line in run_model(capsys, "tune", "sessions.txt", *words).error


@pytest.mark.parametrize(
    "words", [["--trials", "0"], ["--max-epochs", "0"], ["--factor", "1"], ["--factor", "nan"], ["--objective", "test"]]
)
def test_tune_refuses_numbers_that_cannot_work(
    capsys: pytest.CaptureFixture[str], sessions_file: Path, words: list[str]
) -> None:
    ran = run_model(capsys, "tune", "sessions.txt", *words)
    assert ran.code == 2
    assert f"Invalid value for '{words[0]}'" in ran.err


def test_tune_refuses_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], sessions_file: Path) -> None:
    assert "missing.txt: no such file" in run_model(capsys, "tune", "missing.txt").error


def test_a_sweep_that_is_there_is_not_written_over(capsys: pytest.CaptureFixture[str], sessions_file: Path) -> None:
    Path("sweep").mkdir()
    Path("sweep/trials.jsonl").write_text("")
    assert "go on with it by --resume" in run_model(capsys, "tune", "sessions.txt").error
    assert Path("sweep/trials.jsonl").read_text() == ""


def test_without_ray_it_names_the_extra(
    capsys: pytest.CaptureFixture[str], sessions_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = importlib.metadata.version

    def without_ray(name: str) -> str:
        if name == "ray":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_ray)
    error = run_model(capsys, "tune", "sessions.txt").error
    assert error.endswith("needs ray, which is missing: install it with `pip install 'sessionrank[tune]'`")


def test_help_says_what_is_optimised_with_examples_and_loads_no_heavy_library() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from models.commands.tune import tune;"
        "print(CliRunner().invoke(tune, ['--help']).output);"
        "print('loaded', [name for name in ('ray', 'gensim', 'matplotlib') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert "sessionrank model tune " in ran.stdout
    assert "nested" in ran.stdout
    assert ran.stdout.rstrip().endswith("loaded []")
