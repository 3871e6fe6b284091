"""Chooses the video stream of a container, and where to look for its keyframes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.container import InputContainer
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from shared.media.errors import NoVideoStream, UnsupportedCodec
from shared.media.limits import MAX_PIXELS, check_size
from shared.recipes.media_info import MediaInfo

# A container without an index is sought by time, with an increasing margin before the target.
_MARGIN_DEFAULT_S = Fraction(3)
_MARGIN_MAX_S = Fraction(120)


def choose_video(container: InputContainer, index: int | None = None) -> VideoStream:
    """Returns the video stream to use; all other streams are switched off.

    Prefers streams that can be decoded, then those that the file marks as default, then the
    longest, then the largest, then the first.

    Args:
        container: The open container.
        index: The index of the stream, if it was chosen before.

    Raises:
        NoVideoStream: When there is no video.
        VideoTooLarge: When its pictures are too large.
        UnsupportedCodec: When there is no decoder.
    """
    candidates = [s for s in container.streams.video if not is_cover_image(s)]
    if index is not None:
        candidates = [s for s in candidates if s.index == index]
    if not candidates:
        raise NoVideoStream
    stream = max(candidates, key=_rank)
    context = _codec_context(stream)
    if context is None:
        raise UnsupportedCodec
    check_size(context.width, context.height)
    # A picture that declares a larger size later is not decoded either.
    context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def is_cover_image(stream: VideoStream) -> bool:
    """Returns whether the stream is a cover image or thumbnails, and not video."""
    pictures = stream.disposition.attached_pic | stream.disposition.timed_thumbnails
    return bool(stream.disposition & pictures)


def _rank(stream: VideoStream) -> tuple[bool, bool, Fraction, int, int]:
    """Returns the sort key for `choose_video`; the greatest is the best."""
    base = stream.time_base or Fraction(0)
    length = (stream.duration or 0) * Fraction(base.numerator, base.denominator)
    context = _codec_context(stream)
    pixels = 0 if context is None else context.width * context.height
    default = bool(stream.disposition & stream.disposition.default)
    return context is not None, default, length, pixels, -stream.index


def _codec_context(stream: VideoStream) -> VideoCodecContext | None:
    """Returns None when FFmpeg has no decoder."""
    try:
        return stream.codec_context
    except (AttributeError, RuntimeError):
        return None


def seek_margins(media_info: MediaInfo) -> Iterator[int]:
    """Yields the ticks before a target at which to look for a keyframe, one after the other. Yields
    nothing if the file can only be read from its start."""
    if media_info.random_access == "none":
        return
    video = media_info.video
    interval = video.keyframe_interval_s or _MARGIN_DEFAULT_S
    margin = interval * Fraction(5, 4) + Fraction(1, 2)
    if media_info.random_access == "index":
        yield 0
    while margin <= _MARGIN_MAX_S:
        yield int(margin / video.time_base)
        margin *= 2
