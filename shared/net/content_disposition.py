"""The Content-Disposition header (RFC 6266, RFC 8187), and the types that a browser may display."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

INLINE_TYPES = (
    "video/", "audio/", "image/png", "image/jpeg", "image/webp", "image/gif",
    "text/plain", "text/csv", "text/vtt", "application/json",
)  # fmt: skip
"""Passive types. All others may be active (HTML, SVG, XML) and are saved instead."""


def is_inline_type(content_type: str) -> bool:
    """Returns whether a browser may display the type instead of saving it."""
    return content_type.lower().startswith(INLINE_TYPES)


def content_disposition(filename: str, *, inline: bool) -> str:
    """Returns a Content-Disposition with an ASCII fallback beside the file name in UTF-8."""
    kind = "inline" if inline else "attachment"
    clean = "".join(char for char in filename if unicodedata.category(char)[0] != "C")
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode()
    plain = "".join(char for char in plain if char.isalnum() or char in " ._-") or "download"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
