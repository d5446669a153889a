"""Walks through many hits: scrolls, points in time, and the helpers that use them."""

from __future__ import annotations

from typing import Any

from library import FAMILY, close_pit, helpers, open_pit, pit_id, raw
from transcript import Transcript

__all__ = ["walking"]

_RED = {"query": {"match": {"name": "red"}}}


def walking(note: Transcript, client: Any, index: str) -> None:
    """Walk through ``index``."""
    note("scan", lambda: _ids(helpers.scan(client, index=index, query=_RED, size=7)))
    note("scan in order", lambda: [
        hit["_id"] for hit in helpers.scan(client, index=index, query={**_RED, "sort": ["sku"]}, size=9,
                                           preserve_order=True)
    ])  # fmt: skip
    note("scan all", lambda: len(_ids(helpers.scan(client, index=index, size=150, scroll="2m"))))
    note("scan kept open", lambda: _ids(helpers.scan(client, index=index, query=_RED, size=50, clear_scroll=False)))
    note("scan missing", lambda: _ids(helpers.scan(client, index="no-such-index")))
    _scroll(note, client, index)
    _point_in_time(note, client, index)


def _ids(hits: Any) -> list[str]:
    return sorted(hit["_id"] for hit in hits)


def _scroll(note: Transcript, client: Any, index: str) -> None:
    first = note("scroll opened", client.search, index=index, scroll="1m", body={**_RED, "size": 10})
    if first is None:  # this engine refuses the client
        return
    scroll = first["_scroll_id"]
    note("scroll next", client.scroll, scroll_id=scroll, scroll="1m")
    note("scroll next by body", client.scroll, body={"scroll_id": scroll, "scroll": "1m"})
    note("scroll total as int", client.scroll, scroll_id=scroll, scroll="1m", rest_total_hits_as_int=True)
    note("scroll next by url", raw, client, "GET", "/_search/scroll", params={"scroll_id": scroll, "scroll": "1m"})
    note("scroll closed", client.clear_scroll, scroll_id=scroll)
    note("scroll of a closed one", client.scroll, scroll_id=scroll, scroll="1m")
    note("scroll closed again", client.clear_scroll, scroll_id=scroll)
    note("scroll of a bad id", client.scroll, scroll_id="bm9uc2Vuc2U=", scroll="1m")


def _point_in_time(note: Transcript, client: Any, index: str) -> None:
    opened = note("pit opened", open_pit(client, index))
    note("pit missing index", open_pit(client, "no-such-index"))
    if opened is None:  # this engine has none
        return
    pit = pit_id(opened)
    after: list[Any] | None = None
    for page in range(3):
        body: dict[str, Any] = {**_RED, "size": 8, "sort": ["sku"], "pit": {"id": pit, "keep_alive": "1m"}}
        found = note(f"pit page {page}", client.search, body=body | ({"search_after": after} if after else {}))
        after = found["hits"]["hits"][-1]["sort"]
    note("pit with an index", client.search, index=index, body={"pit": {"id": pit}})
    if FAMILY == "new":
        note("pit by arguments", client.search, pit={"id": pit, "keep_alive": "1m"}, size=2, sort="sku")
    note("pit closed", close_pit(client, pit))
    note("pit of a closed one", client.search, body={**_RED, "pit": {"id": pit}})
    note("pit closed again", close_pit(client, pit))
