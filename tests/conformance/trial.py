"""One row against one engine: ask directly and through the proxy, and say what came out.

Form (a): with ``X-Sessionrank: off``, and for what is passed through whoever asks, the answer is the engine's own. Form
(b): what is wrapped gets the engine's answer to the wrapped body; with a session the same hits in another order.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tests.support.asking import Got
from tests.support.recorder import Asked

from .comparison import differences, plain_body
from .items import item_differences
from .peers import SILENCE, Peer
from .ranked import page_of, ranked_differences
from .reference import late, members_of, paged, reference, request_differences, unfaithful
from .relay import Relay
from .rows import NO_ID, Row, Step, filled

__all__ = ["OFF", "WINDOW", "Outcome", "Trial"]

OFF = (("X-Sessionrank", "off"),)
#: SESSIONRANK_WINDOW of the proxies: small enough that pages cross its edge.
WINDOW = 20
_FRESH = re.compile(r"fresh-[0-9a-f]{12}")
#: Why a search that we changed may keep its order though the session has events.
_NOTHING_TO_RANK = frozenset({"no-hits", "no-known-hits", "no-release", "beyond-window", "no-hits-asked"})


@dataclass(frozen=True)
class Outcome:
    """What came out: in words for the table, and all that was not as it should be."""

    word: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exchange:
    """A step as it was sent, its answer, and what arrived behind the proxy meanwhile."""

    sent: Asked
    got: Got
    arrived: tuple[Asked, ...]


@dataclass(frozen=True)
class Trial:
    """An engine with its shop, and the proxies before it."""

    engine: Peer
    #: The proxy as it comes, and one that lets writes pass.
    proxy: Peer
    open_proxy: Peer
    #: Stands between the proxies and the engine.
    recording: Relay
    names: Mapping[str, str]
    #: The header that names a session with events.
    session: tuple[tuple[str, str], ...]

    def run(self, row: Row) -> Outcome:
        """Try one row."""
        expected = self._walk(self.engine, row)
        check = {"closed": self._closed, "items": self._items, "untouched": self._untouched}.get(
            row.expect, self._touched
        )
        word, problems = check(row, expected)
        if row.expect != "closed":
            problems = [*self._same(row, expected, self._walk(self.proxy, row, OFF), "off"), *problems]
        return Outcome("differs" if problems else word, tuple(problems))

    def _walk(self, peer: Peer, row: Row, more: Sequence[tuple[str, str]] = ()) -> list[Exchange]:
        """All steps of a row; ids that later steps use stand in the answers by their names."""
        values = {**self.names, "fresh": _fresh()}
        kept: dict[str, str] = {}
        exchanges = []
        for each in row.steps:
            sent = _request(each, values, (*self.engine.authorization, *more))
            before = len(self.recording.asked)
            got = peer.ask(sent.method, sent.target, sent.headers, sent.body if each.body is not None else None)
            for name, path in each.keeps.items():
                values[name] = kept[name] = _found(got, path) or values.get(name, NO_ID)
            exchanges.append(Exchange(sent, _named(got, kept), tuple(self.recording.asked[before:])))
        return exchanges

    def _same(self, row: Row, expected: list[Exchange], got: list[Exchange], how: str) -> list[str]:
        """What differs between two walks: in the answers, and between what was sent and what arrived."""
        problems = []
        for number, (one, other) in enumerate(zip(expected, got, strict=True), 1):
            where = f"{how}: " + (f"step {number}: " if len(expected) > 1 else "")
            if one.got.status == SILENCE.status:
                problems += _not_told(other, where)
                continue
            found = [] if _in_other_words(one, other) else _differences(row, one, other)
            found += _told(other)
            if not other.arrived:
                found.append("the engine was not asked")
            else:
                found += request_differences(other.sent, other.arrived[-1])
            problems += [where + each for each in found]
        return problems

    def _untouched(self, row: Row, expected: list[Exchange]) -> tuple[str, list[str]]:
        """What passes as it is, whoever asks."""
        got = self._walk(self.proxy, row, self.session)
        problems = self._same(row, expected, got, "with a session")
        problems += [
            f"with a session: {len(each.arrived)} requests reached the engine"
            for each in got
            if len(each.arrived) > 1 and each.got.status != 502
        ]
        if any(map(_in_other_words, expected, got)):
            return f"refused in other words ({expected[0].got.status})", problems
        return _plain_word(expected), problems

    def _closed(self, row: Row, expected: list[Exchange]) -> tuple[str, list[str]]:
        """What the gate refuses, unless writes are allowed."""
        problems = []
        for each in self._walk(self.proxy, row):
            if each.got.status != 403 or each.got.told != "refused; reason=gate":
                problems.append(f"gate: {each.got.status} {each.got.told}, not refused")
            if each.arrived:
                problems.append("gate: the engine was asked")
        problems += self._same(row, expected, self._walk(self.open_proxy, row), "with writes allowed")
        status = expected[-1].got.status
        return f"gate: 403; with writes allowed alike ({status})", problems

    def _touched(self, row: Row, expected: list[Exchange]) -> tuple[str, list[str]]:
        """A search that is wrapped, and with a session re-ranked."""
        (direct,) = expected
        (plain,) = self._walk(self.proxy, row)
        if direct.got.status >= 400:
            problems = self._same(row, expected, [plain], "without a session")
            problems += self._same(row, expected, self._walk(self.proxy, row, self.session), "with a session")
            return _plain_word(expected), problems
        refused = plain.got.reason == "wrapped-refused"
        if row.expect == "as-sent" or (row.expect == "either" and refused):
            problems = self._same(row, expected, [plain], "without a session")
            if not refused:
                problems.append(f"without a session: {plain.got.told}, not wrapped-refused")
            return "equal; as sent, since the engine refuses it wrapped", problems
        if plain.got.reason != "no-session" or len(plain.arrived) != 1:
            return "", [f"without a session: {plain.got.told}, {len(plain.arrived)} requests reached the engine"]
        wrapped, problems = self._wrapped(row, plain, "without a session")
        word, found = self._ranked(row, direct, wrapped)
        return word, problems + found

    def _wrapped(self, row: Row, plain: Exchange, how: str) -> tuple[Asked, list[str]]:
        """The wrapped request with the client's own page, and how the proxy's answer differs from the engine's."""
        wrapped = reference(plain.sent, plain.arrived[0])
        expected = self._ask_engine(wrapped)
        problems = unfaithful(plain.sent, plain.arrived[0])
        problems += differences(expected, _as_unpacked(plain, expected), masks=row.masks)
        return wrapped, [f"{how}: {each}" for each in problems]

    def _ranked(self, row: Row, direct: Exchange, wrapped: Asked) -> tuple[str, list[str]]:
        """A session's page of a search, compared with what the engine has in the whole window."""
        start, size = page_of(direct.sent)
        whole = self._send(paged(direct.sent, 0, WINDOW))
        (page,) = self._walk(self.proxy, row, self.session)
        if page.got.told.startswith("plain"):
            problems = [] if page.got.reason in _NOTHING_TO_RANK else [f"with a session: {page.got.told}"]
            if row.expect != "wrapped" and page.got.reason != "no-hits":
                problems = [f"with a session: {page.got.told}, not personalised"]
            return "equal, wrapped", problems + self._wrapped(row, page, "with a session")[1]
        if row.expect == "wrapped":
            return "", [f"with a session: {page.got.told}, though not to be re-ranked"]
        problems = unfaithful(page.sent, page.arrived[0])
        window = self._ask_engine(paged(wrapped, 0, WINDOW))
        end = start + size
        tail = window if end <= WINDOW else self._ask_engine(paged(wrapped, 0, end))
        lit = "highlight" in members_of(direct.sent)
        own = self._ask_engine(paged(direct.sent, 0, WINDOW)) if lit else window
        answers = (self._ask_engine(wrapped), window, tail, own)
        got = _as_unpacked(page, window), _unpacked(whole, window)
        problems += ranked_differences(answers, got, (start, size), row.masks)
        return "re-ranked, same set", [f"with a session: {each}" for each in problems]

    def _items(self, row: Row, expected: list[Exchange]) -> tuple[str, list[str]]:
        """A multi search: each item as the search alone."""
        (direct,) = expected
        problems = []
        for how, more in (("without a session", ()), ("with a session", self.session)):
            (got,) = self._walk(self.proxy, row, more)
            if direct.got.status >= 400:
                problems += self._same(row, expected, [got], how)
                continue
            if (got.got.status, got.got.header("content-type")) != (200, direct.got.header("content-type")):
                problems.append(f"{how}: {got.got.status} {got.got.header('content-type')}")
            alone = partial(self._send, session=more)
            found = item_differences(direct.sent, (direct.got, got.got), alone, masks=row.masks)
            problems += [f"{how}: {each}" for each in found + _told(got)]
        return _plain_word(expected) if direct.got.status >= 400 else "equal, item by item", problems

    def _send(self, asked: Asked, session: Sequence[tuple[str, str]] | None = None) -> Got:
        """Through the proxy, by default with the session."""
        more = self.session if session is None else session
        method, target, lines, body = _again(asked)
        return _named(self.proxy.ask(method, target, (*lines, *more), body), {})

    def _ask_engine(self, asked: Asked) -> Got:
        return _named(self.engine.ask(*_again(asked)), {})


def _fresh() -> str:
    """An id that no request has had: some engines tell each one a warning only once."""
    return f"fresh-{secrets.token_hex(6)}"


def _again(asked: Asked) -> tuple[str, str, Sequence[tuple[str, str]], bytes | None]:
    """A recorded request as it is sent again."""
    own = {"host", "connection", "content-length"}
    lines = [(name, _FRESH.sub(_fresh(), value)) for name, value in asked.headers if name.lower() not in own]
    return asked.method, asked.target, lines, asked.body or None


def _request(each: Step, values: Mapping[str, str], more: Sequence[tuple[str, str]]) -> Asked:
    """A step with its placeholders filled."""
    lines = tuple((name, filled(value, values)) for name, value in each.headers)
    body = each.body or b""
    for name, value in values.items():
        body = body.replace(b"{" + name.encode() + b"}", value.encode())
    return Asked(each.method, filled(each.target, values), (*lines, *more), body)


def _found(got: Got, path: str) -> str:
    """The value at a dotted path of a JSON answer; nothing where there is none."""
    try:
        value = got.json()
        for name in path.split("."):
            value = value[int(name) if isinstance(value, list) else name]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(value)


def _named(got: Got, values: Mapping[str, str]) -> Got:
    """An answer in which names stand for values that are made anew each time."""
    body = got.body
    headers = tuple((key, _FRESH.sub("<fresh>", text)) for key, text in got.headers)
    for name, value in values.items():
        body = body.replace(value.encode(), f"<{name}>".encode())
        headers = tuple((key, text.replace(value, f"<{name}>")) for key, text in headers)
    return Got(got.status, headers, body)


def _differences(row: Row, one: Exchange, other: Exchange) -> list[str]:
    return differences(one.got, other.got, method=one.sent.method, masks=row.masks)


def _in_other_words(one: Exchange, other: Exchange) -> bool:
    """Whether an engine refuses what it does not know, differently since the gate had it asked as no document."""
    refused = 400 <= one.got.status < 500 and 400 <= other.got.status < 500
    return refused and late(one.sent) and bool(_differences(Row("", ()), one, other))


def _told(exchange: Exchange) -> list[str]:
    told = exchange.got.told
    return [] if told.startswith(("personalised;", "plain; reason=")) else [f"X-Sessionrank says {told!r}"]


def _not_told(exchange: Exchange, where: str) -> list[str]:
    """What is wrong where the engine closes the connection without an answer: the proxy has to give one."""
    got = exchange.got
    if (got.status, got.told) == (502, "failed; reason=broken"):
        return []
    return [f"{where}: the engine does not answer; the proxy says {got.status} {got.told}"]


def _plain_word(expected: list[Exchange]) -> str:
    """The word for answers that are all the engine's own."""
    status = expected[-1].got.status
    if status == SILENCE.status:
        return "the engine breaks off; 502"
    return "equal" if status < 400 else f"refused alike ({status})"


def _as_unpacked(exchange: Exchange, expected: Got) -> Got:
    return _unpacked(exchange.got, expected)


def _unpacked(got: Got, expected: Got) -> Got:
    """What we made ourselves is gzipped for those who accept it; the engine was asked for identity encoding."""
    if got.header("content-encoding") != "gzip" or expected.header("content-encoding") is not None:
        return got
    headers = tuple((name, value) for name, value in got.headers if name.lower() != "content-encoding")
    return Got(got.status, headers, plain_body(got))
