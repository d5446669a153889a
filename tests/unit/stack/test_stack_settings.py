"""Settings of the local stack, and what of the environment its servers get to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError
from stack.engine import _address, _configure, _environment
from stack.engines import ENGINES
from stack.settings import StackSettings, read_stack_settings


def test_the_cache_is_the_users_unless_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SESSIONRANK_CACHE_DIR", raising=False)
    assert read_stack_settings().cache.name == "sessionrank"
    assert read_stack_settings().cache.is_absolute()
    monkeypatch.setenv("SESSIONRANK_CACHE_DIR", str(tmp_path / "x"))
    assert read_stack_settings().cache == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SESSIONRANK_CACHE_DIR", "relative")
    assert read_stack_settings().cache == tmp_path / "relative"


@pytest.mark.parametrize("heap", ["64", "99999", "-1", "much"])
def test_a_heap_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, heap: str) -> None:
    monkeypatch.setenv("SESSIONRANK_STACK_HEAP", heap)
    with pytest.raises(ConfigurationError, match="SESSIONRANK_STACK_HEAP"):
        read_stack_settings()


@pytest.mark.parametrize("options", ["server", "-server XX:+UseSerialGC", "-Da=b\x01"])
def test_what_is_no_option_of_java_is_refused(monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    monkeypatch.setenv("SESSIONRANK_STACK_JAVA_OPTIONS", options)
    with pytest.raises(ConfigurationError, match=r"SESSIONRANK_STACK_JAVA_OPTIONS: .*begin with -"):
        read_stack_settings()


def test_a_repository_that_is_no_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_MAVEN_URL", "ftp://example.org")
    with pytest.raises(ConfigurationError, match="SESSIONRANK_MAVEN_URL"):
        read_stack_settings()


def test_an_engine_sees_nothing_of_our_environment_but_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SESSIONRANK_HASH_KEY", "secret")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dx=y")
    monkeypatch.setenv("PATH", "/bin")
    seen = _environment(ENGINES["opensearch"], tmp_path, Path("/java"))
    assert seen == {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "HOME": str(tmp_path),
        "JAVA_HOME": "/java",
        "OPENSEARCH_JAVA_HOME": "/java",
        "OPENSEARCH_PATH_CONF": f"{tmp_path}/config",
        "OPENSEARCH_TMPDIR": f"{tmp_path}/tmp",
    }


def test_options_that_cannot_stay_are_left_out_of_the_jvms(tmp_path: Path) -> None:
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    given = [
        "# words",
        "",
        "-Xms1g",
        "-Xmx1g",
        "20-:--add-modules=jdk.incubator.vector",
        "9-:-Xlog:gc*:file=logs/gc.log",
    ]
    given += ["-XX:HeapDumpPath=data", "-XX:+HeapDumpOnOutOfMemoryError", "-XX:ErrorFile=logs/x", "-XX:+UseG1GC"]
    (config / "jvm.options").write_text("\n".join(given))
    folder = tmp_path / "run"
    folder.mkdir()
    stack = StackSettings(stack_heap=300, stack_java_options="-XX:+UseSerialGC  -Da=b")
    _configure(ENGINES["elasticsearch-9"], tmp_path / "home", folder, stack)
    options = (folder / "config" / "jvm.options").read_text().splitlines()
    heap = ["-Xms300m", "-Xmx300m", f"-XX:ErrorFile={folder}/logs/hs_err_pid%p.log"]
    assert options == ["-XX:+UseG1GC", *heap, "-XX:+UseSerialGC", "-Da=b"]
    settings = (folder / "config" / "elasticsearch.yml").read_text().splitlines()
    assert 'network.host: "127.0.0.1"' in settings
    assert 'http.port: "0"' in settings
    assert 'xpack.security.enabled: "false"' in settings


@pytest.mark.parametrize(
    ("text", "url"),
    [("127.0.0.1:4711\n", "http://127.0.0.1:4711"), ("[::1]:1\n127.0.0.1:2\n", "http://127.0.0.1:2"), ("", None)],
)
def test_the_address_is_the_one_that_the_engine_tells(tmp_path: Path, text: str, url: str | None) -> None:
    (tmp_path / "http.ports").write_text(text)
    assert _address(tmp_path / "http.ports") == url
    assert _address(tmp_path / "missing") is None
