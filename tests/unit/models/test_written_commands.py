"""Every `sessionrank model …` line of the documents and of the help texts is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from models.commands.model import COMMANDS, model

ROOT = Path(__file__).parents[3]
PAGES = ("docs/models.md", "docs/nearest-neighbours.md", "docs/commands.md", "docs/deployment.md", "README.md")


def lines(text: str) -> Iterator[list[str]]:
    """The words of each command line of an indented or fenced block, without what the comments say."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if found := re.match(r"^(?:\$ |    |  )\s*(sessionrank model .*)", line):
            words = shlex.split(found[1], comments=True)[2:]
            if "|" not in words:
                yield words


def written() -> list[tuple[str, list[str]]]:
    found = [(page, words) for page in PAGES for words in lines((ROOT / page).read_text())]
    context = click.Context(model)
    for name in COMMANDS:
        command = model.get_command(context, name)
        assert command is not None
        found += [(f"model {name} --help", words) for words in lines(command.help or "")]
    return found


def test_there_are_many_of_them() -> None:
    said = written()
    assert sum(page == "docs/models.md" for page, _ in said) > 20
    assert {words[0] for _, words in said} >= COMMANDS.keys(), "each command has an example"


@pytest.mark.parametrize(("page", "words"), written(), ids=[f"{page}: {' '.join(words)}" for page, words in written()])
def test_a_written_command_is_taken_by_the_command_line(page: str, words: list[str]) -> None:
    command: click.Command = model
    name = "model"
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"{page}: there is no {words[0]}"
        command, name, words = found, words[0], words[1:]
    command.make_context(name, list(words))
