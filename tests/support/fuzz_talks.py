"""Fuzzed requests whole, on the wire: method, target, header lines, framing; and several of them on a connection."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from .fuzz_bodies import BINARY, Names, documents, events, multi_search, packed, search, spoilt, weighed
from .fuzz_client import ID_PLACE, Fuzzed, Talk
from .fuzz_targets import CLOSED, OWN, READS, targets

__all__ = ["talks"]

_SEARCHES = ("POST /@shop@/_search",) * 8 + (
    "GET /@shop@/_search",
    "POST /{i}/_search",
    "HEAD /@shop@/_search",
    "POST /_search",
)
_MULTI = ("POST /@shop@/_msearch",) * 3 + ("POST /_msearch", "GET /{i}/_msearch")
_JSON, _LINES = b"application/json", b"application/x-ndjson"
_TYPES = (
    b"application/json; charset=UTF-8", b"application/vnd.elasticsearch+json; compatible-with=8",
    b"application/vnd.elasticsearch+json;compatible-with=7", b"application/cbor", b"application/smile",
    b"application/yaml", b"application/x-yaml", b"text/plain", b"text/html", b"application/x-www-form-urlencoded", b"",
    b"multipart/form-data; boundary=b", b"application/JSON", b"application/json, application/json",
    b"application/jsonx", b"json", b"\xff\xfe", b"a/" + b"b" * 9000, b"application/json; charset=\xe9",
    b"application/vnd.elasticsearch+x-ndjson; compatible-with=9", b"*/*", b"application/json;;;", b";", b"/",
)  # fmt: skip
_SESSION = b"X-Session-Id: @session@"
HEADERS = (
    b"X-Session-Id: @session@", b"X-Session-Id: @session@", b"X-Session-Id: @session@", b"X-Session-Id: @session@",
    b"X-Session-Id: @session@", b"X-Session-Id: nobody", b"x-session-id: @session@",
    b"X-Session-Id: @session@\r\nX-Session-Id: other", b"X-Session-Id:", b"X-Session-Id: a b",
    b"X-Session-Id: \xff\xfe", b"X-Session-Id: _x", b"X-Session-Id: " + b"s" * 300, b"X-Session-Id: " + "é".encode(),
    b"X-Session-Id: @session@, @session@", b"X_Session_Id: @session@", b"X-Session-Id: ../../x", b"X-Sessionrank: off",
    b"X-Sessionrank: OFF ", b"X-Sessionrank: on", b"X-Sessionrank:", b"X-Sessionrank: \xe9",
    b"X-Sessionrank-Weight: 0.5", b"X-Sessionrank-Weight: x", b"X-Sessionrank-Weight: nan",
    b"X-Sessionrank-Weight: 1e999", b"X-Sessionrank-Weight: -1", b"X-Sessionrank-Weight:",
    b"X-Sessionrank-Explain: true", b"X-Sessionrank-Explain: TRUE", b"X-Sessionrank-Explain: \xff",
    b"Accept: application/json", b"Accept: */*", b"Accept: application/yaml", b"Accept: text/plain, */*;q=0.1",
    b"Accept: application/vnd.elasticsearch+json; compatible-with=8", b"Accept: application/cbor",
    b"Accept: application/smile", b"Accept:", b"Accept: \xff", b"Accept: ,;q=,", b"Accept: " + b"a/b," * 3000,
    b"Accept-Encoding: gzip", b"Accept-Encoding: gzip, deflate, br", b"Accept-Encoding: gzip;q=0",
    b"Accept-Encoding: *", b"Accept-Encoding: \xe9;q=x", b"Connection: keep-alive", b"Connection: close",
    b"Connection: X-Session-Id", b"Connection: Content-Type, Accept", b"Connection: \xff",
    b"Connection: keep-alive, close", b"Connection: authorization", b"Connection: upgrade\r\nUpgrade: websocket",
    b"Upgrade: h2c\r\nHTTP2-Settings: AA", b"Keep-Alive: timeout=1", b"TE: trailers", b"Via: 1.1 x",
    b"Authorization: Basic eDp5", b"Authorization: Basic \xff", b"Authorization:",
    b"Authorization: Bearer x\r\nAuthorization: Basic eDp5", b"Proxy-Authorization: Basic eDp5",
    b"es-security-runas-user: admin", b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: https", b"Forwarded: for=x",
    b"X-HTTP-Method-Override: DELETE", b"X-Method-Override: PUT", b"Cookie: a=b; c", b"Origin: http://x",
    b"Range: bytes=0-3", b"If-None-Match: *", b"If-Modified-Since: x", b"Content-Type: application/json",
    b"Content-Type: text/plain", b"Content-Type:", b"Content-Encoding: identity", b"Content-Encoding: gzip",
    b"Content-Encoding: br", b"Content-Length-X: 5", b"Content_Length: 5", b"Transfer_Encoding: chunked",
    b"Host: other", b"Host: ", b"Expect: 200-ok", b"Expect:", b"Date: x", b"Server: x",
    b"User-Agent: \xf0\x9f\x98\x80", b"X-Long: " + b"x" * 7000, b"X-Longer: " + b"x" * 70_000,
    b"X-Many: 1\r\n" * 90 + b"X-Many: 1", b"X-Too-Many: 1\r\n" * 250 + b"X-Too-Many: 1", b"X-Empty:",
    b"X-Tab:\ta\tb\t", b"X-High: \x80\xff", b"!#$%&'*+.^_`|~: odd", b"Warning: 299 - \"x\"",
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"X-elastic-product: x", b"Trailer: X-A",
    b"Max-Forwards: 0", b"Pragma: no-cache",
)  # fmt: skip
#: Framings that are one request; each stands as often as it is to be drawn.
_SOUND = ("length",) * 12 + ("chunked", "chunked", "odd chunks", "expect", "expect", "none", "1.0", "cased")
_NESTED = b"GET /@shop@/_search?size=1 HTTP/1.1\r\nHost: x\r\nX-Opaque-Id: " + ID_PLACE + b"n\r\n\r\n"
_NESTED_WRITE = b"DELETE /@shop@ HTTP/1.1\r\nHost: x\r\nX-Opaque-Id: " + ID_PLACE + b"n\r\n\r\n"


@dataclass(frozen=True)
class _Draft:
    """A request that has no framing yet."""

    method: bytes
    target: bytes
    lines: tuple[bytes, ...]
    body: bytes

    def framed(self, lines: tuple[bytes, ...], body: bytes, *, version: bytes = b"HTTP/1.1") -> Fuzzed:
        """With the lines that frame its body."""
        first = self.method + b" " + self.target + b" " + version
        named = (b"Host: proxy", b"X-Opaque-Id: " + ID_PLACE, *self.lines, *lines, b"", b"")
        # What has a blank or a line break in its target is no request line, or two lines.
        sound = not any(byte <= 0x20 for byte in self.target)
        return Fuzzed(b"\r\n".join((first, *named)), body, whole=sound)


def _chunks(body: bytes, sizes: int, extension: bytes = b"") -> bytes:
    pieces = [body[i : i + sizes] for i in range(0, len(body), sizes)]
    return b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces) + b"0\r\n"


def _framed(draft: _Draft, how: str) -> Fuzzed:
    """A request as one that HTTP knows."""
    body, length = draft.body, (b"Content-Length: %d" % len(draft.body),)
    if how == "chunked":
        return draft.framed((b"Transfer-Encoding: chunked",), _chunks(body, 1 + len(body)) + b"\r\n")
    if how == "odd chunks":
        return draft.framed(
            (b"transfer-encoding:Chunked",), _chunks(body, 7 + len(body) // 9, b' ;a="b";c') + b"X-A: 1\r\n\r\n"
        )
    if how == "expect":
        return draft.framed((*length, b"Expect: 100-continue"), body)
    if how == "none":
        return draft.framed((), b"")
    if how == "1.0":
        return draft.framed(length, body, version=b"HTTP/1.0")
    if how == "cased":
        return draft.framed((b"cOnTeNt-LeNgTh:%d " % len(body),), body)
    return draft.framed(length, body)


def _lines_of_doubt(body: bytes) -> dict[str, tuple[bytes, ...]]:
    """Header lines that frame a body in a way that is none, or in two."""
    length, chunked = b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"
    return {
        "two lengths": (length, b"Content-Length: 3"),
        "equal lengths": (length, length),
        "both": (length, chunked),
        "both, the other way": (chunked, length),
        "odd coding": (b"Transfer-Encoding: gzip, chunked",),
        "coding twice": (chunked, b"Transfer-Encoding: identity"),
        "chunked by 1.0": (chunked,),
        "negative": (b"Content-Length: -1",),
        "huge": (b"Content-Length: 99999999999999999999",),
        "plus": (b"Content-Length: +%d" % len(body),),
        "hexadecimal": (b"Content-Length: 0x%x" % len(body),),
        "short": (b"Content-Length: %d" % (len(body) // 2),),
        "long": (b"Content-Length: %d" % (len(body) + 5000),),
        "no colon": (length, b"nonsense"),
        "folded": (length, b"X-A: 1", b" Transfer-Encoding: chunked"),
        "lone return": (b"X-A: 1\rX-B: 2", length),
        "lone feed": (b"X-A: 1\n" + chunked, length),
        "nul": (length, b"X-A: \0"),
        "blank before colon": (b"Transfer-Encoding : chunked", length),
    }


#: What stands where the last chunk should.
_BROKEN_CHUNKS = {
    "no size": b"x\r\n",
    "broken chunk": b"5\r\nab",
    "huge chunk": b"fffffffffffffff\r\n",
    "lone feeds": b"0\n\n",
    "trailer that frames": b"0\r\nContent-Length: 5\r\n\r\n",
}
_VERSIONS = {"no version": b"", "bad version": b"HTTP/1.1.1", "other version": b"HTTP/2.0"}
#: What stands in the place of a head; the last one never ends.
_NO_HEADS = {"leading blanks": b"\r\n\r\n \r\n\r\n", "noise": b"\x16\x03\x01\x02\r\n\r\n", "only feeds": b"\n\n\n"}
_UNSOUND = (*_lines_of_doubt(b""), *_BROKEN_CHUNKS, *_VERSIONS, *_NO_HEADS, "cut head")


def _misframed(draft: _Draft, how: str, write: bool, names: Names) -> Fuzzed:
    """A request that is none, or more than one, or that two servers would end in two places."""
    # A HEAD would leave open which of the answers has a body.
    draft = replace(draft, method=b"GET") if draft.method == b"HEAD" else draft
    body, nested = draft.body or b"{}", names.put_into(_NESTED_WRITE if write else _NESTED)
    doubts = _lines_of_doubt(body)
    version, lines, data = _VERSIONS.get(how, b"HTTP/1.1"), doubts.get(how, doubts["equal lengths"][:1]), body + nested
    if how == "chunked by 1.0":
        version = b"HTTP/1.0"
    if how == "short":
        data = body[: len(body) // 2] + nested
    if how in _BROKEN_CHUNKS:
        lines, data = (b"Transfer-Encoding: chunked",), _chunks(body, 50)[:-3] + _BROKEN_CHUNKS[how] + nested
    made = draft.framed(lines, data, version=version)
    head = _NO_HEADS.get(how, made.head[:-3] if how == "cut head" else made.head)
    silent = how in ("cut head", "only feeds")
    doubt = not silent and how != "short"
    return Fuzzed(head, b"" if silent else data, whole=False, may_be_silent=silent, in_doubt=doubt)


def _draft(
    target: tuple[bytes, bytes], body: bytes, kind: bytes, lines: list[bytes], coding: int, names: Names
) -> _Draft:
    types = [b"Content-Type: " + kind] if kind and body else []
    if coding > 0 and body:
        named, body = packed(body, coding - 1)
        types.append(b"Content-Encoding: " + named)
    return _Draft(*target, tuple(types + [names.put_into(line) for line in lines]), body)


def _drafts(names: Names) -> st.SearchStrategy[_Draft]:
    usual_lines = st.sampled_from([[_SESSION], [_SESSION], [_SESSION, b"X-Sessionrank-Explain: true"], []])
    lines = weighed((4, usual_lines), (1, st.lists(st.sampled_from(HEADERS), max_size=3)))

    def drafts(
        routes: tuple[str, ...], body: st.SearchStrategy[bytes], usual: bytes, tricks: int
    ) -> st.SearchStrategy[_Draft]:
        made = targets(routes, names, tricks=tricks)
        kind = weighed((7, st.just(usual)), (1, st.sampled_from(_TYPES)))
        return st.builds(_draft, made, body, kind, lines, st.integers(-70, 10), st.just(names))

    raw = weighed((2, st.sampled_from(BINARY)), (1, st.binary(max_size=40)), (3, st.just(b"")))
    searches, several = spoilt(search(), names), spoilt(multi_search(), names)
    others = weighed((3, spoilt(documents(), names)), (1, searches), (1, raw))
    return weighed(
        (14, drafts(_SEARCHES, weighed((8, searches), (1, raw)), _JSON, 400)),
        (4, drafts(_MULTI, weighed((8, several), (1, raw)), _LINES, 300)),
        (2, drafts(OWN, weighed((4, spoilt(events(), names)), (1, raw)), _JSON, 150)),
        (4, drafts(READS, others, _JSON, 100)),
        (3, drafts(CLOSED, others, _JSON, 40)),
    )


def _talk(proxy: str, how: str, sound: list[Fuzzed], last: Fuzzed | None) -> Talk:
    requests = (*sound, last) if last else tuple(sound)
    broken = next((i for i, each in enumerate(requests) if not each.whole), len(requests))
    return Talk(proxy, how, requests[: broken + 1])


def talks(names: Names, proxies: tuple[str, ...]) -> st.SearchStrategy[Talk]:
    """What one client says on one connection, to one of ``proxies``."""
    drafts = _drafts(names)
    sound = st.builds(_framed, drafts, st.sampled_from(_SOUND))
    unsound = st.builds(_misframed, drafts, st.sampled_from(_UNSOUND), st.booleans(), st.just(names))
    several = st.lists(sound, min_size=1, max_size=6)
    last: st.SearchStrategy[Fuzzed | None] = weighed((4, st.none()), (1, unsound))
    return st.builds(_talk, st.sampled_from(proxies), st.sampled_from(("kept", "pipelined")), several, last)
