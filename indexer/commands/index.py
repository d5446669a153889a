"""``sessionrank index``: the group of the indexer's commands."""

from __future__ import annotations

import click

from sessionrank.cli import LazyGroup

__all__ = ["MEMBERS", "index"]

MEMBERS: dict[str, tuple[str, str, str]] = {
    "load": (f"{__package__}.load:load", "indexer", "Load a catalogue, with vectors, and publish it."),
    "prune": (f"{__package__}.prune:prune", "indexer", "Remove old releases and what dead loads left behind."),
    "rollback": (f"{__package__}.rollback:rollback", "indexer", "Go back to the release before, in one step."),
    "status": (f"{__package__}.status:status", "indexer", "Show the releases and which one is served."),
    "vectors": (f"{__package__}.vectors:vectors", "indexer", "Publish vectors for an index that is not ours."),
}


@click.group(
    cls=LazyGroup,
    registry=MEMBERS,
    epilog="The engine and the store are found by SESSIONRANK_UPSTREAM and SESSIONRANK_REDIS_URL.",
)
def index() -> None:
    """Load a catalogue and vectors as a new release, publish it, roll back, clean up."""
