"""Whether a release has what a strategy orders by, found out before anything is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from sessionrank import keys
from sessionrank.covisits import CovisitsFile
from sessionrank.errors import ConfigurationError, DataError

from ..deadline import Deadline
from ..ranking.registry import STRATEGIES
from ..sessions.base import SessionStore

__all__ = ["check_hits", "check_release"]

#: Signal → the hash that it is read from, what stands in it, and how it gets there.
_SIGNALS: Mapping[str, tuple[Callable[[str, int], str], str, str]] = {
    "cosine": (keys.vectors, "vectors", "--vectors"),
    "covisit": (keys.covisits, "covisits", "--covisit"),
}
_SECONDS = 30.0
#: Of so many items one has neighbours, or none has.
_LOOKED_AT = 1000


def check_release(strategy: str, index: str, release: str | None, store: SessionStore) -> None:
    """Raises :class:`ConfigurationError` where nothing is published for an index that ``strategy`` could order by.

    A learned model is read as well; one that cannot be used is a :class:`DataError`.

    Strategies that take what there is (those of which the release says which to use, say) pass with anything.
    """
    member = STRATEGIES.get(strategy)
    if member is not None and member.needs_model:
        _check_model(strategy, index, release, store)
        return
    needs = [name for name in (member().needs if member else ()) if name in _SIGNALS]
    if not needs:
        return
    if release is None:
        raise ConfigurationError(
            f"nothing is published for {index} that `{strategy}` could order by; "
            "see `sessionrank index load --help` and `sessionrank index vectors --help`"
        )
    lacking = [name for name in needs if not _is_there(name, release, store)]
    # What adds signals up does with those that there are.
    if lacking and (len(needs) == 1 or len(lacking) == len(needs)):
        _, what, option = _SIGNALS[lacking[0]]
        raise ConfigurationError(
            f"`{strategy}` orders by {what}, and release {release} of {index} has none; publish them with {option}"
        )


def _is_there(signal: str, release: str, store: SessionStore) -> bool:
    """Whether anything is published; of covisits something that has neighbours, not the reliability of items alone."""
    first = islice(store.scan(_SIGNALS[signal][0](release, 0)), _LOOKED_AT)
    least = len(CovisitsFile.head(0)) if signal == "covisit" else 0
    return any(len(value) > least for _, value in first)


def _check_model(strategy: str, index: str, release: str | None, store: SessionStore) -> None:
    model = store.value(keys.learned_model(release), Deadline(_SECONDS)) if release else None
    if not model:
        raise ConfigurationError(
            f"`{strategy}` orders by a learned model, and release {release or '(none)'} of {index} has none; "
            "`sessionrank search train LOG --publish` makes one"
        )
    STRATEGIES[strategy](None, model)


def check_hits(log: str, index: str, totals: Sequence[int | None]) -> None:
    """Raises :class:`DataError` where not one of the searches has a hit, by the number of hits of each."""
    if totals and all(total == 0 for total in totals):
        raise DataError(
            f"{log}: not one of its {len(totals):,} searches has a hit in {index}; name the field that is searched "
            "with --field, or give the body of a search with --query-template"
        )
