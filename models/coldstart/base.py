"""The contract of cold start: trained vectors and the texts of their items in, vectors for further texts out.

A method is a frozen dataclass whose fields are its parameters, ``seed`` among them; fitting twice with equal fields on
equal material gives equal bytes. What it makes lives in the space of the vectors file that it learned from, so that the
cosine of a new product with an item of that file, or with a session of such items, means what it means between two of
the file. To add one, write one file with one such class and its model, and name it in ``registry.py``; the contract
suite, ``tests/contract/test_coldstart.py``, then runs on it.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

from ..parameters import check_ranges, parameter
from ..sessions import Sessions
from .features import TextFeatures

__all__ = ["FEWEST_ITEMS", "ColdStart", "ContentModel", "Material", "OnEpoch"]

#: Items with a vector and a telling text that are needed to learn anything.
FEWEST_ITEMS = 10

#: Called after each pass with its number (1, 2, …) and its loss.
OnEpoch = Callable[[int, float], None]


class ContentModel(ABC):
    """What a method has learned of how texts and vectors belong together."""

    def __init__(self, meta: dict[str, Any]) -> None:
        #: Which method, with which parameters, from how many items.
        self.meta = meta

    @abstractmethod
    def vectors_for(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector for each text: (len(texts) × d) float32.

        Rows have unit length. A text that shares no term with the texts of training says nothing: its row is zero, and
        whoever asked should give the product no vector rather than a wrong one.
        """


@dataclass(frozen=True)
class ColdStart(ABC):
    """A way to get vectors from texts."""

    #: The name that it has in the registry and in every file.
    name: ClassVar[str]
    #: Whether :meth:`fit` needs the sessions that the vectors were trained on.
    needs_sessions: ClassVar[bool] = False
    seed: int = parameter(123, "Start of everything random; equal seeds give equal vectors.", least=0, most=2**31 - 1)

    def __post_init__(self) -> None:
        check_ranges(self.name, self)

    @property
    def epochs_planned(self) -> int:
        """How often ``on_epoch`` will be called: as often as the parameter ``epochs`` says, where there is one."""
        return int(getattr(self, "epochs", 0))

    @abstractmethod
    def fit(
        self,
        vectors: VectorsFile,
        texts: Mapping[str, str],
        *,
        sessions: Sessions | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> ContentModel:
        """Learn from the items that have both a vector in ``vectors`` and a text.

        Raises:
            DataError: fewer than :data:`FEWEST_ITEMS` have both.
            ConfigurationError: the method needs ``sessions`` or a library that is not there.
        """

    def describe(self, material: Material, **learned: Any) -> dict[str, Any]:
        """What a file says of how its cold vectors were made."""
        parameters = dataclasses.asdict(self)
        seed = parameters.pop("seed")
        learned_from = {"items": len(material.ids), "terms": len(material.features.columns)}
        return {"method": self.name, "seed": seed, "parameters": parameters, **learned_from, **learned}


@dataclass(frozen=True)
class Material:
    """What there is to learn from: the items that have both a vector and a text that says something."""

    ids: tuple[str, ...]
    features: TextFeatures
    #: Their texts in numbers: (n × terms) float32.
    rows: sparse.csr_array
    #: (n × d), unit length.
    vectors: NDArray[np.float32]
    #: How often training saw each.
    support: NDArray[np.int64]

    @classmethod
    def gather(cls, vectors: VectorsFile, texts: Mapping[str, str]) -> Material:
        """Raises :class:`DataError` when fewer than :data:`FEWEST_ITEMS` have both."""
        ids = vectors.ids.tolist()
        there = np.array([at for at, sku in enumerate(ids) if texts.get(sku) and vectors.vectors[at].any()], dtype=int)
        features = TextFeatures.fit([texts[ids[at]] for at in there])
        rows = features.rows(texts[ids[at]] for at in there)
        telling = np.flatnonzero(np.diff(rows.indptr))
        if len(telling) < FEWEST_ITEMS:
            raise DataError(
                f"{len(telling)} products of the vectors file have a text that shares words with another's; "
                f"{FEWEST_ITEMS} are needed: is this the same shop's catalogue, and are the columns the right ones?"
            )
        chosen = there[telling]
        return cls(
            ids=tuple(ids[at] for at in chosen),
            features=features,
            rows=rows[telling],
            vectors=vectors.vectors[chosen],
            support=vectors.support[chosen],
        )
