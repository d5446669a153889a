"""The child that measures: how its end is told, and that it never outlives the load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from indexer import measuring
from indexer.measuring import Measuring, left_out
from sessionrank.errors import DataError
from sessionrank.left_out import left_out_beside
from sessionrank.npz import save
from sessionrank.textfile import sha256_of


@contextmanager
def standing_in(monkeypatch: pytest.MonkeyPatch, code: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let a program of a few lines run where the command would; gives the children that were started."""
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        assert command[1:3] == ["-m", "sessionrank"]
        started.append(real([sys.executable, "-S", "-c", code, *command[3:]], **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(measuring.subprocess, "Popen", start)
    monkeypatch.setattr(measuring, "_ALIVE_S", 0.05)
    yield started


def measure(source: Path, index: str, alive: Callable[[], None], **options: float) -> str | None:
    return Measuring(source, Path("catalog.csv"), **options)(index, alive)  # type: ignore[arg-type]


SLEEP = "import time; time.sleep(60)"
#: A child that does not end when it is asked to.
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w').close(); {SLEEP}"
LISTENING = f"open('ready', 'w').close(); {SLEEP}"


def test_the_command_names_the_new_index_and_whatever_the_log_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = f"import sys; open({str(tmp_path / 'argv')!r}, 'w').write(repr(sys.argv[1:]))"
    with standing_in(monkeypatch, code):
        assert measure(Path("--url=x.jsonl"), "shop-1", lambda: None) is None
    expected = ["search", "tune", "--index", "shop-1", "--json", "--", "--url=x.jsonl"]
    assert (tmp_path / "argv").read_text() == repr(expected)


def test_of_sessions_a_log_of_searches_is_made_first_and_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = f"""if True:
        import pathlib, sys
        with open({str(tmp_path / "argv")!r}, "a") as file:
            print(*sys.argv[1:], file=file)
        if sys.argv[2] == "log":
            pathlib.Path(sys.argv[sys.argv.index("--out") + 1]).touch()
        else:
            assert pathlib.Path(sys.argv[-1]).exists()
    """
    with standing_in(monkeypatch, code) as started:
        assert measure(Path("c.left-out.npz"), "shop-1", lambda: None) is None
    first, second = ((tmp_path / "argv").read_text()).splitlines()
    assert first.startswith("search log --catalog catalog.csv --catalogue-encoding utf-8-sig --reader prepared --cases")
    assert first.endswith(" -- c.left-out.npz")
    log = second.split()[-1]
    assert second == f"search tune --index shop-1 --keep-rank --json -- {log}"
    assert f" --out {log} " in first
    assert not Path(log).exists()
    assert len(started) == 2


def test_where_no_log_can_be_made_that_is_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with standing_in(monkeypatch, "import sys; sys.exit('Error: c.npz: no word is common')") as started:
        assert measure(Path("c.npz"), "shop-1", lambda: None) == "c.npz: no word is common"
    assert len(started) == 1


def test_what_cannot_be_measured_on_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    for name in ("none.npz", "none.jsonl"):
        with pytest.raises(DataError, match=rf"none\.{name[5:]}: no such file"):
            Measuring(tmp_path / name, tmp_path).check()
    save(tmp_path / "v.npz", {}, items=np.arange(3))
    with pytest.raises(DataError, match=r"v\.npz: not a file of sessions: it has no codes and no lengths"):
        Measuring(tmp_path / "v.npz", tmp_path).check()
    (tmp_path / "x.npz").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"x\.npz: not a file of sessions: "):
        Measuring(tmp_path / "x.npz", tmp_path).check()


def test_sessions_are_taken_that_all_models_left_out(tmp_path: Path) -> None:
    vectors, covisits = tmp_path / "v.npz", tmp_path / "c.npz"

    def trained(model: Path, sessions: bytes | None) -> None:
        """A model whose training left these sessions out; None: nothing."""
        if sessions is not None:
            left_out_beside(model).write_bytes(sessions)
        save(model, {} if sessions is None else {"left_out": sha256_of(left_out_beside(model))})

    trained(covisits, b"some")
    trained(vectors, None)
    assert left_out_beside(covisits) == tmp_path / "c.left-out.npz"
    assert left_out([covisits]) == (tmp_path / "c.left-out.npz", "")
    assert left_out([vectors, covisits]) == (
        None, f"no sessions were left out when {vectors} was trained (--leave-out-share)",
    )  # fmt: skip
    trained(vectors, b"others")
    found, why = left_out([vectors, covisits])
    assert (found, why) == (None, f"{vectors} and {covisits} left other sessions out: train both with the same options")
    trained(vectors, b"some")
    assert left_out([vectors, covisits]) == (tmp_path / "v.left-out.npz", "")
    left_out_beside(vectors).write_bytes(b"of another training")
    assert "v.left-out.npz is of another training than" in left_out([vectors, covisits])[1]
    left_out_beside(vectors).unlink()
    assert "v.left-out.npz, the sessions that were left out of training, is missing" in left_out([vectors])[1]
    vectors.write_bytes(b"no file of vectors")
    with pytest.raises(DataError, match=r"v\.npz: not a file of vectors or covisits"):
        left_out([vectors])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit('noise\\nError: x.jsonl: no such file\\n\\n')", "x.jsonl: no such file"),
        ("import sys; sys.exit(3)", "it ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9 ended it"),
        ("import sys; sys.exit('\\x1b[2J' + 'x' * 100_000)", "x" * 200),
    ],
)
def test_how_a_measurement_failed_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    with standing_in(monkeypatch, code):
        assert measure(Path("x.jsonl"), "shop-1", lambda: None) == told


def test_a_measurement_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[int] = []
    with standing_in(monkeypatch, SLEEP) as started:
        said = measure(Path("x.jsonl"), "shop-1", lambda: alive.append(1), timeout_s=0.3)
    assert said == "it took longer than 0 minutes"
    assert len(alive) > 1
    assert started[0].returncode is not None


@pytest.mark.parametrize(("code", "signal"), [(LISTENING, 15), (DEAF, 9)])
def test_a_load_that_is_stopped_takes_its_child_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, signal: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measuring, "_ENDING_S", 0.2)

    def stop() -> None:
        if (tmp_path / "ready").exists():
            sys.exit(143)

    with standing_in(monkeypatch, code) as started, pytest.raises(SystemExit):
        measure(Path("x.jsonl"), "shop-1", stop)
    assert started[0].returncode == -signal
