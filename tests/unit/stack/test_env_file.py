"""The file in which a running stack tells its addresses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError
from stack.env_file import env_file, prepare_env_file

NAMES = ("SESSIONRANK_UPSTREAM", "SESSIONRANK_REDIS_URL")
VALUES = {"SESSIONRANK_UPSTREAM": "http://127.0.0.1:1", "SESSIONRANK_REDIS_URL": "redis://127.0.0.1:2/0"}
TEXT = "SESSIONRANK_UPSTREAM=http://127.0.0.1:1\nSESSIONRANK_REDIS_URL=redis://127.0.0.1:2/0\n"


def test_it_holds_the_addresses_as_long_as_the_stack_runs(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"
    with env_file(path, VALUES):
        assert path.read_text() == TEXT
        assert list(tmp_path.iterdir()) == [path]
    assert list(tmp_path.iterdir()) == []


def test_it_appears_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stack.env"
    replaced: list[str] = []
    original = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: replaced.append(self.read_text()) or original(self, target)
    )
    with env_file(path, VALUES):
        assert replaced == [TEXT]


def test_a_file_that_another_stack_took_over_stays(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"
    with env_file(path, VALUES):
        path.write_text("SESSIONRANK_UPSTREAM=http://127.0.0.1:9\n")
    assert path.exists()


def test_a_file_that_somebody_removed_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"
    with env_file(path, VALUES):
        path.unlink()


def test_what_an_earlier_stack_left_is_removed_first(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"
    path.write_text(TEXT + "\n")
    prepare_env_file(path, NAMES)
    assert not path.exists()
    prepare_env_file(path, NAMES)


@pytest.mark.parametrize("text", ["PASSWORD=x\n", TEXT + "OTHER=1\n", "# a comment\n", "\udcff".join(["a", "b"])])
def test_a_file_with_anything_else_is_not_touched(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".env"
    path.write_bytes(os.fsencode(text))
    with pytest.raises(ConfigurationError, match="give another --env-file"):
        prepare_env_file(path, NAMES)
    assert path.read_bytes() == os.fsencode(text)


def test_a_folder_that_is_missing_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: no such folder"):
        prepare_env_file(tmp_path / "missing" / "stack.env", NAMES)


def test_a_file_that_cannot_be_written_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"), env_file(tmp_path / "no" / "file", VALUES):
        raise AssertionError("it was written")
