"""model prepare and model plot data through the real command line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.prepared import load_sessions
from models.readers.prepared import Prepared
from tests.support.model_run import Ran, run_model
from tests.support.session_files import write_sessions

Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *words: run_model(capsys, *words)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return write_sessions("events", tmp_path / "events.csv")


def test_prepare_writes_one_file_with_its_counts_and_what_was_left_out(run: Run, events: Path, tmp_path: Path) -> None:
    target = tmp_path / "sessions.npz"
    ran = run("prepare", events, "--out", target, "--min-length", 3, "--json")
    assert ran.code == 0, ran.err
    sessions, meta = load_sessions(target)
    # The longer of the two is above the 95th percentile of their lengths, 3.95.
    assert tuple(sessions) == (("a", "b", "c"),)
    assert (meta["sessions"], meta["items"], meta["events"]) == (1, 3, 3)
    assert meta["dropped"] == ran.json["dropped"]
    assert meta["dropped"] == {
        "sessions of fewer than 3 items": 1,
        "sessions of more than 3.95 items (percentile 95 of length)": 1,
    }
    assert meta["data"]["sha256"] == hashlib.sha256(events.read_bytes()).hexdigest()
    assert meta["data"]["reader"]["class"] == "Events"
    assert meta["data"]["reader"]["min_length"] == 3
    assert ran.json["from"] == "2023-11-14 22:13 UTC"


def test_the_prepared_file_is_the_same_byte_for_byte_and_as_good_as_the_data(
    run: Run, events: Path, tmp_path: Path
) -> None:
    for name in ("one.npz", "two.npz"):
        assert run("prepare", events, "--out", tmp_path / name, "--max-length-percentile", 100).code == 0
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    options = ("--size", 4, "--min-count", 1, "--json")
    first = run("train", events, "--max-length-percentile", 100, "--out", tmp_path / "v1.npz", *options)
    second = run("train", tmp_path / "one.npz", "--out", tmp_path / "v2.npz", *options)
    assert first.code == second.code == 0, first.err + second.err
    assert second.json["meta"]["data"]["prepared_from"]["data"] == first.json["meta"]["data"]
    with np.load(tmp_path / "v1.npz") as one, np.load(tmp_path / "v2.npz") as two:
        assert np.array_equal(one["vectors"], two["vectors"])
        assert np.array_equal(one["ids"], two["ids"])


def test_min_count_leaves_out_items_before_lengths_are_looked_at(run: Run, events: Path, tmp_path: Path) -> None:
    ran = run("prepare", events, "--out", tmp_path / "s.npz", "--min-count", 2, "--max-length-percentile", 100)
    assert ran.code == 0, ran.err
    assert tuple(Prepared().read(tmp_path / "s.npz").sessions) == (("a", "b", "c"), ("b", "b", "a"), ("c", "a"))
    assert "1 events of items seen fewer than 2 times" in ran.out


def test_a_part_by_date_is_told_by_the_file_it_came_to(run: Run, events: Path, tmp_path: Path) -> None:
    target = tmp_path / "s.npz"
    ran = run("prepare", events, "--out", target, "--until", "2023-11-14T22:13:22", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["events"] == 6
    assert ran.json["dropped"]["events at or after 2023-11-14T22:13:22"] == 3
    assert load_sessions(target)[1]["data"]["reader"]["until"] == "2023-11-14T22:13:22"
    # A file of the kept events cannot give what came after.
    assert "6 events before 2023-11-15" in run("train", target, "--out", "v.npz", "--after", "2023-11-15").error


def test_names_are_kept_on_request(run: Run, events: Path, tmp_path: Path) -> None:
    limits = ("--max-length", 3, "--max-length-percentile", 100)
    for words, names in (((), None), (("--names",), ("7", "9"))):
        assert run("prepare", events, "--out", tmp_path / "s.npz", *limits, *words).code == 0
        assert Prepared().read(tmp_path / "s.npz", names=True).sessions.names == names


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["empty.csv"], "no column session_id, product_id, event_time_stamp; there are: none"),
        (["header.csv"], "no session is left to learn from (the file is empty)"),
        (["events.csv", "--item-column", "sku"], "no column sku; there are: session_id, product_id, event_time_stamp"),
        (["events.csv", "--time-column", "product_id"], "one column cannot be two things"),
        (["events.csv", "--reader", "pairs"], "no column user_id; there are: session_id"),
        (["events.csv", "--user-column", "x"], "the reader events has no option --user-column"),
        (["events.csv", "--min-length", "50"], "3 sessions of fewer than 50 items"),
        (["events.csv", "--max-length-percentile", "0"], "percentile of length must be above 0"),
        (["events.csv", "--out", "events.csv"], "must end in .npz"),
        (["vectors.npz"], "not a session file of `sessionrank model prepare`"),
        (["new.npz"], "a session file of version 2, not 1; make it again"),
        (["parquet.csv"], "this is a Parquet file; its name must end in .parquet"),
        (["csv.parquet"], "not a Parquet file, or a damaged one"),
        (["events.xml", "--reader", "events"], "what format is this?"),
        (["events.csv", "--until", "soon"], "date 'soon' is not an ISO date or time"),
        (["events.csv", "--leave-out-share", "1.5"], "share of sessions must be from 0 to below 1"),
        (["events.csv", "--products-only"], "the reader events has no option --products-only"),
        (["events.csv", "--time-column", "", "--until", "2020-01-01"], "needs the time of each event"),
        (["times.csv"], "no time in the column event_time_stamp can be read"),
    ],
)
def test_bad_input_is_one_clear_line(
    run: Run, events: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    monkeypatch.chdir(events.parent)
    Path("empty.csv").write_text("")
    Path("header.csv").write_text("session_id,product_id,event_time_stamp\n")
    Path("times.csv").write_text("session_id,product_id,event_time_stamp\n1,a,noon\n1,b,\n")
    Path("events.xml").write_text("<events/>")
    Path("parquet.csv").write_bytes(write_sessions("events", Path("real.parquet")).read_bytes())
    Path("csv.parquet").write_bytes(events.read_bytes())
    np.savez("vectors.npz", ids=np.array(["a"]), meta=np.array(json.dumps({"format_version": 1})))
    np.savez("new.npz", meta=np.array(json.dumps({"session_file_version": 2})))
    out = [] if "--out" in words else ["--out", "s.npz"]
    ran = run("prepare", *words, *out)
    assert line in ran.error
    assert not Path("s.npz").exists()


def test_plot_data_draws_both_pictures_as_png_and_svg(run: Run, events: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "plots"
    ran = run("plot", "data", events, "--out", folder, "--json")
    assert ran.code == 0, ran.err
    names = ["popularity.png", "popularity.svg", "session-lengths.png", "session-lengths.svg"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [Path(file).name for file in ran.json["files"]] == names
    assert (folder / names[0]).read_bytes().startswith(b"\x89PNG")
    first = {name: (folder / name).read_bytes() for name in names}
    assert run("plot", "data", events, "--out", folder).code == 0
    assert {name: (folder / name).read_bytes() for name in names} == first


def test_plot_data_refuses_a_folder_that_is_a_file(run: Run, events: Path) -> None:
    assert "cannot be written" in run("plot", "data", events, "--out", events / "plots").error
    assert "it is not a folder" in run("plot", "data", events, "--out", events).error


def test_the_commands_have_help_with_examples(run: Run) -> None:
    for words in (("prepare",), ("plot", "data")):
        ran = run(*words, "--help")
        assert ran.code == 0
        assert f"sessionrank model {' '.join(words)} " in ran.out
