"""A load that is killed at any moment: the old release serves, whole, and prune removes the rest."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import urllib3

from tests.support.index_command import IndexCommand
from tests.support.stack import TestStack

KILLS = 20
ROWS = 400


def ask(stack: TestStack, method: str, path: str, body: Any = None) -> Any:
    answer = urllib3.request(method, stack.upstream + path, json=body, retries=False, timeout=30)
    return json.loads(answer.data)


def served(stack: TestStack, alias: str) -> tuple[str, int]:
    """(index, number of hits) behind the alias; the alias must be on one index."""
    (name,) = ask(stack, "GET", f"/_alias/{alias}")
    return name, ask(stack, "POST", f"/{alias}/_search", {"track_total_hits": True})["hits"]["total"]["value"]


def releases_in_store(client: redis.Redis, alias: str) -> set[str]:
    names = [key.decode() for key in client.scan_iter("sr:r:*")]
    records = [json.loads(client.get(name) or b"{}") for name in names]
    return {record["release"] for record in records if record.get("alias") == alias}


@pytest.mark.timeout(600)
def test_a_load_killed_at_twenty_moments_leaves_the_old_release_serving(
    index: IndexCommand,
    stack: TestStack,
    tmp_path: Path,
    vectors: Path,
    covisits: Path,
    alias: str,
    keys_in_redis: redis.Redis,
) -> None:
    catalogue = tmp_path / "many.csv"
    catalogue.write_text("sku,name\n" + "".join(f"P{n:02d},Boot {n}\n" for n in range(ROWS)))
    arguments = ("load", catalogue, "--vectors", vectors, "--covisit", covisits, "--alias", alias, "--chunk", "5")
    started = time.monotonic()
    with index.start(*arguments) as process:
        process.communicate()
    assert process.returncode == 0
    whole_run = time.monotonic() - started

    moments = random.Random(20)
    complete = {served(stack, alias)[0]}
    left_over = 0
    begun: set[str] = set()
    for _kill in range(KILLS):
        before = served(stack, alias)
        with index.start(*arguments) as process:
            # From the first import to just past the end of an undisturbed run.
            time.sleep(moments.uniform(0.3, 1.1) * whole_run)
            process.kill()
            process.communicate()
        name, hits = served(stack, alias)
        assert hits == ROWS, "what is served is always whole"
        if name != before[0]:
            # The kill came after the alias had moved (or the load had ended): then the new release is complete.
            complete.add(name)
        release = name.removeprefix(alias + "-")
        record = json.loads(keys_in_redis.get(f"sr:r:{release}") or b"{}")
        assert record["complete"]
        assert keys_in_redis.hlen(f"sr:v:{{{release}:0}}") == record["count"] == 60
        assert keys_in_redis.hlen(f"sr:c:{{{release}:0}}") == record["covisits"] == 60
        assert keys_in_redis.hlen(f"sr:x:{{{release}}}") == record["names"] == ROWS
        begun |= {index.removeprefix(alias + "-") for index in ask(stack, "GET", f"/{alias}-*")}
        left_over += len(set(ask(stack, "GET", f"/{alias}-*")) - complete)

    assert left_over > 0, "not one kill came in the middle of a load"
    assert index("prune", "--alias", alias, "--keep", "0", "--min-age", "0").code == 0
    name, hits = served(stack, alias)
    assert hits == ROWS
    assert list(ask(stack, "GET", f"/{alias}-*")) == [name]
    served_release = name.removeprefix(alias + "-")
    assert releases_in_store(keys_in_redis, alias) == {served_release}
    for release in begun - {served_release}:
        assert keys_in_redis.keys(f"sr:*{release}*") == []


def test_prune_leaves_a_running_load_alone(index: IndexCommand, stack: TestStack, tmp_path: Path, alias: str) -> None:
    catalogue = tmp_path / "many.csv"
    catalogue.write_text("sku,name\n" + "".join(f"P{n},Boot {n}\n" for n in range(20_000)))
    with index.start("load", catalogue, "--alias", alias, "--chunk", "20", "--json") as process:
        while process.poll() is None and not ask(stack, "GET", f"/{alias}-*"):
            time.sleep(0.01)
        pruned = index("prune", "--alias", alias, "--keep", "0", "--json").record
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    record = json.loads(out)
    assert pruned["indices"] == []
    assert pruned["running"] == [record["release"]]
    assert served(stack, alias) == (record["index"], 20_000)
