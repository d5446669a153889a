"""How much each event of a session counts, by numbers worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from proxy.sessions.base import Event
from proxy.settings import ProxySettings
from proxy.signals.attention import EVENT_TYPES, Attention

MINUTE = 60_000


def visit(*minutes: float, types: str = "") -> list[Event]:
    """Views, or events of these types by first letter, at these minutes."""
    names = {name[:2]: name for name in EVENT_TYPES}
    told = types.split() or ["vi"] * len(minutes)
    return [Event("a", names[kind], int(at * MINUTE)) for kind, at in zip(told, minutes, strict=True)]


def test_each_event_weighs_less_by_the_decay_than_the_next_newer_one() -> None:
    assert Attention(0.5).weights(visit(1, 2, 3)).tolist() == [0.25, 0.5, 1.0]
    assert Attention(1.0).weights(visit(1, 2, 3)).tolist() == [1.0, 1.0, 1.0]
    assert Attention(0.5).weights([]).tolist() == []


def test_types_weigh_as_they_are_told_and_the_others_weigh_1() -> None:
    attention = Attention(0.5, {"cart": 2.0, "purchase": 0.0})
    assert attention.weights(visit(1, 2, 3, 4, types="ca vi pu cl")).tolist() == [0.25, 0.25, 0.0, 1.0]


def test_earlier_visits_end_where_nothing_happened_for_longer_than_the_gap() -> None:
    attention = Attention(1.0, visit_gap_s=1800, earlier=0.1)
    assert attention.weights(visit(0, 10, 45, 75)).tolist() == pytest.approx([0.1, 0.1, 1.0, 1.0])
    assert attention.weights(visit(0, 40, 90)).tolist() == pytest.approx([0.1, 0.1, 1.0]), "once, not once a visit"
    assert attention.weights(visit(0, 30)).tolist() == [1.0, 1.0], "a gap as long as that is none"
    assert attention.weights(visit(7)).tolist() == [1.0]


def test_without_a_gap_there_is_but_one_visit() -> None:
    assert Attention(1.0, visit_gap_s=0, earlier=0.1).weights(visit(0, 1e6)).tolist() == [1.0, 1.0]


def test_all_of_it_is_one_product() -> None:
    attention = Attention(0.5, {"cart": 3.0}, visit_gap_s=600, earlier=0.2)
    assert attention.weights(visit(0, 60, types="ca vi")).tolist() == pytest.approx([0.5 * 3 * 0.2, 1.0])


def test_the_fingerprint_differs_where_session_vectors_would_and_nowhere_else() -> None:
    ways = [
        Attention(),
        Attention(0.7),
        Attention(types={"cart": 2.0}),
        Attention(types={"view": 2.0}),
        Attention(visit_gap_s=60, earlier=0.5),
        Attention(visit_gap_s=90, earlier=0.5),
        Attention(visit_gap_s=60, earlier=0.4),
        Attention(unit_length=False),
        Attention(0.7, unit_length=False),
    ]
    assert all(a.fingerprint != b.fingerprint for a, b in itertools.combinations(ways, 2))
    assert (
        Attention(types={"cart": 2.0, "view": 1.5}).fingerprint
        == Attention(types={"view": 1.5, "cart": 2.0}).fingerprint
    )
    assert all(len(way.fingerprint) == 4 for way in ways)


def test_the_settings_make_it() -> None:
    settings = ProxySettings(
        session_decay=0.5,
        event_weights=("cart=2", "purchase=0.5"),
        visit_gap_s=60,
        earlier_weight=0.25,
        unit_length=False,
    )
    assert settings.attention() == Attention(0.5, {"cart": 2.0, "purchase": 0.5}, 60, 0.25, False)
    assert np.array_equal(ProxySettings().attention().weights(visit(0, 600)), Attention(0.8).weights(visit(0, 600)))
