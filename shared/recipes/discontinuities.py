"""Jumps of the time stamps within a video, and the positions from which it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Discontinuity:
    """A jump of the time stamps (ISO/IEC 13818-1 §2.4.3.5), such as between two recordings.

    Attributes:
        position: The position in the file from which on it applies, in bytes.
        shift: What is added to the time stamps of all packets from there on, so that the time goes
            on: in ticks, and not in addition to earlier discontinuities.
        first_pts: The first picture behind it that can be decoded: its shifted time, in ticks.
    """

    position: int
    shift: int
    first_pts: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Discontinuity:
        return cls(data["position"], data["shift"], data["first_pts"])


@dataclass(frozen=True)
class SeekPoint:
    """A packet at which decoding can begin: its position in bytes, and its shifted pts in ticks."""

    position: int
    pts: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SeekPoint:
        return cls(data["position"], data["pts"])
