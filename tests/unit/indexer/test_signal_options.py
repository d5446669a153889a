"""Options about signals that cannot work: one clear line, before any server is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionrank.cli import main
from tests.support.signal_files import ring_of_covisits, some_vectors


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("load c.csv --vectors weak.npz", "weak.npz: all of 2 items were seen fewer than 5 times"),
        ("load c.csv --vectors good.npz --min-support 10", "seen fewer than 10 times"),
        ("load c.csv --covisit none.npz", "none.npz: no such covisits file"),
        ("load c.csv --covisit good.npz", "good.npz: not a covisits file"),
        ("load c.csv --vectors covisits.npz", "covisits.npz: not a vectors file"),
        ("load c.csv --measure log.jsonl", "--measure needs --vectors or --covisit"),
        ("load c.csv --covisit covisits.npz --measure log.jsonl --no-measure", "exclude each other"),
        ("vectors --index products", "give a vectors file, --covisit, or both"),
        ("vectors weak.npz --index products", "--min-support 0 takes them all"),
        ("vectors --covisit c.csv --index products", "c.csv: not a covisits file"),
    ],
)
def test_what_cannot_be_published_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.csv").write_text("sku,name\nP1,Boot\n")
    some_vectors(["P1", "P2"]).save("good.npz")
    some_vectors(["P1", "P2"], [1, 4]).save("weak.npz")
    ring_of_covisits(["P1", "P2"]).save("covisits.npz")
    with pytest.raises(SystemExit) as ended:
        main(["index", *words.split()])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert told in said.err
    assert (said.err.count("\n"), said.out) == (1, "")
