"""The proxy's settings: environment variables ``SESSIONRANK_…``, read once into a frozen object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.errors import ConfigurationError
from sessionrank.fields import POPULARITY
from sessionrank.settings import ConnectionSettings, setting

from .popularity.registry import POPULARITY_MODES
from .ranking.registry import BY_RELEASE, STRATEGIES
from .signals.attention import EVENT_TYPES, Attention

__all__ = ["OWN_PLACES", "ProxySettings", "split_listen"]

#: Requests to our own endpoints that one worker handles at a time, beside ``max_in_flight`` others.
OWN_PLACES = 32


def _between(low: float, high: float) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not low <= value <= high:
            raise ValueError(f"{value} is not between {low:g} and {high:g}")

    return check


def _one_of(known: Any) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if value not in known:
            raise ValueError(f"{value!r} is unknown; known are {', '.join(sorted(known))}")

    return check


def _listen(value: Any) -> None:
    split_listen(value)


_TAKEN = frozenset({
    "accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
    "cookie", "expect", "host", "te", "transfer-encoding", "upgrade", "x-sessionrank", "x-sessionrank-explain",
    "x-sessionrank-weight",
})  # fmt: skip


def _header_name(value: Any) -> None:
    if not value or not all(c.isascii() and (c.isalnum() or c == "-") for c in value):
        raise ValueError(f"{value!r} is no header name: letters, digits and hyphens")
    if value.lower() in _TAKEN:
        raise ValueError(f"{value!r} means something else in HTTP; take a name of your own, such as X-Session-Id")


def _names(value: Any) -> None:
    if not value or any(c in name for name in value for c in '/\\?"<>| #'):
        raise ValueError("give index names or globs, separated by commas")


def _names_if_any(value: Any) -> None:
    if value:
        _names(value)


def _field_name(value: Any) -> None:
    if not value.strip() or any(c.isspace() or c in ",*" for c in value):
        raise ValueError(f"{value!r} is no field name")


def _event_weights(value: Any) -> None:
    for one in value:
        name, equals, number = one.partition("=")
        if not equals or name not in EVENT_TYPES:
            raise ValueError(f"{one!r} is not TYPE=WEIGHT with a type of {', '.join(EVENT_TYPES)}")
        try:
            weight = float(number)
        except ValueError:
            raise ValueError(f"{one!r}: {number!r} is no number; types are parted by commas") from None
        _between(0, 100)(weight)
    if len({one.partition("=")[0] for one in value}) < len(value):
        raise ValueError("a type stands twice")


def split_listen(value: str) -> tuple[str, int]:
    """Host and port of a ``host:port`` text; an IPv6 host stands in brackets. Raises ``ValueError``."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{value!r} is not HOST:PORT, such as 127.0.0.1:9280")
    return host.removeprefix("[").removesuffix("]"), int(port)


@dataclass(frozen=True, kw_only=True)
class ProxySettings(ConnectionSettings):
    """All that the proxy can be told; every field is an environment variable ``SESSIONRANK_<NAME>``."""

    listen: str = setting("127.0.0.1:9280", "Address to listen on; loopback unless told otherwise.", check=_listen)
    indices: tuple[str, ...] = setting(
        ("catalog",), "Index names, aliases or globs whose searches are personalised.", check=_names
    )
    item_id: str = setting("_id", "Where a hit's product id stands: `_id`, or a keyword field with doc values.",
                           check=_field_name)  # fmt: skip
    popularity: str = setting(
        "script_score", "How popularity lifts hits: " + ", ".join(f"`{m}`" for m in sorted(POPULARITY_MODES)) + ".",
        check=_one_of(POPULARITY_MODES),
    )  # fmt: skip
    popularity_field: str = setting(POPULARITY, "The numeric field that holds a product's popularity.")
    popularity_weight: float = setting(1.0, "Weight of popularity in `script_score` and `function_score`.",
                                       check=_between(0, 1e6))  # fmt: skip
    strategy: str = setting(
        BY_RELEASE, "How hits are re-ordered: `release`, as was measured for the release, or "
        + ", ".join(f"`{s}`" for s in sorted(STRATEGIES)) + ".",
        check=_one_of((BY_RELEASE, *STRATEGIES)),
    )  # fmt: skip
    weight: float = setting(0.7, "Weight of the session against the engine's order, in `blend` and `mix` (0 to 1).",
                            check=_between(0, 1))  # fmt: skip
    window: int = setting(100, "How many of the first hits are re-ordered.", check=_between(1, 10_000))
    two_phase: str = setting(
        "auto", "Fetch the window's ids and scores first, then the page: `auto` where that is faster, `off`, `always`.",
        check=_one_of(("auto", "off", "always")),
    )  # fmt: skip
    pages: str = setting("freeze", "`freeze`: later pages keep the first one's order; `follow`: each ranks afresh.",
                         check=_one_of(("freeze", "follow")))  # fmt: skip
    session_header: str = setting("X-Session-Id", "Request header that names the session.", check=_header_name)
    session_ttl: int = setting(86_400, "Seconds that a session is kept after its last event.",
                               check=_between(1, 31_536_000))  # fmt: skip
    session_cap: int = setting(20, "How many of a session's latest events are kept.", check=_between(1, 1000))
    session_decay: float = setting(0.8, "Weight of each event in the session vector, relative to the next newer one.",
                                   check=_between(0.01, 1))  # fmt: skip
    event_weights: tuple[str, ...] = setting(
        (), "Weights of event types, such as `cart=2,purchase=3`; the others weigh 1.", check=_event_weights
    )
    visit_gap_s: float = setting(1800.0, "Seconds without an event after which a new visit begins.",
                                 check=_between(1, 31_536_000))  # fmt: skip
    earlier_weight: float = setting(1.0, "Weight of the events of earlier visits against those of the present one.",
                                    check=_between(0, 1))  # fmt: skip
    unit_length: bool = setting(
        True, "The items of a session count by the direction of their vectors; `false`: by their trained length too."
    )
    max_displacement: int = setting(0, "How many places a hit may move at most; 0 for no bound.",
                                    check=_between(0, 10_000))  # fmt: skip
    budget_ms: int = setting(20, "Milliseconds that the personal part of a search may take, all steps together.",
                             check=_between(1, 60_000))  # fmt: skip
    engine_timeout_s: float = setting(35.0, "Seconds to wait for the engine's answer.", check=_between(0.01, 3600))
    max_body_bytes: int = setting(16 * 1024 * 1024, "Largest request body; one that inflates beyond it passes plain.",
                                  check=_between(1024, 2**31))  # fmt: skip
    max_response_bytes: int = setting(64 * 1024 * 1024, "Largest answer that is re-ordered; larger ones pass plain.",
                                      check=_between(1024, 2**31))  # fmt: skip
    max_in_flight: int = setting(12, "Requests that one worker handles at a time; more get 429.",
                                 check=_between(1, 1000))  # fmt: skip
    workers: int = setting(0, "Worker processes; 0 takes one for each core.", check=_between(0, 256))
    allow_writes: bool = setting(False, "Forward everything, also what changes the engine.")
    allow_sniff: bool = setting(False, "Forward `_nodes`, which leads sniffing clients past the proxy.")
    readable_indices: tuple[str, ...] = setting(
        (),
        "Further index names or globs open to reading when the engine is asked with the proxy's credentials.",
        check=_names_if_any,
    )
    guard_scripts: bool = setting(False, "Refuse scripts, runtime fields and templates, wherever they stand.")
    guard_patterns: bool = setting(False, "Refuse regular expressions and leading wildcards.")
    max_size: int = setting(0, "Largest `size` of hits, buckets, suggestions and the like; 0 leaves it to the engine.",
                            check=_between(0, 2**31))  # fmt: skip
    max_from: int = setting(0, "Largest `from`; 0 leaves it to the engine.", check=_between(0, 2**31))
    max_aggregations: int = setting(0, "Aggregations of one search, nested ones included; 0 leaves it to the engine.",
                                    check=_between(0, 2**31))  # fmt: skip
    max_clauses: int = setting(0, "Queries in one search, and words of query strings; 0 leaves it to the engine.",
                               check=_between(0, 2**31))  # fmt: skip
    max_nesting: int = setting(0, "Objects and lists of a body inside one another; 0 leaves it to the engine.",
                               check=_between(0, 2**31))  # fmt: skip
    hash_key_file: str = setting("", "File with the secret key of the session hash; else one is made in the store.")
    log_level: str = setting("info", "`debug`, `info`, `warning` or `error`.",
                             check=_one_of(("debug", "info", "warning", "error")))  # fmt: skip

    def __post_init__(self) -> None:
        if self.allow_writes and self.has_guards:
            raise ConfigurationError(
                "SESSIONRANK_ALLOW_WRITES forwards what no guard has looked at: "
                "leave it out, or SESSIONRANK_GUARD_SCRIPTS, SESSIONRANK_GUARD_PATTERNS and the bounds"
            )

    @property
    def has_guards(self) -> bool:
        """Whether any of the guards for a public search box is on."""
        bounds = (self.max_size, self.max_from, self.max_aggregations, self.max_clauses, self.max_nesting)
        return self.guard_scripts or self.guard_patterns or any(bounds)

    def attention(self) -> Attention:
        """How much each event of a session counts."""
        weights = {name: float(number) for name, _, number in (one.partition("=") for one in self.event_weights)}
        return Attention(self.session_decay, weights, self.visit_gap_s, self.earlier_weight, self.unit_length)

    @property
    def max_waiting(self) -> int:
        """Requests of one worker that may wait for a place among ``max_in_flight``."""
        return 2 * self.max_in_flight

    def hash_key(self) -> bytes | None:
        """The secret key from ``hash_key_file``, or None when none is set.

        Raises:
            ConfigurationError: the file cannot be read or is too short for a secret.
        """
        if not self.hash_key_file:
            return None
        try:
            key = Path(self.hash_key_file).read_bytes().strip()
        except OSError as error:
            raise ConfigurationError(f"SESSIONRANK_HASH_KEY_FILE: {self.hash_key_file}: {error.strerror}") from error
        if len(key) < 16:
            raise ConfigurationError(f"SESSIONRANK_HASH_KEY_FILE: {self.hash_key_file} holds less than 16 bytes")
        return key
