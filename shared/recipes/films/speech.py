"""The settings of synthesized speech, and its audio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.recipes.option_values import parse_number

SPEED_RANGE = (0.25, 2.0)
"""Text-to-Speech accepts 0.25 to 2.0 times the voice's own speed."""
PITCH_RANGE = (-20.0, 20.0)
"""Semitones."""
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How a text is spoken.

    Attributes:
        language: A BCP-47 tag.
        voice: The name of a voice; "" leaves the choice to the engine.
        speed: A factor.
        pitch: In semitones.
    """

    language: str
    voice: str = ""
    speed: float = 1.0
    pitch: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `parse` reads it back to an equal value."""
        return {
            "language": self.language,
            "voice": self.voice,
            "speed": self.speed,
            "pitch": self.pitch,
        }

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> SpeechSettings:
        """Parses voice, speed and pitch as a user writes them; absent or None is the default.

        `language` must be a valid tag already. Raises ValueError with a sentence.
        """
        voice = options.get("voice") or ""
        if not isinstance(voice, str) or (voice and not _VOICE.fullmatch(voice)):
            raise ValueError(
                f"voice is {str(voice)[:40]!r}; give a voice's name such as en-US-Neural2-C."
            )
        speed, pitch = options.get("speed"), options.get("pitch")
        return cls(
            language=str(options["language"]),
            voice=voice,
            speed=1.0 if speed is None else parse_number("speed", speed, SPEED_RANGE),
            pitch=0.0 if pitch is None else parse_number("pitch", pitch, PITCH_RANGE),
        )


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Mono PCM, 16 bits little-endian, `rate_hz` samples per second."""

    pcm: bytes
    rate_hz: int

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(self.pcm) // 2
