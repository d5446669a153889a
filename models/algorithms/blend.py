"""A blend of algorithms with weights that it learns itself, from the training sessions alone.

Every session is held back its last item; the parts learn from the rest and say what they think of it; the weights are
those that make what was held back likeliest (``softmax.py``). Then the parts learn anew from everything. So nothing is
chosen by hand, nothing by a test, and a shop whose data differ gets other weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError

from ..parameters import parameter
from ..sessions import Sessions, encoded
from .als import Als
from .base import Algorithm, Model, OnEpoch
from .blend_inputs import Candidates, candidates, input_names
from .item_knn import ItemKnn
from .model_file import ModelFile
from .popularity import Popularity
from .sequential_rules import SequentialRules
from .softmax import fit_weights
from .vsknn import SessionKnn

__all__ = ["Blend"]

#: Chosen by the nested split on the training part of Online Retail: word2vec among them gained nothing there.
PARTS: tuple[Algorithm, ...] = (
    SequentialRules(decay=0),
    SequentialRules(decay=0.8),
    SequentialRules(steps=3, back=0, decay=0),
    ItemKnn(decay=0.9),
    SessionKnn(),
    Als(size=128),
    Popularity(),
)


class BlendModel(Model):
    """The models of the parts, and a weight for each thing that they say."""

    def __init__(self, parts: Sequence[Model], weights: NDArray[np.float32], meta: dict[str, Any]) -> None:
        super().__init__(tuple(dict.fromkeys(item for part in parts for item in part.items)), meta)
        self._parts = tuple(parts)
        self._weights = weights

    def candidates(self, prefixes: Sequence[Sequence[str]]) -> Candidates:
        """What the blend would choose among after each prefix."""
        parameters = self.meta["parameters"]
        return candidates(
            self._parts,
            self._column,
            prefixes,
            each=parameters["each"],
            with_history=bool(parameters["history"]),
            with_visits=bool(parameters["visits"]),
        )

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        scores = np.full((len(prefixes), len(self.items)), -np.inf, dtype=np.float32)
        found = self.candidates(prefixes)
        if len(found.rows):
            scores[found.rows, found.columns] = found.inputs @ self._weights
        return scores

    def save(self, path: Path | str) -> None:
        arrays: dict[str, NDArray[Any]] = {"weights": self._weights}
        with tempfile.TemporaryDirectory(prefix="sessionrank-") as folder:
            file = Path(folder) / "part.npz"
            for number, part in enumerate(self._parts):
                part.save(file)
                arrays[f"part{number}"] = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        ModelFile(self.items, arrays, self.meta).save(path)


@dataclass(frozen=True)
class Blend(Algorithm):
    """The parts' opinions and the session's own history, weighed by how well they foretell held-back items."""

    name: ClassVar[str] = "blend"
    parts: tuple[Algorithm, ...] = field(default=PARTS, metadata={"help": "Algorithms, joined by + in text."})
    each: int = parameter(100, "Candidates that each part names.", least=1, most=10_000)
    history: int = parameter(1, "1: weigh what the session has already had, too.", choices=(0, 1))
    visits: int = parameter(1, "1: and what of it lies in this visit or was taken back, where known.", choices=(0, 1))
    cases: int = parameter(5000, "Sessions that the weights are learned from, at most.", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.parts or not all(isinstance(part, Algorithm) for part in self.parts):
            raise ConfigurationError("blend: parts must name at least one algorithm")

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> BlendModel:
        data = encoded(sessions)
        long_enough = np.flatnonzero(data.lengths >= 2)
        if not len(long_enough):
            raise DataError("no session of two items is there, from which a blend could learn its weights")
        chance = np.random.default_rng(self.seed)
        drawn = np.sort(chance.choice(long_enough, min(self.cases, len(long_enough)), replace=False))
        earlier = data.without_last().compacted()
        tried = BlendModel(self._fit_parts(earlier), np.empty(0, np.float32), self.describe())
        answers = data.codes[data.offsets[1:][drawn] - 1]
        weights = _weights(tried, earlier.take(drawn), [data.items[code] for code in answers.tolist()])
        names = input_names([part.name for part in self.parts], with_history=bool(self.history))
        meta = {**self.describe(), "weights": dict(zip(names, [round(float(one), 4) for one in weights], strict=True))}
        return BlendModel(self._fit_parts(data), weights, meta)

    def _fit_parts(self, data: Sessions) -> list[Model]:
        return [part.fit(data) for part in self.parts]

    def describe(self, **libraries: str) -> dict[str, Any]:
        said = super().describe(**libraries)
        said["parameters"]["parts"] = [part.describe() for part in self.parts]
        return said

    @classmethod
    def _built(cls, parameters: Mapping[str, Any]) -> Algorithm:
        # Imported here: the registry knows this file, and only it knows what parts a text or a file names.
        from .registry import build_algorithm

        return build_algorithm(cls.name, parameters)

    @classmethod
    def load(cls, path: Path | str) -> BlendModel:
        # Imported here: the registry knows this file, and only it knows who can read a part.
        from .registry import load_model

        file = ModelFile.load(path, cls)
        parts: list[Model] = []
        with tempfile.TemporaryDirectory(prefix="sessionrank-") as folder:
            part_file = Path(folder) / "part.npz"
            while (packed := file.arrays.get(f"part{len(parts)}")) is not None:
                part_file.write_bytes(packed.tobytes())
                parts.append(load_model(part_file))
        weights = file.arrays.get("weights")
        names = input_names([""] * len(parts), with_history=bool(file.meta["parameters"]["history"]))
        if not parts or weights is None or weights.shape != (len(names),):
            raise DataError(f"{path}: a blend whose parts and weights do not fit together; train it again")
        return BlendModel(parts, weights, file.meta)


def _weights(model: BlendModel, prefixes: Sequence[Sequence[str]], answers: Sequence[str]) -> NDArray[np.float32]:
    """The weights that make the answers likeliest among the candidates; cases without theirs are passed over."""
    found = model.candidates(prefixes)
    column = {item: at for at, item in enumerate(model.items)}
    wanted = np.array([column.get(answer, -1) for answer in answers])
    hit = found.columns == wanted[found.rows]
    kept = np.isin(found.rows, found.rows[hit])
    if not hit.any():
        raise DataError("no held-back item is among the candidates of any part: give more sessions or other parts")
    rows = found.rows[kept]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return fit_weights(found.inputs[kept], starts, np.flatnonzero(hit[kept]))
