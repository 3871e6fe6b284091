"""Finds the shape of a video's first picture: which part is shown, and the shape of its pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.containers.range_file import RangeFile
from shared.media.geometry.matroska import read_crop
from shared.media.geometry.shapes import plausible_aspect
from shared.media.geometry.visual_track import VisualTrack, read_visual_track
from shared.recipes.picture_shape import NO_CROP, PictureShape


def find_track(
    container: InputContainer, stream: VideoStream, file: BinaryIO | RangeFile
) -> VisualTrack | None:
    """Returns the track of the stream in an MP4 or MOV."""
    is_mov = container.format.name.startswith("mov")
    return read_visual_track(file, stream.id) if is_mov else None


def describe_left_out(track: VisualTrack | None) -> str | None:
    """Returns a warning when FFmpeg does not read all parts of a track: only those whose format is
    that of the first sample description."""
    formats = [] if track is None else [entry.kind for entry in track.entries]
    others = sorted({kind.decode("ascii", "replace") for kind in formats if kind != formats[0]})
    if not others:
        return None
    return f"Parts of the video have another format ({', '.join(others)}); they are left out."


def read_shape(
    container: InputContainer,
    stream: VideoStream,
    file: BinaryIO | RangeFile,
    track: VisualTrack | None,
) -> PictureShape:
    """Returns the shape of the first picture, before the decoder has read a packet."""
    # FFmpeg takes the shape of the container, otherwise that of the codec.
    aspect, crop = plausible_aspect(stream.sample_aspect_ratio), NO_CROP
    if container.format.name.startswith("matroska"):
        crop = read_crop(file, container.streams.video.index(stream))
    if track is not None:
        crop = track.entries[0].crop
        if any(crop) or len(track.entries) > 1:
            # FFmpeg compares the track's size with that of all of the picture, and with that of the
            # last description.
            coded_aspect = plausible_aspect(stream.codec_context.sample_aspect_ratio)
            aspect = plausible_aspect(track.sample_aspect) or coded_aspect
    return PictureShape(aspect or Fraction(1), crop)
