"""What must hold of every answer to a fuzzed request, and of what reached the engine because of it."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proxy.reasons import FAILURES, REASONS, REFUSALS

from .fuzz_client import Answer, Fuzzed, Talk, Wrong, hold
from .fuzz_forwarder import Forwarder, Passed

__all__ = ["Judge", "Place", "judge", "outcome_of"]

_TOLD = re.compile(
    r"(personalised); window=[0-9]+; moved=[0-9]+(?:; items=[0-9]+/[0-9]+)?|(plain|refused|failed); reason=([a-z-]+)"
)
_REASONS: Mapping[str, Mapping[str, str]] = {"plain": REASONS, "refused": REFUSALS, "failed": FAILURES}
_TRACES = (b"Traceback (most recent call last)", b'File "/', b'.py", line ')
_CONTEXT = re.compile(rb'"(_scroll_id|pit_id)" ?: ?"([^"]+)"')


@dataclass(frozen=True)
class Place:
    """A proxy: its port, what stands behind it, and a text that none of its answers may hold."""

    port: int
    behind: Forwarder
    secret: bytes = b""


@dataclass
class Judge:
    """Holds talks and judges them; counts what it saw."""

    places: Mapping[str, Place]
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Ids of scrolls and points in time that were opened, to be let go.
    contexts: set[tuple[str, str]] = field(default_factory=set)
    found: bool = False
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def hear(self, talk: Talk) -> None:
        """Hold a talk and judge it. Raises :class:`Wrong` with the bytes that were said."""
        place = self.places[talk.proxy]
        names = [f"fuzz-{next(self._numbers)}" for _ in talk.requests]
        heard: list[list[Answer]] = []
        try:
            heard = hold(talk, place.port, names)
            self._judge(talk, place, names, heard)
        except Wrong as wrong:
            text = f"{wrong}\n{_shown(talk, names, heard, place.behind)}"
            if not self.found:
                # What was found first tells more than what it shrinks to, when that takes too long or fails otherwise.
                print(text)
            self.found = True
            raise Wrong(text) from wrong

    def _judge(self, talk: Talk, place: Place, names: list[str], heard: list[list[Answer]]) -> None:
        for name in names:
            # The second one is that of a request hidden in another one's body.
            if wrong := place.behind.harmful.get(name) or place.behind.harmful.get(name + "n"):
                raise Wrong(f"would have reached the engine: {wrong}")
        closed = False
        for request, name, answers in zip(talk.requests, names, heard, strict=True):
            if closed:
                # Behind the last answer on a connection: nothing may be read of it any more.
                _check_unasked(place.behind.passed.get(name))
                continue
            if not answers and not request.may_be_silent:
                raise Wrong("no answer")
            if request.in_doubt and (len(answers) > 1 or not answers[0].told.startswith("refused")):
                raise Wrong("what can be read in two ways was read in one")
            closed = talk.how == "pipelined" and any(answer.closes for answer in answers)
            for i, answer in enumerate(answers):
                passed = place.behind.passed.get(name if i == 0 else name + "n", [])
                outcome = judge(answer, passed, has_body=not request.is_head)
                if place.secret and place.secret in answer.body:
                    raise Wrong("an answer shows what is not open")
                self.outcomes[outcome] += 1
                self.contexts.update((kind.decode(), id_.decode()) for kind, id_ in _CONTEXT.findall(answer.body))
            self.requests += bool(answers)


def judge(answer: Answer, passed: Sequence[Passed], *, has_body: bool) -> str:
    """Judge an answer by what reached the engine for it; gives its outcome and reason. Raises :class:`Wrong`."""
    told = outcome_of(answer)
    if any(trace in answer.body for trace in _TRACES):
        raise Wrong(f"a traceback: {answer.body[:3000]!r}")
    _check_status(answer.status, told, passed)
    if has_body and not told.startswith("plain"):
        _check_json(answer, told)
    return told


def _check_unasked(passed: Sequence[Passed] | None) -> None:
    if passed:
        raise Wrong(f"no answer, and this reached the engine: {passed}")


def _check_status(status: int, told: str, passed: Sequence[Passed]) -> None:
    """A status is the engine's, or it is ours and the engine was not asked, or the engine gave none."""
    outcome, _, reason = told.partition(" ")
    given = {each.status for each in passed}
    if outcome == "refused":
        right = not passed and 400 <= status < 500
    elif outcome == "failed":
        right = reason != "internal" and status in (502, 504) and None in given
    elif reason == "own-endpoint":
        right = not passed and status < 500
    else:
        right = status in given and (outcome == "plain" or status == 200)
    if not right:
        raise Wrong(f"{status} {told}, and this reached the engine: {passed}")


def outcome_of(answer: Answer) -> str:
    """Outcome and reason out of ``X-Sessionrank``. Raises :class:`Wrong` where it is not one of the documented ones."""
    found = _TOLD.fullmatch(answer.told)
    if found is None:
        raise Wrong(f"X-Sessionrank: {answer.told}")
    if found[1]:
        return found[1]
    if found[3] not in _REASONS[found[2]]:
        raise Wrong(f"a reason that is not documented: {answer.told}")
    return f"{found[2]} {found[3]}"


def _check_json(answer: Answer, told: str) -> None:
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        raise Wrong(f"{told}, and no JSON: {answer.body[:2000]!r}") from error
    if told != "personalised" and (body["status"] != answer.status or not body["error"]["reason"]):
        raise Wrong(f"an error that is none: {answer.body[:2000]!r}")


def _shown(talk: Talk, names: list[str], heard: list[list[Answer]], behind: Forwarder) -> str:
    lines = [f"to the proxy {talk.proxy!r}, {talk.how}:"]
    for i, (request, name) in enumerate(zip(talk.requests, names, strict=True)):
        lines.append(f"--> {_cut(request, name)}")
        lines += [
            f"<-- {each.status} {each.headers} {each.body[:600]!r}" for each in (heard[i] if i < len(heard) else ())
        ]
        lines += [f"  engine: {each.method} {each.target[:300]} {each.status}" for each in behind.passed.get(name, ())]
    return "\n".join(lines)


def _cut(request: Fuzzed, name: str) -> str:
    head, body = request.named(name)
    whole = head + body
    return repr(whole if len(whole) < 6000 else whole[:4000] + b"..." + whole[-1000:])
