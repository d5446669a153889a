"""The journal of a sweep, its table and its best trial."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from models.tuning.results import (
    CUT_OFF,
    DONE,
    FAILED,
    STOPPED,
    Point,
    Trial,
    append_trial,
    best_of,
    read_trials,
    table_of,
)
from sessionrank.errors import DataError


def trial(number: int, *scores: float, state: str = DONE, **parameters: object) -> Trial:
    curve = tuple(Point(epoch, score, None, epoch / 10) for epoch, score in enumerate(scores, 1))
    return Trial(number, state, parameters or {"size": 8}, curve, node="n1", at=1.5)


def test_what_is_written_to_the_journal_is_read_again(tmp_path: Path) -> None:
    journal = tmp_path / "trials.jsonl"
    trials = [trial(0, 0.1, 0.25), trial(1, 0.2, state=STOPPED, text="é", alpha=0.05)]
    for one in trials:
        append_trial(journal, one)
    assert read_trials(journal) == trials


def test_a_journal_that_is_not_there_has_no_trials(tmp_path: Path) -> None:
    assert read_trials(tmp_path / "trials.jsonl") == []


def test_trials_come_back_by_number_and_the_last_line_of_one_counts(tmp_path: Path) -> None:
    journal = tmp_path / "trials.jsonl"
    for one in (trial(2, 0.2), trial(0, 0.1, state=CUT_OFF), trial(0, 0.3)):
        append_trial(journal, one)
    assert [(one.number, one.state) for one in read_trials(journal)] == [(0, DONE), (2, DONE)]


def test_a_line_that_a_kill_cut_short_is_taken_out_so_that_the_next_is_whole(tmp_path: Path) -> None:
    journal = tmp_path / "trials.jsonl"
    append_trial(journal, trial(0, 0.1))
    with journal.open("a") as file:
        file.write('{"number": 1, "state": "do')
    assert read_trials(journal) == [trial(0, 0.1)]
    append_trial(journal, trial(1, 0.2))
    assert read_trials(journal) == [trial(0, 0.1), trial(1, 0.2)]


@pytest.mark.parametrize(
    "line",
    ["garbage", "[]", "{}", "\x00\xff", '{"number": 0, "state": "well", "parameters": {}, "curve": []}', "[" * 100_000],
)
def test_a_journal_with_a_line_that_is_no_trial_is_refused(tmp_path: Path, line: str) -> None:
    journal = tmp_path / "trials.jsonl"
    journal.write_bytes(line.encode("latin-1") + b"\n")
    with pytest.raises(DataError, match="line 1 is no trial of a sweep"):
        read_trials(journal)


def test_the_best_has_the_highest_last_score_wherever_its_curve_has_been() -> None:
    once_high = trial(1, 0.8, 0.3)
    assert best_of([trial(0, 0.1, 0.4), once_high, trial(2, 0.1, 0.35, state=CUT_OFF)]) == trial(0, 0.1, 0.4)


def test_settings_that_the_end_of_the_time_cut_off_may_be_the_best_but_none_that_others_beat() -> None:
    cut_off = trial(2, 0.5, state=CUT_OFF)
    assert best_of([trial(0, 0.1, 0.4), cut_off, trial(3, 0.9, state=STOPPED)]) == cut_off


def test_of_equal_trials_the_first_is_the_best() -> None:
    assert best_of([trial(4, 0.4), trial(2, 0.4)]) == trial(2, 0.4)


def test_where_all_were_stopped_the_best_of_them_is_taken_but_none_that_failed() -> None:
    assert best_of([trial(0, 0.1, state=STOPPED), trial(1, 0.9, state=FAILED)]) == trial(0, 0.1, state=STOPPED)
    assert best_of([trial(0, state=CUT_OFF), trial(1, state=FAILED)]) is None


def test_the_table_has_a_column_for_every_parameter() -> None:
    rows = list(csv.DictReader(io.StringIO(table_of([trial(0, 0.1, 0.25, size=8), trial(1, state=FAILED, sg=1)]))))
    assert rows[0] == {
        "number": "0", "state": "done", "recall@10": "0.25", "epochs": "2", "seconds": "0.2", "size": "8", "sg": "",
        "node": "n1", "error": "",
    }  # fmt: skip
    assert (rows[1]["recall@10"], rows[1]["epochs"], rows[1]["sg"]) == ("", "0", "1")
