"""Content-Disposition after RFC 6266 and RFC 8187, and what a browser may show by itself."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

INLINE_TYPES = (
    "video/", "audio/", "image/png", "image/jpeg", "image/webp", "image/gif",
    "text/plain", "text/csv", "text/vtt", "application/json",
)  # fmt: skip
"""What shows nothing but itself. All else could be active (HTML, SVG, XML) and is saved."""


def is_inline_type(content_type: str) -> bool:
    """Whether a browser may show it instead of saving it."""
    return content_type.lower().startswith(INLINE_TYPES)


def content_disposition(filename: str, *, inline: bool) -> str:
    """A Content-Disposition: plain ASCII beside the true name."""
    kind = "inline" if inline else "attachment"
    clean = "".join(one for one in filename if unicodedata.category(one)[0] != "C")
    plain = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode()
    plain = "".join(one for one in plain if one.isalnum() or one in " ._-") or "download"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
