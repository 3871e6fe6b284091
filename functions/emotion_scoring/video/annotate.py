"""Draws boxes and labels on a window of a video, and encodes it as a piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import BinaryIO

from av.video.frame import VideoFrame

from functions.emotion_scoring.scores import Sink
from functions.emotion_scoring.video.extent import MAX_LONG_SIDE_PX
from functions.emotion_scoring.video.overlay import Mask, Overlay, draw_labels
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.extent import TimeRange, film_size
from shared.media.reencoding.piece import encode_piece, read_upright, to_frame
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo


def annotate(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    time_range: TimeRange,
    overlay: Overlay,
    colours: Mapping[str, Sequence[int]],
    masks: Mapping[str, Mask],
    sink: Sink,
) -> int:
    """Writes a time range as a piece. Returns the number of pictures.

    Args:
        colours: RGB, by emotion.
        masks: the mask of each text of the overlay.

    Raises:
        MoodreelError: reading the file failed.
    """

    size = film_size(media_info, MAX_LONG_SIDE_PX)

    def draw() -> Iterator[tuple[Fraction, VideoFrame]]:
        for time, image in read_upright(file, media_info, time_range, MAX_LONG_SIDE_PX):
            width = overlay.scored_width_at(time) or image.shape[1]
            factor = image.shape[1] / width
            draw_labels(image, overlay.labels_at(time), factor, colours, masks)
            yield time, to_frame(image, size)

    return encode_piece(draw(), media_info, size, sink)


def annotate_in_sandbox(
    sandbox_io: SandboxIO,
    media_info: MediaInfo,
    time_range: TimeRange,
    overlay: Overlay,
    colours: Mapping[str, Sequence[int]],
    masks: Mapping[str, Mask],
) -> bytes:
    """Runs `annotate` in the sandbox; returns the number of pictures in decimal digits."""
    return str(
        annotate(sandbox_io.file, media_info, time_range, overlay, colours, masks, sandbox_io)
    ).encode()
