"""From sessions and a catalogue to search: a product that nobody has bought yet follows the visits of its like."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import redis

from sessionrank import keys
from sessionrank.vectors import VectorsFile
from tests.support.asking import Over
from tests.support.index_command import IndexCommand
from tests.support.served import serving
from tests.support.stack import TestStack

WORDS = ("lantern", "teapot", "ribbon")
COLD = {"new-teapot": "Blue Teapots", "new-lantern": "Blue Lanterns", "new-riddle": "Zyzzyva"}


def model(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "sessionrank", "model", *words]
    ran = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_product_without_sessions_is_ranked_by_what_its_text_says(
    index: IndexCommand, stack: TestStack, tmp_path: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    chance = random.Random(4)
    names = {f"p{n:02d}": f"{chance.choice(['Red', 'Blue'])} {WORDS[n % 3]}" for n in range(45)} | COLD
    (tmp_path / "catalogue.csv").write_text("sku,name\n" + "".join(f"{sku},{name}\n" for sku, name in names.items()))
    visits = [[f"p{3 * chance.randrange(15) + n % 3:02d}" for _ in range(10)] for n in range(300)]
    (tmp_path / "sessions.txt").write_text("".join(f"{n} {' '.join(skus)}\n" for n, skus in enumerate(visits)))
    model(tmp_path, "train", "sessions.txt", "--size", "8", "--epochs", "20", "--out", "v.npz")
    model(tmp_path, "coldstart", "catalogue.csv", "--vectors", "v.npz", "--out", "completed.npz")

    report = index("load", "catalogue.csv", "--vectors", "completed.npz", "--alias", alias, "--json").record
    assert (report["vectors"], report["vectors_from_texts"], report["without_vector"]) == (47, 2, 1)
    table = index("load", "catalogue.csv", "--vectors", "completed.npz", "--alias", alias).out
    assert [line.split()[-2] for line in table.splitlines() if "of them from texts" in line] == ["2"]
    stored = keys_in_redis.hgetall(keys.vectors(report["release"], 0))
    file = VectorsFile.load(tmp_path / "completed.npz")
    assert stored[b"new-teapot"] == file.vectors[file.ids.tolist().index("new-teapot")].tobytes()
    assert b"new-riddle" not in stored

    settings = {"SESSIONRANK_INDICES": alias, "SESSIONRANK_BUDGET_MS": "10000", "SESSIONRANK_STRATEGY": "cosine"}
    with serving({**stack.environment, **settings}) as server:
        ask = Over(f"http://127.0.0.1:{server.port}")

        def found_after(*seen: str) -> list[str]:
            session = f"visit-{'-'.join(seen)}"
            events = [{"session": session, "type": "view", "sku": sku} for sku in seen]
            assert ask("POST", "/_sessionrank/events", events, {}).status == 200
            query = {"query": {"match_all": {}}, "size": 48}
            return ask("POST", f"/{alias}/_search", query, {"X-Session-Id": session}).ids()

        plain = ask("POST", f"/{alias}/_search", {"query": {"match_all": {}}, "size": 48}, {}).ids()
        teapots, lanterns = found_after("p01", "p04"), found_after("p00", "p03")
        assert sorted(teapots) == sorted(lanterns) == sorted(plain) == sorted(names)
        assert teapots.index("new-teapot") < 16 <= teapots.index("new-lantern")
        assert lanterns.index("new-lantern") < 16 <= lanterns.index("new-teapot")
        # What its text says nothing of keeps the engine's rank.
        assert teapots.index("new-riddle") == lanterns.index("new-riddle") == plain.index("new-riddle")
        # A visit to the new product alone counts as well.
        like = [names[sku].lower() for sku in found_after("new-teapot")[:16]]
        assert sum("teapot" in name for name in like) >= 15
