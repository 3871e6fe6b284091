"""The Content-Disposition header (RFC 6266, RFC 8187), and the types that a browser may display."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

INLINE_TYPES = (
    "video/", "audio/", "image/png", "image/jpeg", "image/webp", "image/gif",
    "text/plain", "text/csv", "text/vtt", "application/json",
)  # fmt: skip
"""Passive types. All others may be active (HTML, SVG, XML) and are saved instead."""


_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They could make a name end in another type than it has: `txt.exe` as `exe.txt`."""
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$")
"""It has a letter: the title "Version 2.5" has none."""
MAX_TITLE_CHARS = 60
"""The longest title in a file name. File systems allow 255 bytes, and a letter may have four."""


def is_inline_type(content_type: str) -> bool:
    """Returns whether a browser may display the type instead of saving it."""
    return content_type.lower().startswith(INLINE_TYPES)


def content_disposition(filename: str, *, inline: bool) -> str:
    """Returns a Content-Disposition with an ASCII fallback beside the file name in UTF-8.

    The name keeps all its letters; controls, also those of the direction, are removed.
    """
    kind = "inline" if inline else "attachment"
    clean = "".join(char for char in filename if not _is_control(char))
    return f"{kind}; filename=\"{_to_ascii(clean)}\"; filename*=UTF-8''{quote(clean, safe='')}"


def titled_filename(title: str, name: str) -> str:
    """Returns a file name that begins with a title: `holiday-frames.zip` for the title
    `Holiday.mp4` and the name `frames.zip`. It has the letters and digits of the title in any
    script, so it is a name in every file system. A title without any returns `name`."""
    stem = _EXTENSION.sub("", title.strip())
    kept = "".join(
        char if unicodedata.category(char)[0] in "LNM" else "-"
        for char in unicodedata.normalize("NFC", stem).lower()
    )
    prefix = "-".join(part for part in kept.split("-") if part)[:MAX_TITLE_CHARS].rstrip("-")
    return f"{prefix}-{name}" if prefix else name


def _is_control(char: str) -> bool:
    return char in _BIDI_CONTROLS or unicodedata.category(char) in ("Cc", "Cs")


def _to_ascii(name: str) -> str:
    """Returns the letters that have a form in ASCII, for clients without RFC 8187."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = " ".join("".join(char for char in plain if char.isalnum() or char in " ._-").split())
    stem, dot, extension = plain.rpartition(".")
    if dot and not any(char.isalnum() for char in stem):
        plain = f"download.{extension}" if extension else ""
    return plain or "download"
