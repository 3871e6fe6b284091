"""Reads from the `moov` box of an MP4 or MOV where the samples of its tracks are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.media.containers.boxes import Box, iterate_boxes

HEADER_BYTES = 8
"""The size of a box without its payload."""
CONTAINER_KINDS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Boxes between `moov` and the sample tables."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleTable:
    """The samples of a track (ISO/IEC 14496-12 §8.7).

    Attributes:
        count: The number of samples.
        sample_size: The size of each sample in bytes, 0 when they differ.
        sizes: The size of each sample when they differ.
        chunk_offsets: Where each chunk starts.
        chunk_counts: The number of samples in each chunk.
    """

    count: int
    sample_size: int
    sizes: NDArray[np.uint32]
    chunk_offsets: NDArray[np.int64]
    chunk_counts: NDArray[np.uint32]


def children(data: bytes, begin: int, end: int) -> Iterator[Box]:
    """Yields the boxes between two positions of `data`."""
    return iterate_boxes(io.BytesIO(data), begin, min(end, len(data)))


def find_box(data: bytes, path: tuple[bytes, ...]) -> Box | None:
    """Returns the first box at a path such as (`mdia`, `hdlr`) in the payload of a box."""
    begin, end = HEADER_BYTES, len(data)
    box: Box | None = None
    for kind in path:
        box = next((child for child in children(data, begin, end) if child.kind == kind), None)
        if box is None:
            return None
        begin, end = box.begin, box.end
    return box


def read_tracks(moov: bytes) -> dict[bytes, bytes]:
    """Returns the `trak` boxes by the type of their media: `vide`, `soun`."""
    tracks: dict[bytes, bytes] = {}
    for box in children(moov, HEADER_BYTES, len(moov)):
        if box.kind == b"trak":
            trak = moov[box.start : box.end]
            handler = find_box(trak, (b"mdia", b"hdlr"))
            if handler is not None:
                # Version and flags, a reserved field, the type.
                tracks[trak[handler.begin + 8 : handler.begin + 12]] = trak
    return tracks


def read_sample_table(trak: bytes) -> SampleTable:
    """Reads the sample table of a track. Raises ValueError for invalid tables."""
    path = (b"mdia", b"minf", b"stbl")
    boxes = {kind: find_box(trak, (*path, kind)) for kind in (b"stsz", b"stsc", b"stco", b"co64")}
    stsz, stsc, offsets = boxes[b"stsz"], boxes[b"stsc"], boxes[b"stco"] or boxes[b"co64"]
    if stsz is None or stsc is None or offsets is None:
        raise ValueError("The track has no sample table.")
    sample_size, count = np.frombuffer(trak, ">u4", 2, stsz.begin + 4).tolist()
    sizes = np.frombuffer(trak, ">u4", 0 if sample_size else count, stsz.begin + 12)
    chunk_offsets = _read_rows(trak, offsets, ">u4" if offsets.kind == b"stco" else ">u8")
    # First chunk (from 1), samples per chunk, description.
    runs = _read_rows(trak, stsc, ">u4", 3).reshape(-1, 3).astype(np.int64)
    chunks = np.diff(np.append(runs[:, 0], len(chunk_offsets) + 1))
    if (chunks < 0).any() or chunks.sum() != len(chunk_offsets):
        raise ValueError("The chunks of the track do not match.")
    return SampleTable(
        count,
        sample_size,
        sizes.astype(np.uint32),
        chunk_offsets.astype(np.int64),
        np.repeat(runs[:, 1], chunks).astype(np.uint32),
    )


def _read_rows(data: bytes, box: Box, kind: str, width: int = 1) -> NDArray[np.int64]:
    """Returns the numbers of a box with version, flags and a number of rows."""
    (count,) = np.frombuffer(data, ">u4", 1, box.begin + 4).tolist()
    rows: NDArray[np.int64] = np.frombuffer(data, kind, count * width, box.begin + 8)
    return rows
