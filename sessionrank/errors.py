"""The one tree of errors that all programs raise.

    SessionrankError
    ├── ConfigurationError   a setting, an option or an environment that cannot work
    ├── DataError            a file, a row or a record that is not what it should be
    ├── StoreError           the session and vector store is down, slow or holds garbage
    └── BackendError         the search engine is unreachable, too slow or not supported
        ├── BackendUnreachable
        └── BackendTimeout

Drivers' errors are wrapped where the driver is (``raise StoreError(…) from error``). The command line prints the
message as one line and exits with ``exit_code``; the proxy turns them into HTTP in ``proxy/errors.py``, nowhere else.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BackendError",
    "BackendTimeout",
    "BackendUnreachable",
    "ConfigurationError",
    "DataError",
    "SessionrankError",
    "StoreError",
]


class SessionrankError(Exception):
    """Base of every error that Sessionrank raises on purpose; its text is one line that says what to do."""

    exit_code: ClassVar[int] = 2


class ConfigurationError(SessionrankError):
    """A setting, an option or the environment cannot work."""


class DataError(SessionrankError):
    """A file, a row or a record is not what it should be."""


class StoreError(SessionrankError):
    """The session and vector store is down, slow or holds garbage."""


class BackendError(SessionrankError):
    """The search engine answered something that we cannot use."""


class BackendUnreachable(BackendError):
    """No node of the search engine took the connection."""


class BackendTimeout(BackendError):
    """The search engine did not answer within the time limit."""
