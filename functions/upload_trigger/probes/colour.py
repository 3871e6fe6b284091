"""What a video's container says about its colours, and what is done about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from functions.upload_trigger.probes.dolby_vision import DolbyVision, read_dolby_vision
from shared.media.colour.conversion import find_conversion
from shared.media.containers.range_file import RangeFile
from shared.media.errors import DolbyVisionOnly
from shared.media.images.frame_colour import read_colour
from shared.recipes.colour_description import (
    BT2020,
    HLG,
    NOTHING_STATED,
    PQ,
    UNSPECIFIED,
    ColourDescription,
    is_stated,
    overrides,
)
from shared.recipes.media_info import DynamicRange, MediaInfo

_FULL_RANGE = 2
File = BinaryIO | RangeFile
_STATING_CONTAINERS = frozenset({"mov", "matroska"})
"""Containers that describe colours: `colr` in MP4 and MOV, Colour in Matroska."""
_RANGES: dict[int, DynamicRange] = {PQ: "pq", HLG: "hlg"}
_HDR10 = ColourDescription(BT2020, PQ, BT2020)
_BASE_LAYERS = {1: _HDR10, 4: ColourDescription(BT2020, HLG, BT2020), 6: _HDR10}
"""The base layer of Dolby Vision by its compatibility."""
_STATIC_METADATA = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")
"""Metadata of HDR10 (CTA-861.3). With them a transfer that nothing states is PQ."""
_HDR10_PRIMARIES = (UNSPECIFIED, BT2020)
_RPU = "DOVI_RPU_BUFFER"
_PRIMARIES = {
    4: "BT.470 M", 5: "BT.470 BG", 6: "SMPTE 170M", 7: "SMPTE 240M", 8: "film", 9: "BT.2020",
    11: "DCI-P3", 12: "Display P3", 22: "EBU 3213",
}  # fmt: skip
_MATRICES_NOT_CONVERTED = {
    11: "YDzDx", 12: "chromaticity-derived", 13: "chromaticity-derived", 14: "ICtCp",
    15: "IPT-PQ-C2", 16: "YCgCo-R", 17: "YCgCo-R",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContainerColours:
    """What a container says about the colours of a stream.

    Attributes:
        stated: The description.
        takes_precedence: Whether it replaces what the pictures state, or only adds to it.
        dolby_vision: The configuration of Dolby Vision. It says what a base layer is that nothing
            else describes.
    """

    stated: ColourDescription
    takes_precedence: bool
    dolby_vision: DolbyVision | None

    @classmethod
    def read(cls, file: File, size_bytes: int, stream: VideoStream) -> ContainerColours:
        """Reads them before a picture of the stream is decoded.

        Raises DolbyVisionOnly if the pictures have no usable colours without Dolby Vision.
        """
        family = stream.container.format.name.split(",")[0]
        # FFmpeg continues to read where it stopped.
        position = file.tell()
        dolby_vision = read_dolby_vision(file, size_bytes, stream, family)
        file.seek(position)
        if dolby_vision is not None and not dolby_vision.has_usable_base_layer:
            raise DolbyVisionOnly
        stated = read_colour(stream.codec_context)
        return cls(stated, family in _STATING_CONTAINERS, dolby_vision)

    def add_to(self, media_info: MediaInfo, frame: VideoFrame | None) -> MediaInfo:
        """Returns the media info with the colours of the video. `frame` is its first picture.

        Raises DolbyVisionOnly like `read`, for a container without a configuration.
        """
        if frame is None:
            return media_info
        coded = read_colour(frame)
        colour = self._find_overrides(coded, frame)
        shown = colour.or_else(coded).with_inferred()
        # A stream of profile 5 has this range and no description; other profiles have one.
        is_bare = shown.range == _FULL_RANGE and not is_stated(shown.transfer)
        if is_bare and self.dolby_vision is None and _has_side_data(frame, _RPU):
            raise DolbyVisionOnly
        dynamic_range = _RANGES.get(shown.transfer, "sdr")
        return replace(
            media_info,
            video=replace(media_info.video, dynamic_range=dynamic_range, colour=colour),
            repairs=(*media_info.repairs, *_describe_repairs(shown)),
            warnings=(*media_info.warnings, *_describe_losses(shown, frame)),
        )

    def _find_overrides(self, coded: ColourDescription, frame: VideoFrame) -> ColourDescription:
        result = coded.or_else(self.stated).without(coded)
        if self.takes_precedence:
            result = overrides(self.stated, coded)
        described = result.or_else(coded)
        if is_stated(described.transfer):
            return result
        meant = NOTHING_STATED
        if self.dolby_vision is not None:
            meant = _BASE_LAYERS.get(self.dolby_vision.compatibility, meant)
        elif described.primaries in _HDR10_PRIMARIES and _has_side_data(frame, *_STATIC_METADATA):
            meant = _HDR10
        return result.or_else(coded.or_else(meant).without(coded))


def _has_side_data(frame: VideoFrame, *kinds: str) -> bool:
    """Call it once per file, like `read_orientation`, for the same reasons."""
    try:
        return any(frame.side_data.get(kind) is not None for kind in kinds)
    except ValueError:
        return False


def _describe_repairs(colour: ColourDescription) -> Iterator[str]:
    """Yields a message for the conversion of the colours."""
    if colour.transfer in _RANGES:
        name = _RANGES[colour.transfer].upper()
        yield f"High dynamic range ({name}) is converted to standard dynamic range."
    elif find_conversion(colour.primaries, colour.transfer) is not None:
        name = _PRIMARIES.get(colour.primaries, "linear light")
        yield f"The colours ({name}) are converted to sRGB."


def _describe_losses(colour: ColourDescription, frame: VideoFrame) -> Iterator[str]:
    """Yields a warning if the colours are coded in a way that is not converted."""
    name = _MATRICES_NOT_CONVERTED.get(colour.matrix)
    if name is not None and not frame.format.is_rgb:
        yield f"The colours are coded in a way that is not converted ({name}); they may be wrong."
