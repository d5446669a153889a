"""What every protocol must hold, run on each member of the registry."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import numpy as np
import pytest

from models.protocols.base import PARTS, Cases, Protocol
from models.protocols.registry import PROTOCOLS, make_protocol
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError


def data(count: int = 60, *, seed: int = 5) -> Sessions:
    """Sessions of 1 to 9 items with times, visits and names, each event with an item of its own."""
    chance = random.Random(seed)
    lists = [[f"s{row}-e{event}" for event in range(chance.randint(1, 9))] for row in range(count)]
    made = encoded(lists)
    starts = np.repeat([chance.randrange(10_000) for _ in lists], made.lengths)
    place = np.arange(made.events) - made.offsets[:-1][made.rows]
    return dataclasses.replace(
        made,
        times=(starts + 60 * place).astype(np.int64),
        visits=(place // 3).astype(np.int32),
        names=tuple(f"user {row}" for row in range(count)),
    )


def held_back(sessions: Sessions) -> Sessions:
    """Two items each for every second session, and one for a stranger."""
    names = [name for row, name in enumerate(sessions.names or ()) if row % 2 == 0]
    lists = [[f"new {name}", sessions[2 * at][0]] for at, name in enumerate(names)]
    return dataclasses.replace(encoded([*lists, ["x"]]), names=(*names, "stranger"))


def made(name: str, sessions: Sessions, **parameters: object) -> Protocol:
    if name == "fast-forward":
        parameters = {"test": 12, "validation": 8, **parameters}
    if name == "holdout":
        parameters = {"held_back": held_back(sessions), **parameters}
    return make_protocol(name, **parameters)


def answered(cases: Cases) -> list[tuple[str, ...]]:
    return [(*prefix, "→", *answers) for prefix, answers in zip(cases.prefixes, cases.answers, strict=True)]


@pytest.fixture(params=sorted(PROTOCOLS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def protocol(name: str) -> Protocol:
    return made(name, data())


def test_no_event_that_is_an_answer_is_learned_from(protocol: Protocol) -> None:
    """Each event has an item of its own here, so an answer in the training part would show."""
    train, cases = protocol.cases(data())
    seen = Counter(item for session in train for item in session)
    answers = {item for wanted in cases.answers for item in wanted if not item.endswith("-e0")}
    assert len(answers) >= 10
    assert answers.isdisjoint(seen)
    assert max(seen.values()) == 1


def test_nothing_of_a_held_back_answer_is_in_the_cases_of_the_nested_protocol(protocol: Protocol) -> None:
    train, cases = protocol.cases(data())
    inner_train, inner = protocol.nested().cases(train)
    answers = {item for wanted in cases.answers for item in wanted if not item.endswith("-e0")}
    asked = {item for case in answered(inner) for item in case}
    assert len(inner) >= 5
    assert answers.isdisjoint(asked | set(inner_train.items))


def test_each_case_belongs_to_the_session_that_it_names_and_none_stands_twice(protocol: Protocol) -> None:
    sessions = data()
    _, cases = protocol.cases(sessions)
    assert len(set(cases.rows.tolist())) == len(cases) == len(cases.prefixes) == len(cases.answers)
    for row, prefix, answers in zip(cases.rows.tolist(), cases.prefixes, cases.answers, strict=True):
        assert prefix
        assert len(set(answers)) == len(answers) >= 1
        assert sessions[row][: len(prefix)] == prefix
        if protocol.name != "holdout":
            assert sessions[row] == (*prefix, *answers)


def test_a_split_is_two_parts_that_share_no_case_and_learns_the_same_whatever_the_seed(protocol: Protocol) -> None:
    sessions = data()
    train, cases = protocol.cases(sessions)
    split, again, other = (protocol.split(sessions, seed) for seed in (1, 1, 2))
    parts = {part: answered(getattr(split, part)) for part in PARTS}
    assert parts["validation"]
    assert parts["test"]
    assert set(parts["validation"]).isdisjoint(parts["test"])
    assert set(parts["validation"]) | set(parts["test"]) <= set(answered(cases))
    assert parts == {part: answered(getattr(again, part)) for part in PARTS}
    assert parts["test"] != answered(other.test)
    assert list(split.train) == list(other.train) == list(train)


def test_kinds_of_cases_stay_with_their_cases(protocol: Protocol) -> None:
    _, cases = protocol.cases(data())
    at = np.arange(len(cases))[::-2]
    for kind, which in cases.take(at).kinds.items():
        assert which.tolist() == cases.kinds[kind][at].tolist()


def test_plain_lists_serve_as_sessions_where_no_times_or_names_are_needed(name: str) -> None:
    sessions = data()
    plain = list(sessions)
    if name in ("by-time", "holdout"):
        with pytest.raises(DataError, match="times" if name == "by-time" else "names"):
            made(name, sessions).cases(plain)
    else:
        assert answered(made(name, sessions).cases(plain)[1]) == answered(made(name, sessions).cases(sessions)[1])


def test_a_case_whose_answers_training_never_saw_is_a_miss_or_skipped_and_counted(name: str) -> None:
    sessions = data()
    known = set(made(name, sessions).cases(sessions)[0].items)
    _, kept = made(name, sessions).cases(sessions)
    # Every event has an item of its own, so hardly an answer is known; where there are only 7 items, some are.
    few = dataclasses.replace(sessions, items=tuple(f"i{code % 7}" for code in range(len(sessions.items))))
    few = dataclasses.replace(encoded([*few]), times=sessions.times, names=sessions.names)
    assert any(known.isdisjoint(wanted) for wanted in kept.answers) or name == "holdout"
    train, skipped = made(name, sessions, unknown="skip").cases(sessions)
    assert all(set(wanted) <= set(train.items) for wanted in skipped.answers)
    assert len(skipped) + skipped.left_out["training saw none of the answers"] == len(kept)
    assert len(made(name, few, unknown="skip").cases(few)[1]) > 0


def test_too_few_sessions_for_a_split_are_refused_with_how_many_there_are(name: str) -> None:
    sessions = data(1)
    with pytest.raises(DataError):
        made(name, sessions).split(sessions, 1)
    with pytest.raises(DataError):
        made(name, data()).split(data().take(np.array([], dtype=np.int64)), 1)


def test_it_says_its_name_and_parameters_and_nothing_of_the_data(protocol: Protocol) -> None:
    said = protocol.describe()
    assert {"name", "leave_out", "unknown"} <= said.keys()
    assert "held_back" not in said
    assert make_protocol(said.pop("name"), **said).describe() == protocol.describe()


def test_a_parameter_out_of_range_or_unknown_is_refused(name: str) -> None:
    for wrong in ("leave_out=some", "unknown=guess", "nothing=1", "leave_out", "held_back=file.txt"):
        with pytest.raises(ConfigurationError):
            make_protocol(f"{name}:{wrong}")


def test_an_unknown_protocol_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"by-time, fast-forward, holdout, leave-last-out"):
        make_protocol("slow-forward")
