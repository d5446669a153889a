"""The rejects file: every row that was not loaded, with its number and the reason."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TextIO

from sessionrank.errors import DataError

from .documents import Reject

__all__ = ["RejectsFile", "check_writable"]


def check_writable(path: Path) -> None:
    """Find out whether rejects could be written to ``path``, and leave it as it is.

    Raises:
        DataError: they could not.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.is_file():
            path.open("a").close()
        elif not path.exists():
            with tempfile.TemporaryFile(dir=path.parent):
                pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: the rejects cannot be written here: {error.strerror}; see --rejects")


class RejectsFile:
    """JSON lines ``{"row": number, "reason": …, "values": …}``; the file is made with the first reject, not before."""

    def __init__(self, path: Path, *, limit: int | None = None) -> None:
        self.path = path
        self.limit = limit
        self.count = 0
        self.first: Reject | None = None
        self._file: TextIO | None = None

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Keep one row.

        Raises:
            DataError: there are more rejects than the limit, or the file cannot be written.
        """
        self.count += 1
        self.first = self.first or reject
        record = {"row": reject.number, "reason": reject.reason, "values": reject.values}
        try:
            if self._file is None:
                # Half a surrogate pair is a reason for a reject, so it must be writable.
                self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise _unwritable(self.path, error) from error
        if self.limit is not None and self.count > self.limit:
            raise DataError(
                f"more than {self.limit} rows were rejected, nothing was published; "
                f"row {reject.number}: {reject.reason}; all of them stand in {self.path}"
            )
