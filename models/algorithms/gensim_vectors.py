"""What word2vec and fastText share: parameters, sentences, the training loop with its callback, the vectors file.

The only file that knows gensim.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

from ..parameters import parameter
from .base import Algorithm, Epoch, OnEpoch
from .vector_model import VectorModel

__all__ = ["GensimVectors"]

#: gensim silently cuts off what a sentence has beyond this many words.
_LONGEST_SENTENCE = 10_000


@dataclass(frozen=True)
class GensimVectors(Algorithm):
    """Item vectors by one of gensim's shallow networks with negative sampling."""

    size: int = parameter(52, "Numbers in a vector.", least=1, most=4096)
    window: int = parameter(4, "Items of context on each side.", least=1, most=10_000)
    epochs: int = parameter(10, "Passes over the sessions.", least=1, most=1_000_000)
    negative: int = parameter(7, "Noise items for each item.", least=1, most=1_000_000)
    ns_exponent: float = parameter(
        0.4, "Shape of the noise: 1 draws items as often as they occur, 0 all alike.", least=-10, most=10
    )
    alpha: float = parameter(0.1, "Learning rate at the start.", above=0, most=100)
    sample: float = parameter(
        0.001, "Items of a greater share of the events are thinned out; 0: none.", least=0, most=1
    )
    sg: int = parameter(1, "1 skip-gram, 0 CBOW.", choices=(0, 1))
    min_count: int = parameter(5, "Items seen less often get no vector: what so little says is mostly noise.", least=1)
    decay: float = parameter(0.0, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)
    workers: int = parameter(1, "Threads; with more than one no two runs are quite alike.", least=1, most=256)

    @abstractmethod
    def _trainer(self, **options: Any) -> Any:
        """gensim's model, not yet trained, made with ``options`` and what is the algorithm's own."""

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> VectorModel:
        """Train; with one worker thread equal seeds give equal bytes, with more their order differs in every run."""
        sentences = list(_sentences(sessions))
        trainer = self._trainer(
            vector_size=self.size,
            window=self.window,
            negative=self.negative,
            ns_exponent=self.ns_exponent,
            alpha=self.alpha,
            sample=self.sample,
            sg=self.sg,
            min_count=self.min_count,
            seed=self.seed,
            workers=self.workers,
        )
        trainer.build_vocab(sentences)
        if not trainer.wv.index_to_key:
            raise DataError(f"no item stands {self.min_count} times in the sessions: lower min-count or add sessions")
        trainer.train(
            sentences,
            total_examples=trainer.corpus_count,
            epochs=self.epochs,
            compute_loss=on_epoch is not None,
            callbacks=[] if on_epoch is None else [_epoch_end(on_epoch, self._model)],
        )
        return self._model(trainer)

    def _model(self, trainer: Any) -> VectorModel:
        import gensim  # type: ignore[import-untyped]

        words = trainer.wv.index_to_key
        support = [trainer.wv.get_vecattr(word, "count") for word in words]
        meta = {**self.describe(gensim=gensim.__version__), "size": self.size}
        return VectorModel(VectorsFile.build(words, trainer.wv.vectors, support, meta), decay=self.decay)

    @classmethod
    def load(cls, path: Path | str) -> VectorModel:
        return VectorModel.load(path, cls.name)


def _sentences(sessions: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    for session in sessions:
        for start in range(0, len(session), _LONGEST_SENTENCE):
            yield list(session[start : start + _LONGEST_SENTENCE])


def _epoch_end(on_epoch: OnEpoch, as_model: Any) -> Any:
    # Imported here: gensim takes a second to load, and only training needs it.
    from gensim.models.callbacks import CallbackAny2Vec  # type: ignore[import-untyped]

    class EpochEnd(CallbackAny2Vec):  # type: ignore[misc]
        """Counts the passes and tells of each."""

        def __init__(self) -> None:
            self.done = 0

        def on_epoch_begin(self, model: Any) -> None:
            # gensim adds up over all passes, in 32 bits, where later ones would vanish: each starts at nothing.
            model.running_training_loss = 0.0

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            loss = float(getattr(model, "running_training_loss", 0.0)) or None
            on_epoch(Epoch(self.done, loss, lambda: as_model(model)))

    return EpochEnd()
