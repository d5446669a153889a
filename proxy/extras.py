"""What ranking must see of an answer beyond the client's wish: asked for, and noted to be taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .filterpath import FilterPath, name_matches
from .request import Query
from .searchbody import Fields, encode

__all__ = ["Extras", "ask_for_items", "ask_for_shards", "needed_for", "tells_items", "widen"]

_OF_HITS = ("hits.hits._id", "hits.hits._index")
_FIELDS = "hits.hits.fields"
_FAILED = "_shards.failed"
_NOT_WITH_NONE = frozenset({"fields", "highlight", "suggest"})


@dataclass(frozen=True, slots=True)
class Extras:
    """What the changed request asks for beyond the client's wish."""

    #: Members of each hit that the client did not ask for.
    hit_members: tuple[str, ...] = ()
    #: The doc-value field that holds the product id, when the client did not ask for it.
    item_field: str = ""
    #: ``_shards`` as a whole, or only its ``failed``.
    shards: str = ""
    #: Whether the client's ``filter_path`` leaves ``hits.hits`` out where none of its hits has anything left.
    drops_empty: bool = False

    def __bool__(self) -> bool:
        return bool(self.hit_members or self.item_field or self.shards or self.drops_empty)


def ask_for_items(url: Query, body: Fields, item_id: str) -> tuple[Query, Extras]:
    """Make sure that each hit tells its product and index, and note what to take out again."""
    members: list[str] = []
    item_field = ""
    if url.values.get("stored_fields", "").strip() == "_none_":
        url, body["stored_fields"] = url.without("stored_fields"), msgspec.Raw(b'"_none_"')
    if bytes(body.get("stored_fields", b"")) in (b'"_none_"', b'["_none_"]'):
        if "_source" in body or "_source" in url.values or not body.keys().isdisjoint(_NOT_WITH_NONE):
            raise ValueError("stored_fields _none_ beside what engines refuse with it, or what it says more of")
        if any(b'"inner_hits"' in bytes(body.get(name, b"")) for name in ("query", "post_filter", "collapse")):
            raise ValueError("stored_fields _none_ holds for inner hits as well")
        del body["stored_fields"]
        body["_source"] = msgspec.Raw(b"false")
        members += ["_id", "_routing", "_ignored"]
    if item_id != "_id":
        item_field = _ask_for_field(url, body, item_id)
    url, hidden = widen(url, needed_for(item_id))
    return url, Extras((*members, *hidden.hit_members), item_field, hidden.shards, hidden.drops_empty)


def needed_for(item_id: str | None) -> tuple[str, ...]:
    """The parts of an answer that ranking looks at; without an item id, only whether it is whole."""
    if item_id is None:
        return (_FAILED,)
    return (*_OF_HITS, _FAILED) if item_id == "_id" else (*_OF_HITS, _FAILED, _FIELDS)


def _ask_for_field(url: Query, body: Fields, field: str) -> str:
    """Have each hit bring ``field``; gives it back when the client did not ask for it, to be taken out again."""
    asked = msgspec.json.decode(body.get("docvalue_fields", b"[]"), type=list[msgspec.Raw])
    wishes = [msgspec.json.decode(wish) for wish in asked]
    wishes += msgspec.json.decode(body.get("fields", b"[]"), type=list[Any])
    names = [wish.get("field") if isinstance(wish, dict) else wish for wish in wishes]
    names += url.values.get("docvalue_fields", "").split(",")
    # These stand among `fields` as well, and could not be told apart from what we add.
    names += url.values.get("stored_fields", "").split(",")
    stored = msgspec.json.decode(body.get("stored_fields", b"[]"))
    names += stored if isinstance(stored, list) else [stored]
    names.append(msgspec.json.decode(body.get("collapse", b"{}"), type=dict[str, Any]).get("field"))
    if field in msgspec.json.decode(body.get("script_fields", b"{}"), type=dict[str, Any]):
        raise ValueError(f"a script that is called {field}")
    if b'"completion"' in bytes(body.get("suggest", b"")):
        raise ValueError("completions show the fields of their documents as well")
    if any(name_matches(name, field) for name in names if isinstance(name, str)):
        return ""
    body["docvalue_fields"] = msgspec.Raw(encode([*asked, {"field": field}]))
    return field


def tells_items(url: Query, item_id: str) -> bool:
    """Whether ``filter_path`` lets us see each hit's product and index, or can be widened so that it does."""
    asked = FilterPath(url.values.get("filter_path", ""))
    if not asked.touches("hits.hits") or asked.excludes_any(_OF_HITS):
        return False
    if item_id == "_id":
        return True
    # Parts of `fields` cannot be told apart again from the part that we would add.
    return not asked.excludes_any((_FIELDS,)) and (asked.includes_path(_FIELDS) or not asked.touches(_FIELDS))


def ask_for_shards(url: Query) -> tuple[Query, Extras]:
    """Make sure that the answer tells how many shards failed, where ``filter_path`` does not forbid it."""
    return widen(url, (_FAILED,))


def widen(url: Query, needed: Sequence[str]) -> tuple[Query, Extras]:
    """``filter_path`` with what we need, and what is to be taken out of the answer again."""
    if "filter_path" not in url.values:
        return url, Extras()
    wish = url.values["filter_path"]
    asked = FilterPath(wish)
    missing = [path for path in needed if not asked.includes_path(path) and not asked.excludes_any((path,))]
    members = tuple(path.rpartition(".")[2] for path in missing if path.startswith("hits."))
    shards = ""
    if _FAILED in missing:
        shards = "failed" if asked.touches("_shards") else "all"
    if missing:
        url = url.without("filter_path").plus("filter_path", ",".join([wish, *missing]))
    return url, Extras(members, shards=shards, drops_empty=bool(asked.excludes) or not asked.includes_path("hits.hits"))
