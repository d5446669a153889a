"""Whatever is asked, in whatever spelling: nothing that passes the gate changes a real engine.

Two engines, since they read paths differently: Elasticsearch 7 has document types, so that words which it does not know
as endpoints are types; OpenSearch 3 has none, but documents that may be called like endpoints.
"""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proxy.app import create_app
from proxy.backends.registry import backend_from_urls
from proxy.settings import ProxySettings
from stack.engines import DEFAULT_ENGINE
from tests.support.asking import Ask, Over

TARGETS = 700
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
#: ``kept`` is there, ``made`` is not: whoever writes there makes it.
NAMES = ("kept", "made", "kept,made", "*", "_all", "1", "_bulk", "_search", "_doc", "x")
WORDS = (
    "_search", "_msearch", "_count", "_search", "template", "_render", "_field_caps", "_validate", "query", "_mget",
    "_mtermvectors", "_termvectors", "_search_shards", "_rank_eval", "_analyze", "_terms_enum", "_knn_search",
    "_async_search", "_eql", "search", "_sql", "_query", "_explain", "_doc", "_source", "_mapping", "_settings",
    "_alias", "scroll", "_pit", "point_in_time", "status", "_cluster", "health", "_cat", "indices", "_resolve", "index",
    # What must not be reached.
    "_bulk", "_create", "_update", "_delete_by_query", "_update_by_query", "_reindex", "_aliases", "_close", "_open",
    "_rollover", "_clone", "_shrink", "_block", "write", "settings", "_template", "_index_template", "_ingest",
    "pipeline", "_scripts", "_all", "_mappings", "_forcemerge", "_nodes", "reload_secure_settings",
)  # fmt: skip
SEPARATORS = ("/",) * 12 + ("//", "/./", "/../", "%2F", "\\", "/%2e%2e/", "/x/..%2f", "/;/", "%5c")
BODIES = (
    b"",
    b'{"name":"changed"}',
    b'{"index":{"_index":"kept","_id":"1"}}\n{"name":"changed"}\n',
    b'{"index":{"_index":"made","_type":"_doc","_id":"1"}}\n{"name":"new"}\n',
    b'{"delete":{"_index":"kept","_type":"_doc","_id":"1"}}\n',
    b'{"doc":{"name":"changed"},"doc_as_upsert":true}',
    b'{"query":{"match_all":{}}}',
    b'{"properties":{"other":{"type":"keyword"}}}',
    b'{"index":{"max_result_window":5}}',
    b'{"actions":[{"add":{"index":"kept","alias":"made"}}]}',
    b'{"aliases":{"made":{}}}',
    b'{"source":{"index":"kept"},"dest":{"index":"made"}}',
    b'{"persistent":{"action.auto_create_index":false}}',
    b'{"index_patterns":["made*"],"template":{"settings":{"number_of_replicas":0}}}',
    b'{"script":{"lang":"mustache","source":"{}"}}',
    b'{"processors":[]}',
    b'{"scroll_id":"_all"}',
    b'{"pit_id":["_all"]}',
    b'{"scroll_id":["_al","_\\u0061ll"]}',
)
QUERIES = (
    "", "", "", "?", "?keep_alive=1m", "?index=kept", "?scroll_id=_all", "?a;scroll_id=_all", "?=scroll_id=_all",
    "?include_type_name=true", "?_method=PUT", "?%5fmethod=DELETE", "?ignore_unavailable=true", "?op_type=create",
    "?pipeline=_none", "?type=_doc", "?#", "#",
    "?source=%7B%22scroll_id%22%3A%22_all%22%7D&source_content_type=application%2Fjson",
    "?refresh", "?id=1",
)  # fmt: skip
TAILS = ("%00", ";a=b", "%20", ".", "%2e", "#", "%3f", ",", "%2C_all", "%0a", "\x7f")
#: What may pass, so that what is drawn is often near it.
ROUTES = (
    "N/_search", "_search", "N/_msearch", "N/_count", "N/_search/template", "N/_field_caps", "N/_validate/query",
    "N/_mget", "N/_mtermvectors", "N/_search_shards", "N/_rank_eval", "N/_analyze", "N/_terms_enum", "N/_knn_search",
    "N/_async_search", "N/_eql/search", "N/N/_search", "N/N/_count", "N/N/_mget", "N/_doc/_search", "N/_explain/N",
    "N/_termvectors", "N/_termvectors/N", "N/_search_mvt/a/1/1/1", "N", "N/_doc/N", "N/_source/N", "N/_mapping",
    "N/_settings/N", "N/_alias/N", "_resolve/index/N", "_search/scroll", "_search/scroll/N", "N/_pit", "_pit",
    "N/_search/point_in_time", "_search/point_in_time", "_async_search/N", "_eql/search/N", "_cat/indices/N", "_query",
    "_render/template/N", "_sql", "_cluster/health/N", "_mapping/field/N",
)  # fmt: skip
OVERRIDES = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PUT", "X-Method-Override": "PUT"}


@dataclass
class Guarded:
    """A proxy before an engine, and what the engine holds."""

    app: Flask
    direct: Ask
    kept: str
    made: str
    scroll: str = ""
    passed: set[str] = field(default_factory=set)

    def named(self, text: str) -> str:
        """``kept`` and ``made`` as they are called here."""
        return text.replace("kept", self.kept).replace("made", self.made)

    def written(self) -> Any:
        """Which indices there are, and how often they were written to."""
        path = "indices.*.primaries.indexing"
        keys = f"{path}.index_total,{path}.delete_total"
        return self.direct("GET", f"/_stats/indexing?expand_wildcards=all&filter_path={keys}").json()

    def metadata(self) -> Any:
        """Mappings, settings, aliases, templates, scripts, pipelines; of other tests' indices nothing."""
        metadata = self.direct("GET", "/_cluster/state/metadata?filter_path=metadata").json()["metadata"]
        metadata["indices"] = {name: kept for name, kept in metadata["indices"].items() if name.endswith(self.kept[4:])}
        return metadata

    def has_scroll(self) -> bool:
        """Whether the context that somebody else opened is still there."""
        return self.direct("POST", "/_search/scroll", {"scroll_id": self.scroll, "scroll": "10m"}).status == 200

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Status and ``X-Sessionrank`` of an answer to exactly this target."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "PATH_INFO": "/",
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        if body:
            environ["CONTENT_TYPE"] = "application/x-ndjson" if body.endswith(b"\n") else "application/json"
        told: list[tuple[int, str]] = []

        def start(status: str, answered: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            told.append((int(status[:3]), dict(answered)["X-Sessionrank"]))
            return lambda _: None

        answer = self.app(environ, start)
        b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return told[0]


@pytest.fixture(scope="module", params=[DEFAULT_ENGINE, "elasticsearch-7"])
def guarded(request: pytest.FixtureRequest, engine: Callable[[str], str]) -> Iterator[Guarded]:
    url = engine(request.param)
    direct, run = Over(url), secrets.token_hex(4)
    kept, made = f"kept-{run}", f"made-{run}"
    assert direct("PUT", f"/{kept}/_doc/1?refresh=true", {"name": "red shoe"}).status == 201
    chosen = ProxySettings(upstream=(url,), redis_url="memory://", indices=("nothing",))
    backend = backend_from_urls(chosen.upstream, pool_size=2)
    found = Guarded(create_app(chosen, backend=backend), direct, kept, made)
    found.scroll = direct("POST", f"/{kept}/_search?scroll=10m", {"size": 1}).json()["_scroll_id"]
    before = found.metadata()
    try:
        yield found
        assert found.metadata() == before
        # The test would be none if hardly anything passed.
        assert len(found.passed) > 30
    finally:
        backend.close()
        direct("DELETE", f"/{kept}")


def spelt(draw: st.DrawFn, word: str) -> str:
    """A word as a client could write it to slip through."""
    how = draw(st.sampled_from(("as it is",) * 9 + ("one", "twice", "upper", "overlong", "tail")))
    place = draw(st.integers(0, max(0, len(word) - 1)))
    letter = word[place : place + 1]
    if how in ("one", "twice") and letter:
        coded = f"%{ord(letter):02{draw(st.sampled_from('xX'))}}"
        return word[:place] + (coded if how == "one" else coded.replace("%", "%25")) + word[place + 1 :]
    if how == "upper":
        return word.upper()
    if how == "overlong" and letter:
        return f"{word[:place]}%c{ord(letter) >> 6:x}%{0x80 | ord(letter) & 0x3F:x}{word[place + 1 :]}"
    if how == "tail":
        tail: str = draw(st.sampled_from(TAILS))
        return word + tail
    return word


def written_out(draw: st.DrawFn, words: list[str], separators: tuple[str, ...]) -> str:
    path: str = draw(st.sampled_from(("/",) * 20 + ("", "//", "/x/../", "http://x/", "/_sessionrank/../", "/%2f")))
    for number, word in enumerate(words):
        path += (draw(st.sampled_from(separators)) if number else "") + word
    end: str = draw(st.sampled_from(("",) * 9 + ("/", "//", "/.", "/%2e%2e")))
    query: str = draw(st.sampled_from(QUERIES))
    return path + end + query


@st.composite
def any_words(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=0, max_size=3))
    if draw(st.integers(0, 3)):
        words.insert(0, draw(st.sampled_from(NAMES)))
    if draw(st.booleans()):
        words.append(draw(st.sampled_from(NAMES)))
    return written_out(draw, [spelt(draw, word) for word in words], SEPARATORS)


@st.composite
def near_routes(draw: st.DrawFn) -> str:
    """What may pass, with one word of it another, or spelt in another way."""
    route: str = draw(st.sampled_from(ROUTES))
    words: list[str] = [
        draw(st.sampled_from(NAMES + WORDS[-24:])) if word == "N" else word for word in route.split("/")
    ]
    place = draw(st.integers(0, len(words) - 1))
    match draw(st.integers(0, 3)):
        case 0:
            words[place] = spelt(draw, words[place])
        case 1:
            words[place] = draw(st.sampled_from(WORDS))
        case 2:
            return written_out(draw, words, SEPARATORS)
    return written_out(draw, words, ("/",))


RAW = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), max_size=40).map(lambda text: "/" + text)


@settings(max_examples=TARGETS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(("POST",) * 5 + METHODS),
    target=near_routes() | near_routes() | any_words() | RAW,
    body=st.sampled_from(BODIES),
    headers=st.sampled_from(({}, {}, OVERRIDES)),
)
@example("POST", "/kept/_doc/_search", BODIES[1], {})
@example("POST", "/kept/_update/_search", BODIES[5], {})
@example("POST", "/kept/_create/_search", BODIES[1], {})
@example("POST", "/kept/_explain/_bulk", BODIES[2], {})
@example("POST", "/kept/_termvectors/_bulk", BODIES[4], {})
@example("POST", "/kept/_explain/_mapping?include_type_name=true", BODIES[7], {})
@example("POST", "/made/_pit", BODIES[1], {})
@example("POST", "/made/_async_search", BODIES[1], {})
@example("POST", "/made/_terms_enum", BODIES[1], {})
@example("POST", "/made/_knn_search", BODIES[1], {})
@example("POST", "/made/_eql/search", BODIES[1], {})
@example("POST", "/made/_search/point_in_time?keep_alive=1m", BODIES[1], {})
@example("POST", "/made/_render/template", BODIES[1], {})
@example("DELETE", "/_search/scroll/_all,", b"", {})
@example("DELETE", "/_search/scroll?scroll_id=_all", b"", {})
@example("DELETE", "/_search/scroll", BODIES[16], {})
@example("DELETE", "/_search/scroll", BODIES[18], {})
@example("DELETE", "/_search/point_in_time", BODIES[17], {})
@example("POST", "/kept/_count", BODIES[6], OVERRIDES)
def test_nothing_that_passes_changes_the_engine(
    guarded: Guarded, method: str, target: str, body: bytes, headers: dict[str, str]
) -> None:
    before = guarded.written()
    asked = guarded.named(target)
    status, told = guarded.ask(method, asked, guarded.named(body.decode()).encode(), headers)
    if told.startswith("refused"):
        assert status == 403
    elif "own-endpoint" not in told:
        guarded.passed.add(asked.partition("?")[0])
        assert status < 500 or told.startswith(("plain", "failed; reason=broken"))
    assert guarded.written() == before
    if method == "DELETE":
        assert guarded.has_scroll()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/{kept}/_search/", "hits"),
        ("/%6b{rest}/_search", "hits"),
        ("/{kept}%2C{kept}/_count", "count"),
        ("/{kept}*,-{kept}/_search", "hits"),
        ("/{kept}/_doc/1", "found"),
        ("/{kept}/_explain/1?q=red", "matched"),
        ("/{kept}/_explain/%5Fbulk?q=red", "matched"),
        ("/{kept}/_mapping/field/name", ""),
        ("/_search?index={kept}", "hits"),
    ],
)
def test_what_passes_is_what_the_engine_takes_it_for(guarded: Guarded, target: str, expected: str) -> None:
    asked = target.format(kept=guarded.kept, rest=guarded.kept[1:])
    status, told = guarded.ask("GET", asked, b"", {})
    assert told.startswith("plain"), told
    direct = guarded.direct("GET", asked)
    assert status == direct.status
    assert (expected or guarded.kept) in direct.json()


def test_an_id_that_holds_a_path_is_one_id(guarded: Guarded) -> None:
    name = "a/b?c;d %"
    assert guarded.direct("PUT", f"/{guarded.kept}/_doc/{quote(name, safe='')}", {"name": "odd"}).status == 201
    status, told = guarded.ask("GET", f"/{guarded.kept}/_doc/{quote(name, safe='')}", b"", {})
    assert (status, told.partition(";")[0]) == (200, "plain")
    assert json.loads(guarded.direct("GET", f"/{guarded.kept}/_doc/{quote(name, safe='')}").body)["_id"] == name
