"""Tracks and packets of a camera, and the interface of a connection that delivers them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

VIDEO, SOUND = 0, 1
DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a camera.

    `codec` is h264, hevc, mjpeg, aac, pcm_alaw or pcm_mulaw, as FFmpeg names them. H.264 and HEVC
    come with start codes (Annex B) and AAC in ADTS frames, so that players can play a file that
    contains only packets. Sizes are in px, 0 while unknown.
    """

    codec: str
    time_base: Fraction
    width: int = 0
    height: int = 0
    rate_hz: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One picture, or one frame of sound.

    `pts` is in ticks of its track, on the clock of its connection. `arrived_at` is in seconds
    since 1970 by the recorder's clock. Decoding can begin at a packet with `is_keyframe`.
    """

    track: int
    pts: int
    is_keyframe: bool
    arrived_at: float
    data: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """Returns a hash of the content. It is equal for all viewers of the same encoder."""
        return hashlib.blake2b(self.data, digest_size=DIGEST_BYTES).digest()


class Reader(Protocol):
    """An open connection to a camera."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The video track, followed by the sound track if there is one that can be recorded."""
        ...

    @property
    def dropped_count(self) -> int:
        """The number of packets that the camera sent and that are known not to have arrived."""
        ...

    def packets(self) -> Iterator[Packet]:
        """Yields packets as they arrive. When the connection ends, raises CameraDisconnected,
        CameraTimeout or another error of `errors`."""
        ...

    def close(self) -> None:
        """Closes the connection. May be called while another thread waits for a packet."""
        ...
