"""Parameters of algorithms: fields of a frozen dataclass, each with a help text and a range, checked in one place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from sessionrank.errors import ConfigurationError

__all__ = ["check_ranges", "fitted", "parameter", "written"]


def parameter(
    default: Any,
    help: str,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    choices: tuple[Any, ...] = (),
) -> Any:
    """A dataclass field with a help text and the values that it may have."""
    metadata = {"help": help, "least": least, "most": most, "above": above, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def check_ranges(name: str, values: Any) -> None:
    """Compare each field of the dataclass ``values`` with its range; ``name`` stands in the error.

    Raises:
        ConfigurationError: a value is of the wrong kind, not finite or out of its range.
    """
    for field in dataclasses.fields(values):
        value, limits = getattr(values, field.name), field.metadata
        if "least" not in limits:
            continue
        if limits["choices"]:
            if value not in limits["choices"]:
                choices = " or ".join(str(choice) for choice in limits["choices"])
                raise ConfigurationError(f"{name}: {field.name} must be {choices}, not {value}")
            continue
        kinds = (int,) if field.type == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
            kind = "a whole number" if field.type == "int" else "a finite number"
            raise ConfigurationError(f"{name}: {field.name} must be {kind}, not {value}")
        if (limits["least"] is not None and value < limits["least"]) or (
            limits["most"] is not None and value > limits["most"]
        ):
            raise ConfigurationError(f"{name}: {field.name} must be {_range(limits)}, not {value}")
        if limits["above"] is not None and value <= limits["above"]:
            raise ConfigurationError(f"{name}: {field.name} must be above {limits['above']}, not {value}")


def _range(limits: Any) -> str:
    least, most = limits["least"], limits["most"]
    if most is None:
        return f"at least {least}"
    return f"at most {most}" if least is None else f"from {least} to {most}"


def written(text: str) -> tuple[str, dict[str, str]]:
    """What a text such as ``word2vec:size=64,window=5`` names, and the values by parameter.

    Raises:
        ConfigurationError: a part behind the colon is not ``parameter=value``.
    """
    name, _, rest = text.partition(":")
    values = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        parameter, equals, value = part.partition("=")
        if not equals:
            raise ConfigurationError(f"{part!r} in {text!r} is not parameter=value")
        values[parameter.strip()] = value.strip()
    return name.strip(), values


def fitted(name: str, kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the dataclass ``kind``, with its own spelling of their names; texts become what their field is.

    Raises:
        ConfigurationError: ``kind`` has no such parameter, or a text is not of its kind.
    """
    known = {field.name: field for field in dataclasses.fields(kind)}
    made = {}
    for given, value in values.items():
        parameter = given.strip().replace("-", "_")
        # A field that is marked as data is handed over as it is and cannot be written as text.
        if parameter not in known or (isinstance(value, str) and known[parameter].metadata.get("data")):
            listed = ", ".join(one.name for one in known.values() if not one.metadata.get("data"))
            raise ConfigurationError(f"{name} has no parameter {parameter!r}; it has {listed}")
        made[parameter] = _converted(name, known[parameter], value)
    return made


def _converted(name: str, field: dataclasses.Field[Any], text: Any) -> Any:
    """A value written as text, in the kind of its field; values of other kinds pass as they are.

    Raises:
        ConfigurationError: the text is not of that kind.
    """
    if not isinstance(text, str) or field.type not in ("int", "float"):
        return text
    try:
        return int(text) if field.type == "int" else float(text)
    except ValueError as error:
        kind = "a whole number" if field.type == "int" else "a number"
        raise ConfigurationError(f"{name}: {field.name} must be {kind}, not {text!r}") from error
