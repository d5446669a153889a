"""A search word of a name finds the product: it is one of the tokens that the engine makes of the name."""

from __future__ import annotations

import pytest
import requests

from models.searchlogs.words import words_of

NAMES = [
    "SET OF 6 T-LIGHTS, Red  set (heart)/hängend",
    "TEA.COFFEE o'clock Mother’s day boys' 'tea' sugar: ratio:x",
    "12cm 3D-cup gift_box a1b 50's Straße ÉTOILE İstanbul ﬁne ǅem",
    "cafe\u0301 zero\u200bwidth soft\u00adhyphen non\u00a0breaking x\u0301y ʼneath word\u2024dot vin·yard high‑end",
    "emoji😀heart ♥love♥ tea™ cup® 100%wool €price full．stop，comma；semi foo:bar «quoted» “curled” l’heure",
    "हिन्दी किताब 한국어 텍스트 καφές чашка קפה قهوة " + "x" * 300,
]


@pytest.mark.parametrize("name", NAMES)
def test_search_words_are_tokens_of_the_standard_analyzer(engine_url: str, name: str) -> None:
    answer = requests.post(f"{engine_url}/_analyze", json={"analyzer": "standard", "text": name}, timeout=60)
    tokens = {one["token"] for one in answer.json()["tokens"]}
    words = words_of(name)
    assert words
    assert [word for word in words if word not in tokens] == []
