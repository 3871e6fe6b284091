"""Writes an MP4 from encoded pictures, sound (encoded as AAC once) and subtitles.

Times are samples of 48 kHz; timestamps of pictures are exact to 1/90,000 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from functions.stitching.film.encoding import (
    TICK,
    Movement,
    encoder_options,
    set_up_encoder,
    to_ticks,
)
from functions.stitching.film.segments import LAST_FRAME_SAMPLES
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.film.track_end import extend_last_sample
from shared.media.containers.timed_text import add_text_stream, make_text_packet
from shared.subtitles.cues import LAST_GAP_MS, Cue

Samples = NDArray[np.float32]
"""float32 of shape (channels, n), full scale is 1."""
Chapter = tuple[Fraction, Fraction, str]
"""Start and end in seconds, title."""

_MS = Fraction(1, 1000)
AacCoder = Literal["fast", "twoloop"]
"""The search for quantizers of FFmpeg's encoder.

`fast` is "better and much faster at higher bit rates" (FFmpeg's manual); measured: 2 to 3 times as
fast, with a smaller error at the same size. But it limits single tones above about 0.6 of full
scale, which distorts them by 15 to 30%; `twoloop` by 2%.
"""
_BIT_RATES = {1: 96_000, 2: 160_000}


@dataclass(frozen=True, slots=True)
class FilmMetadata:
    """The metadata of a film, and how its sound is encoded.

    `language` is an ISO 639-2 code, "und" if unknown. `aac_coder` is "twoloop" for sounds that may
    be tones at full level.
    """

    channels: int
    title: str = ""
    language: str = "und"
    chapters: Sequence[Chapter] = ()
    subtitles: bool = False
    aac_coder: AacCoder = "fast"


class SoundTrack:
    """A track of a container that is encoded as AAC. `samples` is the number of samples that were
    written. `copy` is a track with the same settings that gets the same packets."""

    def __init__(
        self, container: Any, metadata: FilmMetadata, copy: SoundTrack | None = None
    ) -> None:
        self.samples = 0
        self._copy = copy
        self._container = container
        options: dict[str, str] = {"aac_coder": metadata.aac_coder}
        self._stream = container.add_stream("aac", rate=RATE_HZ, options=options)
        self._layout = "mono" if metadata.channels == 1 else "stereo"
        self._stream.layout = self._layout
        self._stream.bit_rate = _BIT_RATES[metadata.channels]
        self._stream.metadata["language"] = metadata.language

    def write(self, block: Samples) -> None:
        """Appends sound, clipped to full scale."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(np.clip(block, -1, 1)), format="fltp", layout=self._layout
        )
        frame.sample_rate, frame.pts, frame.time_base = (
            RATE_HZ,
            self.samples,
            Fraction(1, RATE_HZ),
        )
        self.samples += block.shape[1]
        self._mux(self._stream.encode(frame))

    def flush(self) -> None:
        """Writes what the encoder holds."""
        self._mux(self._stream.encode(None))

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            self._container.mux_one(packet)
            if self._copy is not None:
                packet.stream = self._copy._stream
                self._copy._container.mux_one(packet)


def open_container(path: Path, muxer: Literal["mp4", "ipod"], metadata: FilmMetadata) -> Any:
    """Opens a file for writing, with title and chapters, and its index at the start. `ipod` is
    FFmpeg's name of M4A."""
    container = av.open(str(path), "w", format=muxer, options={"movflags": "+faststart"})
    container.metadata["title"] = metadata.title
    if metadata.chapters:
        container.set_chapters(
            [_to_chapter(n, *chapter) for n, chapter in enumerate(metadata.chapters)]
        )
    return container


class FilmWriter:
    """Writes a film to `path`, of segments that are encoded in this size and for this movement.

    Pictures, sound and cues must be written in order of time, sound first where times are equal. On
    an error the file is removed. `sound_path` is an M4A that gets the packets of the sound too.
    """

    def __init__(
        self,
        path: Path,
        metadata: FilmMetadata,
        size: tuple[int, int],
        movement: Movement,
        sound_path: Path | None = None,
    ) -> None:
        self._path = path
        self._sound_file: Any = None
        copy: SoundTrack | None = None
        if sound_path is not None:
            self._sound_file = open_container(sound_path, "ipod", metadata)
            copy = SoundTrack(self._sound_file, metadata)
        self._container: Any = open_container(path, "mp4", metadata)
        self._video = self._add_video(size, movement)
        self._sound = SoundTrack(self._container, metadata, copy)
        self._text = (
            add_text_stream(self._container, metadata.language) if metadata.subtitles else None
        )
        self._cue_end_ms = 0

    @property
    def sound_samples(self) -> int:
        """The number of sound samples that were written."""
        return self._sound.samples

    @property
    def parameter_sets(self) -> bytes:
        """The parameter sets with which every picture must have been encoded."""
        return bytes(self._video.codec_context.extradata or b"")

    def write_frame(self, data: bytes, tick: int, *, is_key: bool) -> None:
        """Appends an encoded picture that is shown from `tick` on. `is_key` marks an IDR frame."""
        packet = av.Packet(data)
        packet.stream = self._video
        packet.time_base = TICK
        packet.pts = packet.dts = tick
        # Only the duration of the last picture counts; others end with the next picture.
        packet.duration = to_ticks(LAST_FRAME_SAMPLES)
        packet.is_keyframe = is_key
        self._container.mux_one(packet)

    def write_sound(self, block: Samples) -> None:
        """Appends sound, clipped to full scale."""
        self._sound.write(block)

    def write_cue(self, cue: Cue, next_cue: Cue | None) -> None:
        """Appends a subtitle, and the gap before the next one."""
        if not self._cue_end_ms and cue.start_ms:
            self._write_text("", 0, cue.start_ms)
        self._write_text("\n".join(cue.lines), cue.start_ms, cue.end_ms)
        self._cue_end_ms = cue.end_ms
        # At once: FFmpeg ends a subtitle itself when packets of a later time follow.
        if next_cue is not None and next_cue.start_ms > cue.end_ms:
            self._write_text("", cue.end_ms, next_cue.start_ms)

    def close(self) -> None:
        """Flushes the encoders and moves the index to the start of the file."""
        end_ms = self.sound_samples * 1000 // RATE_HZ
        if self._text is not None and not self._cue_end_ms:
            self._write_text("", 0, end_ms - LAST_GAP_MS)
        self._sound.flush()
        self._close_containers()
        if self._text is not None:
            # FFmpeg ends the track with an empty sample without a duration.
            extend_last_sample(self._path, b"sbtl", Fraction(self.sound_samples, RATE_HZ))

    def __enter__(self) -> FilmWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
            return
        self._close_containers()
        self._path.unlink(missing_ok=True)

    def _close_containers(self) -> None:
        self._container.close()
        if self._sound_file is not None:
            self._sound_file.close()

    def _add_video(self, size: tuple[int, int], movement: Movement) -> VideoStream:
        # It encodes nothing: the index of the file has its parameter sets.
        stream: VideoStream = self._container.add_stream(
            "libx264", rate=30, options=dict(encoder_options(movement))
        )
        set_up_encoder(stream.codec_context, size)
        stream.codec_context.open()
        stream.time_base = TICK
        return stream

    def _write_text(self, text: str, start_ms: int, end_ms: int) -> None:
        assert self._text is not None  # noqa: S101 - only films with subtitles have cues
        self._container.mux_one(make_text_packet(self._text, text, start_ms, end_ms))


def _to_chapter(number: int, start: Fraction, end: Fraction, title: str) -> Any:
    # Rounded up: a player that seeks to the start must not show the frame before it.
    return {
        "id": number,
        "start": ceil(start * 1000),
        "end": ceil(end * 1000),
        "time_base": _MS,
        "metadata": {"title": title},
    }
