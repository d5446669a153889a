"""Settings of the local stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from sessionrank.settings import read_settings, setting, url_list

__all__ = ["ADVICE", "CACHE_ADVICE", "StackSettings", "read_stack_settings"]

#: What to do when a part of the stack cannot be had here; it ends the messages that say so.
ADVICE = (
    "set SESSIONRANK_UPSTREAM=… and SESSIONRANK_REDIS_URL=… to servers of your own, "
    "or start them with `docker compose up`"
)
#: What to do about a cache folder that cannot be used.
CACHE_ADVICE = "set SESSIONRANK_CACHE_DIR to a folder that can be written and has room"


def _heap_fits(megabytes: Any) -> None:
    if not 128 <= megabytes <= 31_000:
        raise ValueError(f"{megabytes} is not a heap size in MB between 128 and 31000")


def _java_options(text: Any) -> None:
    for option in text.split():
        if not option.startswith("-") or not option.isprintable():
            raise ValueError(f"{option!r} is not an option of Java: those begin with -")


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """Where the local stack keeps its downloads, how large its engine may get, and how its Java runs."""

    cache_dir: str = setting("", "Folder of the local stack's downloads; default: the user's cache folder.")
    maven_url: str = setting(
        "https://repo1.maven.org/maven2",
        "Maven repository that the local stack downloads from.",
        check=url_list("http", "https"),
    )
    stack_heap: int = setting(512, "Java heap of the local engine, in MB.", check=_heap_fits)
    stack_java_options: str = setting(
        "",
        "More options for the Java of the local engine, separated by spaces, such as `-XX:TieredStopAtLevel=1`.",
        check=_java_options,
    )

    @property
    def cache(self) -> Path:
        """The cache folder, as a path; it may not exist yet."""
        return Path(self.cache_dir).expanduser().absolute() if self.cache_dir else _user_cache()


def read_stack_settings() -> StackSettings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: a variable cannot be read, or its value cannot work.
    """
    return read_settings(StackSettings)


def _user_cache() -> Path:
    return platformdirs.user_cache_path("sessionrank", appauthor=False)
