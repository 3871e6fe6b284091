"""Decodes a time range of an untrusted sound to 16-bit mono. Only as much as necessary is read.

A container with reliable time stamps is read from just before the range. In others (MP3, WAV, raw
streams) a position is known only by counting, so they are read from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from shared.media.audio.edits import find_empty_edits
from shared.media.audio.frames import decode_timed_frames
from shared.media.audio.gaps import STAMPED_CONTAINERS
from shared.media.audio.stream import open_sound
from shared.media.audio.time_range import SoundRange
from shared.media.audio.timed_blocks import MAX_DRIFT_S, decode_timed_blocks, seek_sound
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableSound

File = BinaryIO | RangeFile
Mono = NDArray[np.int16]
_LEADS_S = (Fraction(1), Fraction(10), Fraction(120))
"""Decoding begins this long before the range; the later ones if the container seeks too late."""


@dataclass(frozen=True, slots=True)
class DecodedRange:
    """The samples of a range; fewer if the sound ends in it. Not complete if the rest cannot be
    decoded."""

    samples: Mono
    is_complete: bool


def decode_range(file: File, wanted: SoundRange, rate_hz: int) -> DecodedRange:
    """Returns the samples of a range at `rate_hz`. Times without sound are silent.

    Raises:
        PermanentError: See `open_sound`; UndecodableSound when nothing can be decoded.
        Exception: The error with which reading a RangeFile failed.
    """
    if wanted.can_seek:
        for lead in _LEADS_S:
            if wanted.begin <= lead:
                break
            # A video whose sound has long pauses is not read from the beginning.
            is_last = lead == _LEADS_S[-1] and wanted.first_picture is not None
            decoder = _Decoder(wanted, rate_hz, wanted.begin - lead, is_last=is_last)
            if decoder.decode(file):
                return decoder.result
    decoder = _Decoder(wanted, rate_hz, None, is_last=True)
    decoder.decode(file)
    return decoder.result


class _Decoder:
    """Decodes one range from about `target` on, or from the beginning."""

    def __init__(
        self, wanted: SoundRange, rate_hz: int, target: Fraction | None, *, is_last: bool
    ) -> None:
        self._wanted, self._rate_hz, self._target = wanted, rate_hz, target
        self._is_last = is_last
        self._samples = np.zeros(round((wanted.end - wanted.begin) * rate_hz), np.int16)
        self._filled = 0
        self._position: int | None = None
        self._zero = wanted.first_picture
        self._is_complete = True

    @property
    def result(self) -> DecodedRange:
        """What was decoded."""
        return DecodedRange(self._samples[: self._filled], self._is_complete)

    def decode(self, file: File) -> bool:
        """Returns whether the result is that of the range. False if the container cannot seek
        by time stamps, or if what was read begins after the range: there may be sound before."""
        with open_sound(file) as (container, stream):
            if self._target is not None and not self._begin_at(container, stream, file):
                return False
            blocks = decode_timed_blocks(container, stream, file, self._rate_hz, 1)
            try:
                for time, block in blocks:
                    if time is not None and self._zero is None:
                        self._zero = time - _lead(container, stream, file)
                    if not self._add(time, block):
                        break
                    if self._position is not None and self._position >= len(self._samples):
                        break
            except UndecodableSound:
                if not self._filled:
                    raise
                self._is_complete = False
        return self._is_last or self._filled > 0

    def _begin_at(self, container: InputContainer, stream: AudioStream, file: File) -> bool:
        if container.format.name.split(",")[0] not in STAMPED_CONTAINERS:
            return False
        if self._zero is None:
            self._zero = _find_start(container, stream, file)
        assert self._target is not None  # noqa: S101 - the caller checks it
        seek_sound(container, self._target + self._zero, file)
        return True

    def _add(self, time: Fraction | None, block: NDArray[np.float32]) -> bool:
        """Returns False if the block begins after the range and is the first one."""
        rate_hz, begin = self._rate_hz, self._wanted.begin
        if time is not None and self._zero is not None:
            at = round((time - self._zero - begin) * rate_hz)
            drift = 0 if self._position is None else abs(at - self._position)
            if self._position is None or (self._wanted.can_seek and drift > MAX_DRIFT_S * rate_hz):
                self._position = at
        if self._position is None:
            if self._target is not None:
                return True  # only stamps tell where a container was sought
            self._position = -round(begin * rate_hz)
        if not self._is_last and not self._filled and self._position > 0:
            return False
        self._copy(np.round(np.clip(block[0], -1, 1) * 32767).astype(np.int16))
        return True

    def _copy(self, block: Mono) -> None:
        assert self._position is not None  # noqa: S101 - `_add` sets it
        length = len(self._samples)
        first, last = max(0, self._position), min(length, self._position + len(block))
        if first < last:
            self._samples[first:last] = block[first - self._position : last - self._position]
        self._position += len(block)
        self._filled = max(self._filled, min(length, self._position))


def _find_start(container: InputContainer, stream: AudioStream, file: File) -> Fraction:
    """Returns the time stamp at which a sound begins, with its silent lead."""
    time, _ = next(decode_timed_frames(container, stream, file), (None, None))
    return Fraction(0) if time is None else time - _lead(container, stream, file)


def _lead(container: InputContainer, stream: AudioStream, file: File) -> Fraction:
    is_mov = container.format.name.startswith("mov,")
    return find_empty_edits(file, stream.id).lead if is_mov else Fraction(0)
