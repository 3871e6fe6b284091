"""The settings of synthesized speech, and its audio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.recipes.option_values import OptionErrors, parse_number

SPEED_RANGE = (0.25, 2.0)
"""Text-to-Speech accepts 0.25 to 2.0 times the voice's own speed."""
PITCH_RANGE = (-20.0, 20.0)
"""Semitones."""
VOICE_PATTERN = r"[a-z]{2,3}-([A-Z][a-z]{3}-)?([A-Z]{2}|[0-9]{3})-[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""The name of a voice of Text-to-Speech: the code of its language, its technology and its own name.
Which names exist only the service knows."""
_VOICE = re.compile(VOICE_PATTERN)


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

        `language` must be a valid tag already. Raises InvalidOptions with sentences.
        """
        errors = OptionErrors()

        def number(name: str, default: float, limits: tuple[float, float]) -> float:
            value = options.get(name)
            value = default if value is None else value
            return errors.read(name, default, lambda: parse_number(name, value, limits))

        settings = cls(
            language=str(options["language"]),
            voice=errors.read("voice", "", lambda: _parse_voice(options.get("voice"))),
            speed=number("speed", 1.0, SPEED_RANGE),
            pitch=number("pitch", 0.0, PITCH_RANGE),
        )
        errors.raise_collected()
        return settings


def is_voice_name(name: str) -> bool:
    """Returns whether a name has the form that option `voice` accepts."""
    return _VOICE.fullmatch(name) is not None


def _parse_voice(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or (value and not _VOICE.fullmatch(value)):
        raise ValueError(
            f"voice is {str(value)[:40]!r}; give a voice's name such as en-US-Neural2-C."
        )
    return value


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Mono PCM, 16 bits little-endian, `rate_hz` samples per second."""

    pcm: bytes
    rate_hz: int

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(self.pcm) // 2
