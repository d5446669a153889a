"""Settings come from the environment, once, and wrong ones are told by their variable's name."""

from __future__ import annotations

import dataclasses

import pytest

from proxy.settings import ProxySettings, split_listen
from sessionrank.errors import ConfigurationError
from sessionrank.settings import ConnectionSettings, read_settings


def test_defaults_hold_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SESSIONRANK_UPSTREAM", raising=False)
    monkeypatch.setenv("SESSIONRANK_REDIS_URL", "  ")
    assert read_settings(ConnectionSettings) == ConnectionSettings()


def test_values_are_read_as_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "UPSTREAM": "http://a:1, https://b",
        "INDICES": "x,y-*",
        "WINDOW": "50",
        "WEIGHT": "0.25",
        "ALLOW_WRITES": "true",
    }.items():
        monkeypatch.setenv("SESSIONRANK_" + name, value)
    settings = read_settings(ProxySettings)
    assert settings.upstream == ("http://a:1", "https://b")
    assert settings.indices == ("x", "y-*")
    assert (settings.window, settings.weight, settings.allow_writes) == (50, 0.25, True)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ProxySettings().window = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("UPSTREAM", "ftp://a", "http:// or https://"),
        ("UPSTREAM", "http://", "no host"),
        ("UPSTREAM", "http://a:99999", "not a URL"),
        ("UPSTREAM", "http://a b", "not a URL"),
        ("UPSTREAM", "http://a<b", "not a URL"),
        ("UPSTREAM", "http://a/b c", "not a URL"),
        ("REDIS_URL", "redis://a b", "not a URL"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("WINDOW", "many", "integer"),
        ("WINDOW", "0", "between 1 and 10000"),
        ("WEIGHT", "2", "between 0 and 1"),
        ("WEIGHT", "nan", "not permitted"),
        ("STRATEGY", "magic", "known are blend, cosine"),
        ("POPULARITY", "magic", "known are function_score"),
        ("LISTEN", "9280", "HOST:PORT"),
        ("LISTEN", "127.0.0.1:http", "HOST:PORT"),
        ("SESSION_HEADER", "X Session", "header name"),
        ("SESSION_HEADER", "Host", "means something else"),
        ("INDICES", "a/b", "index names"),
        ("ALLOW_WRITES", "perhaps", "boolean"),
        ("LOG_LEVEL", "loud", "known are"),
    ],
)
def test_a_wrong_value_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv("SESSIONRANK_" + name, value)
    with pytest.raises(ConfigurationError, match=f"^SESSIONRANK_{name}: ") as caught:
        read_settings(ProxySettings)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9200", "http://[::1]:9200/es", "https://u:p%20w@search-1.my_net.example", "http://büro:1"]
)
def test_urls_of_every_sound_kind_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SESSIONRANK_UPSTREAM", url)
    assert read_settings(ConnectionSettings).upstream == (url,)


def test_a_password_in_a_wrong_url_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_REDIS_URL", "reddis://user:hunter2@host")
    with pytest.raises(ConfigurationError) as caught:
        read_settings(ConnectionSettings)
    assert "hunter2" not in str(caught.value)


def test_a_listen_address_may_be_ipv6() -> None:
    assert split_listen("[::1]:9280") == ("::1", 9280)


def test_the_hash_key_comes_from_a_file(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "key"
    path.write_text("sixteen bytes at least\n")
    assert ProxySettings(hash_key_file=str(path)).hash_key() == b"sixteen bytes at least"
    path.write_text("short")
    with pytest.raises(ConfigurationError, match="less than 16 bytes"):
        ProxySettings(hash_key_file=str(path)).hash_key()
    with pytest.raises(ConfigurationError, match="No such file"):
        ProxySettings(hash_key_file=str(tmp_path / "none")).hash_key()
