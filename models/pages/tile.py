"""A product as a tile: its image, or a generated one, with its name, its id and what there is to tell of it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from .page import escaped, shortened

__all__ = ["STYLE", "Tile", "image_url", "initials"]

_LONGEST_NAME = 120
_LONGEST_URL = 2048
_WORD = re.compile(r"[^\W_]+")

STYLE = """\
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; margin: 0; overflow: hidden;
  display: flex; flex-direction: column; position: relative; }
.picture { position: relative; aspect-ratio: 1; overflow: hidden; display: flex; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.picture img { position: relative; margin: auto; max-width: 100%; max-height: 100%; background: #fff; }
.tile figcaption { padding: .6rem .75rem .7rem; display: flex; flex-direction: column; gap: .2rem; flex: 1; }
.name { font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.sku { color: var(--faint); font-size: .8rem; overflow-wrap: anywhere; }
.tile dl { margin: auto 0 0; padding-top: .35rem; display: grid; grid-template-columns: 1fr auto; gap: .1rem .75rem;
  font-size: .85rem; }
.tile dt { color: var(--faint); overflow-wrap: anywhere; }
.tile dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.badge { position: absolute; top: .5rem; left: .5rem; z-index: 1; border-radius: 1rem; padding: .05rem .55rem;
  font-size: .8rem; font-weight: 600; background: var(--ink); color: var(--paper); }"""

_FIGURE = """\
<figure class="tile">
{badge}<div class="picture">{generated}{image}</div>
<figcaption><span class="name">{name}</span><span class="sku">{sku}</span>{facts}</figcaption>
</figure>"""

#: Lies under the image too: what cannot be loaded leaves it to be seen, with no script.
_GENERATED = (
    '<svg viewBox="0 0 120 120" preserveAspectRatio="xMidYMid slice" aria-hidden="true">'
    '<rect width="120" height="120" fill="hsl({hue} 42% 36%)"/>'
    '<circle cx="104" cy="16" r="40" fill="hsl({hue} 42% 44%)"/>'
    '<text x="60" y="73" text-anchor="middle" font-family="sans-serif" font-size="36" fill="#fff">{initials}</text>'
    "</svg>"
)


@dataclass(frozen=True)
class Tile:
    """What is shown of one product; all texts are as they came, they are escaped here."""

    sku: str
    name: str = ""
    #: Address of the product's picture; one that is not plain http(s) is not shown.
    image: str = ""
    badge: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    def html(self) -> str:
        """The tile as an HTML figure."""
        # A deterministic hash: the product has its colour on every page. The golden angle spreads the hues.
        hue = zlib.crc32(self.sku.encode(errors="replace")) * 137 % 360
        address = image_url(self.image)
        rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in self.facts)
        return _FIGURE.format(
            badge=f'<span class="badge">{escaped(self.badge)}</span>\n' if self.badge else "",
            generated=_GENERATED.format(hue=hue, initials=escaped(initials(self.name or self.sku))),
            image=_image(address) if address else "",
            name=escaped(shortened(self.name or self.sku, _LONGEST_NAME)),
            sku=escaped(shortened(self.sku, _LONGEST_NAME)) if self.name else "",
            facts=f"<dl>{rows}</dl>" if rows else "",
        )


def _image(address: str) -> str:
    return f'<img src="{escaped(address)}" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">'


def image_url(text: str) -> str:
    """``text`` where it is a plain ``http`` or ``https`` address, else the empty text."""
    text = text.strip()
    if len(text) > _LONGEST_URL or not text.isprintable() or any(character in text for character in " \"'<>\\`"):
        return ""
    try:
        parts = urlsplit(text)
        return text if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def initials(text: str) -> str:
    """The first letters of the first two words, in upper case; a question mark where there is no word."""
    words = _WORD.findall(text[:_LONGEST_NAME])
    return "".join(word[0] for word in words[:2]).upper() or "?"
