"""Reads the Dolby Vision configuration of a video stream, which PyAV does not return.

MP4: "Dolby Vision Streams Within the ISO Base Media File Format", the boxes dvcC, dvvC and dvwC.
Matroska: the same bytes in a BlockAdditionMapping (RFC 9559 §5.1.4.1.17).
MPEG-TS: "Dolby Vision Streams Within the MPEG-2 Transport Stream Format", a descriptor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from av.video.stream import VideoStream

from functions.upload_trigger.probes.matroska_tracks import read_block_additions
from functions.upload_trigger.probes.program_map import read_descriptors
from shared.media.containers.boxes import Box, iterate_boxes, read_top_boxes
from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_KINDS = (b"dvcC", b"dvvC", b"dvwC")
_TRACK_PATH = (b"mdia", b"minf", b"stbl", b"stsd")
_ENTRIES_HEADER_BYTES = 8
_VIDEO_ENTRY_BYTES = 78
"""The fields of a VisualSampleEntry before its boxes (ISO/IEC 14496-12 §12.1.3)."""
_MAX_BOXES = 20_000
_DESCRIPTOR = 0xB0
_MIN_BYTES = 5
_OWN_COLOUR_PROFILE = 5
_COMPATIBLE_PROFILES = (4, 7, 9)
"""Profiles whose base layer is always SDR or HDR10."""


@dataclass(frozen=True, slots=True)
class DolbyVision:
    """The profile, and with what the base layer is compatible.

    `compatibility` is 1 or 6 for HDR10, 2 for SDR, 4 for HLG and 0 for nothing.
    """

    profile: int
    compatibility: int

    @property
    def has_usable_base_layer(self) -> bool:
        """Whether the pictures have correct colours without the metadata of Dolby Vision.

        Otherwise they are coded as IPT-PQ-c2, after a curve that is in the metadata only.
        """
        if self.profile == _OWN_COLOUR_PROFILE:
            return False
        return self.profile in _COMPATIBLE_PROFILES or self.compatibility != 0


def read_dolby_vision(
    file: File, size_bytes: int, stream: VideoStream, family: str
) -> DolbyVision | None:
    """Returns the configuration of the stream; None if there is none. `family` is FFmpeg's name
    of the container."""
    if family == "mov":
        return _parse(_read_mov(file, size_bytes, stream.id))
    if family == "matroska":
        return _parse(read_block_additions(file, size_bytes, _KINDS).get(stream.index))
    if family == "mpegts":
        return _parse_descriptor(read_descriptors(file, stream.id).get(_DESCRIPTOR))
    return None


def _parse(data: bytes | None) -> DolbyVision | None:
    if data is None or len(data) < _MIN_BYTES:
        return None
    return DolbyVision(data[2] >> 1, data[4] >> 4)


def _parse_descriptor(data: bytes | None) -> DolbyVision | None:
    """Unlike the box, a descriptor of a stream without a base layer has the PID of that."""
    if data is None or len(data) < _MIN_BYTES:
        return None
    has_base_layer = bool(data[3] & 1)
    at = 4 if has_base_layer else 6
    return DolbyVision(data[2] >> 1, data[at] >> 4 if at < len(data) else 0)


def _read_mov(file: File, size_bytes: int, track_id: int) -> bytes | None:
    budget = [_MAX_BOXES]
    for movie in read_top_boxes(file, size_bytes):
        if movie.kind != b"moov":
            continue
        for track in iterate_boxes(file, movie.begin, min(movie.end, size_bytes), budget):
            if track.kind == b"trak" and _track_id(file, track, budget) == track_id:
                return _find_configuration(file, track, budget)
    return None


def _track_id(file: File, track: Box, budget: list[int]) -> int | None:
    header = _find_child(file, track, b"tkhd", budget)
    if header is None:
        return None
    data = _read(file, header.begin, min(header.end, header.begin + 24))
    at = 20 if data[:1] == b"\1" else 12
    return int.from_bytes(data[at : at + 4], "big")


def _find_configuration(file: File, track: Box, budget: list[int]) -> bytes | None:
    box = track
    for kind in _TRACK_PATH:
        found = _find_child(file, box, kind, budget)
        if found is None:
            return None
        box = found
    for entry in iterate_boxes(file, box.begin + _ENTRIES_HEADER_BYTES, box.end, budget):
        for child in iterate_boxes(file, entry.begin + _VIDEO_ENTRY_BYTES, entry.end, budget):
            if child.kind in _KINDS:
                return _read(file, child.begin, min(child.end, child.begin + _MIN_BYTES))
    return None


def _find_child(file: File, parent: Box, kind: bytes, budget: list[int]) -> Box | None:
    children = iterate_boxes(file, parent.begin, parent.end, budget)
    return next((child for child in children if child.kind == kind), None)


def _read(file: File, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(max(0, end - begin))
