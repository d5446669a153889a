"""The algorithms by name, and how one is written as text.

``word2vec`` is an algorithm with its defaults, ``word2vec:size=64,window=4`` one with parameters, ``@best.json`` what a
file says: ``{"algorithm": "word2vec", "parameters": {"size": 64}}``, as ``model tune`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.npz import opened

from ..parameters import fitted, written
from .als import Als
from .association_rules import AssociationRules
from .base import Algorithm, Model
from .blend import Blend
from .bpr import Bpr
from .covisit import Covisit
from .factors import Factors
from .fasttext import FastText
from .item_knn import ItemKnn
from .popularity import Popularity
from .random import Random
from .sequential_rules import SequentialRules
from .vsknn import SessionKnn
from .word2vec import Word2Vec

__all__ = ["ALGORITHMS", "algorithm_class", "build_algorithm", "load_model", "make_algorithm"]

ALGORITHMS: dict[str, type[Algorithm]] = {
    "als": Als,
    "association-rules": AssociationRules,
    "blend": Blend,
    "bpr": Bpr,
    "covisit": Covisit,
    "factors": Factors,
    "fasttext": FastText,
    "item-knn": ItemKnn,
    "popularity": Popularity,
    "random": Random,
    "sequential-rules": SequentialRules,
    "vsknn": SessionKnn,
    "word2vec": Word2Vec,
}


def algorithm_class(name: str) -> type[Algorithm]:
    """The algorithm ``name``; raises :class:`ConfigurationError` when there is none."""
    if name not in ALGORITHMS:
        raise ConfigurationError(f"unknown algorithm {name!r}; there are {', '.join(sorted(ALGORITHMS))}")
    return ALGORITHMS[name]


def build_algorithm(name: str, parameters: Mapping[str, Any]) -> Algorithm:
    """The algorithm ``name`` with ``parameters``; values that are texts are taken for what their parameter is.

    Raises:
        ConfigurationError: an unknown algorithm or parameter, or a value out of its range.
    """
    kind = algorithm_class(name)
    values = fitted(name, kind, parameters)
    if "parts" in values:
        values["parts"] = _parts(values["parts"])
    return kind(**values)


def _parts(written: Any) -> tuple[Algorithm, ...]:
    """The parts of a blend: names joined by ``+``, or the objects of a file of settings."""
    if isinstance(written, str):
        return tuple(build_algorithm(name.strip(), {}) for name in written.split("+"))
    try:
        return tuple(build_algorithm(*_named(part)) for part in written)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"blend: parts must be algorithms, each with its parameters, not {written!r}"
        ) from error


def _named(said: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and parameters of an algorithm as a file says them, the seed among them."""
    name, parameters = said["algorithm"], said.get("parameters", {})
    if not isinstance(name, str) or not isinstance(parameters, dict):
        raise TypeError("algorithm must be a text, parameters an object")
    return name, ({"seed": said["seed"]} if "seed" in said else {}) | parameters


def make_algorithm(text: str, **parameters: Any) -> Algorithm:
    """The algorithm that ``text`` names; ``parameters`` that are not ``None`` win over those in the text.

    Raises:
        ConfigurationError: an unknown algorithm or parameter, or a value out of its range.
        DataError: the file behind ``@`` cannot be read.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    name, values = _read(Path(text[1:])) if text.startswith("@") else written(text)
    return build_algorithm(name, {**values, **given})


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        return _named(json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file of settings; `sessionrank model tune` writes one") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f'{path}: not a file of settings such as {{"algorithm": …, "parameters": …}}: {error}'
        ) from error


def load_model(path: Path | str) -> Model:
    """A model of any algorithm, from the file that it was saved to.

    Raises:
        DataError: the file is missing or is no model of a known algorithm.
    """
    missing = "no such model file; make one with `sessionrank model train`"
    with opened(path, missing=missing, otherwise="not a model file (.npz with items and meta)") as parts:
        maker = json.loads(str(parts["meta"]))["algorithm"]
    if not isinstance(maker, str) or maker not in ALGORITHMS:
        raise DataError(f"{path}: made by {maker!r}, which is no algorithm here: {', '.join(sorted(ALGORITHMS))}")
    return ALGORITHMS[maker].load(path)
