"""Fetch official clients and what runs them, so that no test does: those of the languages that are named."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from .java_clients import java_clients
from .node_clients import node_clients
from .python_clients import pairings, python_client

__all__: list[str] = []


def _python() -> None:
    for name in sorted({each.client for each in pairings()}):
        click.echo(f"{name} is ready in {python_client(name).python.parents[1]}")


def _node() -> None:
    click.echo(f"The Node clients are ready in {node_clients().modules}")


def _java() -> None:
    for client, class_path in java_clients().class_paths.items():
        click.echo(f"{client} is ready in {class_path.partition(':')[0]}")


_FETCH: dict[str, Callable[[], None]] = {"java": _java, "node": _node, "python": _python}

if __name__ == "__main__":
    for language in sys.argv[1:]:
        _FETCH[language]()
