"""The benchmark of nearest neighbours: its measures by hand, and a run to the end on a few vectors."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from tests.benchmarks.ann import ann, clustered, recall
from tests.benchmarks.ann_libraries import LIBRARIES, Exact, missing


def test_recall_counts_what_is_right_among_the_first_without_the_query_itself() -> None:
    true = np.array([[1, 2], [5, 6]])
    own = np.array([0, 4])
    assert recall(np.array([[0, 1, 2], [4, 5, 6]]), true, own) == 1.0
    # The third place counts only where the query itself took one of the first two.
    assert recall(np.array([[9, 1, 2], [4, 9, 6]]), true, own) == 0.5
    assert recall(np.array([[9, 8, 7], [9, 8, 7]]), true, own) == 0.0


def test_made_vectors_are_of_unit_length_in_groups_and_the_same_each_time() -> None:
    vectors = clustered(3000, 16)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3000), abs=1e-5)
    assert np.array_equal(vectors, clustered(3000, 16))
    assert not np.array_equal(vectors, clustered(3000, 16, seed=2))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    assert cosines.max(axis=1).mean() > cosines.mean() + 0.4


def test_the_exact_way_is_exact_alone_and_together() -> None:
    vectors = clustered(500, 8)
    exact = Exact(vectors)
    exact.build(1)
    rows = np.arange(20)
    together = exact.search(rows, 11, 0, 1)
    assert together[:, 0].tolist() == rows.tolist()
    assert [exact.search(rows[i : i + 1], 11, 0, 1)[0].tolist() for i in rows] == together.tolist()
    assert together[0].tolist() == np.argsort(-(vectors @ vectors[0]))[:11].tolist()


def test_a_library_that_is_not_here_is_named_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    assert missing("hnswlib") == "hnswlib"
    assert missing("exact") is None
    assert {missing(name) for name in LIBRARIES} <= {None, "hnswlib", "usearch", "faiss"}


@pytest.mark.benchmark
def test_a_run_reports_every_library_that_is_here_and_names_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    options = [
        "--size",
        "300",
        "--library",
        "exact",
        "--library",
        "sessionrank",
        "--library",
        "hnswlib",
        "--queries",
        "20",
    ]
    done = CliRunner().invoke(ann, [*options, "--seconds", "0.01", "--json"], catch_exceptions=False)
    assert "left out: hnswlib, for there is no module hnswlib here" in done.stderr
    report = json.loads(done.stdout)
    assert [row["library"] for row in report["rows"]] == ["exact", "sessionrank"]
    assert report["rows"][0]["recall"] == 1.0
    assert report["rows"][1]["recall"] > 0.8
