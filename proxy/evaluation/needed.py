"""Whether a release has what a strategy orders by, found out before anything is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sessionrank import keys
from sessionrank.errors import ConfigurationError

from ..ranking.registry import STRATEGIES
from ..sessions.base import SessionStore

__all__ = ["check_release"]

#: Signal → the hash that it is read from, what stands in it, and how it gets there.
_SIGNALS: Mapping[str, tuple[Callable[[str, int], str], str, str]] = {
    "cosine": (keys.vectors, "vectors", "--vectors"),
    "covisit": (keys.covisits, "covisits", "--covisit"),
}


def check_release(strategy: str, index: str, release: str | None, store: SessionStore) -> None:
    """Raises :class:`ConfigurationError` where nothing is published for an index that ``strategy`` could order by.

    Strategies that take what there is (those of which the release says which to use, say) pass with anything.
    """
    member = STRATEGIES.get(strategy)
    needs = [name for name in (member().needs if member else ()) if name in _SIGNALS]
    if not needs:
        return
    if release is None:
        raise ConfigurationError(
            f"nothing is published for {index} that `{strategy}` could order by; "
            "see `sessionrank index load --help` and `sessionrank index vectors --help`"
        )
    lacking = [name for name in needs if next(iter(store.scan(_SIGNALS[name][0](release, 0))), None) is None]
    # What adds signals up does with those that there are.
    if lacking and (len(needs) == 1 or len(lacking) == len(needs)):
        _, what, option = _SIGNALS[lacking[0]]
        raise ConfigurationError(
            f"`{strategy}` orders by {what}, and release {release} of {index} has none; publish them with {option}"
        )
