"""The environment that Ray is started in; it reads part of it while it is imported, so this comes before."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sessionrank.errors import ConfigurationError

__all__ = ["check_address", "prepare_environment"]

#: What Ray would print, send home, write or override of its own accord.
_QUIET = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray would let its workers wait for whatever else runs, at niceness 15, while the time budget passes.
    "RAY_worker_niceness": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    # Seconds that a trial has to end once the search is over; ten minutes, where nothing is said.
    "TUNE_FORCE_TRIAL_CLEANUP_S": "5",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


def prepare_environment(folder: Path, *, local: bool) -> None:
    """Set what Ray reads, where the user has not; ``folder`` is private to this process.

    A local Ray listens on 127.0.0.1 alone, and takes no stranger's work there: its token is made here, not in the
    user's home.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if not local:
        return
    # Named after the systems where it is the default. Without it Ray listens on all interfaces, whatever it is told.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(token)
    os.environ.pop("RAY_AUTH_TOKEN", None)
    os.environ.pop("RAY_ADDRESS", None)


def check_address(address: str) -> None:
    """Raises :class:`ConfigurationError` where ``address`` is not of the form that a cluster is joined by."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16) or "/" in host:
        raise ConfigurationError(f"--ray-address {address}: not HOST:PORT, such as 10.0.0.5:6379")
