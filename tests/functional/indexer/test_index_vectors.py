"""``sessionrank index vectors``: vectors for an index that is not ours, by a pointer in the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import redis
import urllib3

from sessionrank import keys
from sessionrank.vectors import VectorsFile
from tests.support.index_command import IndexCommand
from tests.support.stack import TestStack

#: Nothing listens there.
NO_ENGINE = {"SESSIONRANK_UPSTREAM": "http://127.0.0.1:1"}


@pytest.fixture
def theirs(stack: TestStack, alias: str) -> Iterator[str]:
    """Somebody else's index, with one document that has a vector."""
    url = f"{stack.upstream}/{alias}"
    answer = urllib3.request("PUT", f"{url}/_doc/P10?refresh=true", json={"name": "Boot"}, retries=False)
    assert answer.status == 201
    yield alias
    urllib3.request("DELETE", url, retries=False)


def test_what_the_engine_says_of_the_index_decides(
    index: IndexCommand, stack: TestStack, catalogue: Path, vectors: Path, alias: str, keys_in_redis: redis.Redis
) -> None:
    refused = index("vectors", vectors, "--index", alias)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"the search engine has no index or alias {alias}" in refused.err

    loaded = index("load", catalogue, "--alias", alias, "--json").record["index"]
    for name in (alias, loaded):
        refused = index("vectors", vectors, "--index", name)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert f"{name} was loaded by sessionrank ({loaded})" in refused.err

    unreached = IndexCommand(index.folder, {**stack.environment, **NO_ENGINE})
    refused = unreached("vectors", vectors, "--index", alias)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "no search engine at http://127.0.0.1:1" in refused.err
    assert keys_in_redis.get(keys.pointer(alias)) is None


def test_ids_that_the_index_does_not_have_are_told_and_an_alias_is_fine(
    index: IndexCommand, stack: TestStack, vectors: Path, theirs: str
) -> None:
    known = index("vectors", vectors, "--index", theirs)
    assert (known.code, known.err) == (0, "")
    other = f"{theirs}-alias"
    actions = [{"add": {"index": theirs, "alias": other}}]
    urllib3.request("POST", f"{stack.upstream}/_aliases", json={"actions": actions}, retries=False)
    VectorsFile.build(["Z1", "Z2"], np.eye(2), [9, 9], {}).save(vectors)
    unknown = index("vectors", vectors, "--index", other)
    assert unknown.code == 0
    assert f"none of 2 ids tried is the _id of a document in {other}" in unknown.err


@pytest.mark.usefixtures("theirs")
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
    assert f"release {first} lacks vectors or covisits in the store" in refused.err
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


@pytest.mark.usefixtures("theirs")
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
