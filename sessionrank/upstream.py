"""The proxy's and the indexer's own way to the search engine: its authority, and who they are to it.

Secrets come from the environment (a user in ``SESSIONRANK_UPSTREAM``) or from files; they stand in no message, no log
and no list of processes, and are read once.
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sessionrank.errors import ConfigurationError
from sessionrank.settings import ConnectionSettings

__all__ = ["NOBODY", "UpstreamAccess", "upstream_access"]

_MAX_SECRET = 8192
#: What HTTP takes in a header and in one line.
_PRINTABLE = re.compile(r"[!-~]+")
_API_KEY = re.compile(r"[A-Za-z0-9+/_=-]+")
_USER = re.compile(r"[^:\x00-\x1f\x7f]+:[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAccess:
    """How every node of the engine is approached."""

    #: The ``Authorization`` of requests that come without one; empty where a URL names a user, or nobody is named.
    authorization: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def tls(self) -> ssl.SSLContext:
        """The context of connections to ``https`` nodes.

        Raises:
            ConfigurationError: a file cannot be read or used.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise _unusable("SESSIONRANK_UPSTREAM_CA_FILE", self.ca_file, error) from error
        if self.cert_file:
            try:
                # An encrypted key must not make a server ask at its terminal.
                context.load_cert_chain(self.cert_file, self.key_file or None, password="")
            except OSError as error:
                files = f"{self.cert_file} {self.key_file}".strip()
                raise _unusable(
                    "SESSIONRANK_UPSTREAM_CERT_FILE, SESSIONRANK_UPSTREAM_KEY_FILE", files, error
                ) from error
        return context


#: Nobody in particular, and the authorities that the system knows.
NOBODY = UpstreamAccess()


def upstream_access(settings: ConnectionSettings) -> UpstreamAccess:
    """What the settings say, their files read.

    Raises:
        ConfigurationError: a file cannot be read or holds something else, or settings contradict one another.
    """
    ways = {
        "SESSIONRANK_UPSTREAM_API_KEY_FILE": bool(settings.upstream_api_key_file),
        "SESSIONRANK_UPSTREAM_USER_FILE": bool(settings.upstream_user_file),
        "a user in SESSIONRANK_UPSTREAM": any(urlsplit(url).username is not None for url in settings.upstream),
    }
    given = [way for way, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise ConfigurationError(f"{' and '.join(given)}: give one of them")
    if settings.upstream_key_file and not settings.upstream_cert_file:
        raise ConfigurationError("SESSIONRANK_UPSTREAM_KEY_FILE: needs SESSIONRANK_UPSTREAM_CERT_FILE beside it")
    if settings.upstream_cert_file and not all(url.startswith("https://") for url in settings.upstream):
        raise ConfigurationError("SESSIONRANK_UPSTREAM_CERT_FILE: certificates need https:// in SESSIONRANK_UPSTREAM")
    return UpstreamAccess(
        authorization=_authorization(settings),
        ca_file=settings.upstream_ca_file,
        cert_file=settings.upstream_cert_file,
        key_file=settings.upstream_key_file,
    )


def _authorization(settings: ConnectionSettings) -> str:
    if file := settings.upstream_api_key_file:
        key = _secret("SESSIONRANK_UPSTREAM_API_KEY_FILE", file)
        if ":" in key and _PRINTABLE.fullmatch(key):
            return "ApiKey " + base64.b64encode(key.encode()).decode()
        if not _API_KEY.fullmatch(key):
            raise ConfigurationError(
                f"SESSIONRANK_UPSTREAM_API_KEY_FILE: {file} holds neither an encoded key nor `id:key` in one line"
            )
        return f"ApiKey {key}"
    if file := settings.upstream_user_file:
        pair = _secret("SESSIONRANK_UPSTREAM_USER_FILE", file)
        if not _USER.fullmatch(pair):
            raise ConfigurationError(
                f"SESSIONRANK_UPSTREAM_USER_FILE: {file} does not hold `user:password` in one line"
            )
        return "Basic " + base64.b64encode(pair.encode()).decode()
    return ""


def _secret(name: str, file: str) -> str:
    """The text of a file, without the line end behind it."""
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(_MAX_SECRET + 1)
        text = data.decode().rstrip("\r\n")
    except OSError as error:
        raise _unusable(name, file, error) from error
    except UnicodeDecodeError:
        # Its own text would show what the file holds.
        raise ConfigurationError(f"{name}: {file} is no text") from None
    if len(data) > _MAX_SECRET or not text:
        raise ConfigurationError(f"{name}: {file} is {'empty' if not text else 'too large for a secret'}")
    return text


def _unusable(name: str, file: str, error: OSError) -> ConfigurationError:
    reason = error.reason if isinstance(error, ssl.SSLError) and error.reason else error.strerror or "cannot be used"
    return ConfigurationError(f"{name}: {file}: {reason}")
