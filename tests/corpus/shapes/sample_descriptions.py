"""Edits how an MP4 or MOV says to show its pictures: clean apertures, pixel shapes, several sample
descriptions in one track. The files have one track, and their `moov` box is the last."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from tests.corpus.byte_edits import Path, boxes, change_boxes, make_box

TABLE: Path = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
HEADER: Path = (b"moov", b"trak", b"tkhd")
_ENTRY_BYTES = 78
"""The fields of a sample description before its boxes (ISO/IEC 14496-12 §12.1.3.2)."""


def change_entry(data: bytes, *, remove: Sequence[bytes] = (), add: Sequence[bytes] = ()) -> bytes:
    """An MP4 whose sample description lacks boxes of some kinds and ends with other boxes."""
    (kind, *_) = boxes(find_payload(data, (*TABLE, b"stsd"))[8:])[0]

    def change(payload: bytes) -> bytes:
        kept = [
            payload[begin:end]
            for name, begin, end in boxes(payload, _ENTRY_BYTES)
            if name not in remove
        ]
        return payload[:_ENTRY_BYTES] + b"".join((*kept, *add))

    return change_boxes(data, (*TABLE, b"stsd", kind), change)


def make_clap(*numbers: int) -> bytes:
    """A `clap` box: numerator and denominator of width, height, and of the two offsets."""
    return make_box(b"clap", struct.pack(">8i", *numbers))


def make_pasp(horizontal: int, vertical: int) -> bytes:
    """A `pasp` box."""
    return make_box(b"pasp", struct.pack(">II", horizontal, vertical))


def set_presentation_size(data: bytes, width: int, height: int) -> bytes:
    """An MP4 with another size in the header of its track."""
    return change_boxes(
        data, HEADER, lambda payload: payload[:-8] + struct.pack(">II", width << 16, height << 16)
    )


def find_payload(data: bytes, path: Path) -> bytes:
    """The payload of the box at `path`."""
    found: list[bytes] = []

    def keep(payload: bytes) -> bytes:
        found.append(payload)
        return payload

    change_boxes(data, path, keep)
    return found[0]


def join_descriptions(first: bytes, second: bytes) -> bytes:
    """An MP4 with the samples of both, each with its own sample description. Both have the same
    codec, time scale and kinds of boxes, and no edit list that begins later."""
    moov = next(begin for kind, begin, _ in boxes(first) if kind == b"moov")
    mdat = find_payload(second, (b"mdat",))
    old_start = next(begin + 8 for kind, begin, _ in boxes(second) if kind == b"mdat")
    shift = moov + 8 - old_start
    joined = first[:moov] + make_box(b"mdat", mdat) + first[moov:]
    one, two = (
        {kind: find_payload(data, (*TABLE, kind)) for kind in _TABLES if _has(data, kind)}
        for data in (first, second)
    )
    sample_count = struct.unpack(">I", one[b"stsz"][8:12])[0]
    chunk_count = struct.unpack(">I", one[b"stco"][4:8])[0]
    rows = {
        b"stts": _rows(one, b"stts", 2) + _rows(two, b"stts", 2),
        b"ctts": _rows(one, b"ctts", 2) + _rows(two, b"ctts", 2),
        b"stss": _rows(one, b"stss", 1) + [(n + sample_count,) for (n,) in _rows(two, b"stss", 1)],
        b"stsc": _rows(one, b"stsc", 3)
        + [(first_chunk + chunk_count, n, 2) for first_chunk, n, _ in _rows(two, b"stsc", 3)],
        b"stco": _rows(one, b"stco", 1)
        + [(offset + shift,) for (offset,) in _rows(two, b"stco", 1)],
    }
    for kind, values in rows.items():
        if kind in one:
            joined = _replace(joined, kind, _pack(values))
    sizes = _sizes(one[b"stsz"]) + _sizes(two[b"stsz"])
    joined = _replace(joined, b"stsz", struct.pack(">III", 0, 0, len(sizes) // 4) + sizes)
    entries = one[b"stsd"][8:] + two[b"stsd"][8:]
    joined = _replace(joined, b"stsd", struct.pack(">II", 0, 2) + entries)
    return _double_durations(joined)


_TABLES = (b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco")


def _sizes(stsz: bytes) -> bytes:
    """The size of each sample; the box has one number if all are equal."""
    size, count = struct.unpack_from(">II", stsz, 4)
    return struct.pack(">I", size) * count if size else stsz[12:]


def _has(data: bytes, kind: bytes) -> bool:
    return kind in data[data.rindex(b"stbl") :]


def _rows(tables: dict[bytes, bytes], kind: bytes, width: int) -> list[tuple[int, ...]]:
    data = tables.get(kind, b"")[8:]
    return list(struct.iter_unpack(f">{width}I", data))


def _pack(rows: Sequence[tuple[int, ...]]) -> bytes:
    values = [value for row in rows for value in row]
    return struct.pack(f">II{len(values)}I", 0, len(rows), *values)


def _replace(data: bytes, kind: bytes, payload: bytes) -> bytes:
    return change_boxes(data, (*TABLE, kind), lambda _: payload)


def _double_durations(data: bytes) -> bytes:
    """Both films have the same length: the version 0 fields of the headers and the edit list."""

    def double(at: int) -> Callable[[bytes], bytes]:
        def change(payload: bytes) -> bytes:
            (value,) = struct.unpack_from(">I", payload, at)
            return payload[:at] + struct.pack(">I", 2 * value) + payload[at + 4 :]

        return change

    data = change_boxes(data, (b"moov", b"mvhd"), double(16))
    data = change_boxes(data, HEADER, double(20))
    data = change_boxes(data, (b"moov", b"trak", b"edts", b"elst"), double(8))
    return change_boxes(data, (b"moov", b"trak", b"mdia", b"mdhd"), double(16))
