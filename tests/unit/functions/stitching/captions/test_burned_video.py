"""Burned-in captions: each picture once at its time, captions on time, the sound of the video."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from shared.recipes.results import FilmResult
from tests.corpus.encoding import run_ffmpeg
from tests.fixtures.media.captioned_jobs import Said, burn, captioned_job
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.stage_harness import StageHarness

QUICK = (("preset", "ultrafast"), ("g", "15"), ("bf", "2"))
SAID: Sequence[Said] = ((0.5, 1.0, "Words."), (2.0, 2.5, "More words."))
"""The second caption is shown for 0.8 s, the shortest time of a cue, like the first one."""
SHOWN = ((Fraction(1, 2), Fraction(13, 10)), (Fraction(2), Fraction(14, 5)))
Pictures = list[tuple[Fraction, NDArray[np.uint8]]]


def make_clip(**changes: object) -> ClipSpec:
    spec = replace(CLIP_SPECS["cfr30"], options=QUICK, frame_count=105, width=192, height=128)
    return replace(spec, **changes)  # type: ignore[arg-type]


def read_pictures(data: bytes) -> Pictures:
    with av.open(io.BytesIO(data), "r") as film:
        return [
            (frame.pts * frame.time_base, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in film.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def find_captions(pictures: Pictures, source: Sequence[NDArray[np.uint8]]) -> list[bool]:
    """Whether a picture differs from that of the video where captions are."""
    return [
        bool(np.abs(drawn[100:].astype(int) - image[100:]).max() > 100)
        for (_, drawn), image in zip(pictures, source, strict=True)
    ]


def assert_same_pictures(pictures: Pictures, source: Sequence[NDArray[np.uint8]]) -> None:
    """Above the captions is the number of each picture."""
    for (_, drawn), image in zip(pictures, source, strict=True):
        assert np.abs(drawn[:90].astype(int) - image[:90]).mean() < 8


def is_shown(time: Fraction) -> bool:
    return any(start <= time < end for start, end in SHOWN)


@pytest.mark.parametrize(
    ("changes", "borders"),
    [
        ({"has_sound": True}, (1, 2)),
        (
            {
                "time_base": Fraction(1, 600),
                "frame_durations": (20, 20, 7, 29, 24, 20, 28, 11, 19, 20, 5),
                "frame_count": 105,
            },
            (1,),
        ),
        ({"suffix": "mkv", "offset_s": Fraction(37, 10)}, (2,)),
    ],
    ids=["constant-rate", "variable-rate", "later"],
)
def test_each_picture_is_in_the_film_once_at_its_time_with_its_caption(
    harness: StageHarness, changes: dict[str, object], borders: tuple[int, ...]
) -> None:
    clip = make_clip(**changes).encode()
    job = captioned_job(harness, clip.path.read_bytes(), SAID)
    done, files = burn(harness, job, borders)
    assert done.warnings == ()
    assert FilmResult.from_dict(done.facts or {}).width == 192
    pictures = read_pictures(files["burned.mp4"])
    for (time, _), expected in zip(pictures, clip.times_s, strict=True):
        assert abs(time - expected) < Fraction(1, 1000)
    source = [image for _, image in read_pictures(clip.path.read_bytes())]
    assert_same_pictures(pictures, source)
    assert find_captions(pictures, source) == [is_shown(time) for time in clip.times_s]


def test_sound_of_the_video_is_copied(harness: StageHarness) -> None:
    data = make_clip(has_sound=True).encode().path.read_bytes()
    _, files = burn(harness, captioned_job(harness, data, SAID), (1,))
    with (
        av.open(io.BytesIO(data), "r") as source,
        av.open(io.BytesIO(files["burned.mp4"]), "r") as film,
    ):
        expected = [bytes(packet) for packet in source.demux(audio=0) if packet.size]
        copied = [bytes(packet) for packet in film.demux(audio=0) if packet.size]
    # Packets before the first picture are left out.
    assert copied
    assert copied == expected[len(expected) - len(copied) :]


def test_picture_that_is_shown_for_long_is_repeated_when_the_captions_change(
    harness: StageHarness,
) -> None:
    """A picture in two and a half seconds, and windows in which none begins."""
    clip = make_clip(time_base=Fraction(5, 2), frame_count=2, options=(("g", "1"),)).encode()
    job = captioned_job(harness, clip.path.read_bytes(), SAID)
    _, files = burn(harness, job, (1, 2, 4))
    pictures = read_pictures(files["burned.mp4"])
    assert [float(time) for time, _ in pictures] == pytest.approx([0, 0.5, 1.3, 2, 2.5, 2.8])
    first, second = (image for _, image in read_pictures(clip.path.read_bytes()))
    source = [first] * 4 + [second] * 2
    assert find_captions(pictures, source) == [False, True, False, True, True, False]
    assert_same_pictures(pictures, source)


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"rotation": (90, False), "width": 192, "height": 256}, (192, 256)),
        ({"width": 480, "height": 96}, (480, 96)),
        ({"width": 161, "height": 91, "pix_fmt": "yuv444p"}, (160, 90)),
    ],
    ids=["rotated", "very-wide", "small-and-odd"],
)
def test_film_has_the_shape_of_the_video_and_the_caption_is_inside(
    harness: StageHarness, changes: dict[str, object], size: tuple[int, int]
) -> None:
    values = {"width": 256, "height": 192, "frame_count": 30, **changes}
    data = make_clip(**values).encode().path.read_bytes()
    said = ((0.1, 0.9, "A sentence of which no word may be cut off at an edge of the picture."),)
    images = []
    for sentences in (said, ()):
        _, files = burn(harness, captioned_job(harness, data, sentences))
        images.append(read_pictures(files["burned.mp4"])[15][1].astype(int))
    drawn, plain = images
    width, height = size
    assert drawn.shape[:2] == plain.shape[:2] == (height, width)
    box = np.argwhere(np.abs(drawn - plain).max(axis=2) > 60)
    assert len(box) > 50
    assert box[:, 1].min() > 0 or box[:, 1].max() < width - 1
    # 5 % at the lower edge, 10 % in a portrait; colours in 4:2:0 blur by two pixels.
    assert box[:, 0].max() <= height * (0.9 if height > width else 0.95) + 2


def test_sound_that_no_mp4_can_carry_and_other_tracks_are_warnings(harness: StageHarness) -> None:
    data = run_ffmpeg(
        "two-pcm-tracks", "mkv",
        "-f", "lavfi", "-i", "testsrc2=s=192x128:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1",
        "-map", "0", "-map", "1", "-map", "1", "-c:a", "pcm_s16le",
    )  # fmt: skip
    done, files = burn(harness, captioned_job(harness, data, SAID))
    with av.open(io.BytesIO(files["burned.mp4"]), "r") as film:
        assert [stream.codec_context.name for stream in film.streams.audio] == ["aac"]
    assert done.warnings == (
        "The sound of the video with burned-in captions was converted to AAC: an MP4 cannot carry "
        "sound in pcm_s16le.",
        "The video with burned-in captions has one sound track; it lacks the sound of stream 2.",
    )


def test_film_and_pieces_of_an_earlier_attempt_are_adopted(harness: StageHarness) -> None:
    data = make_clip(frame_count=40).encode().path.read_bytes()
    job = captioned_job(harness, data, SAID)
    first, files = burn(harness, job, (1,))
    pieces = [name for name, _ in harness.log.events].count("piece.burned")
    again, same = burn(harness, job, (1,), adopts=True)
    assert again.artifacts == first.artifacts
    assert same == files
    assert [name for name, _ in harness.log.events].count("piece.burned") == pieces == 2


def test_words_are_not_logged(harness: StageHarness) -> None:
    data = make_clip(frame_count=20).encode().path.read_bytes()
    burn(harness, captioned_job(harness, data, ((0.0, 0.5, "secret"),)))
    assert harness.log.events
    assert "secret" not in repr(harness.log.events)
