"""Artifacts: pinned, downloaded once, refused when they are not what was pinned."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
import requests
import requests_mock

from sessionrank.errors import ConfigurationError
from stack import artifacts
from stack.artifacts import Artifact, fetch, pinned
from stack.distribution import artifacts_of
from stack.engines import ENGINES

CONTENT = bytes(range(256)) * 40
MAVEN = "https://maven.example/base"
URL = f"{MAVEN}/org/example/thing/1.0/thing-1.0.zip"
THING = Artifact("org.example:thing:1.0@zip", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def maven() -> requests_mock.Mocker:
    with requests_mock.Mocker() as mocker:
        yield mocker


def get(cache: Path, *, artifact: Artifact = THING, maven_url: str = MAVEN) -> Path:
    return fetch(artifact, cache=cache, maven_url=maven_url)


def files_in(cache: Path) -> list[str]:
    return sorted(p.name for p in cache.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_coordinate_is_found_below_its_group_name_and_version() -> None:
    assert THING.path == "org/example/thing/1.0/thing-1.0.zip"
    assert THING.filename == "thing-1.0.zip"


def test_a_file_is_downloaded_once_and_then_taken_from_the_cache(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(URL, content=CONTENT)
    first, second = get(tmp_path), get(tmp_path)
    assert first == second
    assert first.read_bytes() == CONTENT
    assert maven.call_count == 1
    assert files_in(tmp_path) == ["thing-1.0.zip"]


def test_a_cached_file_that_was_damaged_is_downloaded_again(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(URL, content=CONTENT)
    get(tmp_path).write_bytes(b"x" + CONTENT[1:])
    assert get(tmp_path).read_bytes() == CONTENT
    assert maven.call_count == 2


@pytest.mark.parametrize("content", [b"x" + CONTENT[1:], CONTENT + b"x", CONTENT * 3])
def test_a_file_with_another_hash_is_refused_and_not_kept(
    maven: requests_mock.Mocker, tmp_path: Path, content: bytes
) -> None:
    maven.get(URL, content=content)
    with pytest.raises(
        ConfigurationError, match=r"refused.*SHA-256.*SESSIONRANK_UPSTREAM=….*docker compose up"
    ) as caught:
        get(tmp_path)
    assert "\n" not in str(caught.value)
    assert files_in(tmp_path) == []


def test_no_more_is_written_than_a_chunk_beyond_the_pinned_size(
    maven: requests_mock.Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "_CHUNK", 1024)
    sizes: list[int] = []
    hashed = artifacts._sha256
    monkeypatch.setattr(artifacts, "_sha256", lambda path: sizes.append(path.stat().st_size) or hashed(path))
    maven.get(URL, content=CONTENT * 100)
    with pytest.raises(ConfigurationError):
        get(tmp_path)
    assert sizes
    assert max(sizes) <= len(CONTENT) + 1024


def test_a_download_that_ended_early_is_taken_up_where_it_ended(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(
        URL,
        [
            {"content": CONTENT[:5000]},
            {"content": CONTENT[5000:7000], "status_code": 206},
            {"content": CONTENT[7000:], "status_code": 206},
        ],
    )
    assert get(tmp_path).read_bytes() == CONTENT
    assert [request.headers.get("Range") for request in maven.request_history] == [None, "bytes=5000-", "bytes=7000-"]


def test_a_server_that_knows_no_ranges_sends_the_whole_file_again(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(URL, [{"content": CONTENT[:5000]}, {"content": CONTENT}])
    assert get(tmp_path).read_bytes() == CONTENT


def test_a_left_over_part_of_another_file_leads_to_a_fresh_download(
    maven: requests_mock.Mocker, tmp_path: Path
) -> None:
    partial = tmp_path / "artifacts" / (THING.path + ".part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"other" * 200)
    maven.get(URL, [{"content": CONTENT[1000:], "status_code": 206}, {"content": CONTENT}])
    assert get(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("left_over", [CONTENT, CONTENT + b"more"])
def test_a_left_over_part_that_is_whole_or_too_long_does_not_stop_us(
    maven: requests_mock.Mocker, tmp_path: Path, left_over: bytes
) -> None:
    partial = tmp_path / "artifacts" / (THING.path + ".part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(left_over)
    maven.get(URL, content=CONTENT)
    assert get(tmp_path).read_bytes() == CONTENT
    assert files_in(tmp_path) == ["thing-1.0.zip"]


def test_a_range_that_the_server_refuses_leads_to_a_fresh_download(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(URL, [{"content": CONTENT[:5000]}, {"status_code": 416}, {"content": CONTENT}])
    assert get(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status_code": 404}, "status 404"),
        ({"status_code": 503}, "status 503"),
        ({"exc": requests.ConnectTimeout("too slow")}, "too slow"),
        ({"exc": requests.ConnectionError("Connection refused")}, "Connection refused"),
        ({"content": b""}, "ended after 0 of"),
    ],
)
def test_a_missing_download_gives_one_line_that_says_what_to_do(
    maven: requests_mock.Mocker, tmp_path: Path, answer: dict[str, object], reason: str
) -> None:
    maven.get(URL, **answer)
    with pytest.raises(ConfigurationError) as caught:
        get(tmp_path)
    line = str(caught.value)
    assert URL in line
    assert reason in line
    assert "SESSIONRANK_UPSTREAM=…" in line
    assert "docker compose up" in line
    assert "\n" not in line


def test_a_password_in_the_repository_url_is_used_and_not_shown(maven: requests_mock.Mocker, tmp_path: Path) -> None:
    maven.get(requests_mock.ANY, status_code=404)
    with pytest.raises(ConfigurationError) as caught:
        get(tmp_path, maven_url="https://me:secret@maven.example/base/")
    assert "secret" not in str(caught.value)
    assert maven.request_history[0].url.endswith("/base/org/example/thing/1.0/thing-1.0.zip")
    assert maven.request_history[0].headers["Authorization"].startswith("Basic ")


class Console:
    """Stands for the console: lets the first download go on once the second one says that it waits."""

    def __init__(self, go_on: threading.Event) -> None:
        self.go_on = go_on

    def print(self, text: str, **_: object) -> None:
        if text.startswith("Waiting for another process"):
            self.go_on.set()


def test_two_that_fetch_at_once_download_once(
    maven: requests_mock.Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(artifacts, "err", Console(go_on))

    def answer(request: object, context: object) -> bytes:
        if inside.is_set():
            go_on.set()
        inside.set()
        assert go_on.wait(20)
        return CONTENT

    maven.get(URL, content=answer)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(get(tmp_path).read_bytes())) for _ in range(2)]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    for thread in threads:
        thread.join(30)
    assert found == [CONTENT, CONTENT]
    assert maven.call_count == 1


def test_a_cache_folder_that_cannot_be_used_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="set SESSIONRANK_CACHE_DIR"):
        get(tmp_path / "file")


def test_every_part_of_every_engine_is_pinned() -> None:
    for engine in ENGINES.values():
        parts = artifacts_of(engine)
        assert parts[0].coordinate == engine.distribution
        for artifact in parts:
            assert len(bytes.fromhex(artifact.sha256)) == 32
            assert artifact.size > 1000


def test_nothing_is_pinned_that_no_engine_uses() -> None:
    used = {artifact.coordinate for engine in ENGINES.values() for artifact in artifacts_of(engine)}
    assert set(artifacts.all_pins()) == used


def test_an_artifact_without_a_pin_is_a_defect() -> None:
    with pytest.raises(KeyError):
        pinned("org.example:thing:1.0@zip")
