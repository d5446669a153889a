"""``sessionrank model algorithms``: what there is to train, with every parameter."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import out, print_json

from ..algorithms.base import Algorithm
from ..algorithms.registry import ALGORITHMS, algorithm_class

__all__ = ["algorithms"]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def algorithms(name: str | None, as_json: bool) -> None:
    """All algorithms, or the parameters of the one called NAME.

    A parameter is given as in word2vec:size=64,window=5, or to `model train` as --set size=64.

    \b
    Examples:
      sessionrank model algorithms
      sessionrank model algorithms word2vec
      sessionrank model algorithms --json
    """
    if name is not None:
        kind = algorithm_class(name)
        if as_json:
            print_json(_description(name, kind))
        else:
            out.print(_parameters(name, kind))
        return
    if as_json:
        print_json([_description(each, ALGORITHMS[each]) for each in sorted(ALGORITHMS)])
        return
    table = Table("algorithm", "what it is", "parameters")
    for each in sorted(ALGORITHMS):
        names = (field.name for field in dataclasses.fields(ALGORITHMS[each]))
        table.add_row(each, Text(_line(ALGORITHMS[each])), ", ".join(names))
    out.print(table)


def _line(kind: type[Algorithm]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _description(name: str, kind: type[Algorithm]) -> dict[str, Any]:
    made = kind().describe()
    defaults = {"seed": made["seed"], **made["parameters"]}
    return {
        "algorithm": name,
        "what": _line(kind),
        "parameters": [
            {
                "name": field.name,
                "default": defaults[field.name],
                "range": _range(field),
                "help": field.metadata["help"],
            }
            for field in dataclasses.fields(kind)
        ],
    }


def _parameters(name: str, kind: type[Algorithm]) -> Table:
    table = Table(title=f"{name}: {_line(kind)}")
    for heading in ("parameter", "default", "range", "what it does"):
        table.add_column(heading, overflow="fold")
    for field in dataclasses.fields(kind):
        default = getattr(kind(), field.name)
        shown = "+".join(part.name for part in default) if isinstance(default, tuple) else str(default)
        table.add_row(field.name, Text(shown), Text(_range(field)), Text(field.metadata["help"]))
    return table


def _range(field: dataclasses.Field[Any]) -> str:
    """The values that a parameter may have, in words."""
    limits = field.metadata
    if limits.get("choices"):
        return " or ".join(str(choice) for choice in limits["choices"])
    if limits.get("above") is not None:
        return f"above {limits['above']}" + (f", at most {limits['most']}" if limits["most"] is not None else "")
    least, most = limits.get("least"), limits.get("most")
    if least is None and most is None:
        return ""
    return f"from {least}" if most is None else f"{least} to {most}"
