"""Credentials for the engine: read from files, told apart, and never shown."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from sessionrank.errors import ConfigurationError
from sessionrank.settings import ConnectionSettings
from sessionrank.upstream import NOBODY, UpstreamAccess, upstream_access

TLS = Path(__file__).parents[2] / "support" / "tls"
SECRET = "hunter2hunter2"


def access(**settings: Any) -> UpstreamAccess:
    return upstream_access(ConnectionSettings(**settings))


def written(folder: Path, data: bytes) -> str:
    file = folder / "secret"
    file.write_bytes(data)
    return str(file)


def test_without_settings_nobody_is_named() -> None:
    assert access() == NOBODY
    assert access(upstream=("https://user:pw@host",)) == NOBODY


@pytest.mark.parametrize(
    ("data", "key"),
    [(b"aWQ6a2V5", "aWQ6a2V5"), (b"aWQ6a2V5\n", "aWQ6a2V5"), (b"id:key\r\n", "aWQ6a2V5"), (b"a_b-c==", "a_b-c==")],
)
def test_an_api_key_may_be_encoded_or_not(tmp_path: Path, data: bytes, key: str) -> None:
    assert access(upstream_api_key_file=written(tmp_path, data)).authorization == f"ApiKey {key}"


def test_a_user_may_stand_in_a_file_with_any_password(tmp_path: Path) -> None:
    made = access(upstream_user_file=written(tmp_path, "rené:p:ä ss\n".encode())).authorization
    assert base64.b64decode(made.removeprefix("Basic ")).decode() == "rené:p:ä ss"


@pytest.mark.parametrize("name", ["upstream_api_key_file", "upstream_user_file"])
@pytest.mark.parametrize(
    "data",
    [b"", b"\n", f"{SECRET}\nX-Evil: 1".encode(), SECRET.encode() + b"\0a:b", b"\xff" + SECRET.encode(), b"a" * 9000,
     f":{SECRET}:\r".encode() * 2, f"{SECRET} {SECRET}".encode()],
)  # fmt: skip
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(ConfigurationError, match=f"SESSIONRANK_{name.upper()}") as raised:
        access(**{name: written(tmp_path, data)})
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_file_that_is_not_there_is_told() -> None:
    for name in ("upstream_api_key_file", "upstream_user_file"):
        with pytest.raises(ConfigurationError, match=r"SESSIONRANK_\w+: /nowhere: No such file"):
            access(**{name: "/nowhere"})


def test_credentials_of_two_kinds_are_a_mistake(tmp_path: Path) -> None:
    file = written(tmp_path, b"a:b")
    for settings in (
        {"upstream_api_key_file": file, "upstream_user_file": file},
        {"upstream_api_key_file": file, "upstream": ("http://a", f"http://u:{SECRET}@b")},
        {"upstream_user_file": file, "upstream": (f"http://u:{SECRET}@b",)},
    ):
        with pytest.raises(ConfigurationError, match="give one of them") as raised:
            access(**settings)
        assert SECRET not in str(raised.value)


def test_the_secret_is_not_in_the_text_of_the_object(tmp_path: Path) -> None:
    made = access(upstream_api_key_file=written(tmp_path, SECRET.encode()))
    assert SECRET in made.authorization
    assert SECRET not in repr(made)


def test_a_certificate_needs_tls_and_a_key_needs_a_certificate() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        access(upstream_cert_file=str(TLS / "client.pem"), upstream=("https://a", "http://b"))
    with pytest.raises(ConfigurationError, match="SESSIONRANK_UPSTREAM_CERT_FILE"):
        access(upstream_key_file=str(TLS / "client-key.pem"))


def test_files_of_a_certificate_are_tried_at_once() -> None:
    whole = {"cert_file": str(TLS / "client.pem"), "key_file": str(TLS / "client-key.pem")}
    UpstreamAccess(ca_file=str(TLS / "cert.pem"), **whole).tls()
    for changes in (
        {"key_file": str(TLS / "client-key-encrypted.pem")},
        {"key_file": str(TLS / "key.pem")},
        {"key_file": ""},
        {"key_file": "/nowhere"},
        {"cert_file": str(TLS / "README.md")},
    ):
        with pytest.raises(ConfigurationError, match="SESSIONRANK_UPSTREAM_CERT_FILE"):
            UpstreamAccess(**{**whole, **changes}).tls()
    for file in ("/nowhere", str(TLS / "README.md")):
        with pytest.raises(ConfigurationError, match="SESSIONRANK_UPSTREAM_CA_FILE"):
            UpstreamAccess(ca_file=file).tls()
