"""Fetch the official Node and Java clients and what runs them, so that no test does: ``make system`` begins so."""

from __future__ import annotations

import click

from .java_clients import java_clients
from .node_clients import node_clients

__all__: list[str] = []


def main() -> None:
    """Fetch, install and compile all that is not in the cache folder yet."""
    click.echo(f"The Node clients are ready in {node_clients().modules}")
    for client, class_path in java_clients().class_paths.items():
        click.echo(f"{client} is ready in {class_path.partition(':')[0]}")


if __name__ == "__main__":
    main()
