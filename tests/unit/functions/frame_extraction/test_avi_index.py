"""An AVI with overwritten headers of chunks: only the pictures in them are lost, with a warning."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.corpus.outcome import process_file
from tests.fixtures.media.clips import ClipSpec

COUNT = 30
CODECS = {
    "Motion JPEG": ("mjpeg", ()),
    "MPEG-4 with B pictures": ("mpeg4", (("g", "10"), ("bf", "2"))),
    "H.264": ("libx264", (("preset", "ultrafast"), ("g", "10"), ("bf", "0"))),
}
Edit = Callable[[int], bytes]
EDITS: dict[str, Edit] = {
    "another id": lambda size: b"\x13\x27\x99\x02" + struct.pack("<I", size),
    "no size": lambda _: b"00dc" + bytes(4),
    "a size beyond the next chunk": lambda size: b"00dc" + struct.pack("<I", size + 37),
    "a size beyond the end": lambda _: b"00dc\xff\xff\xff\x7f",
    "noise": lambda _: b"\x13\x27\x99\x02\xff\xff\xff\x7f",
}


def clip(name: str) -> bytes:
    codec, options = CODECS[name]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    spec = ClipSpec("avi", codec, COUNT, Fraction(1, 10), options=options, pix_fmt=pix_fmt,
        width=96, height=64)  # fmt: skip
    return spec.encode().path.read_bytes()


def chunks(data: bytes) -> list[tuple[int, int]]:
    """The position and the size of each picture's chunk."""
    at, end, found = data.index(b"movi") + 4, data.index(b"idx1"), []
    while at < end:
        (size,) = struct.unpack_from("<I", data, at + 4)
        found.append((at, size))
        at += 8 + size + size % 2
    return found


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", CODECS)
def test_pictures_after_an_overwritten_header_are_at_their_times(name: str, edit: str) -> None:
    data = clip(name)
    at, size = chunks(data)[11]

    outcome = process_file(data[:at] + EDITS[edit](size) + data[at + 8 :], "0.1")

    assert len(outcome.counters) == COUNT
    assert {counter for n, counter in enumerate(outcome.counters[:10]) if counter != n} == set()
    assert outcome.counters[20:] == tuple(range(20, COUNT))
    assert any("damaged" in warning for warning in outcome.warnings)


def test_pictures_that_were_not_recorded_are_not_lost() -> None:
    """An empty chunk with an empty entry of the index: the picture before is shown on."""
    data = clip("Motion JPEG")
    at, size = chunks(data)[11]
    entry = data.index(b"idx1") + 8 + 16 * 11 + 12
    # The bytes of the picture become a chunk that no reader knows.
    empty = b"00dc" + bytes(4) + b"JUNK" + struct.pack("<I", size + size % 2 - 8)
    data = data[:at] + empty + data[at + 16 : entry] + bytes(4) + data[entry + 4 :]

    outcome = process_file(data, "0.1")

    assert outcome.counters == (*range(11), 10, *range(12, COUNT))
    assert outcome.warnings == ()
