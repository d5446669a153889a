"""One self-contained HTML page: a frame that loads nothing from elsewhere, and text made safe to stand in it."""

from __future__ import annotations

import html

from sessionrank.console import printable

__all__ = ["NO_SCRIPT", "escaped", "page", "shortened"]

#: Content policy of a page without scripts; images may come from the web, nothing else may.
NO_SCRIPT = "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'"

_FRAME = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def escaped(text: str) -> str:
    """Text from outside for an element or a quoted attribute: one line, no control characters, nothing of HTML."""
    return html.escape(printable(" ".join(text.split())), quote=True)


def shortened(text: str, length: int) -> str:
    """``text`` in one line of at most ``length`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def page(title: str, body: str, *, style: str, policy: str = NO_SCRIPT) -> str:
    """A whole document; ``title`` is any text, ``body`` and ``style`` are ours or escaped already."""
    return _FRAME.format(title=escaped(title), body=body, style=style, policy=escaped(policy))
