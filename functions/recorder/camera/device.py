"""A camera of this machine, through Video4Linux or AVFoundation.

H.264 and JPEG from the camera are kept as they are; only raw pictures are encoded.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import cast

import av
from av.container import InputContainer

from functions.recorder.clock import TrackClock
from functions.recorder.errors import CameraDisconnected, DeviceNotFound, DeviceRefused
from functions.recorder.packets import VIDEO, Packet, Track
from shared.media.limits import check_size

FRAME_RATE_HZ = 30
KEYFRAME_INTERVAL_S = 2
_COPIED_CODECS = {"h264", "mjpeg"}
_OptionSets = tuple[dict[str, str], ...]
_LINUX_OPTIONS: _OptionSets = (
    {"input_format": "h264", "video_size": "1280x720", "framerate": str(FRAME_RATE_HZ)},
    {"input_format": "mjpeg", "video_size": "1280x720", "framerate": str(FRAME_RATE_HZ)},
    {"input_format": "mjpeg"},
    {},
)
"""Options to open a camera with, best first. A camera that does not support them is not opened."""
_MAC_OPTIONS: _OptionSets = (
    {"video_size": "1280x720", "framerate": str(FRAME_RATE_HZ), "pixel_format": "nv12"},
    {"framerate": str(FRAME_RATE_HZ)},
    {},
)


def open_device(number: int) -> InputContainer:
    """Opens the camera of this number with the best options that it supports. Raises
    DeviceNotFound, DeviceRefused, CameraDisconnected."""
    name, input_format, option_sets = f"/dev/video{number}", "video4linux2", _LINUX_OPTIONS
    if sys.platform == "darwin":
        name, input_format, option_sets = f"{number}:none", "avfoundation", _MAC_OPTIONS
    last_error: Exception | None = None
    for options in option_sets:
        try:
            return av.open(name, format=input_format, options=dict(options))
        except FileNotFoundError as error:
            raise DeviceNotFound from error
        except PermissionError as error:
            raise DeviceRefused from error
        except (av.FFmpegError, OSError, ValueError) as error:
            last_error = error
    raise CameraDisconnected(
        "This machine's camera does not start; another program may be using it."
    ) from last_error


class DeviceReader:
    """Reads a camera's pictures. Sound would come from another device."""

    dropped_count = 0

    def __init__(
        self,
        number: int,
        open_input: Callable[[int], InputContainer] = open_device,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._is_closed = False
        self._input = open_input(number)
        try:
            self._stream = self._input.streams.video[0]
            codec, width, height = "h264", *self._input_size()
            if self._is_copied():
                codec = self._stream.codec_context.name
            else:
                # 4:2:0 needs even sizes.
                width, height = width & ~1, height & ~1
            time_base = cast(Fraction, self._stream.time_base)
            self.tracks = (Track(codec, time_base, width, height),)
            self._opened_at = clock()
            self._track_clock = TrackClock(time_base)
        except BaseException:
            self._input.close()
            raise

    def packets(self) -> Iterator[Packet]:
        try:
            yield from self._copy_packets() if self._is_copied() else self._encode_pictures()
        except (av.FFmpegError, OSError) as error:
            raise CameraDisconnected from error
        finally:
            self._input.close()
        raise CameraDisconnected("This machine's camera has ended its stream.")

    def close(self) -> None:
        # The reading thread closes the input after its next picture: PyAV's objects are not safe
        # for use in two threads.
        self._is_closed = True

    def _input_size(self) -> tuple[int, int]:
        context = self._stream.codec_context
        check_size(context.width, context.height)
        return context.width, context.height

    def _is_copied(self) -> bool:
        return self._stream.codec_context.name in _COPIED_CODECS

    def _copy_packets(self) -> Iterator[Packet]:
        codec = self.tracks[VIDEO].codec
        for packet in self._input.demux(self._stream):
            if self._is_closed:
                return
            if packet.pts is None or not packet.size:
                continue
            data = bytes(packet)
            is_keyframe = codec == "mjpeg" or _has_idr_picture(data)
            arrived_at = self._clock()
            pts = self._track_clock.to_pts(packet.pts, arrived_at - self._opened_at)
            yield Packet(VIDEO, pts, is_keyframe, arrived_at, data)

    def _encode_pictures(self) -> Iterator[Packet]:
        encoder = _create_encoder(self.tracks[VIDEO])
        for frame in self._input.decode(self._stream):
            if self._is_closed:
                return
            if frame.pts is None:
                continue
            arrived_at = self._clock()
            track = self.tracks[VIDEO]
            picture = frame.reformat(track.width, track.height, "yuv420p")
            # The encoder chooses the picture type, not the source.
            picture.pict_type = av.video.frame.PictureType.NONE
            picture.pts = self._track_clock.to_pts(frame.pts, arrived_at - self._opened_at)
            for packet in encoder.encode(picture):
                data = bytes(packet)
                pts = cast(int, packet.pts)
                yield Packet(VIDEO, pts, _has_idr_picture(data), arrived_at, data)


def _create_encoder(track: Track) -> av.VideoCodecContext:
    """Returns an x264 encoder without B-frames or delay. It writes parameter sets before every
    keyframe."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = track.width, track.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = track.time_base
    encoder.framerate = Fraction(FRAME_RATE_HZ)
    encoder.gop_size = FRAME_RATE_HZ * KEYFRAME_INTERVAL_S
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23"}
    return encoder


def _has_idr_picture(data: bytes) -> bool:
    """Whether H.264 data with start codes contains a NAL unit of type 5, at which decoding can
    begin (ITU-T H.264 table 7-1)."""
    offset = 0
    while (offset := data.find(b"\0\0\1", offset)) >= 0 and offset + 3 < len(data):
        offset += 3
        if data[offset] & 31 == 5:
            return True
    return False
