"""The film file as players decode it: synchronous picture and sound, compatible format."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from functions.stitching.film import mp4
from functions.stitching.film.encoding import planes_to_frame
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter
from functions.stitching.film.segment_encoder import encode_segment
from functions.stitching.film.timeline import LEAD_SAMPLES, RATE_HZ
from shared.media.containers import timed_text
from shared.recipes.films.options import MAX_FILM_S, FilmOptions
from shared.recipes.films.speech import SpeechAudio
from shared.subtitles.cues import Cue
from tests.fixtures.media.films import (
    SIZE,
    decode_sound,
    find_onsets,
    make_click_speech,
    make_grey_planes,
    measure_loudness,
    read_box_types,
    read_frame_luma,
    read_sample_durations,
    read_subtitle_boxes,
    read_subtitles,
    slide_grey,
    write_film,
)
from tests.unit.functions.stitching.film.picture_changes import find_changes

pytestmark = pytest.mark.slow

LENGTHS_S = (3.217, 2.0, 5.4321, 0.61, 4.0001, 2.75)
MAX_ERROR_S = 0.005

VARIANTS = {
    "22050 Hz": (22_050, FilmOptions()),
    "24000 Hz": (24_000, FilmOptions()),
    "48000 Hz": (48_000, FilmOptions()),
    "burned": (24_000, FilmOptions(subtitles="burned")),
    "motion": (24_000, FilmOptions(motion="gentle", subtitles="burned")),
}


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> tuple[int, FilmOptions]:
    return VARIANTS[request.param]


@pytest.fixture(scope="module")
def film_file(variant: tuple[int, FilmOptions], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    rate_hz, options = variant
    speeches = [make_click_speech(seconds, rate_hz) for seconds in LENGTHS_S]
    write_film(path, speeches, options=options)
    return path


def test_sound_and_picture_are_synchronous_at_every_slide(film_file: Path) -> None:
    changes = find_changes(film_file)
    clicks = find_onsets(*decode_sound(film_file))
    assert len(changes) == len(clicks) == len(LENGTHS_S)
    errors = [
        click - LEAD_SAMPLES / RATE_HZ - change
        for click, change in zip(clicks, changes, strict=True)
    ]
    assert max(map(abs, errors)) <= MAX_ERROR_S


def test_slides_are_in_order_and_begin_with_keyframes(
    film_file: Path, variant: tuple[int, FilmOptions]
) -> None:
    frames = read_frame_luma(film_file)
    keys = [(time, luma) for time, luma, key in frames if key]
    assert [float(time) for time, _ in keys] == find_changes(film_file)
    for number, (_, luma) in enumerate(keys):
        # BT.709 in limited range: 16 + 219/255 of the grey value.
        assert luma == pytest.approx(slide_grey(number), abs=4)
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(frames)]
    assert min(gaps) > 0
    _, options = variant
    if options.motion == "gentle":
        # 15 per second, and one more where a line appears or disappears.
        assert max(gaps) <= 1 / 10
        assert len(frames) >= 15 * frames[-1][0]
    else:
        assert max(gaps) <= 2
        assert len(frames) < (40 if options.subtitles == "burned" else 25)


def test_burned_in_lines_have_the_times_of_their_sentences(
    film_file: Path, variant: tuple[int, FilmOptions]
) -> None:
    if variant[1].subtitles == "soft":
        return
    boxes = [(float(time), visible) for time, visible in read_subtitle_boxes(film_file)]
    toggles = [
        (time, visible)
        for (_, before), (time, visible) in itertools.pairwise([(0.0, False), *boxes])
        if visible != before
    ]
    begins = [time for time, visible in toggles if visible]
    ends = [time for time, visible in toggles if not visible]
    rows = read_subtitles(film_file)
    assert begins == pytest.approx([start for start, _, _ in rows], abs=0.001)
    assert ends == pytest.approx([end for _, end, _ in rows], abs=0.001)


def test_video_ends_with_the_sound(film_file: Path) -> None:
    with av.open(str(film_file)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.duration is not None
        assert audio.duration is not None
        assert video.time_base is not None
        assert audio.time_base is not None
        end = float(video.duration * video.time_base)
        assert end == pytest.approx(float(audio.duration * audio.time_base), abs=MAX_ERROR_S)
        assert end - float(read_frame_luma(film_file)[-1][0]) == pytest.approx(1 / 30, abs=0.001)


def test_chapters_begin_with_their_slides(film_file: Path) -> None:
    with av.open(str(film_file)) as container:
        rows = container.chapters()
    assert [row["metadata"]["title"] for row in rows] == [
        f"Slide {n}" for n in range(len(LENGTHS_S))
    ]
    starts = [float(row["start"] * (row["time_base"] or 0)) for row in rows]
    assert starts == pytest.approx(find_changes(film_file), abs=0.001)


def test_subtitles_have_the_times_of_their_sentences(film_file: Path) -> None:
    rows = read_subtitles(film_file)
    assert [text for _, _, text in rows] == [f"Sentence number {n}." for n in range(len(LENGTHS_S))]
    clicks = find_onsets(*decode_sound(film_file))
    for (start, end, _), click, length in zip(rows, clicks, LENGTHS_S, strict=True):
        assert start == pytest.approx(click, abs=0.002)
        # 18 columns are read in 0.9 s.
        assert end - start == pytest.approx(max(length, 0.9), abs=0.002)


@pytest.mark.parametrize(
    "lengths_s", [LENGTHS_S, (0.2, 0.2), (0.0,), (0.5, 0, 0, 0, 0, 1)], ids=str
)
def test_subtitle_track_is_as_long_as_the_film_without_empty_samples(
    lengths_s: tuple[float, ...], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    timeline = write_film(path, [make_click_speech(length, 24_000) for length in lengths_s])
    durations = read_sample_durations(path, b"sbtl")
    assert min(durations) > 0
    assert abs(sum(durations) - timeline.duration) <= timed_text.TICK / 2


def test_subtitles_of_the_longest_film_can_be_far_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two hours of sound at 48 kHz take 12 s to encode.
    rate_hz = 8_000
    monkeypatch.setattr(mp4, "RATE_HZ", rate_hz)
    path = tmp_path / "film.mp4"
    segment = encode_segment(
        iter([(0, planes_to_frame(make_grey_planes(90, SIZE)))]), SIZE, "none", lambda: None
    )
    silence = np.zeros((1, rate_hz), np.float32)
    with FilmWriter(path, FilmMetadata(1, subtitles=True), SIZE, "none") as out:
        for frame in segment.frames:
            out.write_frame(frame.data, frame.tick, is_key=True)
        first, last = Cue(1000, 2000, ("A",)), Cue(7_199_000, 7_199_900, ("B",))
        out.write_cue(first, last)
        for _ in range(MAX_FILM_S):
            out.write_sound(silence)
        out.write_cue(last, None)
    assert read_sample_durations(path, b"sbtl") == [
        1, 1, 7197, Fraction(9, 10), Fraction(1, 10)
    ]  # fmt: skip


def test_index_is_at_the_start_of_the_file(film_file: Path) -> None:
    order = read_box_types(film_file)
    assert order.index("moov") < order.index("mdat")


def test_film_has_widely_supported_codecs(film_file: Path) -> None:
    with av.open(str(film_file)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.profile, video.pix_fmt) == (
            "h264", "High", "yuv420p",
        )  # fmt: skip
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", 48_000)
        assert audio.language == "eng"
        assert container.metadata["title"] == "A film"


def test_film_has_the_target_loudness(film_file: Path) -> None:
    measured, peak = measure_loudness(film_file)
    assert measured == pytest.approx(-16, abs=1)
    assert peak <= -1


def test_fade_ends_before_the_first_word(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    film = write_film(path, [make_click_speech(3, 24000)] * 3, options=FilmOptions("fade"))
    frames = read_frame_luma(path)
    for number in (1, 2):
        start = film.scenes[number].start / RATE_HZ
        during = [luma for time, luma, _ in frames if start <= time < start + 0.399]
        assert len(during) == 12
        steps = np.diff([slide_grey(number - 1), *during, slide_grey(number)])
        assert (np.sign(steps) == np.sign(slide_grey(number) - slide_grey(number - 1))).all()
        after = next(luma for time, luma, _ in frames if time >= start + 0.399)
        assert after == pytest.approx(slide_grey(number), abs=4)
    clicks = find_onsets(*decode_sound(path))
    assert clicks[1] == pytest.approx(film.scenes[1].speech_start / RATE_HZ, abs=MAX_ERROR_S)


def test_slides_without_speech_are_silent(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    film = write_film(path, [SpeechAudio(b"", 0), make_click_speech(2, 24000), SpeechAudio(b"", 0)])
    assert [scene.end - scene.start for scene in film.scenes][::2] == [4 * RATE_HZ] * 2
    assert find_changes(path) == pytest.approx([0, 4, 7], abs=0.001)
    assert find_onsets(*decode_sound(path)) == pytest.approx(
        [4 + LEAD_SAMPLES / RATE_HZ], abs=MAX_ERROR_S
    )


def test_film_without_speech_is_silent_and_complete(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, [SpeechAudio(b"", 0)] * 3)
    sound, rate = decode_sound(path)
    assert sound.shape[1] / rate == pytest.approx(12, abs=0.03)
    assert float(np.abs(sound).max()) == 0


def test_failed_film_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    three_channels = np.zeros((3, RATE_HZ), np.float32)
    with (
        pytest.raises(ValueError, match=r"channel|shape"),
        FilmWriter(path, FilmMetadata(1), SIZE, "none") as film,
    ):
        film.write_sound(three_channels)
    assert not path.exists()


@pytest.mark.parametrize("size", [(2, 2), (1080, 1920), (720, 720)])
def test_any_even_size_can_be_written(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, [make_click_speech(0.5, 24000)] * 3, size=size)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size
