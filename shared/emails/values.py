"""What several emails have in common: titles on one line, sizes and Message-IDs."""

from __future__ import annotations

import unicodedata
from email.utils import parseaddr

MAX_TITLE_CHARS = 80


def cut_line(text: str) -> str:
    """Returns a text of a user on one line, cut to MAX_TITLE_CHARS. Control characters and marks
    that change the direction of the text after them are removed."""
    line = " ".join(text.split())
    # A joiner (Cf as well) is part of an emoji or of a word.
    line = "".join(
        char
        for char in line
        if unicodedata.category(char) != "Cc" and not ("\u202a" <= char <= "\u202e")
        and not ("\u2066" <= char <= "\u2069")
    )  # fmt: skip
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"


def format_size(size_bytes: int) -> str:
    """Returns a size in decimal units, such as "1.5 MB"."""
    value = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def message_id(seed: str, sender: str) -> str:
    """Returns the Message-ID, which is the same for every copy of an email.

    Args:
        seed: What identifies the email.
        sender: The sender of emails, as MOODREEL_MAIL_FROM has it.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{seed}@{domain}>"
