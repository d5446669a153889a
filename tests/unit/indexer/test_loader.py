"""The steps of a load against an engine in memory: what happens when, and what a failure leaves."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from indexer import indices
from indexer.catalogue.base import Row
from indexer.documents import products, read_definition
from indexer.engines.base import BulkOutcome
from indexer.loader import LoadPlan, LoadReport, Watch, load
from indexer.popularity.column import from_column
from indexer.pruning import decide
from indexer.rejects import RejectsFile
from indexer.schemas import ProductSchema
from sessionrank.errors import BackendError, BackendTimeout, ConfigurationError, DataError
from sessionrank.releases import new_release
from tests.support.fake_engine import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def rejects(tmp_path: Path) -> RejectsFile:
    return RejectsFile(tmp_path / "rejects.jsonl")


def plan(chunk: int = 2) -> LoadPlan:
    created = datetime.now(timezone.utc)
    return LoadPlan(
        alias="shop", release=new_release(created), created=created, definition=read_definition(), chunk=chunk
    )


def run(
    engine: FakeEngine, rejects: RejectsFile, rows: int = 5, *, the_plan: LoadPlan | None = None, **options: Any
) -> LoadReport:
    entries = products(
        (Row(n, {"sku": f"P{n}", "name": "Boot" if n != 3 else " "}) for n in range(1, rows + 1)),
        ProductSchema(),
        from_column("popularity"),
    )
    with rejects:
        return load(the_plan or plan(), entries, engine, rejects=rejects, **options)


def test_the_alias_moves_last_and_once(engine: FakeEngine, rejects: RejectsFile) -> None:
    first = plan()
    run(engine, rejects, the_plan=first)
    engine.asked.clear()
    second = plan()
    report = run(engine, RejectsFile(rejects.path), the_plan=second)
    steps = [(method, path.replace(second.index, "NEW").replace(first.index, "OLD")) for method, path in engine.asked]
    changes = [step for step in steps if step[0] != "GET"]
    assert changes == [
        ("PUT", "/NEW"),
        ("BULK", "/NEW"),
        ("BULK", "/NEW"),
        ("PUT", "/NEW/_settings"),
        ("POST", "/NEW/_refresh"),
        ("POST", "/_aliases"),
        ("PUT", "/NEW/_mapping"),
    ]
    assert steps.index(("GET", "/NEW/_count")) < steps.index(("POST", "/_aliases"))
    assert engine.serving("shop") == [second.index]
    assert (report.loaded, report.rejected, report.replaced) == (4, 1, first.index)


def test_settings_are_back_when_the_release_is_served(engine: FakeEngine, rejects: RejectsFile) -> None:
    the_plan = plan()
    run(engine, rejects, the_plan=the_plan)
    settings = engine.indices[the_plan.index]["settings"]
    assert settings["auto_expand_replicas"] == "0-1"
    assert settings["refresh_interval"] is None


def test_each_rejected_row_stands_in_the_file_with_number_and_reason(engine: FakeEngine, rejects: RejectsFile) -> None:
    engine.judge = lambda sku, _document: BulkOutcome(sku, 400, "mapper: bad") if sku == "P5" else None
    report = run(engine, rejects)
    records = [json.loads(line) for line in rejects.path.read_text("utf-8").splitlines()]
    assert [(record["row"], record["reason"]) for record in records] == [
        (3, "name is empty"),
        (5, "the search engine: mapper: bad"),
    ]
    assert records[1]["values"] == {"sku": "P5", "name": "Boot"}
    assert (report.loaded, report.rejected) == (3, 2)


def test_a_load_without_rejects_makes_no_file(engine: FakeEngine, rejects: RejectsFile) -> None:
    run(engine, rejects, rows=2)
    assert not rejects.path.exists()


def test_the_watch_hears_of_every_row(engine: FakeEngine, rejects: RejectsFile) -> None:
    seen: list[int] = []
    run(engine, rejects, watch=Watch(rows=seen.append))
    assert sum(seen) == 5


def _fail(at: str) -> Callable[[str, str], None]:
    def trouble(method: str, path: str) -> None:
        if path.endswith(at) and method != "GET":
            raise BackendTimeout(f"{at} timed out")

    return trouble


@pytest.mark.parametrize("step", ["_settings", "_refresh", "_aliases"])
def test_a_failure_at_any_step_leaves_the_old_release_serving_and_nothing_else(
    engine: FakeEngine, rejects: RejectsFile, step: str
) -> None:
    old = plan()
    run(engine, rejects, the_plan=old)
    engine.trouble = _fail(step)
    with pytest.raises(BackendTimeout):
        run(engine, RejectsFile(rejects.path))
    assert list(engine.indices) == [old.index]
    assert engine.serving("shop") == [old.index]


def test_a_stopped_load_cleans_up_as_well(engine: FakeEngine, rejects: RejectsFile) -> None:
    def stop(_n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(engine, rejects, watch=Watch(rows=stop))
    assert engine.indices == {}


def test_an_alias_update_whose_answer_was_lost_counts_when_it_was_carried_out(
    engine: FakeEngine, rejects: RejectsFile
) -> None:
    def trouble(_method: str, path: str) -> Callable[[], None] | None:
        def lost() -> None:
            raise BackendTimeout("no answer")

        return lost if path == "/_aliases" else None

    engine.trouble = trouble
    the_plan = plan()
    run(engine, rejects, the_plan=the_plan)
    assert engine.serving("shop") == [the_plan.index]


def _when_marked_served(engine: FakeEngine, the_plan: LoadPlan, error: BaseException) -> None:
    def trouble(method: str, path: str) -> None:
        if (method, path) == ("PUT", f"/{the_plan.index}/_mapping"):
            raise error

    engine.trouble = trouble


def test_a_release_that_is_published_but_could_not_be_marked_is_a_success(
    engine: FakeEngine, rejects: RejectsFile
) -> None:
    the_plan = plan()
    _when_marked_served(engine, the_plan, BackendTimeout("no answer"))
    assert run(engine, rejects, the_plan=the_plan).loaded == 4
    assert engine.serving("shop") == [the_plan.index]


def test_a_load_that_is_stopped_just_after_its_publication_removes_nothing(
    engine: FakeEngine, rejects: RejectsFile
) -> None:
    the_plan = plan()
    _when_marked_served(engine, the_plan, KeyboardInterrupt())
    notes: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(engine, rejects, the_plan=the_plan, watch=Watch(note=notes.append))
    assert engine.serving("shop") == [the_plan.index]
    assert notes == []


def test_an_engine_that_is_gone_after_the_alias_update_is_not_asked_to_delete_what_may_be_served(
    engine: FakeEngine, rejects: RejectsFile
) -> None:
    gone: list[bool] = []

    def trouble(_method: str, path: str) -> Callable[[], None] | None:
        def lost() -> None:
            gone.append(True)
            raise BackendTimeout("no answer")

        if gone:
            raise BackendTimeout("no answer")
        return lost if path == "/_aliases" else None

    engine.trouble = trouble
    the_plan = plan()
    notes: list[str] = []
    with pytest.raises(BackendTimeout):
        run(engine, rejects, the_plan=the_plan, watch=Watch(note=notes.append))
    assert engine.serving("shop") == [the_plan.index]
    assert "sessionrank index prune" in notes[0]


def test_a_document_that_the_engine_lost_stops_the_publication(engine: FakeEngine, rejects: RejectsFile) -> None:
    engine.loses = {"P2"}
    with pytest.raises(BackendError, match="took 4 products but finds 3; nothing was published"):
        run(engine, rejects)
    assert engine.indices == {}


@pytest.mark.parametrize(("status", "word"), [(429, "too busy"), (503, r"failed \(503\) on row 2")])
def test_an_engine_in_trouble_ends_the_load_instead_of_rejecting_rows(
    engine: FakeEngine, rejects: RejectsFile, status: int, word: str
) -> None:
    engine.judge = lambda sku, _document: BulkOutcome(sku, status, "x") if sku == "P2" else None
    with pytest.raises(BackendError, match=word):
        run(engine, rejects)
    assert engine.indices == {}


def test_nothing_is_published_when_not_one_row_is_good(engine: FakeEngine, rejects: RejectsFile) -> None:
    engine.judge = lambda sku, _document: BulkOutcome(sku, 400, "strict_dynamic_mapping")
    with pytest.raises(DataError, match=r"not one row could be loaded, nothing was published; row 1: the search eng"):
        run(engine, rejects)
    assert engine.indices == {}


def test_more_rejects_than_allowed_publish_nothing(engine: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than 0 rows were rejected, nothing was published; row 3: name is empty"):
        run(engine, RejectsFile(tmp_path / "r.jsonl", limit=0))
    assert engine.indices == {}
    assert run(engine, RejectsFile(tmp_path / "r.jsonl", limit=1)).rejected == 1


def test_a_rejects_file_that_cannot_be_written_is_named(engine: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none/r\.jsonl: the rejects cannot be written"):
        run(engine, RejectsFile(tmp_path / "none" / "r.jsonl"))


def test_an_index_of_the_alias_name_is_refused_before_anything_is_made(
    engine: FakeEngine, rejects: RejectsFile
) -> None:
    engine.add("shop", documents=3)
    with pytest.raises(ConfigurationError, match="shop is an index itself"):
        run(engine, rejects)
    assert list(engine.indices) == ["shop"]
    assert all(method == "GET" for method, _path in engine.asked)


def test_a_running_load_gives_signs_of_life(
    engine: FakeEngine, rejects: RejectsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.loader.HEARTBEAT_S", 0.0)
    the_plan = plan()
    beats: list[str] = []

    def trouble(method: str, path: str) -> None:
        if (method, path) == ("PUT", f"/{the_plan.index}/_mapping"):
            beats.append(engine.indices[the_plan.index]["meta"]["sessionrank"]["heartbeat"])

    engine.trouble = trouble
    run(engine, rejects, the_plan=the_plan, rows=7)
    assert len(beats) >= 3
    assert beats == sorted(beats)


def test_a_user_s_own_meta_survives_load_and_publication(
    engine: FakeEngine, rejects: RejectsFile, tmp_path: Path
) -> None:
    mapping = tmp_path / "m.json"
    mapping.write_text('{"_meta": {"team": "search"}}')
    created = datetime.now(timezone.utc)
    the_plan = LoadPlan(
        alias="shop", release=new_release(created), created=created, definition=read_definition(mapping)
    )
    run(engine, rejects, the_plan=the_plan)
    assert engine.indices[the_plan.index]["meta"]["team"] == "search"
    assert "served" in engine.indices[the_plan.index]["meta"]["sessionrank"]


def test_cut_off_after_any_call_a_whole_release_serves_and_prune_finds_the_rest(tmp_path: Path) -> None:
    def prepared() -> tuple[FakeEngine, LoadPlan]:
        engine, old = FakeEngine(), plan()
        run(engine, RejectsFile(tmp_path / "r.jsonl"), the_plan=old)
        engine.asked.clear()
        return engine, old

    engine, _old = prepared()
    run(engine, RejectsFile(tmp_path / "r.jsonl"))
    calls = len(engine.asked)
    served_by_old = 0
    for cut in range(calls + 1):
        engine, old = prepared()

        def trouble(_method: str, _path: str, engine: FakeEngine = engine, cut: int = cut) -> None:
            if len(engine.asked) > cut:
                raise BackendTimeout("from here on nothing arrives, as after a kill")

        engine.trouble = trouble
        with suppress(BackendTimeout):
            run(engine, RejectsFile(tmp_path / "r.jsonl"))
        engine.trouble = lambda _method, _path: None
        (name,) = engine.serving("shop")
        assert len(engine.indices[name]["documents"]) == 4, f"half a release serves after {cut} calls"
        served_by_old += name == old.index
        own = indices.own_indices(engine, "shop")
        pruned = decide(own, [], alias="shop", cluster="fake", keep=0, min_age=0, at=datetime.now(timezone.utc))
        assert [index.name for index in own if index not in pruned.indices] == [name]
    assert 5 < served_by_old < calls + 1
