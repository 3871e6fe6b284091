"""Packs with a directory are a standard ZIP, and a pack contains all facts of its frames."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.recipes.frames.pack import (
    FrameStamp,
    IndexEntry,
    PackDamaged,
    PackIndex,
    PackWriter,
    read_pack,
    scan_pack,
)
from shared.recipes.frames.pack_directory import central_directory
from shared.recipes.pts import Pts

pytestmark = pytest.mark.slow


def _stamp(k: int) -> FrameStamp:
    return FrameStamp(k, Fraction(k, 3), Pts(1001 * k - 5, Fraction(1, 30000)), 640, 360)


def _pack(first: int, count: int, size: int = 9) -> tuple[bytes, PackIndex]:
    out = io.BytesIO()
    writer = PackWriter(out)
    for k in range(first, first + count):
        writer.add(f"frame_{k + 1:06d}.jpg", bytes([k % 251]) * (size + k % 3), _stamp(k))
    return out.getvalue(), writer.close()


def _write_zip(tmp_path: Path, packs: list[tuple[bytes, PackIndex]]) -> Path:
    path = tmp_path / "frames.zip"
    path.write_bytes(b"".join(b for b, _ in packs) + central_directory([i for _, i in packs]))
    return path


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True)


def _assert_valid_zip(path: Path, count: int) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == count
        assert archive.namelist() == sorted(archive.namelist())
    output = _run([sys.executable, "-m", "zipfile", "-t", str(path)])
    assert "Done testing" in output.stdout
    unzip = shutil.which("unzip")
    if unzip:
        output = subprocess.run(
            [unzip, "-tqq", str(path)], capture_output=True, text=True, check=True
        )
        assert output.stderr == ""


@pytest.mark.parametrize("packs", [1, 2, 31])
def test_packs_with_a_directory_are_a_zip(tmp_path: Path, packs: int) -> None:
    path = _write_zip(tmp_path, [_pack(7 * n, 7) for n in range(packs)])
    _assert_valid_zip(path, 7 * packs)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("frame_000004.jpg") == bytes([3]) * 9
        assert archive.getinfo("frame_000004.jpg").date_time == (1980, 1, 1, 0, 0, 0)


def test_empty_pack_leaves_no_gap(tmp_path: Path) -> None:
    path = _write_zip(tmp_path, [_pack(0, 3), _pack(3, 0), _pack(3, 4)])
    _assert_valid_zip(path, 7)


@pytest.mark.parametrize("count", [65_534, 65_535, pytest.param(65_536, marks=pytest.mark.sweep)])
def test_zip64_when_the_entry_count_exceeds_16_bits(tmp_path: Path, count: int) -> None:
    half = count // 2
    path = _write_zip(tmp_path, [_pack(0, half, 1), _pack(half, count - half, 1)])
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == count
        assert archive.read(archive.infolist()[-1])[:1] == bytes([(count - 1) % 251])
    unzip = shutil.which("unzip")
    if unzip:
        result = subprocess.run(
            [unzip, "-lqq", str(path)], capture_output=True, text=True, check=True
        )
        assert len(result.stdout.splitlines()) == count


def test_zip64_when_all_offsets_exceed_4_gib(tmp_path: Path) -> None:
    """A sparse gap of 4 GiB precedes the packs, so that all offsets need ZIP64."""
    hole = (4 << 30) + 12345
    packs = [_pack(0, 5), _pack(5, 5)]
    path = tmp_path / "frames.zip"
    with path.open("wb") as out:
        out.seek(hole)
        for data, _ in packs:
            out.write(data)
        out.write(central_directory([index for _, index in packs], base=hole))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].header_offset == hole
        assert archive.read("frame_000008.jpg") == bytes([7]) * 10
    path.unlink()


def test_zip64_when_offsets_cross_4_gib() -> None:
    """Entries on both sides of 4 GiB; built without their 4.2 GiB of data."""
    size = 700 << 20
    entries = []
    offset = 0
    for k in range(7):
        entry = IndexEntry(f"frame_{k + 1:06d}.jpg", _stamp(k), 0, size, offset)
        entries.append(entry)
        offset = entry.data_offset + size
    directory = central_directory([PackIndex(tuple(entries), offset)])

    class Virtual(io.BytesIO):
        """A file whose content before the directory is missing."""

        def seek(self, position: int, whence: int = 0) -> int:
            return (
                super().seek(max(0, position - offset), 0) + offset
                if whence == 0
                else (super().seek(position, whence) + offset)
            )

        def tell(self) -> int:
            return super().tell() + offset

    with zipfile.ZipFile(Virtual(directory)) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
    assert offsets == [entry.offset for entry in entries]
    assert offsets[-1] > 0xFFFFFFFF > offsets[0]


def test_pack_contains_all_facts_of_its_frames() -> None:
    data, index = _pack(3, 5)
    assert scan_pack(io.BytesIO(data)) == index
    entries = list(read_pack(io.BytesIO(data)))
    assert [entry.stamp for entry in entries] == [_stamp(k) for k in range(3, 8)]
    assert entries[0].data == bytes([3]) * 9
    assert index.size_bytes == len(data)


def test_scan_reads_headers_only() -> None:
    class Counting(io.BytesIO):
        bytes_read = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.bytes_read += len(data)
            return data

    data, index = _pack(0, 20, size=100_000)
    stream = Counting(data)
    assert scan_pack(stream) == index
    assert stream.bytes_read < 3000


def test_pack_is_read_from_a_stream_without_seek() -> None:
    class SlowStream(io.RawIOBase):
        """Returns at most 7 bytes per read and cannot seek, like a network stream."""

        def __init__(self, data: bytes) -> None:
            self._inner = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._inner.read(min(size, 7))

    data, _ = _pack(0, 4)
    assert [entry.name for entry in read_pack(SlowStream(data))] == [
        f"frame_{n:06d}.jpg" for n in range(1, 5)
    ]


@pytest.mark.parametrize("cut", [1, 29, 31, 80, 105])
def test_truncated_pack_is_detected(cut: int) -> None:
    data, _ = _pack(0, 1, size=20)
    with pytest.raises(PackDamaged):
        list(read_pack(io.BytesIO(data[:cut])))
    with pytest.raises(PackDamaged):
        scan_pack(io.BytesIO(data[:cut]))


def test_changed_picture_is_detected() -> None:
    data, _ = _pack(0, 2)
    with pytest.raises(PackDamaged, match="not those that were written"):
        list(read_pack(io.BytesIO(data[:-1] + b"!")))


@given(st.binary(max_size=300), st.integers(0, 250))
def test_malformed_pack_only_raises_pack_damaged(noise: bytes, offset: int) -> None:
    data, _ = _pack(0, 2)
    for damaged in (
        noise,
        data[:offset] + noise,
        data[:offset] + noise + data[offset + len(noise) :],
    ):
        for read in (lambda b: list(read_pack(io.BytesIO(b))), lambda b: scan_pack(io.BytesIO(b))):
            try:
                read(damaged)
            except PackDamaged:
                continue


@given(
    st.integers(0, 2**32 - 1),
    st.fractions(0, 10**6, max_denominator=60_000),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(1, 2**32 - 1),
)
def test_stamp_round_trips(k: int, target: Fraction, ticks: int, den: int) -> None:
    stamp = FrameStamp(k, target, Pts(ticks, Fraction(1, den)), 1, 1)
    assert FrameStamp.from_bytes(stamp.to_bytes()) == stamp


@pytest.mark.parametrize("name", ["", "a/b.jpg", "ü.jpg", "x" * 256])
def test_invalid_frame_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a frame"):
        PackWriter(io.BytesIO()).add(name, b"", _stamp(0))


def test_entries_of_a_pack_are_contiguous() -> None:
    _, index = _pack(0, 6)
    for before, after in pairwise(index.entries):
        assert after.offset == before.data_offset + before.size_bytes
