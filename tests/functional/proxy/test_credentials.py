"""Who the engine sees: the client where it says who it is, else the proxy; and nobody else ever sees the secret."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from proxy.app import create_app
from proxy.backends.registry import backend_from_urls
from proxy.settings import ProxySettings
from sessionrank.upstream import upstream_access
from tests.support.asking import Ask, InProcess, Over
from tests.support.checkpoint import TLS, checkpoint
from tests.support.index_command import IndexCommand
from tests.support.nginx import free_port
from tests.support.recorder import recorder
from tests.support.scripted_server import scripted_server
from tests.support.served import serving
from tests.support.shop import Shop
from tests.support.stack import TestStack

KEY = "c2VjcmV0LWlkOnNlY3JldC1rZXk="
OTHERS = {"Authorization": "Basic Y2xpZW50OnB3"}


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    file = tmp_path / "api_key"
    file.write_text(KEY + "\n")
    return str(file)


@pytest.fixture
def proxy_before() -> Iterator[Callable[..., Ask]]:
    """A proxy in this process, by its settings."""
    with ExitStack() as exits:

        def build(url: str, **settings: object) -> Ask:
            given = {"upstream": (url,), "redis_url": "memory://", "indices": ("catalog",), **settings}
            chosen = ProxySettings(**given)  # type: ignore[arg-type]
            backend = backend_from_urls(chosen.upstream, pool_size=2, access=upstream_access(chosen))
            exits.callback(backend.close)
            return InProcess(create_app(chosen, backend=backend))

        yield build


def test_the_proxys_api_key_opens_the_engine_and_is_nowhere_to_be_seen(
    stack: TestStack, shop: Shop, key_file: str
) -> None:
    with checkpoint(stack.upstream, takes=f"ApiKey {KEY}") as door:
        settings = {
            **stack.environment,
            "SESSIONRANK_UPSTREAM": door.url,
            "SESSIONRANK_UPSTREAM_API_KEY_FILE": key_file,
            "SESSIONRANK_INDICES": shop.alias,
            "SESSIONRANK_LOG_LEVEL": "debug",
        }
        with serving(settings) as running:
            ask = Over(f"http://127.0.0.1:{running.port}")
            answers = [
                ask("GET", f"/{shop.alias}/_search?size=3"),
                ask("GET", f"/{shop.alias}/_count"),
                ask("GET", "/_sessionrank/health/ready"),
            ]
            assert [answer.status for answer in answers] == [200, 200, 200]
            assert len(answers[0].ids()) == 3
            refused = ask("GET", f"/{shop.alias}/_search", None, OTHERS)
            assert (refused.status, refused.json()["error"]["type"]) == (401, "security_exception")
            assert door.authorizations() == {f"ApiKey {KEY}", OTHERS["Authorization"]}
            processes = [running.process.pid, *running.workers()]
            shown = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes)
            answered = b"".join(answer.body + repr(answer.headers).encode() for answer in [*answers, refused])
            log = running.log().encode()
    assert len(processes) >= 2
    for secret in (KEY.encode(), base64.b64decode(KEY), b"secret-key"):
        assert secret not in shown + answered + log


def test_a_client_certificate_opens_the_engine(stack: TestStack, shop: Shop, proxy_before: Callable[..., Ask]) -> None:
    with checkpoint(stack.upstream, certificate=True) as door:
        settings = {
            **stack.environment,
            "SESSIONRANK_UPSTREAM": door.url,
            "SESSIONRANK_UPSTREAM_CA_FILE": str(TLS / "cert.pem"),
            "SESSIONRANK_INDICES": shop.alias,
        }
        ours = {
            "SESSIONRANK_UPSTREAM_CERT_FILE": str(TLS / "client.pem"),
            "SESSIONRANK_UPSTREAM_KEY_FILE": str(TLS / "client-key.pem"),
        }
        strangers = {"upstream_cert_file": str(TLS / "cert.pem"), "upstream_key_file": str(TLS / "key.pem")}
        with serving({**settings, **ours}) as running:
            got = Over(f"http://127.0.0.1:{running.port}")("GET", f"/{shop.alias}/_search?size=3")
            assert (got.status, len(got.ids())) == (200, 3)
        assert {visitor.certificate for visitor in door.visitors} == {"sessionrank"}
        before = len(door.visitors)
        for files in ({}, strangers):
            ask = proxy_before(door.url, upstream_ca_file=str(TLS / "cert.pem"), **files)
            got = ask("GET", "/catalog/_search?size=3")
            assert got.status == 502
            assert got.told.startswith("failed; reason=")
        assert len(door.visitors) == before


def test_the_clients_own_credentials_win_and_the_proxys_stay_at_home(
    key_file: str, proxy_before: Callable[..., Ask]
) -> None:
    with recorder() as engine:
        ask = proxy_before(f"http://127.0.0.1:{engine.port}", upstream_api_key_file=key_file)
        for headers in (OTHERS, {"authorization": "ApiKey bWluZTptaW5l"}, {"Authorization": ""}):
            ask("GET", "/secret/_count", None, headers)
            given = [value for name, value in engine.asked[-1].headers if name.lower() == "authorization"]
            assert given == list(headers.values())
        ask("GET", "/catalog/_count")
        assert ("Authorization", f"ApiKey {KEY}") in engine.asked[-1].headers


def test_a_credential_that_is_named_hop_by_hop_opens_nothing(key_file: str, proxy_before: Callable[..., Ask]) -> None:
    """It does not go on, so the engine would see the proxy's: then the proxy's indices are the wall."""
    with recorder() as engine:
        ask = proxy_before(f"http://127.0.0.1:{engine.port}", upstream_api_key_file=key_file)
        for named in ("Authorization", "close, AUTHORIZATION", "authorization "):
            got = ask("GET", "/secret/_count", None, {**OTHERS, "Connection": named})
            assert (got.status, got.told) == (403, "refused; reason=gate")
        assert engine.asked == []
        assert ask("GET", "/catalog/_count", None, {**OTHERS, "Connection": "Authorization"}).status == 200
        assert ("Authorization", f"ApiKey {KEY}") in engine.asked[-1].headers


def test_with_a_certificate_every_client_is_the_proxy(stack: TestStack, proxy_before: Callable[..., Ask]) -> None:
    with checkpoint(stack.upstream, certificate=True) as door:
        ask = proxy_before(
            door.url,
            upstream_ca_file=str(TLS / "cert.pem"),
            upstream_cert_file=str(TLS / "client.pem"),
            upstream_key_file=str(TLS / "client-key.pem"),
        )
        assert ask("GET", "/secret/_count", None, OTHERS).status == 403
        ask("GET", "/catalog/_count", None, {**OTHERS, "es-security-runas-user": "admin"})
        (visitor,) = door.visitors
        assert visitor.headers["authorization"] == OTHERS["Authorization"]
        assert "es-security-runas-user" not in visitor.headers


IMPERSONATING = {
    "es-security-runas-user": "admin",
    "es-secondary-authorization": "Basic YTpi",
    "opendistro-security-impersonate-as": "admin",
    "x-proxy-user": "admin",
    "x-proxy-roles": "all_access",
}


def test_whoever_uses_the_proxys_credentials_is_nobody_else(key_file: str, proxy_before: Callable[..., Ask]) -> None:
    with recorder() as engine:
        ask = proxy_before(f"http://127.0.0.1:{engine.port}", upstream_api_key_file=key_file)
        ask("GET", "/catalog/_count", None, {**IMPERSONATING, "X-Other": "a"})
        names = {name.lower() for name, _ in engine.asked[-1].headers}
        assert "x-other" in names
        assert names & set(IMPERSONATING) == set()
        ask("GET", "/catalog/_count", None, {**IMPERSONATING, **OTHERS})
        assert {name.lower() for name, _ in engine.asked[-1].headers} >= set(IMPERSONATING)


def test_credentials_follow_no_redirect(key_file: str, proxy_before: Callable[..., Ask]) -> None:
    with recorder() as elsewhere:
        away = f"http://127.0.0.1:{elsewhere.port}/catalog/_count"
        with scripted_server((307, {}), headers={"Location": away}) as engine:
            ask = proxy_before(engine.url, upstream_api_key_file=key_file)
            for target in ("/catalog/_count", "/catalog/_search"):
                got = ask("GET", target)
                assert (got.status, got.header("Location")) == (307, away)
        assert elsewhere.asked == []


def test_items_that_name_another_index_do_not_reach_the_engine(key_file: str, proxy_before: Callable[..., Ask]) -> None:
    with recorder() as engine:
        ask = proxy_before(f"http://127.0.0.1:{engine.port}", upstream_api_key_file=key_file)
        ndjson = {"Content-Type": "application/x-ndjson"}
        got = ask("POST", "/_msearch", b'{"index":"catalog"}\n{}\n{"index":"secret"}\n{}\n', ndjson)
        assert (got.status, got.json()["error"]["type"]) == (403, "security_exception")
        got = ask("POST", "/_mget", {"docs": [{"_index": "secret", "_id": "1"}]})
        assert got.status == 403
        assert engine.asked == []
        assert ask("POST", "/_mget", {"docs": [{"_index": "catalog", "_id": "1"}]}).status == 200
        assert len(engine.asked) == 1


@pytest.mark.parametrize("certificate", [False, True])
def test_the_indexer_uses_the_same(
    stack: TestStack, shop: Shop, key_file: str, tmp_path: Path, certificate: bool
) -> None:
    takes = "" if certificate else f"ApiKey {KEY}"
    with checkpoint(stack.upstream, takes=takes, certificate=certificate) as door:
        theirs = {**stack.environment, "SESSIONRANK_UPSTREAM": door.url}
        given = {
            "SESSIONRANK_UPSTREAM_CA_FILE": str(TLS / "cert.pem"),
            "SESSIONRANK_UPSTREAM_CERT_FILE": str(TLS / "client.pem"),
            "SESSIONRANK_UPSTREAM_KEY_FILE": str(TLS / "client-key.pem"),
        }
        ours = given if certificate else {"SESSIONRANK_UPSTREAM_API_KEY_FILE": key_file}
        status = IndexCommand(tmp_path, {**theirs, **ours})("status", "--alias", shop.alias, "--json")
        assert status.code == 0, status.err
        assert shop.alias in status.out
        assert {v.certificate for v in door.visitors} == ({"sessionrank"} if certificate else {""})
        assert KEY not in status.out + status.err
        refused = IndexCommand(tmp_path, theirs)("status", "--alias", shop.alias)
        assert refused.code == 2
        assert len(refused.err.strip().splitlines()) == 1


def test_serve_tells_of_unusable_files_in_one_line() -> None:
    environment = {
        "SESSIONRANK_UPSTREAM": f"https://127.0.0.1:{free_port()}",
        "SESSIONRANK_REDIS_URL": "memory://",
        "SESSIONRANK_UPSTREAM_CERT_FILE": str(TLS / "client.pem"),
        "SESSIONRANK_UPSTREAM_KEY_FILE": str(TLS / "client-key-encrypted.pem"),
    }
    with ExitStack() as exits, pytest.raises(AssertionError, match="serve ended") as raised:
        exits.enter_context(serving(environment))
    told = str(raised.value).partition("serve ended: ")[2].strip()
    assert "SESSIONRANK_UPSTREAM_KEY_FILE" in told
    assert len(told.splitlines()) == 1


def test_a_key_under_a_password_asks_nobody_at_a_terminal() -> None:
    files = {"cert_file": str(TLS / "client.pem"), "key_file": str(TLS / "client-key-encrypted.pem")}
    made = f"from sessionrank.upstream import UpstreamAccess; UpstreamAccess(**{files!r}).tls()"
    at_terminal = f"import pty; pty.spawn([{sys.executable!r}, '-c', {made!r}])"
    got = subprocess.run(
        [sys.executable, "-c", at_terminal], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert b"pass phrase" not in got.stdout
    assert b"ConfigurationError: SESSIONRANK_UPSTREAM_CERT_FILE" in got.stdout
