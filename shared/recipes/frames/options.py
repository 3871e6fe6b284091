"""The options of frame extraction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, get_args

from shared.recipes.option_values import check_option_names, join_words, parse_int

ImageFormat = Literal["jpeg", "png"]

MIN_EVERY_S = Fraction(1, 25)
MAX_TIME_S = Fraction(7 * 24 * 3600)
# Keeps a target time k·every + start within the 32-bit denominator of a pack's extra field.
MAX_DENOMINATOR = 60_000
WIDTH_RANGE = range(16, 16_385)
QUALITY_RANGE = range(1, 101)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?(/\d{1,9})?")


@dataclass(frozen=True)
class FrameOptions:
    """Which frames are extracted, and how they are encoded.

    Times are seconds from the first picture. `end` is exclusive; None means to the last frame.
    """

    every: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    max_width: int | None = None
    format: ImageFormat = "jpeg"
    quality: int = 90

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> FrameOptions:
        """Parses options as a user writes them: numbers, "0.5" or "1/3"; absent or None = default.

        Raises:
            ValueError: With a message that states the error and the accepted values.
        """
        names = [field.name for field in fields(cls)]
        check_option_names(options, names, join_words(names, "and"))
        values = {name: value for name, value in options.items() if value is not None}
        every = _parse_seconds("every", values.get("every", cls.every))
        start = _parse_seconds("start", values.get("start", cls.start))
        end = _parse_seconds("end", values["end"]) if "end" in values else None
        if every < MIN_EVERY_S:
            raise ValueError(f"every is {every} s; the shortest interval is 0.04 s (25 a second).")
        if end is not None and end <= start:
            raise ValueError(f"end ({end} s) must come after start ({start} s).")
        if (every.denominator * start.denominator) >= 1 << 32:
            raise ValueError("every and start together are too finely divided; round one of them.")
        max_width = values.get("max_width")
        image_format = str(values.get("format", cls.format)).lower()
        image_format = "jpeg" if image_format == "jpg" else image_format
        if image_format not in get_args(ImageFormat):
            raise ValueError(f"format is {image_format!r}; it can be jpeg or png.")
        return cls(
            every=every,
            start=start,
            end=end,
            max_width=None if max_width is None else parse_int("max_width", max_width, WIDTH_RANGE),
            format="png" if image_format == "png" else "jpeg",
            quality=parse_int("quality", values.get("quality", cls.quality), QUALITY_RANGE),
        )

    def target(self, k: int) -> Fraction:
        """Returns the time of target k (from 0), in seconds from the first picture."""
        return self.start + k * self.every

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON object; `parse` reads it back to an equal value."""
        return {
            "every": str(self.every),
            "start": str(self.start),
            "end": None if self.end is None else str(self.end),
            "max_width": self.max_width,
            "format": self.format,
            "quality": self.quality,
        }


def _parse_seconds(name: str, value: object) -> Fraction:
    # A float is read in its decimal form (0.1 is one tenth), not as its nearest binary value.
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{name} is {text[:40]!r}; give seconds, such as 1, 0.5 or 1/3.")
    top, _, bottom = text.partition("/")
    if bottom and int(bottom) == 0:
        raise ValueError(f"{name} is {text!r}; it divides by zero.")
    seconds = Fraction(top) / int(bottom or 1)
    if seconds.denominator > MAX_DENOMINATOR:
        raise ValueError(f"{name} is {text!r}; a ten-thousandth of a second is fine enough.")
    if seconds > MAX_TIME_S:
        raise ValueError(f"{name} is {text!r}; the longest time is seven days.")
    return seconds
