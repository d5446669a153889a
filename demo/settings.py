"""What the demo reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from sessionrank.settings import setting

__all__ = ["DemoSettings"]


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """Where the demo keeps its files, and the servers that it may be pointed at; its child processes check those."""

    cache_dir: str = setting("", "Folder for downloads and the demo's trained model; default: the user's cache folder.")
    upstream: str = setting("", "The search engine; with the next one set, the demo starts no stack of its own.")
    redis_url: str = setting("", "The session and vector store.")

    @property
    def workdir(self) -> Path:
        """Where prepared files and the trained model are kept from one start to the next."""
        cache = Path(self.cache_dir) if self.cache_dir else platformdirs.user_cache_path("sessionrank", appauthor=False)
        return cache.expanduser().absolute() / "demo"

    @property
    def has_servers(self) -> bool:
        """Whether an engine and a store are there already."""
        return bool(self.upstream and self.redis_url)
