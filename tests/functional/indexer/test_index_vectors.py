"""``sessionrank index vectors``: vectors for an index that is not ours, by a pointer in the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from sessionrank import keys
from tests.support.index_command import IndexCommand

#: Nothing listens there: publishing for somebody else's index does not ask the engine at all.
NO_ENGINE = {"SESSIONRANK_UPSTREAM": "http://127.0.0.1:1"}


@pytest.fixture
def index(redis_url: str, tmp_path: Path) -> IndexCommand:
    return IndexCommand(tmp_path, {"SESSIONRANK_REDIS_URL": redis_url, **NO_ENGINE})


def test_the_pointer_moves_and_goes_back_and_old_releases_are_pruned(
    index: IndexCommand, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    published = [index("vectors", vectors, "--index", alias, "--json").record for _ in range(3)]
    first, second, third = (record["release"] for record in published)
    assert [record["previous"] for record in published] == [None, first, second]
    assert published[0]["count"] == 60
    assert keys_in_redis.get(keys.pointer(alias)) == third.encode()
    assert keys_in_redis.hlen(keys.vectors(third, 0)) == 60
    record = json.loads(keys_in_redis.get(keys.release_info(third)) or b"")
    assert (record["index"], record["dimensions"], record["buckets"], record["complete"]) == (alias, 8, 1, True)

    status = index("status", "--index", alias, "--json").record["releases"]
    assert [(r["release"], r["state"], r["vectors"]) for r in status] == [
        (first, "published before", 60),
        (second, "published before", 60),
        (third, "served", 60),
    ]
    assert index("prune", "--index", alias, "--json").record["vectors"] == [first]
    assert index("rollback", "--index", alias, "--json").record == {"index": alias, "from": third, "to": second}
    assert keys_in_redis.get(keys.pointer(alias)) == second.encode()
    refused = index("rollback", "--index", alias)
    assert refused.code == 2
    assert f"the vectors of release {first} are not all in the store" in refused.err
    assert index("rollback", "--index", alias, "--to", third).code == 0
    assert keys_in_redis.get(keys.pointer(alias)) == third.encode()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("rollback", "--index", "nothing-here"), "no vectors were published for nothing-here"),
        (("vectors", "none.npz", "--index", "x"), "none.npz: no such vectors file"),
        (("vectors", "v.npz", "--index", "A*"), "index name 'A*'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    index: IndexCommand, vectors: Path, arguments: tuple[str, ...], word: str
) -> None:
    refused = index(*arguments)
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert word in refused.err


def test_a_publication_that_is_killed_leaves_the_pointer_and_is_pruned(
    index: IndexCommand, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    first = index("vectors", vectors, "--index", alias, "--json").record["release"]
    # What a kill between the vectors and the pointer leaves: a record that never became complete.
    dead = "20200101000000abcdef"
    record = json.loads(keys_in_redis.get(keys.release_info(first)) or b"")
    del record["served"]
    left = {**record, "release": dead, "complete": False, "heartbeat": "2020-01-01T00:00:00+00:00"}
    keys_in_redis.set(keys.release_info(dead), json.dumps(left))
    keys_in_redis.hset(keys.vectors(dead, 0), "P10", b"x")
    assert index("prune", "--index", alias, "--json").record["vectors"] == [dead]
    assert keys_in_redis.keys(f"*{dead}*") == []
    assert keys_in_redis.get(keys.pointer(alias)) == first.encode()
