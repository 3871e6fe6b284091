"""Subtitles as WebVTT and SubRip."""

from __future__ import annotations

from collections.abc import Iterable

from shared.subtitles.cues import Cue


def to_vtt(rows: Iterable[Cue]) -> str:
    """Returns WebVTT (W3C). `&`, `<` and `>` are escaped, so that text cannot be markup."""
    parts = ["WEBVTT\n"]
    for cue in rows:
        text = "\n".join(cue.lines)
        for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(plain, escaped)
        parts.append(
            f"{_format_time(cue.start_ms, '.')} --> {_format_time(cue.end_ms, '.')}\n{text}\n"
        )
    return "\n".join(parts)


def to_srt(rows: Iterable[Cue]) -> str:
    """Returns SubRip. It has no escaping, so `-->` in a text is replaced."""
    parts = []
    for number, cue in enumerate(rows, 1):
        text = "\n".join(cue.lines).replace("-->", "→")
        start, end = _format_time(cue.start_ms, ","), _format_time(cue.end_ms, ",")
        parts.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(parts)


def _format_time(ms: int, separator: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{ms:03d}"
