"""An engine's distribution: unpacked once, with its modules and libraries, whole or not at all."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError
from stack import distribution
from stack.artifacts import Artifact
from stack.distribution import install, module_descriptor
from stack.engines import ENGINES, Engine, Library, Module, engine_named

ZIP, JAR, SERVICES = "org.x:engine:1.0@zip", "org.x:painless:1.0@jar", "org.x:services:1.0@jar"
MODULE = Module(classname="org.x.Plugin", jars=(JAR,), extends=("other", "more"), permissions=('x.Permission "a"',))
ENGINE = Engine(
    name="engine-1",
    flavour="opensearch",
    version="1.0",
    distribution=ZIP,
    java=(21, 25),
    painless=True,
    modules={"lang-painless": MODULE},
    libraries=(Library(jar=SERVICES, services=("java.Wanted",)),),
)


def packed(entries: dict[str, tuple[str, int]]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, (text, mode) in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return raw.getvalue()


DISTRIBUTION = {
    "engine-1.0/": ("", 0o755),
    "engine-1.0/lib/": ("", 0o755),
    "engine-1.0/bin/engine": ("#!", 0o755),
    "engine-1.0/config/jvm.options": ("-Xms1g", 0o660),
    "engine-1.0/logs/": ("", 0o755),
}
SERVICE_JAR = {
    "org/x/A.class": ("class", 0o644),
    "META-INF/services/java.Wanted": ("org.x.A", 0o644),
    "META-INF/services/java.Other": ("org.x.A", 0o644),
}


class Repository:
    """Stands for the downloads: files by coordinate, and what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {ZIP: packed(DISTRIBUTION), JAR: b"jar", SERVICES: packed(SERVICE_JAR)}
        self.asked: list[str] = []

    def fetch(self, artifact: Artifact, *, cache: Path, maven_url: str) -> Path:
        self.asked.append(artifact.coordinate)
        path = self.folder / artifact.filename
        path.write_bytes(self.files[artifact.coordinate])
        return path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    (tmp_path / "downloads").mkdir()
    made = Repository(tmp_path / "downloads")
    monkeypatch.setattr(distribution, "fetch", made.fetch)
    monkeypatch.setattr(distribution, "pinned", lambda coordinate: Artifact(coordinate, "0" * 64, 1))
    return made


def run_install(tmp_path: Path, engine: Engine = ENGINE) -> Path:
    return install(engine, cache=tmp_path / "cache", maven_url="https://maven.example")


def test_it_is_unpacked_without_its_outermost_folder_and_with_its_programs(
    repository: Repository, tmp_path: Path
) -> None:
    home = run_install(tmp_path)
    assert home.parent == tmp_path / "cache" / "engines"
    assert home.name.startswith("engine-1-1.0-")
    assert (home / "config" / "jvm.options").read_text() == "-Xms1g"
    assert (home / "logs").is_dir()
    assert stat.S_IMODE((home / "bin" / "engine").stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "config" / "jvm.options").stat().st_mode) == 0o644


def test_a_second_start_only_looks_it_up(repository: Repository, tmp_path: Path) -> None:
    home = run_install(tmp_path)
    assert sorted(repository.asked) == sorted([ZIP, JAR, SERVICES])
    repository.asked.clear()
    assert run_install(tmp_path) == home
    assert repository.asked == []


@pytest.mark.parametrize("change", [{"modules": {}}, {"libraries": ()}, {"version": "2.0"}, {"flavour": "other"}])
def test_another_content_makes_another_folder(
    repository: Repository, tmp_path: Path, change: dict[str, object]
) -> None:
    assert run_install(tmp_path, Engine(**{**vars(ENGINE), **change})) != run_install(tmp_path)


def test_settings_of_the_node_do_not_unpack_it_again(repository: Repository, tmp_path: Path) -> None:
    other = Engine(**{**vars(ENGINE), "settings": {"a": "b"}, "java": (1, 99)})
    assert run_install(tmp_path, other) == run_install(tmp_path)


def test_a_module_gets_its_jars_a_descriptor_and_its_permissions(repository: Repository, tmp_path: Path) -> None:
    folder = run_install(tmp_path) / "modules" / "lang-painless"
    assert (folder / "painless-1.0.jar").read_bytes() == b"jar"
    described = (folder / "plugin-descriptor.properties").read_text()
    assert described == module_descriptor(ENGINE, "lang-painless", MODULE)
    assert (folder / "plugin-security.policy").read_text() == 'grant {\n  permission x.Permission "a";\n};\n'


def test_a_descriptor_names_the_engine_that_it_is_for() -> None:
    lines = module_descriptor(ENGINE, "lang-painless", MODULE).splitlines()
    assert "opensearch.version=1.0" in lines
    assert "classname=org.x.Plugin" in lines
    assert "extended.plugins=other,more" in lines


def test_a_library_keeps_only_the_services_that_are_wanted(repository: Repository, tmp_path: Path) -> None:
    with zipfile.ZipFile(run_install(tmp_path) / "lib" / "services-1.0.jar") as jar:
        assert sorted(jar.namelist()) == ["META-INF/services/java.Wanted", "org/x/A.class"]


def test_what_a_broken_unpacking_left_is_not_taken_for_the_whole(repository: Repository, tmp_path: Path) -> None:
    whole = repository.files[ZIP]
    repository.files[ZIP] = whole[: len(whole) // 2]
    with pytest.raises(zipfile.BadZipFile):
        run_install(tmp_path)
    assert not [p for p in (tmp_path / "cache" / "engines").glob("engine-*") if p.is_dir() and p.suffix != ".part"]
    left_over = next(iter((tmp_path / "cache" / "engines").glob("*.lock"))).with_suffix(".part")
    left_over.mkdir(exist_ok=True)
    (left_over / "stale").write_text("")
    repository.files[ZIP] = whole
    home = run_install(tmp_path)
    assert not (home / "stale").exists()
    assert not left_over.exists()


def test_a_path_that_leads_outside_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.files[ZIP] = packed({**DISTRIBUTION, "engine-1.0/../../evil": ("x", 0o644)})
    with pytest.raises(ConfigurationError, match="leads outside"):
        run_install(tmp_path)
    assert not list(tmp_path.rglob("evil"))


def test_an_unknown_engine_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no engine 'solr'.*elasticsearch-7, .*opensearch"):
        engine_named("solr")


def test_every_engine_stands_under_its_own_name() -> None:
    assert {name: engine.name for name, engine in ENGINES.items()} == {name: name for name in ENGINES}
