"""Tests of the annotated video: each picture once across windows, sound copied, boxes drawn."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from functions.emotion_scoring.video.annotate import annotate
from functions.emotion_scoring.video.extent import find_obstacle
from functions.emotion_scoring.video.overlay import Overlay
from functions.upload_trigger.probes.video import probe
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.extent import TimeRange
from shared.media.reencoding.film import write_film
from shared.recipes.media_info import MediaInfo
from tests.corpus.discontinuities import FIRST, SECOND, shift_sound
from tests.corpus.encoding import clip_bytes, run_ffmpeg
from tests.corpus.shapes.coloured_clips import (
    BLUE,
    RED,
    assert_bars_cropped,
    assert_colour,
    make_bars,
    make_plain,
)
from tests.corpus.shapes.sample_descriptions import change_entry, join_descriptions, make_clap
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import Clip, cached_file
from tests.fixtures.media.counter import read_counter

pytestmark = pytest.mark.slow

NO_LABELS = Overlay((), Fraction(1))


def _file(path: Path) -> RangeFile:
    handle = path.open("rb")
    return RangeFile(lambda at, n: os.pread(handle.fileno(), n, at), path.stat().st_size)


def _memory(data: bytes) -> Callable[[], RangeFile]:
    return lambda: RangeFile(lambda at, n: data[at : at + n], len(data))


def _probe(path: Path) -> MediaInfo:
    return probe(_file(path), path.stat().st_size)


def _pieces(clip: Clip, borders: Sequence[str], overlay: Overlay = NO_LABELS) -> list[bytes]:
    ends = [None, *map(Fraction, borders), None]
    pieces = []
    for begin, end in pairwise(ends):
        out = io.BytesIO()
        media_info = _probe(clip.path)
        annotate(_file(clip.path), media_info, TimeRange(begin, end), overlay, {}, {}, out)
        pieces.append(out.getvalue())
    return pieces


def _film(clip: Clip, pieces: Sequence[bytes]) -> bytes:
    media_info, out = _probe(clip.path), io.BytesIO()
    source = (lambda: _file(clip.path)) if media_info.audio_codecs else None
    files = [_memory(piece) for piece in pieces if piece]
    write_film(files, source, media_info, out)
    return out.getvalue()


BORDERS = {
    "cfr30": ["3", "6.05", "9"],
    "ntsc": ["1.5", "4"],
    "vfr": ["2", "5.01"],
    "long-gop": ["4", "11"],
    "open-gop": ["2.5", "7"],
    "mpegts-later": ["3", "8"],
    "webm": ["2", "6"],
    "later": ["3"],
    "rotated-90": ["1"],
}
"""The borders of the windows in seconds, by kind of clip."""


@pytest.mark.parametrize("kind", BORDERS)
def test_film_has_each_picture_once_at_its_time(kind: str) -> None:
    clip = CLIP_SPECS[kind].encode()
    film = _film(clip, _pieces(clip, BORDERS[kind]))
    with av.open(io.BytesIO(film), "r") as container:
        decoded = [
            (
                frame.pts * frame.time_base,
                read_counter(np.asarray(frame.to_ndarray(format="bgr24"))),
            )
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]
        duration = Fraction(container.duration or 0, av.time_base)
    assert [number for _, number in decoded] == list(range(len(clip.times_s)))
    for (time, _), expected in zip(decoded, clip.times_s, strict=True):
        assert abs(time - expected) < Fraction(1, 1000)
    expected_duration = _probe(clip.path).duration
    assert expected_duration is not None
    assert abs(duration - expected_duration) < Fraction(1, 20)


def test_film_copies_the_sound_of_the_source() -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    film = _film(clip, _pieces(clip, ["5"]))
    with av.open(str(clip.path), "r") as source, av.open(io.BytesIO(film), "r") as result:
        expected = [bytes(packet) for packet in source.demux(audio=0) if packet.size]
        copied = [bytes(packet) for packet in result.demux(audio=0) if packet.size]
    assert len(expected) - len(copied) <= 2, "packets before the first picture may be dropped"
    assert copied == expected[len(expected) - len(copied) :]


@pytest.mark.parametrize("suffix", ["ts", "flv", "mkv", "mp4"])
def test_film_goes_on_behind_a_jump_of_the_time_stamps(tmp_path: Path, suffix: str) -> None:
    """Two recordings with sound, of different sizes; a window begins in each."""
    first = clip_bytes(replace(FIRST, suffix=suffix, has_sound=True))
    second = clip_bytes(replace(SECOND, suffix=suffix, has_sound=True, width=48, height=48))
    path = tmp_path / f"joined.{suffix}"
    path.write_bytes(first + second)
    clip = Clip(path, (), Fraction(5))
    with av.open(io.BytesIO(_film(clip, _pieces(clip, ["1", "2.5", "4"]))), "r") as film:
        pictures = [
            (
                frame.pts * frame.time_base,
                np.asarray(frame.to_ndarray(format="bgr24"), np.uint8),
            )
            for frame in film.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]
        film.seek(0)
        sound = [packet for packet in film.demux(audio=0) if packet.size]
    for number, (time, _) in enumerate(pictures):
        assert abs(time - Fraction(number, 30)) <= Fraction(1, 900)
    assert {image.shape for _, image in pictures} == {(64, 96, 3)}
    # The second recording is shown between black bars.
    counters = [
        read_counter(image if n < 90 else image[:, 16:80]) for n, (_, image) in enumerate(pictures)
    ]
    assert counters == [*range(90), *range(60)]
    times_s = [packet.pts * packet.time_base for packet in sound if packet.pts is not None]
    assert times_s == sorted(set(times_s))
    assert abs(times_s[-1] - 5) < Fraction(1, 10)
    # One AAC frame is 1024 samples; at the joint one or two overlap.
    assert abs(len(times_s) - 5 * 44_100 / 1024) <= 4


@pytest.mark.parametrize("by_s", [-1800, 1800])
def test_jump_of_the_sound_alone_is_removed(tmp_path: Path, by_s: int) -> None:
    path = tmp_path / "sound.ts"
    spec = replace(FIRST, has_sound=True)
    data = run_ffmpeg("later", "ts", "-i", spec, "-c", "copy", "-output_ts_offset", "7200")
    path.write_bytes(shift_sound(data, 3, by_s))
    clip = Clip(path, (), Fraction(3))
    with av.open(io.BytesIO(_film(clip, _pieces(clip, []))), "r") as film:
        times_s = [
            packet.pts * packet.time_base
            for packet in film.demux(audio=0)
            if packet.size and packet.pts is not None
        ]
    steps = [later - earlier for earlier, later in pairwise(times_s)]
    assert max(steps) < Fraction(1, 40)
    assert abs(times_s[-1] - 3) < Fraction(1, 10)


def test_index_precedes_the_data() -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    film = _film(clip, _pieces(clip, ["5"]))
    boxes, at = [], 0
    while at < len(film):
        size, kind = struct.unpack_from(">I4s", film, at)
        boxes.append(kind)
        at += size
    assert boxes[:2] == [b"ftyp", b"moov"]
    assert boxes[-1] == b"mdat"
    assert at == len(film)


@pytest.mark.parametrize(
    ("size", "aspect", "blue", "black"),
    [
        ("160x240", "2", [(0.01, 0.01), (0.99, 0.99)], []),
        ("240x320", "1", [(0.25, 0.01), (0.75, 0.99)], [(0.1, 0.5), (0.9, 0.5)]),
        ("640x240", "1", [(0.01, 0.3), (0.99, 0.7)], [(0.5, 0.1), (0.5, 0.9)]),
    ],
)
def test_film_has_one_size_when_that_of_the_pictures_changes(
    size: str, aspect: str, blue: list[tuple[float, float]], black: list[tuple[float, float]]
) -> None:
    """The second half is fitted into the size of the first, not stretched."""
    data = join_descriptions(make_plain(RED, "320x240"), make_plain(BLUE, size, aspect))
    path = cached_file(f"joined {size}", "mp4", lambda path: path.write_bytes(data))
    clip = Clip(path, (), Fraction(2))
    film = _film(clip, _pieces(clip, ["1.2"]))
    with av.open(io.BytesIO(film), "r") as container:
        images = [_to_bgr(frame) for frame in container.decode(video=0)]
    assert [image.shape for image in images] == [(240, 320, 3)] * 20
    assert_colour(images[9], 0.01, 0.01, RED)
    for image in (images[11], images[19]):
        for x, y in blue:
            assert_colour(image, x, y, BLUE)
        for x, y in black:
            assert_colour(image, x, y, (0, 0, 0))


def test_film_shows_the_clean_aperture() -> None:
    data = change_entry(make_bars(), add=(make_clap(160, 1, 80, 1, 0, 1, 0, 1),))
    path = cached_file("clean aperture", "mp4", lambda path: path.write_bytes(data))
    clip = Clip(path, (), Fraction(1))
    with av.open(io.BytesIO(_film(clip, _pieces(clip, ["0.5"]))), "r") as container:
        images = [_to_bgr(frame) for frame in container.decode(video=0)]
    assert len(images) == 10
    assert_bars_cropped(images[9], 160, 80)


def _to_bgr(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def test_window_without_pictures_gives_an_empty_piece() -> None:
    clip = CLIP_SPECS["cfr30"].encode()
    pieces = _pieces(clip, ["5.001", "5.002"])
    assert pieces[1] == b""
    with av.open(io.BytesIO(_film(clip, pieces)), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == len(clip.times_s)


def test_obstacle_names_why_a_video_cannot_be_annotated() -> None:
    avi = _probe(RARE_CLIP_SPECS["avi-mpeg4"].encode().path)
    assert "does not say when" in str(find_obstacle(avi, Fraction(10)))
    plain = _probe(CLIP_SPECS["cfr30"].encode().path)
    assert find_obstacle(plain, Fraction(12)) is None
    assert "too long" in str(find_obstacle(plain, Fraction(10**6)))
    assert find_obstacle(plain, None) is not None
