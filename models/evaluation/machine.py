"""What a run cost and what it ran on: peak memory, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import resource
import sys
from pathlib import Path
from typing import Any

from sessionrank import __version__

__all__ = ["machine", "peak_memory", "reset_peak_memory"]

_LIBRARIES = ("gensim", "implicit", "jax", "keras", "numpy", "pyarrow", "scipy")
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def machine() -> dict[str, Any]:
    """Versions of Python and of the libraries in use, the system, and how many cores it has."""
    return {
        "sessionrank": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES if name in sys.modules},
    }


def reset_peak_memory() -> bool:
    """Let :func:`peak_memory` count from now on; tells whether the system can (Linux can)."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def peak_memory() -> int:
    """The most bytes that the process held at once, since the last reset or, where there is none, since it started."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    # Kilobytes, but bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
