"""Parameters of algorithms: fields of a frozen dataclass, each with a help text and a range, checked in one place."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from sessionrank.errors import ConfigurationError

__all__ = ["check_ranges", "converted", "parameter"]


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


def converted(name: str, field: dataclasses.Field[Any], text: Any) -> Any:
    """A value written as text, in the kind of its field; values of other kinds pass as they are.

    Raises:
        ConfigurationError: the text is not of that kind.
    """
    if not isinstance(text, str) or field.type == "str":
        return text
    try:
        return int(text) if field.type == "int" else float(text)
    except ValueError as error:
        kind = "a whole number" if field.type == "int" else "a number"
        raise ConfigurationError(f"{name}: {field.name} must be {kind}, not {text!r}") from error
