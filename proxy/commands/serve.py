"""``sessionrank serve``: the proxy under gunicorn."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import replace
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from sessionrank import __version__
from sessionrank.console import err
from sessionrank.errors import ConfigurationError
from sessionrank.settings import read_settings
from sessionrank.upstream import upstream_access

from ..backends.registry import backend_from_urls
from ..sessions.registry import from_url
from ..settings import OWN_PLACES, ProxySettings, split_listen
from ..worker import HttpWorker

__all__ = ["serve"]

#: Threads beyond all places: they answer 429 and liveness while every place is taken.
_SPARE_THREADS = 2


class _Server(BaseApplication):
    """gunicorn, told everything by ``options``; ``limits`` are for its workers."""

    def __init__(self, options: dict[str, Any], limits: ProxySettings) -> None:
        self.options = options
        self.limits = limits
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # In the worker, after the fork: connections and metrics belong to one process.
        from ..app import create_app

        return create_app()


@click.command(
    epilog="""\b
Examples:
  sessionrank serve
  SESSIONRANK_UPSTREAM=http://es:9200 SESSIONRANK_INDICES=products sessionrank serve --listen 0.0.0.0:9280
  kill -HUP <pid>   # new workers with the same settings; no request is lost
"""
)
@click.option("--listen", metavar="HOST:PORT", help="Address to listen on; default SESSIONRANK_LISTEN, 127.0.0.1:9280.")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes; default: one for each core.")
def serve(listen: str | None, workers: int | None) -> None:
    """Run the search proxy under gunicorn, until SIGTERM or Ctrl-C.

    All else is set by environment variables SESSIONRANK_…; see docs/configuration.md.
    """
    settings = read_settings(ProxySettings)
    try:
        settings = replace(settings, listen=listen or settings.listen, workers=workers or settings.workers)
        host, port = split_listen(settings.listen)
    except ValueError as error:
        raise ConfigurationError(f"--listen: {error}") from error
    count = _worker_count(settings, single_process=_check_parts(settings))
    _check_free(host, port)
    metrics = tempfile.mkdtemp(prefix="sessionrank-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
    shown = f"[{host}]" if ":" in host else host
    err.print(
        f"sessionrank {__version__}: listening on http://{shown}:{port}, {count} worker{'s' if count > 1 else ''}, "
        f"indices {', '.join(settings.indices)}",
        markup=False,
    )
    owner = os.getpid()
    try:
        _Server(_options(settings, host, port, count), settings).run()
    finally:
        # A worker that ends comes this way as well, and the others still write there.
        if os.getpid() == owner:
            shutil.rmtree(metrics, ignore_errors=True)


def _check_parts(settings: ProxySettings) -> bool:
    """Make what the workers will make, so that a setting that cannot work is one line here; nothing connects yet.

    Returns:
        whether the store lives in one process.
    """
    settings.hash_key()
    backend_from_urls(settings.upstream, pool_size=1, access=upstream_access(settings)).close()
    store = from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
    store.close()
    return store.single_process


def _worker_count(settings: ProxySettings, *, single_process: bool) -> int:
    """Workers to start; a store that lives in one process allows only one."""
    if single_process:
        if settings.workers > 1:
            raise ConfigurationError("SESSIONRANK_REDIS_URL=memory:// keeps sessions in one process: use one worker")
        return 1
    return settings.workers or len(os.sched_getaffinity(0))


def _check_free(host: str, port: int) -> None:
    """gunicorn tries a port five times and then ends with a log; one clear line is kinder."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: {reason}; choose another with --listen"
            ) from error


def _options(settings: ProxySettings, host: str, port: int, workers: int) -> dict[str, Any]:
    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "worker_class": HttpWorker,
        "threads": settings.max_in_flight + settings.max_waiting + OWN_PLACES + _SPARE_THREADS,
        # Longer than the engine may take: the worker is not to be killed over a slow search.
        "timeout": int(settings.engine_timeout_s) + 30,
        "graceful_timeout": int(settings.engine_timeout_s) + 5,
        "keepalive": 75,
        "proc_name": "sessionrank",
        # gunicorn's own control socket would stand in the home folder, one for all servers of a user.
        "control_socket_disable": True,
        "loglevel": settings.log_level,
        "child_exit": _forget_metrics,
    }


def _forget_metrics(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
