"""Between the data and a running search: prepare, train, load. What the first two make is kept for the next start."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.console import progress
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from . import online_retail
from .online_retail import Basket, Line, Shop, read_lines, shop_of
from .programs import run_json

__all__ = ["DATA", "PreparedFiles", "Trained", "load", "prepare", "train"]

DATA = Path(__file__).with_name("data") / "OnlineRetail.csv.gz"
#: All that decides the vectors stands here, so that the name of the file kept tells what is in it.
_TRAINING = (
    *("--reader", "sessions-txt", "--max-length", "0", "--size", "52", "--window", "4", "--epochs", "10"),
    *("--negative", "7", "--ns-exponent", "0.4", "--alpha", "0.1", "--sg", "1", "--min-count", "5", "--seed", "123"),
)


@dataclass(frozen=True)
class PreparedFiles:
    """The shop's data as files, in a folder named by what they were made of."""

    folder: Path
    #: Whether an earlier start had made them.
    reused: bool

    @property
    def catalogue(self) -> Path:
        """CSV with sku, name, price, first_sold."""
        return self.folder / "catalogue.csv"

    @property
    def orders(self) -> Path:
        """CSV with sku, quantity, time (ISO 8601)."""
        return self.folder / "orders.csv"

    @property
    def sessions(self) -> Path:
        """A line a customer: id, then skus."""
        return self.folder / "sessions.txt"

    def names(self) -> dict[str, str]:
        """Name by sku, from the catalogue."""
        with self.catalogue.open(encoding="utf-8", newline="") as file:
            return {row["sku"]: row["name"] for row in csv.DictReader(file)}

    def baskets(self) -> list[Basket]:
        """The baskets that the visits are chosen from."""
        rows = json.loads((self.folder / "baskets.json").read_text(encoding="utf-8"))
        return [Basket(**{**row, "skus": tuple(row["skus"])}) for row in rows]


@dataclass(frozen=True)
class Trained:
    """A vectors file, and whether an earlier start had made it."""

    path: Path
    vectors: VectorsFile
    reused: bool


def prepare(workdir: Path, data: Path = DATA) -> PreparedFiles:
    """The files of the shop in ``data``, made anew only when the data or the code that reads it has changed.

    Raises:
        DataError: the data cannot be read.
        ConfigurationError: the folder cannot be written.
    """
    folder = workdir / f"shop-{_digest(data, Path(online_retail.__file__))}"
    if folder.is_dir():
        return PreparedFiles(folder, reused=True)
    with progress() as bar:
        bar.add_task("Reading Online Retail", total=None)
        shop = shop_of(read_lines(data))
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="shop-", suffix=".part", dir=workdir))
        try:
            _write(shop, partial)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        # Another start may have been faster: then its folder is as good as ours.
        if not folder.is_dir():
            raise ConfigurationError(f"{workdir}: cannot be written: {error.strerror or error}") from error
    return PreparedFiles(folder, reused=False)


def train(files: PreparedFiles) -> Trained:
    """The vectors of the shop's sessions, trained unless they are there from an earlier start."""
    path = files.folder / f"vectors-{hashlib.sha256(json.dumps(_TRAINING).encode()).hexdigest()[:16]}.npz"
    if path.exists():
        try:
            return Trained(path, VectorsFile.load(path), reused=True)
        except DataError:
            path.unlink()
    run_json("model", "train", str(files.sessions), "--out", str(path), *_TRAINING)
    return Trained(path, VectorsFile.load(path), reused=False)


def load(files: PreparedFiles, trained: Trained, index: str, rejects: Path) -> dict[str, Any]:
    """Load and publish the catalogue with vectors, popularity from the orders; the report of ``index load``."""
    return run_json(
        *("index", "load", str(files.catalogue), "--alias", index, "--vectors", str(trained.path)),
        *("--orders", str(files.orders), "--rejects", str(rejects)),
        advice="Is there a search engine at SESSIONRANK_UPSTREAM and a Redis at SESSIONRANK_REDIS_URL?",
    )


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()[:16]


def _write(shop: Shop, folder: Path) -> None:
    products = [dataclasses.asdict(product) for product in shop.products]
    _write_csv(folder / "catalogue.csv", ("sku", "name", "price", "first_sold"), products)
    _write_csv(folder / "orders.csv", ("sku", "quantity", "time"), map(_order, shop.orders))
    lines = (f"{customer} {' '.join(skus)}\n" for customer, skus in shop.sessions.items())
    (folder / "sessions.txt").write_text("".join(lines), encoding="utf-8")
    baskets = [dataclasses.asdict(basket) for basket in shop.baskets]
    (folder / "baskets.json").write_text(json.dumps(baskets), encoding="utf-8")


def _order(line: Line) -> dict[str, Any]:
    return {"sku": line.sku, "quantity": line.quantity, "time": line.time.isoformat()}


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
