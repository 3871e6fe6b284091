"""Reads the WebVTT files that the pipeline writes: cues with lines of text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_TIME = r"(?:(\d+):)?(\d{2}):(\d{2}\.\d{3})"
_TIMING = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}")


@dataclass(frozen=True, slots=True)
class TimedText:
    """A text and when it begins."""

    start_s: float
    text: str

    @property
    def clock(self) -> str:
        """The time, such as 1:02 or 1:00:02."""
        minutes, seconds = divmod(int(self.start_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def parse_cues(vtt: str) -> tuple[TimedText, ...]:
    """Returns the cues in order, each as one line. Other blocks and cues without text are left
    out."""
    cues = []
    for block in re.split(r"\n\n+", vtt.replace("\r\n", "\n")):
        lines = block.split("\n")
        for number, line in enumerate(lines):
            if match := _TIMING.match(line):
                text = " ".join(part.strip() for part in lines[number + 1 :]).strip()
                if text:
                    cues.append(TimedText(_to_seconds(*match.groups()[:3]), unescape(text)))
                break
    return tuple(cues)


def _to_seconds(hours: str | None, minutes: str, seconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
