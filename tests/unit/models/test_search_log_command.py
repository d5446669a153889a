"""search log through the real command line, on small data of each kind."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from models.commands.search_log import log
from models.commands.train import kept, without_copies
from models.prepared import load_sessions
from models.sessions import encoded
from sessionrank.covisits import CovisitsFile
from sessionrank.searchlog import read_log
from tests.support.model_run import Ran, run_command
from tests.support.session_files import write_sessions

Run = Callable[..., Ran]
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    skus = [*"abcdef", *(f"own{number}" for number in range(100)), "10001", "10002", "10003A", "POST"]
    Path("catalogue.csv").write_text("sku,name\n" + "".join(f"{sku},Thing {sku}\n" for sku in skus))
    return lambda *words: run_command(capsys, *words)


def make(run: Run, data: object, *words: object) -> Ran:
    return run("search", "log", data, "--catalog", "catalogue.csv", "--out", "log.jsonl", *words)


def retail(rows: list[tuple[str, str, str, str]]) -> Path:
    """Order lines: invoice, code, day, customer."""
    path = Path("orders.csv")
    path.write_text(RETAIL + "".join(f"{i},{sku},Thing,1,{day}/2011 8:26,2.5,{who},UK\n" for i, sku, day, who in rows))
    return path


ORDERS = [
    ("1", "10001", "9/1", "7"),
    ("1", "10002", "9/1", "7"),
    ("2", "10003a", "10/1", "7"),
    ("2", "POST", "10/1", "7"),
    ("2", "10001", "10/1", "7"),
    ("C3", "10002", "10/2", "7"),
    ("4", "10002", "10/3", "8"),
    ("4", "10001", "10/3", "8"),
]


def test_a_log_of_orders_after_a_date_and_what_is_told_of_it(run: Run) -> None:
    data = retail(ORDERS)
    ran = make(run, data, "--after", "2011-10-01", "--cases", "all", "--json")
    assert ran.code == 0, ran.err
    cases = {("".join(event.sku for event in case.session), case.clicked, case.id) for case in read_log("log.jsonl")}
    assert cases == {("10003A", "10001", "7"), ("10002", "10001", "8")}
    report = ran.json
    expected = {"visits": 3, "visits_in_time": 2, "candidates": 2, "cases": 2, "visitors": 2, "queries": 1}
    assert {name: report[name] for name in expected} == expected
    assert report["median_session_length"] == 1
    assert report["protocol"] == {
        "after": "2011-10-01", "until": "", "history": False, "gap": None, "seed": 1, "min_names": 15
    }  # fmt: skip
    assert report["data"]["reader"]["products_only"] is True
    assert report["data"]["dropped"] == {"rows of cancellations": 1, "rows with a code that is no product": 1}
    assert "Careful" not in ran.err
    table = make(run, data, "--after", "2011-10-01", "--cases", "all").out
    assert re.search(r"searches written\W+2\W", table)


def test_history_puts_earlier_orders_of_the_customer_before_the_visit(run: Run) -> None:
    data = retail([*ORDERS, ("5", "10002", "10/4", "8"), ("5", "10003A", "10/4", "8")])
    assert make(run, data, "--after", "2011-10-03", "--cases", "all", "--history").code == 0
    found = {(" ".join(event.sku for event in case.session), case.clicked) for case in read_log("log.jsonl")}
    assert found == {("10002", "10001"), ("10002 10001 10002", "10003A")}
    error = make(run, data, "--group-by", "invoice", "--history").error
    assert "group the data by visitor, such as with --group-by customer" in error


def test_equal_seeds_give_equal_logs_and_others_give_others(run: Run) -> None:
    sessions = {str(number): ["a", f"own{number}", "b", "c"] for number in range(20)}
    write_sessions("events", Path("events.csv"), sessions)
    written = []
    for seed in (1, 1, 2):
        assert make(run, "events.csv", "--cases", 30, "--seed", seed).code == 0
        written.append(Path("log.jsonl").read_bytes())
    assert written[0] == written[1] != written[2]
    assert len(read_log("log.jsonl")) == 30
    assert run("search", "log", "events.csv", "--catalogue", "catalogue.csv", "--out", "log.jsonl.gz", "--cases", 9
    ).code == 0  # fmt: skip
    assert len(read_log("log.jsonl.gz")) == 9


def test_without_times_a_share_of_the_sessions_is_asked_and_just_these_can_be_left_out_of_training(run: Run) -> None:
    sessions = {f"s{number}": ["a", "b", f"own{number}"] for number in range(50)}
    write_sessions("sessions-txt", Path("sessions.txt"), sessions)
    for seed in (1, 2):
        ran = make(run, "sessions.txt", "--share", 0.2, "--seed", seed, "--cases", "all", "--min-names", 1)
        assert ran.code == 0, ran.err
        assert "Careful" not in ran.err
        asked = {case.id for case in read_log("log.jsonl")}
        assert len(asked) == 10
    assert run("model", "prepare", "sessions.txt", "--out", "s.npz", "--names", "--leave-out-share", 0.2).code == 0
    kept = load_sessions(Path("s.npz"), names=True)[0].names
    assert kept is not None
    assert sorted([*kept, *asked]) == sorted(sessions)
    assert make(run, "sessions.txt", "--share", 0.2, "--share-seed", 2, "--cases", "all").code == 0
    assert {case.id for case in read_log("log.jsonl")} != asked


def test_sessions_that_training_left_out_are_kept_beside_what_it_made(run: Run) -> None:
    sessions = {f"s{number}": ["a", "b", f"own{number}"] for number in range(50)}
    write_sessions("sessions-txt", Path("sessions.txt"), sessions)
    words = ("model", "train", "covisit", "sessions.txt", "--out", "c.npz")
    assert run(*words, "--leave-out-share", 0.2).code == 0
    left, meta = load_sessions(Path("c.left-out.npz"), names=True)
    assert (len(left), left.names, meta["left_out"]) == (10, None, True)
    learned = set(CovisitsFile.load("c.npz").ids.tolist())
    assert {item for session in left for item in session if item.startswith("own")}.isdisjoint(learned)
    assert len(learned) == 42
    ran = make(run, "c.left-out.npz", "--cases", 6000, "--or-fewer", "--min-names", 1)
    assert (ran.code, "Careful" in ran.err) == (0, False)
    assert len(read_log("log.jsonl")) == 20
    first = Path("c.left-out.npz").read_bytes()
    assert run("model", "train", "word2vec", "sessions.txt", "--out", "v.npz", "--leave-out-share", 0.2).code == 0
    assert Path("v.left-out.npz").read_bytes() == first, "equal for models of the same data and options"
    # Nothing that could be measured on stays of another training, and models that no release has leave nothing.
    assert run(*words).code == 0
    assert not Path("c.left-out.npz").exists()
    assert run("model", "train", "popularity", "sessions.txt", "--out", "p.npz", "--leave-out-share", 0.2).code == 0
    assert not Path("p.left-out.npz").exists()


def test_searches_are_made_of_sessions_where_only_indexer_and_proxy_are_installed() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('scipy', 'gensim', 'pyarrow', 'implicit', 'matplotlib')));"
        "from sessionrank.models.commands.search_log import log"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_long_sessions_of_which_training_has_seen_a_copy_are_not_kept() -> None:
    learned = encoded([list("abcde"), list("ab"), list("edcba")])
    left = encoded([list("xyzab"), list("abcde"), list("ab"), list("abcd")])
    assert [*without_copies(left, learned)] == [tuple("xyzab"), tuple("ab"), tuple("abcd")]


def test_of_many_sessions_that_were_left_out_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded([[f"a{n}", "b"] for n in range(50)])
    assert [*kept(data, seed=1)] == [*data]
    monkeypatch.setattr("models.commands.train.MOST_LEFT_OUT", 4)
    some = [*kept(data, seed=1)]
    assert len(set(some)) == 4
    assert some == [session for session in data if session in some]
    assert len(kept(data, seed=1).items) == 5


def test_without_a_date_or_a_share_it_warns_that_models_have_seen_these_visits(run: Run) -> None:
    write_sessions("sessions-txt", Path("sessions.txt"))
    ran = make(run, "sessions.txt", "--cases", "all")
    assert ran.code == 0
    assert "Careful: without --after and --share" in ran.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["sessions.txt"], "only 4 searches can be made, not 1,500; take --cases all, or fewer"),
        (["sessions.txt", "--cases", "0"], "0 is not in the range"),
        (["sessions.txt", "--cases", "some"], "'some' is not a valid integer"),
        (["sessions.txt", "--after", "2011-10-01"], "sessions.txt: --after and --until need the time of each event"),
        (["sessions.txt", "--after", "soon"], "date 'soon' is not an ISO date or time"),
        (["sessions.txt", "--share", "1"], "1.0 is not in the range"),
        (["sessions.txt", "--share", "nan"], "no finite number"),
        (["sessions.txt", "--share", "0.01"], "no session is left to learn from (3 sessions outside the share of 0.01"),
        (["sessions.txt", "--history"], "this data has no times"),
        (["sessions.txt", "--group-by", "invoice"], "has no option --group-by"),
        (
            ["visits.csv"],
            "visits.csv: no column session_id, event_time_stamp; there are: visit, product_id, at; say which with "
            "--session-column, --time-column",
        ),
        (["sessions.txt", "--min-length", "5"], "no session is left"),
        (["events.csv", "--after", "2030-01-01"], "no visit lies in the time asked for; the data goes from 2023-11-14"),
        (["events.csv", "--after", "2011-10-02", "--until", "2011-10-01"], "nothing lies between 2011-10-02 and"),
        (["sessions.txt", "--catalog", "nowhere.csv"], "nowhere.csv: no such file"),
        (["sessions.txt", "--catalog", "nameless.csv"], "no column name; there are: sku, price"),
        (["sessions.txt", "--catalog", "empty.csv"], "stands in 15 of its 0 names; lower --min-names"),
        (["sessions.txt", "--min-names", "1000"], "no word of three letters or more stands in 1000 of its 110 names"),
        (["sessions.txt", "--catalog", "others.csv"], "of its 4 products 0 have a search word in others.csv"),
        (["sessions.txt", "--out", "log.json"], "must end in .jsonl"),
        (["sessions.txt", "--out", "log.gz"], "must end in .jsonl"),
        (["sessions.txt", "--out", "folder/log.jsonl"], "no file can be made in it"),
    ],
)
def test_bad_input_is_one_clear_line(run: Run, words: list[str], line: str) -> None:
    write_sessions("sessions-txt", Path("sessions.txt"))
    write_sessions("events", Path("events.csv"))
    Path("visits.csv").write_text("visit,product_id,at\n1,2,3\n")
    Path("folder").write_text("")
    Path("nameless.csv").write_text("sku,price\na,1\n")
    Path("empty.csv").write_text("sku,name\na,\n")
    Path("others.csv").write_text("sku,name\n" + "".join(f"other{number},A thing\n" for number in range(20)))
    assert line in make(run, *words).error
    assert not Path("log.jsonl").exists()


def test_its_help_has_examples_that_the_command_line_takes(run: Run) -> None:
    shown = run("search", "log", "--help")
    assert shown.code == 0
    examples = re.findall(r"^ +(sessionrank search log .*)$", re.sub(r"\\\n\s*", " ", log.help or ""), re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        log.make_context("log", shlex.split(example)[3:])
    assert isinstance(log, click.Command)
    assert "log" in run("search", "--help").out
