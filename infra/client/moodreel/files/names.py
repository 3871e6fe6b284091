"""File names that are safe on every platform, from the names of results."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_BYTES = 200
"""Below the 255 bytes of common file systems: a number and `.part` are added to names."""
_RESERVED_CHARACTERS = re.compile(r'[<>:"/\\|?*]')
_RESERVED_NAMES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
"""https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""


def safe_name(name: str) -> str:
    """Returns a file name without folders, control characters and reserved names.

    A name that is safe already is returned unchanged.
    """
    text = "".join(
        "_" if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
        for character in name
    )
    # Characters that show text in another order can hide the extension.
    text = re.sub("[\u202a-\u202e\u2066-\u2069]", "", text)
    text = _RESERVED_CHARACTERS.sub("_", text).strip(" ").rstrip(". ").lstrip(".")
    if not text:
        text = "result"
    if _RESERVED_NAMES.match(text):
        text = f"_{text}"
    return _shorten(text)


def numbered_name(name: str, number: int) -> str:
    """Returns `frames-2.zip` for `frames.zip` and 2; the name itself for 1."""
    stem, extension = _split(name)
    return name if number == 1 else f"{stem}-{number}{extension}"


def _shorten(name: str) -> str:
    stem, extension = _split(name)
    room = MAX_NAME_BYTES - len(extension.encode())
    if len(stem.encode()) <= room:
        return name
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + extension


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > 20:
        return name, ""
    return stem, dot + extension
