"""Search bodies, read one level deep: what is not ours to change stays the client's bytes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection

import msgspec

from .request import ClientRequest

__all__ = ["Fields", "TooLarge", "Unreadable", "encode", "inflated", "read_fields", "without"]

#: The members of a JSON object; values are the client's own bytes.
Fields = dict[str, msgspec.Raw]

_decoder = msgspec.json.Decoder(Fields)
_END = re.compile(rb"\s*\{?\s*\}\s*")
_MEMBER = re.compile(rb'[\s,{]*("(?:[^"\\]|\\.)*")\s*:\s*')


class Unreadable(Exception):
    """The text is not a JSON object that can be read with certainty."""


class TooLarge(Unreadable):
    """More than we take into memory."""


def read_fields(text: bytes | msgspec.Raw) -> Fields:
    """The members of a JSON object; an empty text counts as an empty object.

    Raises:
        Unreadable: not an object, or a name stands twice in it (engines refuse that, and so must not be mended).
    """
    data = bytes(text)
    if not data:
        return {}
    try:
        fields = _decoder.decode(data)
        places = _places(data, fields)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    end = places[-1].stop if places else 0
    if len(places) != len(fields) or not _END.fullmatch(data, end):
        raise Unreadable("a name stands twice")
    return fields


def without(text: bytes, names: Collection[str], inside: str = "") -> bytes:
    """A JSON object in its own layout, without the members of these names; ``{}`` where none is left.

    Args:
        inside: take them out of the object that is its member of this name instead, which goes with its last member.

    Raises:
        Unreadable: not an object.
    """
    try:
        fields = _decoder.decode(text)
        if inside in fields:
            value = bytes(fields[inside])
            rest = without(value, names)
            if rest == b"{}":
                return without(text, (inside,))
            place = dict(zip(fields, _places(text, fields), strict=True))[inside]
            return text[: place.stop - len(value)] + rest + text[place.stop :]
        if inside or fields.keys().isdisjoint(names):
            return text
        places = _places(text, fields)
        kept = [text[p.start : p.stop] for p, name in zip(places, fields, strict=True) if name not in names]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if not kept:
        return b"{}"
    separator = text[places[0].stop : places[1].start]
    return text[: places[0].start] + separator.join(kept) + text[places[-1].stop :]


def _places(data: bytes, fields: Fields) -> list[slice]:
    """Where each member stands, name and value; up to the first that is not the one which ``fields`` has."""
    copies = {name: bytes(value) for name, value in fields.items()}
    places: list[slice] = []
    position = 0
    while match := _MEMBER.match(data, position):
        value = copies[msgspec.json.decode(match[1], type=str)]
        if not data.startswith(value, match.end()):
            break
        position = match.end() + len(value)
        places.append(slice(match.start(1), position))
    return places


def encode(value: object) -> bytes:
    """JSON text; embedded :class:`msgspec.Raw` values stay as they are."""
    return msgspec.json.encode(value)


def inflated(request: ClientRequest, limit: int) -> bytes:
    """The request's body, inflated when it came gzipped.

    Raises:
        TooLarge: larger than ``limit`` bytes when inflated.
        Unreadable: another encoding, or broken.
    """
    coding = (request.header("content-encoding") or "identity").strip().lower()
    if coding == "identity" or not request.body:
        return request.body
    if coding not in ("gzip", "x-gzip"):
        raise Unreadable(f"content encoding {coding}")
    inflater = zlib.decompressobj(wbits=31)
    try:
        body = inflater.decompress(request.body, limit + 1)
    except zlib.error as error:
        raise Unreadable(str(error)) from error
    if len(body) > limit:
        raise TooLarge(f"more than {limit} bytes when inflated")
    if not inflater.eof or inflater.unused_data:
        raise Unreadable("not one gzip member")
    return body
