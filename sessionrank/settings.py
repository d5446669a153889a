"""Settings: environment variables ``SESSIONRANK_…``, read once into a frozen object.

A program declares its settings as a frozen dataclass whose fields are made by :func:`setting`; :func:`read_settings`
fills it from the environment. ``docs/configuration.md`` must name every one of them (a test compares).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

from environs import Env, EnvError

from sessionrank.addresses import shown
from sessionrank.errors import ConfigurationError

__all__ = [
    "PREFIX",
    "ConnectionSettings",
    "read_settings",
    "setting",
    "url_list",
    "variable_name",
]

PREFIX = "SESSIONRANK_"

#: Hosts hold none of these; left are letters and digits of any script, and the marks of names and of IPv6.
_NOT_IN_HOST = re.compile(r"[^\w.:%~-]")

Check = Callable[[Any], None]
SettingsT = TypeVar("SettingsT")


def setting(default: Any, doc: str, *, check: Check | None = None) -> Any:
    """Declare one setting: its default, one line of documentation and an optional check.

    ``check`` raises ``ValueError`` with what is wrong; the message is shown behind the variable's name.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "check": check})


def variable_name(field_name: str) -> str:
    """The environment variable that a field of a settings class is read from."""
    return PREFIX + field_name.upper()


def url_list(*schemes: str) -> Check:
    """A check that a value (or each value of a tuple) is a URL of one of ``schemes`` with a host."""

    def check(value: Any) -> None:
        for url in value if isinstance(value, tuple) else (value,):
            text = repr(shown(url))
            try:
                parts = urlsplit(url)
                _ = parts.port
            except ValueError as error:
                raise ValueError(f"{text} is not a URL: {error}") from error
            if parts.scheme not in schemes:
                raise ValueError(f"{text} must start with {' or '.join(s + '://' for s in schemes)}")
            if not parts.hostname and parts.scheme != "memory":
                raise ValueError(f"{text} names no host")
            if _NOT_IN_HOST.search(parts.hostname or "") or any(c.isspace() or not c.isprintable() for c in url):
                raise ValueError(f"{text} is not a URL: a character of it cannot stand there")

    return check


def read_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read ``settings_class`` from the process environment.

    Raises:
        ConfigurationError: a variable cannot be read as its type, or its check refuses it.
    """
    env = Env()
    hints = get_type_hints(settings_class)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(settings_class):  # type: ignore[arg-type]
        name = variable_name(field.name)
        try:
            value = _read_one(env, name, hints[field.name], field.default)
            if (check := field.metadata.get("check")) is not None:
                check(value)
        except (EnvError, ValueError) as error:
            reason = str(error).removeprefix(f'Environment variable "{name}" invalid: ')
            raise ConfigurationError(f"{name}: {reason}") from error
        values[field.name] = value
    return settings_class(**values)


def _read_one(env: Env, name: str, kind: Any, default: Any) -> Any:
    if env.str(name, "").strip() == "":
        return default
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in env.str(name).split(",") if part.strip())
    readers: dict[Any, Callable[..., Any]] = {bool: env.bool, int: env.int, float: env.float}
    return readers.get(kind, env.str)(name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConnectionSettings:
    """Where the search engine and the store are; every program that talks to them starts from this."""

    upstream: tuple[str, ...] = setting(
        ("http://127.0.0.1:9200",),
        "The search engine: one or more node URLs, separated by commas.",
        check=url_list("http", "https"),
    )
    upstream_ca_file: str = setting("", "PEM file of the authority that signed the engine's certificate.")
    upstream_api_key_file: str = setting("", "File with an API key of the engine: encoded, or `id:key`.")
    upstream_user_file: str = setting("", "File with `user:password` of a user of the engine.")
    upstream_cert_file: str = setting("", "PEM file with the client certificate that the engine knows us by.")
    upstream_key_file: str = setting("", "PEM file with the key of that certificate, where it is not in the same file.")
    redis_url: str = setting(
        "redis://127.0.0.1:6379/0",
        "The session and vector store: `redis://…`, or `memory://` for one process that forgets.",
        check=url_list("redis", "rediss", "memory"),
    )
