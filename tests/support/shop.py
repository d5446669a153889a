"""A small real shop: the first products of Online Retail, with planted vectors and covisits, by the real indexer."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sessionrank.covisits import CovisitsFile
from sessionrank.textfile import open_text
from sessionrank.vectors import VectorsFile

from .served import own_environment

__all__ = ["CLUSTERS", "SIZE", "Shop", "command", "load_shop", "planted_covisits", "planted_vectors"]

SIZE = 600
CLUSTERS = 5
_ORDERS = Path(__file__).parents[2] / "demo" / "data" / "OnlineRetail.csv.gz"
_MAPPING = {
    "mappings": {
        "properties": {
            "name": {"type": "text", "term_vector": "with_positions_offsets"},
            "group": {"type": "keyword"},
            "sku": {"type": "keyword"},
        }
    }
}


@dataclass(frozen=True)
class Shop:
    """What was loaded, and how to look at it."""

    alias: str
    #: The concrete index behind the alias.
    index: str
    #: sku → its cluster, for the products that have a vector.
    cluster: Mapping[str, int]
    without_vector: tuple[str, ...]

    def of_cluster(self, number: int, count: int = 5) -> list[str]:
        """Some products of a cluster."""
        return [sku for sku, cluster in self.cluster.items() if cluster == number][:count]


def command(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run ``sessionrank …`` and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "sessionrank", *arguments],
        env=own_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"sessionrank {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def planted_vectors(skus: Sequence[str], seed: int) -> tuple[VectorsFile, dict[str, int]]:
    """Vectors in clusters that have nothing to do with names or popularity; gives also each sku's cluster."""
    draw = np.random.default_rng(seed)
    centres = np.eye(16)[:CLUSTERS]
    numbers = draw.integers(0, CLUSTERS, len(skus))
    vectors = centres[numbers] + draw.normal(0, 0.15, (len(skus), 16))
    file = VectorsFile.build(skus, vectors, [9] * len(skus), {"algorithm": "planted", "seed": seed})
    return file, {sku: int(number) for sku, number in zip(skus, numbers, strict=True)}


def planted_covisits(cluster: Mapping[str, int]) -> CovisitsFile:
    """Each product goes with all the others of its cluster alike, and training is sure of it."""
    places: dict[int, list[int]] = {}
    for place, number in enumerate(cluster.values()):
        places.setdefault(number, []).append(place)
    rows = [[other for other in places[number] if other != place] for place, number in enumerate(cluster.values())]
    counts = np.array([len(row) for row in rows])
    return CovisitsFile.build(
        list(cluster),
        np.full(len(rows), 400),
        np.full(len(rows), 0.9),
        np.concatenate([[0], counts.cumsum()]),
        np.concatenate(rows),
        np.repeat(1.0 / counts, counts),
        {"algorithm": "planted"},
    )


def load_shop(folder: Path, environment: Mapping[str, str], alias: str) -> Shop:
    """Load the first products; one in ten has neither vector nor covisits, one in seven no popularity."""
    rows = _products()
    skus = [str(row["sku"]) for row in rows]
    without = tuple(skus[::10])
    file, cluster = planted_vectors([sku for sku in skus if sku not in without], seed=7)
    file.save(folder / "vectors.npz")
    planted_covisits(cluster).save(folder / "covisits.npz")
    (folder / "mapping.json").write_text(json.dumps(_MAPPING))
    (folder / "catalog.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["index", "load", str(folder / "catalog.jsonl"), "--vectors", str(folder / "vectors.npz"), "--json"]
    arguments += ["--covisit", str(folder / "covisits.npz"), "--no-measure"]
    arguments += ["--alias", alias, "--mapping", str(folder / "mapping.json"), "--popularity-column", "popularity"]
    report = json.loads(command([*arguments, "--rejects", str(folder / "rejects.jsonl")], environment))
    assert (report["loaded"], report["rejected"]) == (SIZE, 0), report
    return Shop(alias, report["index"], cluster, without)


def _products() -> list[dict[str, str | int]]:
    """The first products that the orders name, popularity being the lines that name them so far."""
    names: dict[str, str] = {}
    lines: dict[str, int] = {}
    with open_text(_ORDERS, encoding="iso-8859-1") as file:
        for row in csv.DictReader(file):
            sku = row["StockCode"]
            if sku not in names and (not sku[:5].isdigit() or not row["Description"].strip()):
                continue
            if sku not in names and len(names) == SIZE:
                break
            names.setdefault(sku, row["Description"].strip())
            lines[sku] = lines.get(sku, 0) + 1
    return [
        {"sku": sku, "name": name, "group": name.split()[-1].lower()}
        | ({} if i % 7 == 3 else {"popularity": lines[sku]})
        for i, (sku, name) in enumerate(names.items())
    ]
