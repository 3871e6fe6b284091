"""Finds the shape of a video's first picture: which part is shown, and the shape of its pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.containers.range_file import RangeFile
from shared.media.geometry.matroska import read_crop
from shared.media.geometry.shapes import plausible_aspect
from shared.media.geometry.visual_track import read_visual_track
from shared.recipes.picture_shape import NO_CROP, PictureShape


def read_shape(
    container: InputContainer, stream: VideoStream, file: BinaryIO | RangeFile
) -> PictureShape:
    """Returns the shape of the first picture, before the decoder has read a packet."""
    family = container.format.name.split(",")[0]
    # FFmpeg takes the shape of the container, otherwise that of the codec.
    aspect, crop = plausible_aspect(stream.sample_aspect_ratio), NO_CROP
    if family == "matroska":
        crop = read_crop(file, container.streams.video.index(stream))
    track = read_visual_track(file, stream.id) if family == "mov" else None
    if track is not None:
        crop = track.entries[0].crop
        if any(crop) or len(track.entries) > 1:
            # FFmpeg compares the track's size with that of all of the picture, and with that of the
            # last description.
            coded_aspect = plausible_aspect(stream.codec_context.sample_aspect_ratio)
            aspect = plausible_aspect(track.sample_aspect) or coded_aspect
    return PictureShape(aspect or Fraction(1), crop)
