"""Why an answer was not personalised: the words that stand in ``X-Sessionrank`` and in the metrics.

``plain; reason=…`` is the engine's own answer, ``refused; reason=…`` one of ours that the engine was not asked for, and
``failed; reason=…`` tells that the engine gave none.
"""

from __future__ import annotations

__all__ = ["FAILURES", "REASONS", "REFUSALS"]

REASONS: dict[str, str] = {
    "own-endpoint": "one of our own endpoints, below /_sessionrank/",
    "off": "the client asked for the engine's own answer",
    "endpoint": "not a search",
    "not-managed": "an index in the request is not in SESSIONRANK_INDICES",
    "no-session": "the request names no session",
    "bad-session": "the session id is too long or has characters that ids may not have",
    "empty-session": "nothing is known of the session yet",
    "no-vector": "no item of the session has a vector, nor covisits",
    "no-known-hits": "no hit of the window has a vector, or goes with an item of the session",
    "no-release": "no vectors are published for the index",
    "no-hits": "the search found nothing",
    "beyond-window": "the page starts past the window",
    "strategy-none": "the strategy is `none`, by its setting or because nothing helped where the release was measured",
    "no-model": "the strategy is `learned`, and the release has no model that can be used here",
    "exact-query": "the search is for the number or the whole name of one product",
    "sort": "an explicit sort",
    "walk": "search_after, scroll, pit or slice: the client continues from the engine's order",
    "ranked-elsewhere": "retriever, knn, hybrid, neural, rank, rescore or a search pipeline: ranked by the engine",
    "paid-places": "a pinned or rule query",
    "no-hits-asked": "size 0, suggest alone, or a filter_path without hits",
    "profile": "a profiled search",
    "min-score": "min_score cuts by the client's own scores",
    "format": "a format other than JSON",
    "unreadable": "the request could not be read with certainty; the engine has the word",
    "too-large": "the body or the answer is larger than what is re-ordered",
    "wrapped-refused": "the engine refused the changed request, so it got the client's own",
    "engine-error": "the engine answered with an error",
    "unreadable-answer": "the engine's answer could not be read, so it got the client's own request",
    "mixed": "the items of a multi-search are plain, for different reasons",
    "store-error": "the session store failed",
    "store-timeout": "the session store was slower than the budget",
    "rank-failed": "ranking failed; the log says how",
}

REFUSALS: dict[str, str] = {
    "gate": "the request is not a read of the search side, or its path can be read in two ways",
    "guard": "a guard (SESSIONRANK_GUARD_PATTERNS, SESSIONRANK_MAX_SIZE or another) finds it too dear or unreadable",
    "busy": "too many requests are in flight",
    "too-large": "the request body is larger than SESSIONRANK_MAX_BODY_BYTES",
    "too-slow": "the request body did not come in time",
    "cut-off": "the request body ended before its Content-Length",
    "not-http": "the request cannot be read as HTTP",
}

FAILURES: dict[str, str] = {
    "unreachable": "no node of the engine took the request",
    "timeout": "the engine did not answer in time",
    "broken": "the engine broke the exchange off, or its answer is no HTTP",
    "internal": "an unexpected error of the proxy; its log says more",
}
