"""What comes with a film that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Made:
    """The poster as JPEG, subtitles and chapters as text or "", what the job should remember."""

    poster: bytes
    vtt: str = ""
    srt: str = ""
    chapters: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
