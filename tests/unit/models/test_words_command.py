"""``model words`` learns a planted analogy; every command that takes vectors takes those of words."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from models.space import ItemSpace
from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

Run = Callable[..., Ran]
#: Role → its two words: what tells them apart is the company of "he…" words or of "she…" words.
ROLES = {
    "person": ("man", "woman"),
    "ruler": ("king", "queen"),
    "heir": ("prince", "princess"),
    "child": ("boy", "girl"),
    "artist": ("actor", "actress"),
    "host": ("waiter", "waitress"),
}
COMPANY = ([f"he{letter}" for letter in "abcdefghijklmnopqrst"], [f"she{letter}" for letter in "abcdefghijklmnopqrst"])
TRAIN = ("--size", 24, "--epochs", 30, "--min-count", 5)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *words: run_model(capsys, *words)


def corpus(*, planted: bool = True) -> str:
    """Sentences of a word, its sex's company and a little of its role's; all words shuffled if not ``planted``."""
    chance = random.Random(8)
    sentences = []
    for _ in range(3000):
        role = chance.choice(sorted(ROLES))
        sex = chance.randrange(2)
        sentence = [
            ROLES[role][sex],
            *chance.sample(COMPANY[sex], 3),
            *(role + letter for letter in chance.sample("abcd", 1)),
        ]
        sentences.append(chance.sample(sentence, len(sentence)))
    if not planted:
        words = [word for sentence in sentences for word in sentence]
        chance.shuffle(words)
        sentences = [words[at : at + 5] for at in range(0, len(words), 5)]
    return "".join(" ".join(words).capitalize() + chance.choice(".!?") + chance.choice(" \n") for words in sentences)


def share_right(vectors: str, *, without_a_and_b: bool = False) -> float:
    """How often man : woman :: king : ? has queen for its first answer, over all pairs of roles."""
    space = ItemSpace(VectorsFile.load(vectors))
    pairs = [(one, two) for one in ROLES.values() for two in ROLES.values() if one is not two]

    def answer(one: tuple[str, str], two: tuple[str, str]) -> str:
        found = space.nearest([two[0]], n=1) if without_a_and_b else space.analogy(*one, two[0], n=1)
        return found[0].sku

    return sum(answer(one, two) == two[1] for one, two in pairs) / len(pairs)


def test_planted_analogies_are_found_and_vanish_with_the_pattern(run: Run) -> None:
    for name, planted in (("planted", True), ("shuffled", False)):
        Path(f"{name}.txt").write_text(corpus(planted=planted))
        assert run("words", f"{name}.txt", "--out", f"{name}.npz", *TRAIN).code == 0
    assert share_right("planted.npz") >= 0.9
    # What is merely nearest to king is no queen: it takes the whole analogy.
    assert share_right("planted.npz", without_a_and_b=True) <= 0.4
    assert share_right("shuffled.npz") <= 0.3


def test_word_vectors_are_vectors_like_any_other(run: Run) -> None:
    text = corpus()
    Path("text.txt").write_text(text)
    made = run("words", "text.txt", "--out", "new/words.npz", *TRAIN, "--seed", 7, "--json")
    assert made.code == 0, made.err
    file = VectorsFile.load("new/words.npz")
    assert file.meta == made.json["meta"]
    assert file.meta["algorithm"] == "word2vec"
    assert file.meta["parameters"]["ns_exponent"] == 0.75
    assert file.meta["seed"] == 7
    assert file.meta["data"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert made.json["sentences"] == file.meta["data"]["sentences"] == 3000
    assert made.json["words"] == file.meta["data"]["words"] == 15_000
    support = dict(zip(file.ids.tolist(), file.support.tolist(), strict=True))
    assert support["king"] == len(re.findall(r"\bking\b", text.lower()))
    asked = ("--vectors", "new/words.npz", "--json")
    assert run("similar", "king", *asked, "--html", "near.html").code == 0
    assert run("analogy", "man", "woman", "king", *asked, "--cosmul").json["neighbours"][0]["sku"] == "queen"
    assert run("map", "new/words.npz", "--coordinates", "map.csv").code == 0
    assert run("export", "new/words.npz", "--out", "projector").code == 0
    assert Path("projector/meta.tsv").read_text().split("\n")[:-1] == file.ids.tolist()


def test_equal_seeds_give_equal_files_and_a_cut_is_told(run: Run) -> None:
    Path("text.txt").write_text(corpus())
    for name in ("one.npz", "two.npz"):
        ran = run("words", "text.txt", "--out", name, "--max-words", 6000, "--epochs", 1)
        assert ran.code == 0
        assert "Read the first 6,000 words; --max-words takes more" in ran.err
        assert "words with vector" in ran.out
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes()
    assert VectorsFile.load("one.npz").meta["data"]["cut"] is True


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["none.txt", "--out", "w.npz"], "none.txt: no such file"),
        (["empty.txt", "--out", "w.npz"], "no sentence of two words in it"),
        (["latin.txt", "--out", "w.npz"], "not utf-8 text"),
        (["text.txt", "--out", "w.txt"], "must end in .npz"),
        (["text.npz", "--out", "text.npz"], "is read by this command"),
        (["text.txt", "--out", "w.npz", "--min-count", "9"], "lower min-count"),
        (["text.txt", "--out", "w.npz", "--size", "0"], "size must be"),
        (["text.txt", "--out", "w.npz", "--encoding", "klingon"], "unknown encoding"),
    ],
)
def test_bad_input_is_one_clear_line(run: Run, words: list[str], line: str) -> None:
    Path("empty.txt").write_text("")
    Path("latin.txt").write_bytes(b"caf\xe9 au lait")
    Path("text.txt").write_text("a few words here. a few more words.")
    Path("text.npz").write_text("a few words here")
    assert line in run("words", *words).error
    assert not Path("w.npz").exists()


@pytest.mark.parametrize("command", ["analogy", "export", "map", "similar", "words"])
def test_every_command_for_looking_has_help_with_examples(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert ran.out.count(f"sessionrank model {command} ") >= (1 if command == "words" else 2)
