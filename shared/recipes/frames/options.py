"""The options of frame extraction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

from shared.recipes.option_fields import Option
from shared.recipes.option_values import OptionErrors, check_option_names, join_words, parse_int

ImageFormat = Literal["jpeg", "png"]

MIN_EVERY_S = Fraction(1, 25)
MAX_TIME_S = Fraction(7 * 24 * 3600)
# Keeps a target time k·every + start within the 32-bit denominator of a pack's extra field.
MAX_DENOMINATOR = 60_000
WIDTH_RANGE = range(16, 16_385)
QUALITY_RANGE = range(1, 101)
_SECONDS_PATTERN = r"^\s*[0-9]{1,9}(\.[0-9]{1,9})?(/[0-9]{1,9})?\s*$"
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?(/[0-9]{1,9})?")


@dataclass(frozen=True)
class FrameOptions:
    """Which frames are extracted, and how they are encoded.

    Times are seconds from the first picture. `end` is exclusive; None means to the last frame.
    """

    every: Annotated[
        Fraction,
        Option(
            "The time between two frames. Fractions such as 1/3 are exact.",
            unit="s",
            limits=(MIN_EVERY_S, MAX_TIME_S),
            pattern=_SECONDS_PATTERN,
        ),
    ] = Fraction(1)
    start: Annotated[
        Fraction,
        Option(
            "The time of the first frame, from the first picture of the video.",
            unit="s",
            limits=(0, MAX_TIME_S),
            pattern=_SECONDS_PATTERN,
        ),
    ] = Fraction(0)
    end: Annotated[
        Fraction | None,
        Option(
            "The time before which the last frame is. Without it, frames are taken up to the end "
            "of the video.",
            unit="s",
            limits=(0, MAX_TIME_S),
            pattern=_SECONDS_PATTERN,
        ),
    ] = None
    max_width: Annotated[
        int | None,
        Option(
            "Wider frames are scaled down to this width. Without it, frames keep their size.",
            unit="px",
            limits=WIDTH_RANGE,
        ),
    ] = None
    format: Annotated[ImageFormat, Option("The format of the frames.")] = "jpeg"
    quality: Annotated[int, Option("The quality of JPEG files.", limits=QUALITY_RANGE)] = 90

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> FrameOptions:
        """Parses options as a user writes them: numbers, "0.5" or "1/3"; absent or None = default.

        Raises:
            InvalidOptions: With messages that state the errors and the accepted values.
        """
        errors = OptionErrors()
        names = [field.name for field in fields(cls)]
        listing = join_words(names, "and")
        errors.read("options", None, lambda: check_option_names(options, names, listing))
        values = {name: value for name, value in options.items() if value is not None}
        every = errors.read(
            "every", cls.every, lambda: _parse_every(values.get("every", cls.every))
        )
        start = errors.read(
            "start", cls.start, lambda: _parse_seconds("start", values.get("start", cls.start))
        )
        end = errors.read("end", None, lambda: _parse_end(values.get("end"), start))
        errors.read("every", None, lambda: _check_divisions(every, start))
        max_width = values.get("max_width")
        frame_options = cls(
            every=every,
            start=start,
            end=end,
            max_width=None
            if max_width is None
            else errors.read(
                "max_width", None, lambda: parse_int("max_width", max_width, WIDTH_RANGE)
            ),
            format=errors.read(
                "format", cls.format, lambda: _parse_format(values.get("format", cls.format))
            ),
            quality=errors.read(
                "quality",
                cls.quality,
                lambda: parse_int("quality", values.get("quality", cls.quality), QUALITY_RANGE),
            ),
        )
        errors.raise_collected()
        return frame_options

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


def _parse_every(value: object) -> Fraction:
    every = _parse_seconds("every", value)
    if every < MIN_EVERY_S:
        raise ValueError(f"every is {every} s; the shortest interval is 0.04 s (25 a second).")
    return every


def _parse_end(value: object, start: Fraction) -> Fraction | None:
    end = None if value is None else _parse_seconds("end", value)
    if end is not None and end <= start:
        raise ValueError(f"end ({end} s) must come after start ({start} s).")
    return end


def _check_divisions(every: Fraction, start: Fraction) -> None:
    if (every.denominator * start.denominator) >= 1 << 32:
        raise ValueError("every and start together are too finely divided; round one of them.")


def _parse_format(value: object) -> ImageFormat:
    name = str(value).lower()
    if name not in (*get_args(ImageFormat), "jpg"):
        raise ValueError(f"format is {name[:40]!r}; it can be jpeg or png.")
    return "png" if name == "png" else "jpeg"


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
