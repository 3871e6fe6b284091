"""Packs joined with a directory are a ZIP that every program opens, and a pack alone tells all."""

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
    central_directory,
    read_pack,
    scan_pack,
)
from shared.recipes.media_info import Pts

pytestmark = pytest.mark.slow


def _stamp(k: int) -> FrameStamp:
    return FrameStamp(k, Fraction(k, 3), Pts(1001 * k - 5, Fraction(1, 30000)), 640, 360)


def _pack(first: int, count: int, size: int = 9) -> tuple[bytes, PackIndex]:
    out = io.BytesIO()
    writer = PackWriter(out)
    for k in range(first, first + count):
        writer.add(f"frame_{k + 1:06d}.jpg", bytes([k % 251]) * (size + k % 3), _stamp(k))
    return out.getvalue(), writer.close()


def _joined(tmp_path: Path, packs: list[tuple[bytes, PackIndex]]) -> Path:
    path = tmp_path / "frames.zip"
    path.write_bytes(b"".join(b for b, _ in packs) + central_directory([i for _, i in packs]))
    return path


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True)


def _opens_everywhere(path: Path, count: int) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == count
        assert archive.namelist() == sorted(archive.namelist())
    told = _run([sys.executable, "-m", "zipfile", "-t", str(path)])
    assert "Done testing" in told.stdout
    unzip = shutil.which("unzip")
    if unzip:
        told = subprocess.run(
            [unzip, "-tqq", str(path)], capture_output=True, text=True, check=True
        )
        assert told.stderr == ""


@pytest.mark.parametrize("packs", [1, 2, 31])
def test_packs_and_a_directory_are_a_zip(tmp_path: Path, packs: int) -> None:
    path = _joined(tmp_path, [_pack(7 * n, 7) for n in range(packs)])
    _opens_everywhere(path, 7 * packs)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("frame_000004.jpg") == bytes([3]) * 9
        assert archive.getinfo("frame_000004.jpg").date_time == (1980, 1, 1, 0, 0, 0)


def test_a_window_without_frames_leaves_no_gap(tmp_path: Path) -> None:
    path = _joined(tmp_path, [_pack(0, 3), _pack(3, 0), _pack(3, 4)])
    _opens_everywhere(path, 7)


@pytest.mark.parametrize("count", [65_534, 65_535, pytest.param(65_536, marks=pytest.mark.sweep)])
def test_more_entries_than_sixteen_bits_can_count(tmp_path: Path, count: int) -> None:
    half = count // 2
    path = _joined(tmp_path, [_pack(0, half, 1), _pack(half, count - half, 1)])
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == count
        assert archive.read(archive.infolist()[-1])[:1] == bytes([(count - 1) % 251])
    unzip = shutil.which("unzip")
    if unzip:
        told = subprocess.run(
            [unzip, "-lqq", str(path)], capture_output=True, text=True, check=True
        )
        assert len(told.stdout.splitlines()) == count


def test_offsets_beyond_four_gigabytes_are_found(tmp_path: Path) -> None:
    """A hole of 4 GiB stands before the packs: sparse on disk, all offsets need ZIP64."""
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


def test_offsets_cross_the_four_gigabyte_line_within_one_zip() -> None:
    """Built without its 4.2 GiB of data: entries on both sides of the line."""
    size = 700 << 20
    entries = []
    offset = 0
    for k in range(7):
        entry = IndexEntry(f"frame_{k + 1:06d}.jpg", _stamp(k), 0, size, offset)
        entries.append(entry)
        offset = entry.data_offset + size
    directory = central_directory([PackIndex(tuple(entries), offset)])

    class Virtual(io.BytesIO):
        """The directory at the end of a file whose front reads as nothing."""

        def seek(self, place: int, whence: int = 0) -> int:
            return (
                super().seek(max(0, place - offset), 0) + offset
                if whence == 0
                else (super().seek(place, whence) + offset)
            )

        def tell(self) -> int:
            return super().tell() + offset

    with zipfile.ZipFile(Virtual(directory)) as archive:
        found = [info.header_offset for info in archive.infolist()]
    assert found == [entry.offset for entry in entries]
    assert found[-1] > 0xFFFFFFFF > found[0]


def test_a_pack_alone_tells_everything() -> None:
    data, index = _pack(3, 5)
    assert scan_pack(io.BytesIO(data)) == index
    entries = list(read_pack(io.BytesIO(data)))
    assert [entry.stamp for entry in entries] == [_stamp(k) for k in range(3, 8)]
    assert entries[0].data == bytes([3]) * 9
    assert index.size_bytes == len(data)


def test_scanning_reads_headers_and_not_pictures() -> None:
    class Counting(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.asked += len(data)
            return data

    data, index = _pack(0, 20, size=100_000)
    stream = Counting(data)
    assert scan_pack(stream) == index
    assert stream.asked < 3000


def test_a_pack_is_read_front_to_back_with_one_entry_in_memory() -> None:
    class Trickle(io.RawIOBase):
        """Gives at most 7 bytes at a time and cannot seek, as a body on the wire."""

        def __init__(self, data: bytes) -> None:
            self._inner = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self._inner.read(min(size, 7))

    data, _ = _pack(0, 4)
    assert [entry.name for entry in read_pack(Trickle(data))] == [
        f"frame_{n:06d}.jpg" for n in range(1, 5)
    ]


@pytest.mark.parametrize("cut", [1, 29, 31, 80, 105])
def test_a_pack_that_was_cut_off_is_noticed(cut: int) -> None:
    data, _ = _pack(0, 1, size=20)
    with pytest.raises(PackDamaged):
        list(read_pack(io.BytesIO(data[:cut])))
    with pytest.raises(PackDamaged):
        scan_pack(io.BytesIO(data[:cut]))


def test_a_changed_picture_is_noticed() -> None:
    data, _ = _pack(0, 2)
    with pytest.raises(PackDamaged, match="not those that were written"):
        list(read_pack(io.BytesIO(data[:-1] + b"!")))


@given(st.binary(max_size=300), st.integers(0, 250))
def test_no_bytes_make_a_reader_fail_otherwise(noise: bytes, at: int) -> None:
    data, _ = _pack(0, 2)
    for bad in (noise, data[:at] + noise, data[:at] + noise + data[at + len(noise) :]):
        for read in (lambda b: list(read_pack(io.BytesIO(b))), lambda b: scan_pack(io.BytesIO(b))):
            try:
                read(bad)
            except PackDamaged:
                continue


@given(
    st.integers(0, 2**32 - 1),
    st.fractions(0, 10**6, max_denominator=60_000),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(1, 2**32 - 1),
)
def test_times_survive_exactly(k: int, target: Fraction, ticks: int, den: int) -> None:
    stamp = FrameStamp(k, target, Pts(ticks, Fraction(1, den)), 1, 1)
    assert FrameStamp.from_bytes(stamp.to_bytes()) == stamp


@pytest.mark.parametrize("name", ["", "a/b.jpg", "ü.jpg", "x" * 256])
def test_names_that_a_zip_should_not_carry_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a frame"):
        PackWriter(io.BytesIO()).add(name, b"", _stamp(0))


def test_offsets_of_a_pack_follow_each_other() -> None:
    _, index = _pack(0, 6)
    for before, after in pairwise(index.entries):
        assert after.offset == before.data_offset + before.size_bytes
