"""Search bodies, read one level deep: what is not ours to change stays the client's bytes."""

from __future__ import annotations

import re
import zlib

import msgspec

from .request import ClientRequest

__all__ = ["Fields", "TooLarge", "Unreadable", "encode", "inflated", "read_fields"]

#: The members of a JSON object; values are the client's own bytes.
Fields = dict[str, msgspec.Raw]

_decoder = msgspec.json.Decoder(Fields)
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
        copies = {name: bytes(value) for name, value in fields.items()}
        position, seen = 0, 0
        while match := _MEMBER.match(data, position):
            value = copies[msgspec.json.decode(match[1], type=str)]
            if not data.startswith(value, match.end()):
                break
            position, seen = match.end() + len(value), seen + 1
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if seen != len(fields) or data[position:].strip() not in (b"}", b"{}"):
        raise Unreadable("a name stands twice")
    return fields


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
