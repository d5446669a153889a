"""Settings to be tried: each checked as the environment's are, in all combinations."""

from __future__ import annotations

import pytest

from proxy.evaluation.settings_grid import as_text, combinations, parse_grid
from proxy.settings import ProxySettings
from sessionrank.errors import ConfigurationError
from sessionrank.settings import read_settings


def test_values_are_of_the_kind_that_the_setting_has() -> None:
    grid = parse_grid(["session_decay=0.6, 0.8,1", "SESSIONRANK_WINDOW=50,200", " popularity =none,script_score"])
    assert grid == {"session_decay": [0.6, 0.8, 1.0], "window": [50, 200], "popularity": ["none", "script_score"]}
    assert [type(value) for value in grid["window"]] == [int, int]


def test_several_weights_of_events_are_parted_by_a_plus_sign_and_none_is_a_value_too() -> None:
    assert parse_grid(["event_weights=cart=2+purchase=3,view=0.5,"]) == {
        "event_weights": [("cart=2", "purchase=3"), ("view=0.5",), ()]
    }


def test_each_value_is_tried_once() -> None:
    assert parse_grid(["unit_length=true, False,TRUE"]) == {"unit_length": [True, False]}
    assert parse_grid(["window=50,100,50", "session_decay=0.8,.8"]) == {"window": [50, 100], "session_decay": [0.8]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("strategy=mix,cosine", "--grid strategy=mix,cosine: give SETTING=V,V,… with one of earlier_weight, event_"),
        ("redis_url=redis://elsewhere", "give SETTING=V,V,… with one of"),
        ("window", "--grid window: give SETTING=V"),
        ("window=50,,100", "--grid window=50,,100: a value is missing between the commas"),
        ("window=", "a value is missing"),
        ("popularity_field=", "a value is missing"),
        ("window=50,many", "--grid window=50,many: invalid literal"),
        ("window=1.5", "invalid literal"),
        ("unit_length=yes", "--grid unit_length=yes: 'yes' is neither true nor false"),
        ("unit_length=true,", "a value is missing"),
        ("session_decay=nan", "nan is not between 0.01 and 1"),
        ("popularity=guess", "'guess' is unknown; known are function_score"),
        ("event_weights=wish=2", "'wish=2' is not TYPE=WEIGHT"),
        ("event_weights=cart=2+purchase=200", "200.0 is not between 0 and 100"),
        ("event_weights=cart=two", "'two' is no number; types are parted by commas"),
        ("event_weights=cart=2+cart=3", "a type stands twice"),
    ],
)
def test_what_cannot_be_tried_is_told_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        parse_grid([text])
    assert complaint in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("window", "0"), ("weight", "1.1"), ("visit_gap_s", "0"), ("max_displacement", "-1"), ("session_cap", "1001")],
)
def test_a_value_that_the_environment_cannot_have_cannot_be_tried(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SESSIONRANK_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as read:
        read_settings(ProxySettings)
    with pytest.raises(ConfigurationError) as tried:
        parse_grid([f"{name}={value}"])
    assert str(tried.value).partition(": ")[2] == str(read.value).partition(": ")[2]


def test_a_setting_stands_once_and_combinations_are_bounded() -> None:
    with pytest.raises(ConfigurationError, match="--grid window=100: window stands twice; give all its values at once"):
        parse_grid(["window=50", "window=100"])
    many = ",".join(str(number) for number in range(1, 24))
    assert len(parse_grid([f"window={many}"])["window"]) == 23
    with pytest.raises(ConfigurationError, match="--grid: 529 combinations; at most 500 are tried"):
        parse_grid([f"window={many}", f"session_cap={many}"])


def test_every_combination_is_made_once_and_changes_nothing_else() -> None:
    settings = ProxySettings(weight=0.4)
    made = list(combinations(settings, {"window": [50, 100], "session_decay": [0.6, 0.8]}))
    assert [named for named, _ in made] == [
        {"window": window, "session_decay": decay} for window in (50, 100) for decay in (0.6, 0.8)
    ]
    assert [(each.window, each.session_decay, each.weight) for _, each in made] == [
        (50, 0.6, 0.4), (50, 0.8, 0.4), (100, 0.6, 0.4), (100, 0.8, 0.4),
    ]  # fmt: skip
    assert list(combinations(settings, {})) == [({}, settings)]


def test_a_value_is_told_as_the_environment_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["event_weights=cart=2+purchase=3", "window=50", "session_decay=0.6", "unit_length=false"]
    for name, values in parse_grid(texts).items():
        monkeypatch.setenv(f"SESSIONRANK_{name.upper()}", as_text(values[0]))
        assert getattr(read_settings(ProxySettings), name) == values[0]
