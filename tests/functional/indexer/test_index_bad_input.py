"""Bad input of ``sessionrank index``: one clear line, exit code 2, and nothing made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import urllib3

from sessionrank.vectors import VectorsFile
from tests.support.index_command import IndexCommand
from tests.support.stack import TestStack


def indices_of(stack: TestStack, alias: str) -> list[str]:
    found: dict[str, Any] = json.loads(urllib3.request("GET", f"{stack.upstream}/{alias}*", retries=False).data)
    return sorted(found)


@pytest.mark.parametrize(
    ("content", "options", "word"),
    [
        (None, (), "catalog.csv: no such file"),
        ("", (), "the catalogue is empty"),
        ("sku,name\n", (), "the catalogue is empty"),
        ("id,name\n1,x\n", (), "no column sku"),
        (b"sku,name\n1,Caf\xe9\n", (), "--encoding"),
        (b"sku,name\n" + b"1,x\n" * 20_000 + b"2,Caf\xe9\n", (), "--encoding"),
        ("sku,name\n1,\n", (), "not one row could be loaded"),
        ("sku,name\n1,x\n1,y\n", ("--max-rejects", "0"), "more than 0 rows were rejected"),
        ("sku,name\n1,x\n", ("--alias", "A,b"), "index name 'A,b'"),
        ("sku,name\n1,x\n", ("--vectors", "none.npz"), "none.npz: no such vectors file"),
        ("sku,name\n1,x\n", ("--vectors", "catalog.csv"), "not a vectors file"),
        ("sku,name\n1,x\n", ("--vectors", "other.npz"), "not one product of the catalogue has a vector"),
        ("sku,name\n1,x\n", ("--orders", "none.csv"), "none.csv: no such file"),
        ("sku,name\n1,x\n", ("--mapping", "none.json"), "none.json: no such file"),
        ("sku,name\n1,x\n", ("--half-life", "3"), "--half-life needs --orders"),
        ("sku,name\n1,x\n", ("--half-life", "0"), "--half-life"),
        ("sku,name\n1,x\n", ("--rejects", "catalog.csv"), "is the catalogue itself"),
        ("sku,name\n1,x\n", ("--rejects", "none/r.jsonl"), "the rejects cannot be written here"),
        ("sku,name\n1,x\n", ("--popularity-column", "nix"), "no column 'nix' (found: 'sku', 'name')"),
        ("sku,name,sold\n1,x,-1\n", ("--popularity-column", "sold"), "popularity is negative"),
        ("sku,name\n1,x\n", ("--mapping", "analyzer.json"), "the search engine refused (400)"),
    ],
)
def test_a_catalogue_or_option_that_cannot_work_makes_nothing(
    index: IndexCommand,
    stack: TestStack,
    tmp_path: Path,
    alias: str,
    content: str | bytes | None,
    options: tuple[str, ...],
    word: str,
) -> None:
    if content is not None:
        (tmp_path / "catalog.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    VectorsFile.build(["Z"], [[1.0, 0.0]], [9], {}).save(tmp_path / "other.npz")  # type: ignore[arg-type]
    (tmp_path / "analyzer.json").write_text('{"properties": {"name": {"type": "text", "analyzer": "nonsense"}}}')
    refused = index("load", "catalog.csv", "--alias", alias, *options)
    assert refused.code == 2
    assert word in refused.err
    assert "Traceback" not in refused.err
    if "Usage:" not in refused.err:
        assert refused.err.count("\n") == 1
    assert refused.out == ""
    assert indices_of(stack, alias) == []


def test_a_concrete_index_where_the_alias_should_be_is_refused_and_kept(
    index: IndexCommand, stack: TestStack, catalogue: Path, alias: str
) -> None:
    urllib3.request("PUT", f"{stack.upstream}/{alias}", retries=False)
    for arguments in (("load", catalogue), ("status",), ("rollback",)):
        refused = index(*arguments, "--alias", alias)
        assert refused.code == 2
        assert f"{alias} is an index itself" in refused.err
    assert indices_of(stack, alias) == [alias]


def test_an_alias_of_somebody_else_s_index_is_refused_and_kept(
    index: IndexCommand, stack: TestStack, catalogue: Path, alias: str
) -> None:
    urllib3.request("PUT", f"{stack.upstream}/{alias}-theirs", json={"aliases": {alias: {}}}, retries=False)
    refused = index("load", catalogue, "--alias", alias)
    assert refused.code == 2
    assert f"points to {alias}-theirs, which sessionrank did not load" in refused.err
    assert indices_of(stack, alias) == [f"{alias}-theirs"]


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"SESSIONRANK_REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "no Redis answers at redis://127.0.0.1:1/0"),
        ({"SESSIONRANK_REDIS_URL": "memory://"}, "vectors need redis://"),
        ({"SESSIONRANK_UPSTREAM": "http://u:hunter2@127.0.0.1:1"}, "no search engine at http://127.0.0.1:1"),
        ({"SESSIONRANK_UPSTREAM": "ftp://x"}, "SESSIONRANK_UPSTREAM"),
        ({"SESSIONRANK_INDEX_TIMEOUT_S": "0"}, "SESSIONRANK_INDEX_TIMEOUT_S"),
    ],
)
def test_servers_that_do_not_answer_and_settings_that_cannot_work_make_nothing(
    stack: TestStack,
    tmp_path: Path,
    catalogue: Path,
    vectors: Path,
    alias: str,
    environment: dict[str, str],
    word: str,
) -> None:
    index = IndexCommand(tmp_path, {**stack.environment, **environment})
    refused = index("load", catalogue, "--vectors", vectors, "--alias", alias)
    assert refused.code == 2
    assert word in refused.err
    assert refused.err.count("\n") == 1
    assert "hunter2" not in refused.err
    assert indices_of(stack, alias) == []


@pytest.mark.parametrize("command", ["load", "status", "rollback", "prune", "vectors"])
def test_every_command_has_help_with_examples(index: IndexCommand, command: str) -> None:
    helped = index(command, "--help")
    assert helped.code == 0
    assert f"sessionrank index {command}" in helped.out
    assert "Examples:" in helped.out
    assert f"  {command} " in index("--help").out
