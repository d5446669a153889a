"""What a product must be: the schema that every row of a catalogue goes through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields

__all__ = [
    "IMAGE_SUFFIXES",
    "SKU_BYTES",
    "STRICT_IMAGE_SUFFIXES",
    "ProductSchema",
    "StrictProductSchema",
    "explain",
    "path_suffix",
]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
STRICT_IMAGE_SUFFIXES = frozenset({".png", ".jpg"})
#: A sku is the document's ``_id``; the engines take no longer one.
SKU_BYTES = 512


class Sku(fields.String):
    """A text or a whole number, without control characters; outer white space goes."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        sku = value.strip()
        if not sku:
            raise ValidationError("is empty")
        if not sku.isprintable():
            raise ValidationError("holds a control character")
        if len(sku.encode(errors="surrogatepass")) > SKU_BYTES:
            raise ValidationError(f"is longer than {SKU_BYTES} bytes")
        return sku


class Name(fields.String):
    """A text that is not blank."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if not value.strip():
            raise ValidationError("is empty")
        return value.strip()


class ImageUrl(fields.String):
    """A URL or a path whose path part ends like a picture."""

    def __init__(self, suffixes: frozenset[str], **options: Any) -> None:
        super().__init__(**options)
        self.suffixes = suffixes

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a text")
        if path_suffix(value) not in self.suffixes:
            raise ValidationError(f"does not end in one of {', '.join(sorted(self.suffixes))}")
        return value.strip()


class ProductSchema(Schema):
    """``sku`` and ``name`` are needed; ``target`` and ``image`` are checked when present; other columns are kept."""

    class Meta:
        unknown = INCLUDE

    sku = Sku(required=True, error_messages={"required": "is missing", "null": "is missing"})
    name = Name(required=True, error_messages={"required": "is missing", "null": "is missing"})
    target = fields.String(error_messages={"invalid": "must be a text", "null": "must be a text"})
    image = ImageUrl(IMAGE_SUFFIXES)


class StrictProductSchema(ProductSchema):
    """With the pictures that the original notebook took."""

    image = ImageUrl(STRICT_IMAGE_SUFFIXES)


def path_suffix(url: str) -> str:
    """The suffix of a URL's path in lower case, ``.jpg``: not of its host, its query or its fragment."""
    rest = url.strip().partition("#")[0].partition("?")[0]
    path = rest.partition("://")[2].partition("/")[2] if "://" in rest else rest
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def explain(error: ValidationError) -> str:
    """One line out of a validation error: ``sku is missing; image does not end in …``."""
    messages = error.messages_dict
    return "; ".join(
        f"{name} {', '.join(str(text) for text in texts) if isinstance(texts, list) else texts}"
        for name, texts in messages.items()
    )
