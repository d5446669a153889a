"""The shell examples of the README that carry a mark, run as they stand."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.nginx import free_port

ROOT = Path(__file__).parents[2]
ROWS = 60_000

pytestmark = pytest.mark.system


def script(document: Path, name: str) -> str:
    """All blocks marked ``<!-- run: name -->`` as one shell script."""
    blocks = re.findall(rf"<!-- run: {re.escape(name)} -->\n```console\n(.*?)```", document.read_text(), re.DOTALL)
    lines: list[str] = []
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            lines.append(line[2:])
        elif lines and lines[-1].endswith("\\"):
            lines.append(line)
    assert lines, f"{document.name} has no commands to run as {name!r}"
    return "\n".join(["set -eu", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *lines, ""])


def orders() -> list[dict[str, str]]:
    """The first order lines of the shipped data that name a customer and a product."""
    with gzip.open(ROOT / "demo" / "data" / "OnlineRetail.csv.gz", "rb") as packed:
        text = io.TextIOWrapper(packed, encoding="iso-8859-1", newline="")
        rows = [row for row, _ in zip(csv.DictReader(text), range(ROWS), strict=False)]
    return [row for row in rows if row["CustomerID"] and row["Description"]]


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Path:
    """What the reader of the guide has: an index called ``products`` and a file of visits. Gives the folder."""
    rows = orders()
    visits: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        visits[row["CustomerID"]].append(row["StockCode"])
    lines = [f"{customer} {' '.join(items)}\n" for customer, items in visits.items() if 3 <= len(items) <= 199]
    (tmp_path / "visits.txt").write_text("".join(lines))
    names = {row["StockCode"]: row["Description"] for row in rows}
    bulk = "".join(
        f"{json.dumps({'index': {'_id': sku}})}\n{json.dumps({'name': name})}\n" for sku, name in names.items()
    )
    ask("DELETE", f"{engine_url}/products?ignore_unavailable=true")
    answer = ask("POST", f"{engine_url}/products/_bulk?refresh=true", bulk.encode())
    assert json.loads(answer)["errors"] is False
    return tmp_path


def ask(method: str, url: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/x-ndjson"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        read: bytes = answer.read()
    return read


def test_the_five_minutes_guide_ends_with_a_personalised_answer(shop: Path, engine_url: str, redis_url: str) -> None:
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SESSIONRANK_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SESSIONRANK_UPSTREAM": engine_url,
        "SESSIONRANK_REDIS_URL": redis_url,
        "SESSIONRANK_LISTEN": f"127.0.0.1:{port}",
    }
    text = script(ROOT / "README.md", "five minutes").replace("127.0.0.1:9280", f"127.0.0.1:{port}")
    process = subprocess.Popen(
        ["bash", "-c", text],
        cwd=shop,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    ask("DELETE", f"{engine_url}/products")
    assert process.returncode == 0, output
    moved = re.search(r"X-Sessionrank: personalised; window=100; moved=(\d+)", output, re.IGNORECASE)
    assert moved, output
    assert int(moved[1]) > 0


def test_the_lines_about_models_prepare_measure_and_train(tmp_path: Path) -> None:
    visits: dict[str, list[str]] = defaultdict(list)
    for row in orders()[:20_000]:
        visits[row["CustomerID"]].append(row["StockCode"])
    (tmp_path / "visits.txt").write_text("".join(f"{who} {' '.join(items)}\n" for who, items in visits.items()))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script(ROOT / "README.md", "models")],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("popularity", "word2vec", "sequential-rules"))
    assert (tmp_path / "vectors.npz").exists()
