"""Encoded segments: pictures that stand still are encoded once, and look the same to the end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from av.video.frame import VideoFrame

from functions.stitching.film.encoding import (
    EncodedSegment,
    Movement,
    Planes,
    planes_to_frame,
    to_ticks,
)
from functions.stitching.film.segment_encoder import encode_segment
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ
from tests.fixtures.media.films import decode_segment

SIZE = (96, 64)
STEP = 2 * RATE_HZ
MAX_ERROR = 16
"""The mean error of an encoded picture of noise; that of another picture is above 60."""


def make_noise(seed: int) -> Planes:
    return np.random.default_rng(seed).integers(16, 236, (96, 96)).astype(np.uint8)


def encode(changing: int, repeated: int, movement: Movement) -> EncodedSegment:
    """Encodes `changing` different pictures. The last one is shown `repeated` times more."""

    def frames() -> Iterator[tuple[int, VideoFrame]]:
        for number in range(changing):
            frame = planes_to_frame(make_noise(number))
            yield number * FRAME_SAMPLES, frame
        for number in range(1, repeated + 1):
            yield (changing - 1) * FRAME_SAMPLES + number * STEP, frame

    return encode_segment(frames(), SIZE, movement, lambda: None)


@pytest.mark.parametrize("movement", ["none", "gentle", "clips"])
@pytest.mark.parametrize(("changing", "repeated"), [(1, 3), (1, 40), (13, 30), (59, 40), (61, 3)])
def test_repeated_picture_is_the_same_to_the_end(
    movement: Movement, changing: int, repeated: int
) -> None:
    segment = encode(changing, repeated, movement)
    pictures = decode_segment(segment)
    assert len(pictures) == len(segment.frames) == changing + repeated
    last = pictures[changing - 1]
    assert np.abs(last.astype(int) - make_noise(changing - 1)).mean() < MAX_ERROR
    assert all(np.array_equal(picture, last) for picture in pictures[changing:])
    assert max(len(frame.data) for frame in segment.frames[changing:]) < 64


def test_pictures_have_their_times_and_the_first_one_is_a_keyframe() -> None:
    segment = encode(3, 2, "none")
    begin = 2 * FRAME_SAMPLES
    samples = [0, FRAME_SAMPLES, begin, begin + STEP, begin + 2 * STEP]
    assert [frame.tick for frame in segment.frames] == [to_ticks(sample) for sample in samples]
    assert [frame.is_key for frame in segment.frames] == [True, False, False, False, False]


def test_picture_that_changes_after_repetitions_is_encoded() -> None:
    first, second = (planes_to_frame(make_noise(seed)) for seed in (1, 2))
    frames = [(0, first), (STEP, first), (2 * STEP, second), (3 * STEP, second)]
    pictures = decode_segment(encode_segment(frames, SIZE, "none", lambda: None))
    errors = [
        np.abs(picture.astype(int) - make_noise(seed)).mean()
        for picture, seed in zip(pictures, (1, 1, 2, 2), strict=True)
    ]
    assert max(errors) < MAX_ERROR
    assert np.array_equal(pictures[2], pictures[3])


def test_segment_is_read_as_it_was_written() -> None:
    segment = encode(2, 2, "none")
    assert EncodedSegment.from_bytes(segment.to_bytes()) == segment
    assert all(before.tick < after.tick for before, after in pairwise(segment.frames))
