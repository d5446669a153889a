"""What to do with a multi-search: each item is planned as if it came alone, for the session of the whole request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from .backends.base import BackendRequest
from .extras import Extras, widen
from .filterpath import FilterPath
from .ndjson import Lines, names_of, read_header, read_items
from .plan import DOUBTS, Change, PassThrough, Planner, left_alone
from .request import ClientRequest, Query
from .searchbody import Fields, encode, inflated, read_fields
from .twophase import Outline
from .wish import NotOurs, read_wish

__all__ = ["Item", "Multi", "plan_items", "reason_of"]

_TYPE = re.compile(r"application/(vnd\.elasticsearch\+)?(x-ndjson|json)\b", re.IGNORECASE)
_MOST_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """One search of a multi-search."""

    #: As the client sent it.
    own: bytes
    names: tuple[str, ...]
    plan: PassThrough | Change
    #: Its first line as the engine is asked, where it is changed.
    header: bytes = b""
    #: What the engine is asked first, where it is fetched in two phases.
    outline: Outline | None = None

    @property
    def asked(self) -> bytes:
        """Its lines as the engine is first asked."""
        if isinstance(self.plan, PassThrough):
            return self.own
        return self.asking(self.outline.change if self.outline else self.plan)

    def asking(self, change: Change) -> bytes:
        """Its lines that ask the engine for a change of it."""
        return self.header + b"\n" + encode(change.body) + b"\n"


@dataclass(frozen=True, slots=True)
class Multi:
    """A multi-search of which at least one item is changed."""

    request: BackendRequest
    items: tuple[Item, ...]
    #: What ``filter_path`` was widened by for all items, and must be taken out of each response.
    extras: Extras
    #: Whether each response's ``status`` is such an extra as well.
    hides_status: bool

    def asking(self, lines: Iterable[bytes]) -> BackendRequest:
        """The same request for other items, by their lines."""
        return replace(self.request, body=b"".join(lines))


def plan_items(
    planner: Planner,
    request: ClientRequest,
    names: Sequence[str],
    session: str | None,
    why_not: str,
    *,
    refused: Callable[[Sequence[str], bytes], bool],
    limit: int,
    outline: Callable[[Sequence[str], Change], Outline | None] = lambda _names, _change: None,
) -> PassThrough | Multi:
    """Decide about a multi-search.

    Args:
        names: the indices in the path, for items that name none.
        session: the keyed digest of the session, or None with ``why_not`` as the reason.
        refused: tells by indices and lines which items are to be left alone, since an engine refused a changed one.
        limit: bytes that the body may have when inflated.
        outline: tells what an item is asked first, where it is fetched in two phases.
    """
    session, why_not = planner.ranked_for(session, why_not)
    try:
        path, url = planner.target_of(request)
        lines = _lines(request, url, limit)
        outer, inner, extras, hides_status = _filtered(url, planner)
        weight = request.header("x-sessionrank-weight") or ""
        search = _Reader(planner, inner, session, why_not, weight, refused, outline)
        items = tuple(search.item(each, names) for each in lines)
    except DOUBTS as error:
        return left_alone(error)
    if not any(isinstance(item.plan, Change) for item in items):
        return PassThrough(reason_of([item.plan.reason for item in items]))
    made = planner.request(request, path, outer, b"".join(item.asked for item in items))
    return Multi(made, items, extras, hides_status)


def reason_of(reasons: Sequence[str]) -> str:
    """The reason of a whole multi-search: that of its items, where they have one in common."""
    return reasons[0] if len(set(reasons)) == 1 else "mixed"


def _lines(request: ClientRequest, url: Query, limit: int) -> list[Lines]:
    if "source" in url.values or not request.body:
        raise NotOurs("unreadable")
    if "search_pipeline" in url.values:
        raise NotOurs("ranked-elsewhere")
    if not _TYPE.match(request.header("content-type") or ""):
        raise NotOurs("format")
    lines = read_items(inflated(request, limit))
    if len(lines) > _MOST_ITEMS:
        raise NotOurs("too-large")
    return lines


def _filtered(url: Query, planner: Planner) -> tuple[Query, Query, Extras, bool]:
    """``filter_path`` of the whole and of each response; and by what the former was widened, alike for all items.

    Each response must keep its ``status``: the engine leaves out those of which nothing is left.
    """
    if "filter_path" not in url.values:
        return url, Query(""), Extras(), False
    wish = FilterPath(url.values["filter_path"]).below("responses")
    if wish.excludes_any(("status",)):
        raise NotOurs("no-hits-asked")
    inner = Query("").plus("filter_path", str(wish))
    widened, extras = widen(inner, planner.needed_of(inner))
    hides_status = not wish.includes_path("status")
    added = widened.values["filter_path"].removeprefix(str(wish)).split(",")
    added = [f"responses.{path}" for path in [*added, *(["status"] if hides_status else [])] if path]
    outer = ",".join([url.values["filter_path"], *added])
    return url.without("filter_path").plus("filter_path", outer), inner, extras, hides_status


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads items; what they all have in common."""

    planner: Planner
    #: The URL that an item would have alone.
    url: Query
    session: str | None
    why_not: str
    weight: str
    refused: Callable[[Sequence[str], bytes], bool]
    outline: Callable[[Sequence[str], Change], Outline | None]

    def item(self, lines: Lines, names: Sequence[str]) -> Item:
        """An item as it is to be asked; left alone where there is any doubt."""
        own = lines[0] + b"\n" + lines[1] + b"\n"
        try:
            header = read_header(lines[0])
            names = names_of(header, names)
            change = self._change(header, lines[1], names, own)
        except DOUBTS as error:
            return Item(own, tuple(names), left_alone(error))
        if "preference" in change.url.values and "preference" not in header:
            header["preference"] = msgspec.Raw(encode(change.url.values["preference"]))
        return Item(own, tuple(names), change, encode(header), self.outline(names, change))

    def _change(self, header: Fields, body: bytes, names: Sequence[str], own: bytes) -> Change:
        if not self.planner.manages(names):
            raise NotOurs("not-managed")
        if self.session is None and not self.planner.wraps:
            raise NotOurs(self.why_not)
        if self.refused(names, own):
            raise NotOurs("wrapped-refused")
        if not body.strip():
            raise NotOurs("unreadable")
        url = self.url
        for name in header.keys() - {"index", "indices"}:
            url = url.plus(name, bytes(header[name]).decode())
        wish = read_wish(url, read_fields(body))
        return self.planner.change(wish, names, self.session, self.why_not, self.weight)
