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
from sessionrank.covisits import CovisitsFile
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from . import online_retail
from .online_retail import SPLIT, Basket, Line, Shop, read_lines, shop_of
from .programs import run_json

__all__ = ["DATA", "PreparedFiles", "Trained", "load", "prepare", "searches", "train"]

DATA = Path(__file__).with_name("data") / "OnlineRetail.csv.gz"
#: All that decides the vectors stands here, so that the name of the file kept tells what is in it.
_TRAINING = (
    *("--reader", "sessions-txt", "--max-length", "0", "--size", "52", "--window", "4", "--epochs", "10"),
    *("--negative", "7", "--ns-exponent", "0.4", "--alpha", "0.1", "--sg", "1", "--min-count", "5", "--seed", "123"),
)
_COVISITS = ("--reader", "sessions-txt", "--max-length", "0", "--seed", "123")
#: Searches that the release is measured on, from after the split: half to choose how it is ordered, half to judge.
_SEARCHES = ("--after", SPLIT.date().isoformat(), "--cases", "600", "--seed", "123")


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
    """A vectors file and a covisits file, and whether an earlier start had made them."""

    path: Path
    vectors: VectorsFile
    covisits: Path
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
    """What the shop's sessions say of its items, learned unless it is there from an earlier start."""
    path = files.folder / f"vectors-{_named_by(_TRAINING)}.npz"
    covisits = files.folder / f"covisits-{_named_by(_COVISITS)}.npz"
    try:
        if path.exists() and CovisitsFile.load(covisits):
            return Trained(path, VectorsFile.load(path), covisits, reused=True)
    except DataError:
        path.unlink()
    run_json("model", "train", str(files.sessions), "--out", str(path), *_TRAINING)
    run_json("model", "train", "covisit", str(files.sessions), "--out", str(covisits), *_COVISITS)
    return Trained(path, VectorsFile.load(path), covisits, reused=False)


def searches(files: PreparedFiles, data: Path = DATA) -> Path:
    """A log of searches from after the split, made unless it is there from an earlier start."""
    path = files.folder / f"searches-{_named_by(_SEARCHES)}.jsonl"
    if not path.exists():
        words = ("search", "log", str(data), "--reader", "online-retail", "--catalog", str(files.catalogue))
        run_json(*words, "--out", str(path), *_SEARCHES)
    return path


def load(
    files: PreparedFiles, trained: Trained, index: str, rejects: Path, *, measure: Path | None = None
) -> dict[str, Any]:
    """Load and publish the catalogue with all that was learned, popularity from the orders.

    Args:
        measure: the log of searches that the release is measured on; None leaves the cautious defaults.

    Returns:
        The report of ``index load``.
    """
    return run_json(
        *("index", "load", str(files.catalogue), "--alias", index, "--vectors", str(trained.path)),
        *("--covisit", str(trained.covisits), "--orders", str(files.orders), "--rejects", str(rejects)),
        *(("--no-measure",) if measure is None else ("--measure", str(measure))),
        advice="Is there a search engine at SESSIONRANK_UPSTREAM and a Redis at SESSIONRANK_REDIS_URL?",
    )


def _named_by(options: Sequence[str]) -> str:
    """What tells the file that these options made from those of others."""
    return hashlib.sha256(json.dumps(options).encode()).hexdigest()[:16]


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
