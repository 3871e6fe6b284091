"""A camera of this machine, through the operating system's own interface.

What the camera compresses itself is kept as it comes; only raw pictures have to be encoded.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import cast

import av
from av.container import InputContainer

from functions.recorder.errors import CameraDisconnected, DeviceNotFound, DeviceRefused
from functions.recorder.packets import VIDEO, Packet, Track
from shared.media.limits import check_size

FRAME_RATE_HZ = 30
KEYFRAME_INTERVAL_S = 2
_KEPT = {"h264", "mjpeg"}
_Wishes = tuple[dict[str, str], ...]
_LINUX: _Wishes = (
    {"input_format": "h264", "video_size": "1280x720", "framerate": str(FRAME_RATE_HZ)},
    {"input_format": "mjpeg", "video_size": "1280x720", "framerate": str(FRAME_RATE_HZ)},
    {"input_format": "mjpeg"},
    {},
)
"""What a camera is asked for, the best first; one that cannot do it says so."""
_MAC: _Wishes = (
    {"video_size": "1280x720", "framerate": str(FRAME_RATE_HZ), "pixel_format": "nv12"},
    {"framerate": str(FRAME_RATE_HZ)},
    {},
)


def open_device(number: int) -> InputContainer:
    """Open the camera of this number as the best that it can do. Raises DeviceMissing,
    DeviceRefused, CameraGone."""
    name, form, wishes = f"/dev/video{number}", "video4linux2", _LINUX
    if sys.platform == "darwin":
        name, form, wishes = f"{number}:none", "avfoundation", _MAC
    fault: Exception | None = None
    for wish in wishes:
        try:
            return av.open(name, format=form, options=dict(wish))
        except FileNotFoundError as missing:
            raise DeviceNotFound from missing
        except PermissionError as locked:
            raise DeviceRefused from locked
        except (av.FFmpegError, OSError, ValueError) as refused:
            fault = refused
    raise CameraDisconnected(
        "This machine's camera does not start; another program may hold it."
    ) from fault


class DeviceReader:
    """A camera's pictures; no sound, which is another device's."""

    dropped_count = 0

    def __init__(
        self,
        number: int,
        open_input: Callable[[int], InputContainer] = open_device,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._closed = False
        self._input = open_input(number)
        try:
            self._stream = self._input.streams.video[0]
            known = self._stream.codec_context
            check_size(known.width, known.height)
            self._base = cast(Fraction, self._stream.time_base)
            size = known.width, known.height
            if known.name not in _KEPT:
                # 4:2:0 knows no odd sizes.
                size = known.width & ~1, known.height & ~1
            codec = known.name if known.name in _KEPT else "h264"
            self.tracks = (Track(codec, self._base, *size),)
        except BaseException:
            self._input.close()
            raise

    def packets(self) -> Iterator[Packet]:
        kept = self._stream.codec_context.name in _KEPT
        try:
            yield from self._as_they_come() if kept else self._encoded()
        except (av.FFmpegError, OSError) as fault:
            raise CameraDisconnected from fault
        finally:
            self._input.close()
        raise CameraDisconnected("This machine's camera has ended its stream.")

    def close(self) -> None:
        # Whoever reads closes it: the next picture is a moment away, and the library's own state
        # is not for two threads.
        self._closed = True

    def _as_they_come(self) -> Iterator[Packet]:
        codec = self.tracks[VIDEO].codec
        for packet in self._input.demux(self._stream):
            if self._closed:
                return
            if packet.pts is None or not packet.size:
                continue
            data = bytes(packet)
            key = codec == "mjpeg" or _opens(data)
            yield Packet(VIDEO, packet.pts, key, self._clock(), data)

    def _encoded(self) -> Iterator[Packet]:
        encoder = _encoder(self.tracks[VIDEO])
        for frame in self._input.decode(self._stream):
            if self._closed:
                return
            if frame.pts is None:
                continue
            arrived = self._clock()
            track = self.tracks[VIDEO]
            picture = frame.reformat(track.width, track.height, "yuv420p")
            # What kind of picture the source thought it was is not for the encoder to follow.
            picture.pict_type = av.video.frame.PictureType.NONE
            for packet in encoder.encode(picture):
                data = bytes(packet)
                yield Packet(VIDEO, cast(int, packet.pts), _opens(data), arrived, data)


def _encoder(track: Track) -> av.VideoCodecContext:
    """x264 without pictures between pictures: each comes out as it goes in, parameter sets before
    every key picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = track.width, track.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = track.time_base
    encoder.framerate = Fraction(FRAME_RATE_HZ)
    encoder.gop_size = FRAME_RATE_HZ * KEYFRAME_INTERVAL_S
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23"}
    return encoder


def _opens(data: bytes) -> bool:
    """Whether H.264 with start codes holds a picture at which decoding may begin: a unit of kind 5
    (ITU-T H.264 table 7-1)."""
    at = 0
    while (at := data.find(b"\0\0\1", at)) >= 0 and at + 3 < len(data):
        at += 3
        if data[at] & 31 == 5:
            return True
    return False
