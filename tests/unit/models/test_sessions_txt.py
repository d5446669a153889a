"""sessions.txt: white space of every kind."""

from __future__ import annotations

from pathlib import Path

from models.readers.sessions_txt import SessionsTxt


def test_tabs_and_spaces_may_be_mixed_and_the_first_word_is_the_id(tmp_path: Path) -> None:
    path = tmp_path / "sessions.txt"
    path.write_bytes(b"\xef\xbb\xbf0\t01113\t01111\t01112\r\n\n1  a \t b\t\tc \n   \n2 lonely\n\t3 d e f")
    read = SessionsTxt().read(path)
    assert tuple(read.sessions) == (("01113", "01111", "01112"), ("a", "b", "c"), ("d", "e", "f"))
    assert read.dropped == {"sessions of fewer than 3 items": 1}


def test_the_default_limits_are_3_and_199_items(tmp_path: Path) -> None:
    path = tmp_path / "sessions.txt"
    path.write_text("".join(f"{n} {' '.join(['x'] * n)}\n" for n in (2, 3, 199, 200)))
    read = SessionsTxt().read(path)
    assert [len(session) for session in read.sessions] == [3, 199]
    assert read.dropped == {"sessions of fewer than 3 items": 1, "sessions of more than 199 items": 1}
