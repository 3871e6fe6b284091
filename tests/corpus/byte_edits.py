"""Reads and edits bytes of containers: ISO boxes, transport streams and JPEG headers."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

Path = tuple[bytes, ...]
_HEADERS = {b"dref": 8, b"stsd": 8, b"meta": 4}
"""Bytes in a box before its children."""


def make_box(kind: bytes, payload: bytes) -> bytes:
    """A box (ISO/IEC 14496-12 §4.2)."""
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def make_full_box(kind: bytes, flags: int, payload: bytes, version: int = 0) -> bytes:
    """A box with version and flags."""
    return make_box(kind, struct.pack(">I", version << 24 | flags) + payload)


def boxes(data: bytes, begin: int = 0, end: int | None = None) -> list[tuple[bytes, int, int]]:
    """(kind, begin, end) of the consecutive boxes in `data[begin:end]`."""
    result, at, stop = [], begin, len(data) if end is None else end
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        size = size or stop - at
        result.append((kind, at, min(stop, at + size)))
        at += max(8, size)
    return result


def change_boxes(data: bytes, path: Path, with_payload: Callable[[bytes], bytes]) -> bytes:
    """Changes the payload of every box at `path` and updates the sizes of its parents. Offsets in
    the sample tables are not updated: they stay valid if `moov` is the last box."""
    out, last = b"", 0
    for kind, begin, end in boxes(data):
        if kind != path[0]:
            continue
        payload = data[begin + 8 : end]
        if len(path) == 1:
            changed = with_payload(payload)
        else:
            skip = _HEADERS.get(kind, 0)
            changed = payload[:skip] + change_boxes(payload[skip:], path[1:], with_payload)
        out += data[last:begin] + make_box(kind, changed)
        last = end
    return out + data[last:]


def patch_bytes(data: bytes, at: int, form: str, *values: int) -> bytes:
    """`data` with numbers written at offset `at`; `form` is a struct format."""
    return data[:at] + struct.pack(form, *values) + data[at + struct.calcsize(form) :]


def resize_jpeg_headers(data: bytes, width: int, height: int, skip: int = 0) -> bytes:
    """Sets the size in every JPEG header of `data` after the first `skip` (ITU-T T.81, B.2.2)."""
    at, count = data.find(b"\xff\xc0\x00\x11\x08"), 0
    while at >= 0:
        if count >= skip:
            data = patch_bytes(data, at + 5, ">HH", height, width)
        count += 1
        at = data.find(b"\xff\xc0\x00\x11\x08", at + 5)
    return data


def remove_timestamps(data: bytes, keep: int) -> bytes:
    """A transport stream in which only every `keep`-th picture has a timestamp: the flags for PTS
    and DTS of the others are cleared (ISO/IEC 13818-1 §2.4.3.7)."""
    out, count, at = bytearray(data), 0, data.find(b"\x00\x00\x01\xe0")
    while at >= 0:
        if count % keep:
            out[at + 7] &= 0x3F
        count += 1
        at = data.find(b"\x00\x00\x01\xe0", at + 4)
    return bytes(out)


def cut_before(data: bytes, kind: bytes) -> bytes:
    """The data before the first box of `kind`."""
    return data[: data.index(kind) - 4]


def cut_within(data: bytes, kind: bytes) -> bytes:
    """The data up to some bytes into the first box of `kind`."""
    return data[: data.index(kind) + 300]


def replace_samples(data: bytes, *, zeros: bool = False) -> bytes:
    """An MP4 whose samples are noise, or zeros."""

    def new_payload(old: bytes) -> bytes:
        return bytes(len(old)) if zeros else random.Random(2).randbytes(len(old))

    return change_boxes(data, (b"mdat",), new_payload)
