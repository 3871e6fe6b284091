"""A film of one picture with one sound track, from the uploads to the result."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from functions.stitching import objects
from functions.stitching.film import motion, segments, still_film
from functions.stitching.film.still_film import StillFilm
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.objects import name_content
from shared.media.images.still import read_picture
from shared.pipeline import FILM_CACHE_PREFIX, Bucket
from shared.recipes.upload_results import Uploads
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.media.films import (
    decode_sound,
    measure_ebur128,
    read_box_types,
    read_frame_luma,
)
from tests.fixtures.media.uploads import (
    apply_orientation,
    draw_quarters,
    encode_heic,
    encode_picture,
    encode_sound,
    make_rotated_jpeg,
    make_sound_file,
    make_tone,
)
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.film.still_jobs import make_still_job, run_stitching

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["mp3", "wav", "m4a", "ogg", "flac", "opus"])
def test_film_is_as_long_as_the_sound(harness: StageHarness, tmp_path: Path, kind: str) -> None:
    done, path = run_stitching(
        harness, make_still_job(harness, make_rotated_jpeg(6), make_sound_file(kind, 5.3)), tmp_path
    )
    sound, rate = decode_sound(path)
    assert sound.shape[1] / rate == pytest.approx(5.3, abs=0.07)
    assert np.abs(sound[:, rate : 2 * rate]).max() > 0.3
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert float((video.duration or 0) * (video.time_base or 0)) == pytest.approx(
            sound.shape[1] / rate, abs=0.03
        )
    assert done.facts is not None
    assert done.facts["duration_s"] == pytest.approx(5.3, abs=0.07)
    frames = read_frame_luma(path)
    assert [float(time) for time, _, _ in frames][:3] == pytest.approx([0, 2, 4], abs=0.001)
    assert len(frames) == 4
    boxes = read_box_types(path)
    assert boxes.index("moov") < boxes.index("mdat")


def test_result_is_a_film_and_a_poster(harness: StageHarness, tmp_path: Path) -> None:
    job = make_still_job(harness, make_rotated_jpeg(1), make_sound_file("mp3"))
    done, _ = run_stitching(harness, job, tmp_path)
    assert [(artifact.name, artifact.kind, artifact.bucket) for artifact in done.artifacts] == [
        ("film.mp4", "film", "outputs"),
        ("poster.jpg", "poster", "outputs"),
    ]
    assert [artifact.content_type for artifact in done.artifacts] == ["video/mp4", "image/jpeg"]
    assert all(artifact.object.startswith(f"jobs/{job.id}/") for artifact in done.artifacts)
    assert read_picture(harness.read_artifact(done.artifacts[1])).size == (1280, 853)
    folders = (f"films/{job.id}/", FILM_CACHE_PREFIX)
    assert all(name.startswith(folders) for name in harness.list_names(Bucket.WORK))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_film_is_upright(harness: StageHarness, tmp_path: Path, orientation: int) -> None:
    job = make_still_job(
        harness, make_rotated_jpeg(orientation), make_sound_file("wav", 1), resolution="720p"
    )
    _, path = run_stitching(harness, job, tmp_path)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (720, 1080, 3)
    red, yellow = frame[180, 270].astype(int), frame[540, 810].astype(int)
    assert np.abs(red - (220, 30, 30)).max() < 25
    assert np.abs(yellow - (230, 220, 40)).max() < 25


@pytest.mark.parametrize(
    ("size", "film_size"),
    [((1, 1), (1080, 1080)), ((333, 251), (1432, 1080)), ((3, 900), (640, 1920)),
     ((5000, 3333), (1620, 1080))],
)  # fmt: skip
def test_any_picture_size_becomes_a_film(
    harness: StageHarness, tmp_path: Path, size: tuple[int, int], film_size: tuple[int, int]
) -> None:
    job = make_still_job(
        harness, encode_picture(draw_quarters(*size), "PNG"), make_sound_file("wav", 1)
    )
    _, path = run_stitching(harness, job, tmp_path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == film_size


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_every_picture_format_becomes_a_film(
    harness: StageHarness, tmp_path: Path, image_format: str
) -> None:
    picture = encode_picture(draw_quarters(301, 201), image_format)
    _, path = run_stitching(
        harness,
        make_still_job(harness, picture, make_sound_file("wav", 0.5), resolution="720p"),
        tmp_path,
    )
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (720, 1078, 3)
    assert np.abs(frame[180, 270].astype(int) - (220, 30, 30)).max() < 25


def test_heic_photo_becomes_an_upright_film(harness: StageHarness, tmp_path: Path) -> None:
    photo = encode_heic(apply_orientation(draw_quarters(240, 160), 6), 6)
    job = make_still_job(harness, photo, make_sound_file("m4a", 1), resolution="720p")
    assert Uploads.require(job.facts).input("picture").picture_info.format == "HEIF"
    _, path = run_stitching(harness, job, tmp_path)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (720, 1080, 3)
    assert np.abs(frame[180, 270].astype(int) - (220, 30, 30)).max() < 25
    assert np.abs(frame[540, 810].astype(int) - (230, 220, 40)).max() < 25


@pytest.mark.parametrize("seconds", [0.5, 5.3])
def test_motion_lasts_as_long_as_the_sound(
    harness: StageHarness, tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cycle of one second, to test that cycles follow one another.
    monkeypatch.setattr(still_film, "CYCLE_SAMPLES", RATE_HZ)
    monkeypatch.setattr(motion, "CYCLE_SAMPLES", RATE_HZ)
    picture = encode_picture(draw_quarters(300, 200), "PNG")
    sound_file = make_sound_file("wav", seconds)
    job = make_still_job(harness, picture, sound_file, resolution="720p", motion="gentle")
    done, path = run_stitching(harness, job, tmp_path)
    assert done.facts is not None
    assert (done.facts["width"], done.facts["height"]) == (1080, 720)
    sound, rate = decode_sound(path)
    assert sound.shape[1] / rate == pytest.approx(seconds, abs=0.03)
    frames = read_frame_luma(path)
    times = [float(time) for time, _, _ in frames]
    assert times[0] == 0
    assert times[-1] == pytest.approx(seconds - 1 / 30, abs=0.03)
    assert max(np.diff(times)) < 0.07
    assert [time for time, _, key in frames if key] == pytest.approx(range(int(seconds) + 1))
    if seconds > 2:
        luma = [value for _, value, _ in frames]
        # The zoom changes the picture; one cycle later it is the same again.
        assert abs(luma[8] - luma[1]) > abs(luma[16] - luma[1])


def test_long_still_has_keyframes_for_seeking(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert segments.MAX_SEGMENT_SAMPLES == 60 * RATE_HZ
    # A tenth of its length, since a minute of sound takes seconds to encode.
    monkeypatch.setattr(still_film, "MAX_SEGMENT_SAMPLES", 6 * RATE_HZ)
    quiet = encode_sound(0.1 * make_tone(6.5, 8000, 1), "flac", "flac", 8000)
    _, path = run_stitching(
        harness, make_still_job(harness, make_rotated_jpeg(1), quiet, resolution="720p"), tmp_path
    )
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        assert [frame.time for frame in film.decode(stream)] == [0, 6]


def test_loudness_is_kept_unless_even_is_selected(harness: StageHarness, tmp_path: Path) -> None:
    quiet = encode_sound(0.05 * make_tone(6, 48000), "wav", "pcm_s16le", 48000)
    _, unchanged = run_stitching(
        harness, make_still_job(harness, make_rotated_jpeg(1), quiet), tmp_path
    )
    before, _ = measure_ebur128(0.05 * make_tone(6, 48000), 48000)
    assert measure_ebur128(*decode_sound(unchanged))[0] == pytest.approx(before, abs=0.3)
    _, even = run_stitching(
        harness, make_still_job(harness, make_rotated_jpeg(1), quiet, loudness="even"), tmp_path
    )
    measured, peak = measure_ebur128(*decode_sound(even))
    assert measured == pytest.approx(-16, abs=1)
    assert peak <= -1


def test_second_attempt_adopts_the_film_of_the_first(harness: StageHarness, tmp_path: Path) -> None:
    job = make_still_job(harness, make_rotated_jpeg(1), make_sound_file("mp3"))
    first, _ = run_stitching(harness, job, tmp_path)
    second, _ = run_stitching(harness, job, tmp_path)
    assert first == second
    assert ("film.rendered", True) in [
        (event, details["reused"]) for event, details in harness.log.events if "reused" in details
    ]


def test_the_same_inputs_in_another_job_give_a_copy(
    harness: StageHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = CallCounts(monkeypatch)
    inputs = make_rotated_jpeg(1), make_sound_file("mp3", 1)
    calls.watch(StillFilm, "write")
    _, path = run_stitching(harness, make_still_job(harness, *inputs), tmp_path)
    film = path.read_bytes()
    assert calls.take() == {"write": 1}
    done, path = run_stitching(harness, make_still_job(harness, *inputs), tmp_path)
    assert calls.take() == {}
    assert path.read_bytes() == film
    assert {artifact.name for artifact in done.artifacts} == {"film.mp4", "poster.jpg"}
    other = make_rotated_jpeg(1), make_sound_file("mp3", 1.5)
    run_stitching(harness, make_still_job(harness, *other), tmp_path)
    run_stitching(harness, make_still_job(harness, *inputs, loudness="even"), tmp_path)
    assert calls.take() == {"write": 2}


def test_large_uploads_are_named_by_their_version(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [harness.put_object(Bucket.UPLOADS, f"jobs/{n}", b"sound", "") for n in range(2)]
    names = [name_content(harness.objects, row) for row in stored]
    assert names[0] == names[1]
    monkeypatch.setattr(objects, "MAX_HASHED_BYTES", 4)
    names = [name_content(harness.objects, row) for row in stored]
    assert names[0] != names[1]
