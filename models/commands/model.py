"""``sessionrank model``: the group; each command is a file of its own."""

from __future__ import annotations

import click

from sessionrank.cli import LazyGroup

__all__ = ["COMMANDS", "model"]

COMMANDS: dict[str, tuple[str, str, str]] = {
    "algorithms": ("sessionrank.models.commands.algorithms:algorithms", "models", "What there is to train."),
    "analogy": ("sessionrank.models.commands.analogy:analogy", "models", "A is to B as C is to what?"),
    "coldstart": (
        "sessionrank.models.commands.coldstart:coldstart",
        "models",
        "Vectors for new products, from their texts.",
    ),
    "evaluate-coldstart": (
        "sessionrank.models.commands.evaluate_coldstart:evaluate_coldstart",
        "models",
        "How well new products are found by their texts.",
    ),
    "export": ("sessionrank.models.commands.export:export", "models", "Files for the Embedding Projector."),
    "evaluate": ("sessionrank.models.commands.evaluate:evaluate", "models", "Algorithms measured side by side."),
    "map": ("sessionrank.models.commands.map:map_items", "maps", "The items as points in the plane."),
    "plot": ("sessionrank.models.commands.plot:plot", "models", "Pictures of data and results."),
    "prepare": ("sessionrank.models.commands.prepare:prepare", "models", "One compact session file from any data."),
    "similar": ("sessionrank.models.commands.similar:similar", "models", "The items nearest to one or several."),
    "train": ("sessionrank.models.commands.train:train", "models", "Learn item vectors from sessions."),
    "tune": ("sessionrank.models.commands.tune:tune", "tune", "Look for the settings that recommend best."),
    "words": ("sessionrank.models.commands.words:words", "models", "Learn vectors of words from a text."),
}


@click.group(cls=LazyGroup, registry=COMMANDS)
def model() -> None:
    """Prepare sessions; train, tune, measure and look at models of them.

    \b
    Examples:
      sessionrank model train sessions.txt --out vectors.npz
      sessionrank model evaluate sessions.txt word2vec blend popularity
      sessionrank model similar 22423 --vectors vectors.npz --names catalogue.csv
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz
    """
