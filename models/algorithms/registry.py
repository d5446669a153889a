"""The algorithms by name, and how one is written as text.

``word2vec`` is an algorithm with its defaults, ``word2vec:size=64,window=4`` one with parameters, ``@best.json`` what a
file says: ``{"algorithm": "word2vec", "parameters": {"size": 64}}``, as ``model tune`` writes it.
"""

from __future__ import annotations

import dataclasses
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
from .factors import Factors
from .fasttext import FastText
from .gensim_vectors import GensimVectors
from .item_knn import ItemKnn
from .popularity import Popularity
from .random import Random
from .sequential_rules import SequentialRules
from .vsknn import SessionKnn
from .word2vec import Word2Vec

__all__ = ["ALGORITHMS", "algorithm_class", "algorithm_from_file", "build_algorithm", "load_model", "make_algorithm"]

ALGORITHMS: dict[str, type[Algorithm]] = {
    "als": Als,
    "association-rules": AssociationRules,
    "blend": Blend,
    "bpr": Bpr,
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
        return tuple(_said(part) for part in written)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"blend: parts must be algorithms, each with its parameters, not {written!r}"
        ) from error


def _said(said: Mapping[str, Any]) -> Algorithm:
    parameters = {"seed": said["seed"]} if "seed" in said else {}
    return build_algorithm(said["algorithm"], {**parameters, **said.get("parameters", {})})


def make_algorithm(text: str, **parameters: Any) -> Algorithm:
    """The algorithm that ``text`` names; ``parameters`` that are not ``None`` win over those in the text.

    Raises:
        ConfigurationError: an unknown algorithm or parameter, or a value out of its range.
        DataError: the file behind ``@`` cannot be read.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    name, values = _read(Path(text[1:])) if text.startswith("@") else written(text)
    return build_algorithm(name, {**values, **given})


def algorithm_from_file(path: Path | str) -> Algorithm:
    """The algorithm that a file of settings names; errors as in :func:`make_algorithm`."""
    return build_algorithm(*_read(Path(path)))


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        said = json.loads(path.read_text("utf-8"))
        name, parameters = said["algorithm"], said.get("parameters", {})
        if not isinstance(name, str) or not isinstance(parameters, dict):
            raise TypeError("algorithm must be a text, parameters an object")
        if "seed" in said:
            parameters = {"seed": said["seed"], **parameters}
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file of settings; `sessionrank model tune` writes one") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f'{path}: not a file of settings such as {{"algorithm": …, "parameters": …}}: {error}'
        ) from error
    return name, parameters


def load_model(path: Path | str) -> Model:
    """A model of any algorithm, from the file that it was saved to.

    Raises:
        DataError: the file is missing or is no model of a known algorithm.
    """
    missing = "no such model file; make one with `sessionrank model train`"
    with opened(path, missing=missing, otherwise="not a model file (.npz with items and meta)") as parts:
        meta = json.loads(str(parts["meta"]))
        maker = meta["algorithm"]
    if not isinstance(maker, str) or maker not in ALGORITHMS:
        raise DataError(f"{path}: made by {maker!r}, which is no algorithm here: {', '.join(sorted(ALGORITHMS))}")
    _check_parameters(path, ALGORITHMS[maker], meta.get("parameters"), meta.get("seed"))
    return ALGORITHMS[maker].load(path)


def _check_parameters(path: Path | str, kind: type[Algorithm], said: Any, seed: Any) -> None:
    """Raises :class:`DataError` when those in a model's file are not what its algorithm has; vectors do without."""
    if issubclass(kind, GensimVectors):
        return
    try:
        lacking = {field.name for field in dataclasses.fields(kind)} - {"seed"} - set(said)
        build_algorithm(kind.name, {**said, "seed": seed})
    except (ConfigurationError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: its parameters are damaged: {error}") from error
    if lacking:
        raise DataError(f"{path}: the parameter {min(lacking)} is missing from it; train it again")
