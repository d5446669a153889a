"""Readers hold numbers, not objects: what a million events cost, measured in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import csv, parquet

ROOT = Path(__file__).parents[3]
EVENTS, SESSIONS, ITEMS = 1_000_000, 100_000, 20_000
#: Bytes that an event may cost at the peak: its numbers, held twice while they are sorted, and its part of the ids.
#: Ten million events with 200 bytes each are the 2 GB that there are; a tuple of three texts an event takes 250.
MOST = 110
#: Bytes that Arrow takes for itself, however long the file is.
LIBRARY = {".parquet": 80 << 20, ".csv": 0}
#: What a child says of itself: the peak that reading added to what was there when all was imported.
CHILD = """
import sys
from pathlib import Path
import numpy, pyarrow.parquet
from models.readers.registry import make_reader

def kilobytes(name):
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1])

before = kilobytes("VmRSS")
read = make_reader("events", min_length=1, max_length_percentile=100).read(sys.argv[1])
print(read.sessions.events, len(read.sessions), (kilobytes("VmHWM") - before) * 1024)
"""


@pytest.fixture(scope="module")
def table() -> pa.Table:
    chance = np.random.default_rng(7)
    session = chance.integers(0, SESSIONS, EVENTS)
    names = pa.array([f"session-of-a-visitor-{n:08d}" for n in range(SESSIONS)])
    items = pa.array([f"product-{n:06d}" for n in range(ITEMS)])
    return pa.table(
        {
            "session_id": names.take(pa.array(session)),
            "product_id": items.take(pa.array(chance.integers(0, ITEMS, EVENTS))),
            "event_time_stamp": 1_700_000_000_000 + chance.integers(0, 10**9, EVENTS),
        }
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_million_events_cost_little_more_than_their_numbers(table: pa.Table, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"events{suffix}"
    if suffix == ".parquet":
        parquet.write_table(table, path)  # one row group: the hard case
    else:
        csv.write_csv(table, path)
    words = [sys.executable, "-c", CHILD, str(path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    events, sessions, grown = map(int, done.stdout.split())
    assert events == EVENTS
    assert sessions == len(table["session_id"].unique())
    assert (grown - LIBRARY[suffix]) / events < MOST
