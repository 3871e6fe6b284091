"""What a camera sends: tracks, and packets that are recorded as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

VIDEO, SOUND = 0, 1
DIGEST_BYTES = 8
VIDEO_CODECS = ("h264", "hevc", "mjpeg")


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a camera. `codec` is h264, hevc, mjpeg, aac, pcm_alaw or pcm_mulaw, as FFmpeg
    names them; H.264 and HEVC come with start codes (Annex B) and AAC in ADTS frames, so that a
    file of nothing but packets is one that players know. Sizes in px, 0 while unknown."""

    codec: str
    time_base: Fraction
    width: int = 0
    height: int = 0
    rate_hz: int = 0
    channels: int = 0

    @property
    def is_video(self) -> bool:
        """Whether it is pictures."""
        return self.codec in VIDEO_CODECS


@dataclass(frozen=True, slots=True)
class Packet:
    """One picture or piece of sound. `pts` in ticks of its track, on the clock of its connection;
    `arrived` in seconds since 1970 by our clock; `key` says that decoding may begin here."""

    track: int
    pts: int
    is_keyframe: bool
    arrived_at: float
    data: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What tells this packet from others: the same for all who watch the same encoder."""
        return hashlib.blake2b(self.data, digest_size=DIGEST_BYTES).digest()


class Reader(Protocol):
    """An open connection to a camera."""

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The video track, and behind it the sound's if there is one that can be kept."""
        ...

    @property
    def dropped_count(self) -> int:
        """How many packets the camera is known to have sent that never came."""
        ...

    def packets(self) -> Iterator[Packet]:
        """Packets as they arrive, until the connection ends: then CameraGone or CameraSilent is
        raised, or what else stands in `errors`."""
        ...

    def close(self) -> None:
        """End it, also from another thread while somebody waits for a packet."""
        ...
