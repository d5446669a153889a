"""A catalogue, its vectors, and a connection to Redis, for tests that load for real."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import redis

from sessionrank.vectors import VectorsFile
from tests.support.index_command import IndexCommand
from tests.support.signal_files import ring_of_covisits
from tests.support.stack import TestStack

PRODUCTS = 60


@pytest.fixture
def alias() -> str:
    return f"load-{secrets.token_hex(4)}"


@pytest.fixture
def index(stack: TestStack, tmp_path: Path) -> IndexCommand:
    return IndexCommand(tmp_path, stack.environment)


@pytest.fixture
def keys_in_redis(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """60 products P00 … P59."""
    return write_catalogue(tmp_path / "catalog.csv", PRODUCTS)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Vectors of 8 dimensions of P10 … P69: ten products have none, ten vectors have no product."""
    ids = [f"P{n:02d}" for n in range(10, 70)]
    rng = np.random.default_rng(7)
    made = VectorsFile.build(ids, rng.normal(size=(60, 8)), [9] * 60, {"algorithm": "test"})
    made.save(tmp_path / "v.npz")
    return tmp_path / "v.npz"


@pytest.fixture
def covisits(tmp_path: Path) -> Path:
    """Covisits of P20 … P79: twenty products have none, twenty items have no product."""
    ring_of_covisits([f"P{n:02d}" for n in range(20, 80)]).save(tmp_path / "c.npz")
    return tmp_path / "c.npz"


def write_catalogue(path: Path, rows: int, *, padding: str = "") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "name", "target", "image", "colour"])
        for n in range(rows):
            writer.writerow([f"P{n:02d}", f"Boot {n}{padding}", "men", f"https://x.example/{n}.jpg", "red"])
    return path
