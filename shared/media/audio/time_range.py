"""A time range of a sound. Loads no decoder: functions pass it to their sandbox processes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class SoundRange:
    """A time range of a sound, in seconds.

    Attributes:
        begin: From the first picture, or from the beginning of a sound without pictures.
        end: Like `begin`.
        first_picture: The time stamp of the first picture; None without pictures.
        can_seek: Whether the time stamps are those of one recording. Otherwise the sound is read
            from the beginning.
    """

    begin: Fraction
    end: Fraction
    first_picture: Fraction | None = None
    can_seek: bool = True
