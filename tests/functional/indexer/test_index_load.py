"""``sessionrank index load`` and what comes after it, on every engine and a real Redis."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import urllib3

from sessionrank import keys
from sessionrank.vectors import VectorsFile, decode
from tests.support.index_command import IndexCommand
from tests.support.stack import TestStack

ENGINES = ["opensearch", "elasticsearch-7", "elasticsearch-8", "elasticsearch-9"]


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    answer = urllib3.request(method, url + path, json=body, retries=False, timeout=30)
    return json.loads(answer.data)


def search(url: str, index: str, size: int = 100) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = ask(url, "POST", f"/{index}/_search", {"size": size, "sort": ["sku"]})["hits"]["hits"]
    return hits


@pytest.mark.parametrize("name", ENGINES)
def test_a_load_a_second_one_a_rollback_and_a_prune_on_each_engine(
    engine: Callable[[str], str],
    redis_url: str,
    tmp_path: Path,
    catalogue: Path,
    vectors: Path,
    alias: str,
    keys_in_redis: redis.Redis,
    name: str,
) -> None:
    url = engine(name)
    index = IndexCommand(tmp_path, {"SESSIONRANK_UPSTREAM": url, "SESSIONRANK_REDIS_URL": redis_url})
    (tmp_path / "orders.csv").write_text("sku,quantity,time\nP03,4,2026-01-01\nP03,-2,2026-01-02\nP04,1,2026-01-02\n")

    first = index("load", catalogue, "--vectors", vectors, "--orders", "orders.csv", "--alias", alias, "--json").record
    assert (first["loaded"], first["rejected"], first["replaced"]) == (60, 0, None)
    assert (first["vectors"], first["without_vector"], first["vectors_unused"]) == (50, 10, 10)
    hits = search(url, alias)
    assert {hit["_index"] for hit in hits} == {first["index"]}
    assert [hit["_id"] for hit in hits] == [f"P{n:02d}" for n in range(60)]
    assert hits[3]["_source"] == {
        "sku": "P03",
        "name": "Boot 3",
        "target": "men",
        "image": "https://x.example/3.jpg",
        "colour": "red",
        "popularity": 4.0,
    }
    assert hits[5]["_source"]["popularity"] == 0.0

    second = index("load", catalogue, "--alias", alias, "--random-popularity", "1", "--json").record
    assert second["replaced"] == first["index"]
    assert {hit["_index"] for hit in search(url, alias)} == {second["index"]}

    status = index("status", "--alias", alias, "--json").record["releases"]
    assert [(r["release"], r["state"], r["documents"], r["vectors"]) for r in status] == [
        (first["release"], "published before", 60, 50),
        (second["release"], "served", 60, 0),
    ]
    assert index("rollback", "--alias", alias, "--json").record["to"] == first["release"]
    assert {hit["_index"] for hit in search(url, alias)} == {first["index"]}

    third = index("load", catalogue, "--vectors", vectors, "--alias", alias, "--json").record
    pruned = index("prune", "--alias", alias, "--keep", "0", "--json").record
    assert sorted(pruned["indices"]) == sorted([first["index"], second["index"]])
    assert pruned["vectors"] == [first["release"]]
    assert list(ask(url, "GET", f"/{alias}-*")) == [third["index"]]
    assert keys_in_redis.keys(f"*{first['release']}*") == []
    kinds = sorted(key.decode().split(":")[1] for key in keys_in_redis.keys(f"*{third['release']}*"))
    assert kinds == ["c", "l", "r", "v", "x"], "support, lengths, record, vectors, names"
    assert len(search(url, alias)) == 60


def test_the_store_holds_the_vectors_file_s_own_bytes_under_the_release(
    index: IndexCommand, catalogue: Path, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    release = index("load", catalogue, "--vectors", vectors, "--alias", alias, "--json").record["release"]
    stored = keys_in_redis.hgetall(keys.vectors(release, 0))
    assert sorted(stored) == [f"P{n:02d}".encode() for n in range(10, 60)]
    file = VectorsFile.load(vectors)
    matrix, positions = decode([stored.get(str(item).encode()) for item in file.ids], file.dimensions)
    assert positions == list(range(50))
    np.testing.assert_array_equal(matrix, file.vectors[:50])
    record = json.loads(keys_in_redis.get(keys.release_info(release)) or b"")
    assert (record["release"], record["index"]) == (release, f"{alias}-{release}")
    assert (record["dimensions"], record["buckets"], record["count"], record["complete"]) == (8, 1, 50, True)
    assert record["vectors"]["algorithm"] == "test"


def test_rejected_rows_stand_in_the_rejects_file_with_the_engine_s_reason(
    index: IndexCommand, tmp_path: Path, alias: str
) -> None:
    rows = [
        {"sku": "A", "name": "Boot", "size": 40},
        {"sku": "B", "name": "Boot", "size": "forty"},
        {"sku": "A", "name": "Again"},
        {"sku": "C", "name": "Boot", "image": "https://x.example/c.gif"},
    ]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = index("load", "c.jsonl", "--alias", alias, "--rejects", "bad.jsonl", "--json").record
    assert (record["loaded"], record["rejected"], record["rejects_file"]) == (1, 3, "bad.jsonl")
    rejects = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text("utf-8").splitlines()]
    reasons = {reject["row"]: reject["reason"] for reject in rejects}
    assert reasons[3] == "sku A stood in an earlier row"
    assert reasons[4].startswith("image does not end in")
    assert reasons[2].startswith("the search engine: ")
    assert "size" in reasons[2]
    table = index("load", "c.jsonl", "--alias", alias)
    assert "3, see c.jsonl.rejects.jsonl" in table.out


def test_a_user_s_mapping_is_what_the_index_gets(
    index: IndexCommand, stack: TestStack, catalogue: Path, alias: str
) -> None:
    mapping = {
        "settings": {"index": {"number_of_shards": 2, "refresh_interval": "7s"}},
        "mappings": {"properties": {"colour": {"type": "keyword"}}},
    }
    (catalogue.parent / "m.json").write_text(json.dumps(mapping))
    name = index("load", catalogue, "--alias", alias, "--mapping", "m.json", "--json").record["index"]
    made = ask(stack.upstream, "GET", f"/{name}")[name]
    assert made["mappings"]["properties"]["colour"] == {"type": "keyword"}
    assert made["mappings"]["properties"]["popularity"] == {"type": "float"}
    settings = made["settings"]["index"]
    assert (settings["number_of_shards"], settings["refresh_interval"]) == ("2", "7s")


def test_a_sigterm_ends_a_load_and_leaves_nothing(
    index: IndexCommand, stack: TestStack, catalogue: Path, tmp_path: Path, alias: str
) -> None:
    first = index("load", catalogue, "--alias", alias, "--json").record
    with (tmp_path / "slow.csv").open("w") as file:
        file.write("sku,name\n" + "".join(f"Q{n},Boot\n" for n in range(300_000)))
    with index.start("load", "slow.csv", "--alias", alias, "--chunk", "50") as process:
        while process.poll() is None and len(ask(stack.upstream, "GET", f"/{alias}-*")) < 2:
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert list(ask(stack.upstream, "GET", f"/{alias}-*")) == [first["index"]]
    assert len(search(stack.upstream, alias)) == 60


def test_a_rollback_to_a_release_whose_vectors_are_gone_is_refused(
    index: IndexCommand, stack: TestStack, catalogue: Path, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    first = index("load", catalogue, "--vectors", vectors, "--alias", alias, "--json").record
    second = index("load", catalogue, "--vectors", vectors, "--alias", alias, "--json").record
    keys_in_redis.hdel(keys.vectors(first["release"], 0), "P10")
    refused = index("rollback", "--alias", alias)
    assert refused.code == 2
    assert f"release {first['release']} lacks vectors or covisits in the store" in refused.err
    assert {hit["_index"] for hit in search(stack.upstream, alias)} == {second["index"]}
    keys_in_redis.hset(keys.vectors(first["release"], 0), "P10", b"x")
    assert index("rollback", "--alias", alias).code == 0


def test_what_others_keep_in_engine_and_store_is_never_touched(
    index: IndexCommand, stack: TestStack, catalogue: Path, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    theirs = f"{alias}-20200101000000abcdef"
    ask(stack.upstream, "PUT", f"/{theirs}")
    keys_in_redis.set(f"shop:{alias}", "1")
    keys_in_redis.set(keys.release_info("20200101000000abcdef"), json.dumps({"release": "20200101000000abcdef"}))
    for _ in range(2):
        assert index("load", catalogue, "--vectors", vectors, "--alias", alias).code == 0
    assert index("prune", "--alias", alias, "--keep", "0", "--min-age", "0").code == 0
    assert theirs in ask(stack.upstream, "GET", f"/{alias}-*")
    assert keys_in_redis.get(f"shop:{alias}") == b"1"
    assert keys_in_redis.exists(keys.release_info("20200101000000abcdef"))
