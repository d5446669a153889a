"""The pages of ``similar`` and ``analogy``, by their commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

Run = Callable[..., Ran]
EVIL = '<script>alert("1")</script>'
CATALOGUE = """\
sku,name,image
king,Old King,https://shop.example/king.png
queen,"<img src=x onerror=""alert(1)"">",javascript:alert(1)
man,Man,
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    ids = ["man", "woman", "king", "queen", EVIL]
    matrix = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1], [0.1, 0.1, 1]])
    VectorsFile.build(ids, matrix, [1500, 2, 3, 4, 5], {}).save("v.npz")
    Path("c.csv").write_text(CATALOGUE)
    return lambda *words: run_model(capsys, *words)


def test_a_page_shows_what_was_asked_for_and_what_was_found(run: Run) -> None:
    ran = run("similar", "king", "--vectors", "v.npz", "--names", "c.csv", "--html", "new/near.html", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["neighbours"][0]["sku"] == EVIL
    assert ran.err == "Wrote new/near.html\n"
    page = Path("new/near.html").read_text()
    assert "<title>Near Old King</title>" in page
    assert page.count("<figure") == 5
    assert page.count("<img ") == 1
    assert 'src="https://shop.example/king.png"' in page
    assert "<dt>cosine</dt><dd>0.707</dd><dt>support</dt><dd>1,500</dd>" in page
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "javascript:" not in page


def test_with_several_items_the_cosine_with_each_stands_beside_the_score(run: Run) -> None:
    words = ("similar", "king", "queen", "--not", "man", "--cosmul", "--vectors", "v.npz", "--html", "near.html")
    assert run(*words).code == 0
    page = Path("near.html").read_text()
    assert page.count('<span class="badge">near</span>') == 2
    assert page.count('<span class="badge">away from</span>') == 1
    woman = page[page.index('<span class="name">woman</span>') :]
    facts = woman[: woman.index("</dl>")]
    for name, value in (("king", "0.000"), ("queen", "0.707"), ("man", "0.000")):
        assert f"<dt>cosine with {name}</dt><dd>{value}</dd>" in facts
    assert "<dt>cosmul</dt>" in facts


def test_an_analogy_is_laid_out_as_one(run: Run) -> None:
    words = ("analogy", "man", "king", "woman", "--vectors", "v.npz", "--names", "c.csv", "--html", "a.html")
    assert run(*words).code == 0
    page = Path("a.html").read_text()
    assert "<title>Man is to Old King as woman is to …</title>" in page
    order = [page.index(part) for part in ('name">Man<', ">:<", 'name">Old King<', ">::<", 'name">woman<')]
    answer = page.index('<div class="answer">')
    assert [*order, answer] == sorted([*order, answer])
    assert answer < page.index("&lt;img src=x") < page.index("Further answers") < page.index("&lt;script")
    assert "<dt>cosine with woman</dt><dd>0.707</dd>" in page[answer:]


def test_an_analogy_with_no_item_left_has_a_question_mark(run: Run) -> None:
    VectorsFile.build(["a", "b", "c"], np.eye(3), [1, 1, 1], {}).save("three.npz")
    assert run("analogy", "a", "b", "c", "--vectors", "three.npz", "--html", "a.html").code == 0
    page = Path("a.html").read_text()
    assert '<div class="answer"><div class="sign">?</div></div>' in page
    assert "Further answers" not in page


@pytest.mark.parametrize("command", [("similar", "king"), ("analogy", "man", "king", "woman")])
def test_a_page_that_cannot_be_written_is_refused(run: Run, command: tuple[str, ...]) -> None:
    words = (*command, "--vectors", "v.npz", "--names", "c.csv")
    assert "must end in .html" in run(*words, "--html", "near.pdf").error
    assert "it is not a folder" in run(*words, "--html", "c.csv/near.html").error
    Path("c.html").symlink_to("c.csv")
    assert "is read by this command" in run(*words, "--html", "c.html").error
    assert Path("c.csv").read_text() == CATALOGUE
