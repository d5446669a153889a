"""What the proxy counts and times, for Prometheus. Label values come from short, fixed lists."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from .reasons import FAILURES, REASONS, REFUSALS

__all__ = ["EVENTS", "PARTS", "UNKNOWN_SKUS", "count_answer", "count_two_phase", "observe"]

PARTS = ("engine", "store", "rank", "total")

_REQUESTS = Counter(
    "sessionrank_requests_total",
    "Requests by outcome (personalised, plain, refused, failed) and reason.",
    ["outcome", "reason"],
)
_SECONDS = Histogram(
    "sessionrank_part_seconds",
    "Time spent on a request, by part: waiting for the engine, for the store, ranking, and in total.",
    ["part"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
EVENTS = Counter("sessionrank_events_total", "Events by result: created, duplicate, invalid, failed.", ["result"])
UNKNOWN_SKUS = Counter("sessionrank_unknown_skus_total", "Events kept whose product has no vector in the release.")
_TWO_PHASE = Counter(
    "sessionrank_two_phase_total",
    "Searches fetched in two phases, by result: taken, or repeated in one phase.",
    ["result"],
)

# The children are made at once: looking one up by labels on every request would cost as much as counting.
_answers = {
    ("personalised", ""): _REQUESTS.labels("personalised", ""),
    **{("plain", reason): _REQUESTS.labels("plain", reason) for reason in REASONS},
    **{("refused", reason): _REQUESTS.labels("refused", reason) for reason in REFUSALS},
    **{("failed", reason): _REQUESTS.labels("failed", reason) for reason in FAILURES},
}
_two_phase = {taken: _TWO_PHASE.labels("taken" if taken else "repeated") for taken in (True, False)}
_parts = {part: _SECONDS.labels(part) for part in PARTS}


def count_answer(outcome: str, reason: str) -> None:
    """Count one answered request."""
    _answers[outcome, reason].inc()


def count_two_phase(*, taken: bool) -> None:
    """Count one search that was fetched in two phases; not ``taken`` where that had to be repeated in one."""
    _two_phase[taken].inc()


def observe(part: str, seconds: float) -> None:
    """Add one duration to a part's histogram."""
    _parts[part].observe(seconds)
