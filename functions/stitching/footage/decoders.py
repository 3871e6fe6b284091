"""Decodes parts of a video for clips, in sandbox processes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from functions.stitching.footage.view import View
from functions.stitching.footage.window_sound import decode_window
from shared.media.images.frame import BgrImage, PictureConverter
from shared.media.images.video_window import read_pictures
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo
from shared.recipes.picture_shape import PictureShape

HEADER = struct.Struct(">q")
"""Precedes each picture: its time in samples from the beginning of the clip."""
_LONGEST_PICTURE_S = Fraction(1, 2)
"""A picture that is shown when a clip begins is searched in this time before it."""
_MIN_STEP_S = Fraction(1, 40)
"""Pictures that follow sooner are left out: 50 and 60 a second become 25 and 30."""
_BACKDROP_SIDE_PX = 48
_BACKDROP_BRIGHTNESS = 0.45


def read_pictures_in_sandbox(
    sandbox_io: SandboxIO,
    media_info: MediaInfo,
    begin: Fraction,
    end: Fraction,
    view: View,
    rate_hz: int,
) -> bytes:
    """Writes HEADER and a yuv420p picture of the view's size for each picture of a time range.

    The first one is shown at `begin`. Times and the range are in seconds from the first picture of
    the video; the times written are in samples of `rate_hz` from `begin`.
    """
    converter: PictureConverter | None = None
    # One for all pictures: it sets up the conversion once.
    reformatter = VideoReformatter()
    for time, frame, shape in _select(sandbox_io, media_info, begin, end):
        if converter is None:
            converter = PictureConverter(media_info.video, _needed_width(media_info, view))
        image = _fill(converter.convert(frame, shape), view, float(max(time, begin)))
        sandbox_io.write(HEADER.pack(max(0, round((time - begin) * rate_hz))))
        sandbox_io.write(_to_planes(image, reformatter).tobytes())
    return b""


def decode_window_in_sandbox(
    sandbox_io: SandboxIO, media_info: MediaInfo, begin: Fraction, sample_count: int, rate_hz: int
) -> bytes:
    """Returns `sample_count` samples from `begin` on, float32, left and right alternating; nothing
    if the video has no sound there."""
    sound = decode_window(sandbox_io.file, media_info, begin, sample_count, rate_hz)
    return b"" if sound is None else sound.T.tobytes()


def _select(
    sandbox_io: SandboxIO, media_info: MediaInfo, begin: Fraction, end: Fraction
) -> Iterator[tuple[Fraction, VideoFrame, PictureShape]]:
    """Yields the picture that is shown at `begin`, and the later ones up to `end`."""
    first = max(Fraction(0), begin - _LONGEST_PICTURE_S)
    shown: tuple[Fraction, VideoFrame, PictureShape] | None = None
    last: Fraction | None = None
    for time, frame, shape in read_pictures(sandbox_io.file, media_info, first, end):
        if time <= begin:
            shown = (time, frame, shape)
            continue
        if shown is not None:
            yield shown
            shown, last = None, begin
        if last is None or time - last >= _MIN_STEP_S:
            yield time, frame, shape
            last = time
    if shown is not None:
        yield shown


def _needed_width(media_info: MediaInfo, view: View) -> int:
    """Returns the width to which pictures are scaled before they are cropped."""
    width, height = media_info.video.display_size
    crop = view.find_crop(width, height, 0.0)
    if crop is None:
        scale = min(view.size[0] / width, view.size[1] / height)
    else:
        scale = max(view.size[0] / crop[2], view.size[1] / crop[3])
    return max(2, min(width, int(width * scale + 0.999)))


def _fill(image: BgrImage, view: View, time_s: float) -> BgrImage:
    """Returns the picture in the size of the film."""
    height, width = image.shape[:2]
    crop = view.find_crop(width, height, time_s)
    if crop is not None:
        left, top, crop_width, crop_height = crop
        return _resize(image[top : top + crop_height, left : left + crop_width], view.size)
    scale = min(view.size[0] / width, view.size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    filled = _draw_backdrop(image, view.size)
    left, top = (view.size[0] - inner[0]) // 2, (view.size[1] - inner[1]) // 2
    filled[top : top + inner[1], left : left + inner[0]] = _resize(image, inner)
    return filled


def _draw_backdrop(image: BgrImage, size: tuple[int, int]) -> BgrImage:
    """Returns the picture in the size of the film, cropped, blurred and dark."""
    height, width = image.shape[:2]
    part = max(1, min(height, round(width * size[1] / size[0])))
    top = (height - part) // 2
    small_size = _BACKDROP_SIDE_PX, max(1, round(_BACKDROP_SIDE_PX * size[1] / size[0]))
    small = cv2.resize(image[top : top + part], small_size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 2)
    large = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large * _BACKDROP_BRIGHTNESS, np.uint8)


def _resize(image: BgrImage, size: tuple[int, int]) -> BgrImage:
    if (image.shape[1], image.shape[0]) == size:
        return image
    is_smaller = size[0] <= image.shape[1]
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _to_planes(image: BgrImage, reformatter: VideoReformatter) -> NDArray[np.uint8]:
    # The frame shares the memory of the image.
    source = VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="bgr24")
    frame = reformatter.reformat(
        source,
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    return np.ascontiguousarray(frame.to_ndarray(), np.uint8)
