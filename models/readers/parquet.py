"""Chosen columns of a Parquet file, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError

from .column import Column, check_columns
from .ids import EMPTY, Ids
from .times import seconds_of_numbers, seconds_of_values

__all__ = ["parquet_blocks"]

#: Rows decoded at a time.
_ROWS = 1 << 16
#: Timestamps in one second, by Arrow's name of their unit.
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class _ArrowColumn:
    """A column of an Arrow record batch."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def codes(self, ids: Ids) -> NDArray[np.int32]:
        # Each different id of the batch is looked up once; the rest is done without a Python object a row.
        encoded = self._values.dictionary_encode()
        different = encoded.dictionary.to_pylist()
        codes = np.array([*map(ids.__getitem__, different), EMPTY], dtype=np.int32)
        places = encoded.indices.fill_null(len(different)).to_numpy(zero_copy_only=False)
        taken: NDArray[np.int32] = codes[places]
        return taken

    def seconds(self) -> NDArray[np.float64]:
        import pyarrow as pa  # type: ignore[import-untyped]

        kind, values = self._values.type, self._values
        if pa.types.is_timestamp(kind):
            return _floats(values.cast(pa.int64())) / _UNITS[kind.unit]
        if pa.types.is_date(kind):
            return _floats(values.cast(pa.timestamp("ms")).cast(pa.int64())) / 1e3
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return seconds_of_numbers(_floats(values))
        return seconds_of_values(values.to_pylist())


def _floats(values: Any) -> NDArray[np.float64]:
    """Numbers as floats, NaN where there is none; nanoseconds lose a quarter of a microsecond."""
    import pyarrow as pa

    floats: NDArray[np.float64] = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def parquet_blocks(path: Path | str, columns: Mapping[str, str]) -> Iterator[tuple[Column, ...]]:
    """The ``columns`` (by the options that name them) of a Parquet file, a batch of rows at a time.

    Raises:
        ConfigurationError: pyarrow is missing.
        DataError: the file is missing, is no Parquet file, is damaged, or lacks a column.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        advice = "install it with `pip install 'sessionrank[models]'`"
        raise ConfigurationError(f"{path}: reading Parquet needs {error.name}, which is missing: {advice}") from error
    try:
        # Unbuffered, Arrow would hold all of a column of a row group, which may be the whole file.
        with parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            schema = file.schema_arrow
            check_columns(path, columns, schema.names)
            names = list(columns.values())
            for name in names:
                if pa.types.is_nested(schema.field(name).type):
                    raise DataError(f"{path}: column {name} holds {schema.field(name).type}, not one value a row")
            for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
                yield tuple(_ArrowColumn(batch.column(name)) for name in names)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: not a Parquet file, or a damaged one: {reason}") from error
