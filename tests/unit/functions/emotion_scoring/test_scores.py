"""Tests of the scores file format."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import pytest

from functions.emotion_scoring.faces.face import Box, Face
from functions.emotion_scoring.scores import ScoresDamaged, ScoresHeader, ScoresWriter, read_scores
from tests.fixtures.media.faces import EMOTIONS, make_face, make_scored_frame

HEADER = ScoresHeader(
    EMOTIONS, {"classifier": {"name": "a"}}, ("faces were few",), ("packs/a/b/00.pack", 7)
)
TINY = Face(Box(-3.25, 0, 12, 15), 0.51, 3.0, "too_small", None)
FRAMES = [
    make_scored_frame(0, make_face(100, happy=0.9), TINY),
    make_scored_frame(1),
    make_scored_frame(2, make_face(400, sad=0.25)),
]


def _write_scores() -> bytes:
    out = io.BytesIO()
    writer = ScoresWriter(out, HEADER)
    for frame in FRAMES:
        writer.add(frame)
    writer.close()
    return out.getvalue()


def test_written_scores_are_read_back() -> None:
    header, frames = read_scores(io.BytesIO(_write_scores()))  # type: ignore[arg-type]
    assert header == HEADER
    assert list(frames) == FRAMES


def test_the_same_scores_give_the_same_bytes() -> None:
    assert _write_scores() == _write_scores()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda _: b"",
        lambda _: b"no gzip at all",
        lambda _: gzip.compress(b'{"schema":"moodreel.scores/99"}\n'),
        lambda data: gzip.compress(gzip.decompress(data) + b'{"name":1}\n'),
    ],
)
def test_damaged_scores_are_rejected(damage: Callable[[bytes], bytes]) -> None:
    def read_all() -> None:
        _, frames = read_scores(io.BytesIO(damage(_write_scores())))  # type: ignore[arg-type]
        list(frames)

    with pytest.raises(ScoresDamaged):
        read_all()
