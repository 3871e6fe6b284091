"""A picture under a sound, from two uploads to a film that a person takes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from functions.stitching.film import motion, still
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.join import present
from functions.stitching.render import make
from functions.upload_trigger.picture import examine_picture
from functions.upload_trigger.sound import examine_track
from shared.errors import InvalidOption, PermanentError, SourceExpired
from shared.jobs.claims import Finished
from shared.jobs.model import Job
from shared.media.audio.probe import UndecodableSound
from shared.media.images.still import read_picture
from shared.pipeline import Bucket
from shared.recipes.upload_results import Upload, Uploads
from tests.fixtures.media.films import boxes, ebur128, heard, pictures
from tests.fixtures.media.uploads import (
    as_held,
    encoded,
    heic,
    quartered,
    sound_file,
    tone,
    turned_jpeg,
    written,
)
from tests.fixtures.stage_bench import Bench, a_job

pytestmark = pytest.mark.slow

SPECS: tuple[dict[str, Any], ...] = ({"film": "still"},)


def order(bench: Bench, picture: bytes, sound: bytes, **options: str) -> Job:
    """A job whose two uploads were examined."""
    number = len(bench.names(Bucket.UPLOADS)) + 1
    name = f"jobs/{number:020d}/"
    shown = bench.put(Bucket.UPLOADS, name + "picture.0", picture, "image/jpeg")
    played = bench.put(Bucket.UPLOADS, name + "sound.0", sound, "audio/mpeg")
    uploads = Uploads(
        {
            "picture": Upload(shown, "a.jpg", examine_picture(bench.objects, shown)),
            "sound": Upload(played, "a.mp3", examine_track(bench.objects, played)),
        }
    )
    facts = {Uploads.STAGE: uploads.to_dict()}
    return a_job("still", number=number, options=options, facts=facts)


def film(bench: Bench, job: Job, folder: Path) -> tuple[Finished, Path]:
    done = bench.run("stitching", make, present, SPECS, job)
    path = folder / "film.mp4"
    path.write_bytes(bench.get(next(one for one in done.artefacts if one.kind == "film")))
    return done, path


@pytest.mark.parametrize("kind", ["mp3", "wav", "m4a", "ogg", "flac", "opus"])
def test_the_film_is_as_long_as_the_sound(bench: Bench, tmp_path: Path, kind: str) -> None:
    done, path = film(bench, order(bench, turned_jpeg(6), sound_file(kind, 5.3)), tmp_path)
    sound, rate = heard(path)
    assert sound.shape[1] / rate == pytest.approx(5.3, abs=0.07)
    assert np.abs(sound[:, rate : 2 * rate]).max() > 0.3
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert float((video.duration or 0) * (video.time_base or 0)) == pytest.approx(
            sound.shape[1] / rate, abs=0.03
        )
    assert done.facts is not None
    assert done.facts["duration_s"] == pytest.approx(5.3, abs=0.07)
    frames = pictures(path)
    assert [float(time) for time, _, _ in frames][:3] == pytest.approx([0, 2, 4], abs=0.001)
    assert len(frames) == 4
    order_of = boxes(path)
    assert order_of.index("moov") < order_of.index("mdat")


def test_what_people_take_away(bench: Bench, tmp_path: Path) -> None:
    job = order(bench, turned_jpeg(1), sound_file("mp3"))
    done, _ = film(bench, job, tmp_path)
    assert [(one.name, one.kind, one.bucket) for one in done.artefacts] == [
        ("film.mp4", "film", "outputs"),
        ("poster.jpg", "poster", "outputs"),
    ]
    assert [one.content_type for one in done.artefacts] == ["video/mp4", "image/jpeg"]
    assert all(one.object.startswith(f"jobs/{job.id}/") for one in done.artefacts)
    assert read_picture(bench.get(done.artefacts[1])).size == (1280, 853)
    assert all(name.startswith(f"films/{job.id}/") for name in bench.names(Bucket.WORK))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(bench: Bench, tmp_path: Path, orientation: int) -> None:
    job = order(bench, turned_jpeg(orientation), sound_file("wav", 1), resolution="720p")
    _, path = film(bench, job, tmp_path)
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
def test_any_size_becomes_a_film(
    bench: Bench, tmp_path: Path, size: tuple[int, int], film_size: tuple[int, int]
) -> None:
    job = order(bench, encoded(quartered(*size), "PNG"), sound_file("wav", 1))
    _, path = film(bench, job, tmp_path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == film_size


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_every_usual_picture_becomes_a_film(
    bench: Bench, tmp_path: Path, image_format: str
) -> None:
    picture = encoded(quartered(301, 201), image_format)
    _, path = film(
        bench, order(bench, picture, sound_file("wav", 0.5), resolution="720p"), tmp_path
    )
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (720, 1078, 3)
    assert np.abs(frame[180, 270].astype(int) - (220, 30, 30)).max() < 25


def test_a_photo_of_a_phone_becomes_an_upright_film(bench: Bench, tmp_path: Path) -> None:
    photo = heic(as_held(quartered(240, 160), 6), 6)
    job = order(bench, photo, sound_file("m4a", 1), resolution="720p")
    assert Uploads.of(job.facts).input("picture").picture.format == "HEIF"
    _, path = film(bench, job, tmp_path)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (720, 1080, 3)
    assert np.abs(frame[180, 270].astype(int) - (220, 30, 30)).max() < 25
    assert np.abs(frame[540, 810].astype(int) - (230, 220, 40)).max() < 25


@pytest.mark.parametrize("seconds", [0.5, 5.3])
def test_a_picture_moves_as_long_as_the_sound(
    bench: Bench, tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cycle of a second: what is shown here is how one follows another.
    monkeypatch.setattr(still, "CYCLE", RATE_HZ)
    monkeypatch.setattr(motion, "CYCLE", RATE_HZ)
    job = order(bench, encoded(quartered(300, 200), "PNG"), sound_file("wav", seconds),
                resolution="720p", motion="gentle")  # fmt: skip
    done, path = film(bench, job, tmp_path)
    assert done.facts is not None
    assert (done.facts["width"], done.facts["height"]) == (1080, 720)
    sound, rate = heard(path)
    assert sound.shape[1] / rate == pytest.approx(seconds, abs=0.03)
    shown = pictures(path)
    times = [float(time) for time, _, _ in shown]
    assert times[0] == 0
    assert times[-1] == pytest.approx(seconds - 1 / 30, abs=0.03)
    assert max(np.diff(times)) < 0.04
    assert [time for time, _, key in shown if key] == pytest.approx(range(int(seconds) + 1))
    if seconds > 2:
        luma = [value for _, value, _ in shown]
        # Coming nearer changes the picture, and a cycle later it is there again.
        assert abs(luma[15] - luma[1]) > abs(luma[31] - luma[1])


def test_a_long_still_can_be_sought(bench: Bench, tmp_path: Path) -> None:
    quiet = written(0.1 * tone(65, 8000, 1), "flac", "flac", 8000)
    _, path = film(bench, order(bench, turned_jpeg(1), quiet, resolution="720p"), tmp_path)
    assert [float(time) for time, _, key in pictures(path) if key] == [0, 60]


def test_the_loudness_is_kept_unless_asked_for(bench: Bench, tmp_path: Path) -> None:
    quiet = written(0.05 * tone(6, 48000), "wav", "pcm_s16le", 48000)
    _, kept = film(bench, order(bench, turned_jpeg(1), quiet), tmp_path)
    before, _ = ebur128(0.05 * tone(6, 48000), 48000)
    assert ebur128(*heard(kept))[0] == pytest.approx(before, abs=0.3)
    _, even = film(bench, order(bench, turned_jpeg(1), quiet, loudness="even"), tmp_path)
    measured, peak = ebur128(*heard(even))
    assert measured == pytest.approx(-16, abs=1)
    assert peak <= -1


def test_a_second_attempt_takes_over_what_the_first_one_wrote(bench: Bench, tmp_path: Path) -> None:
    job = order(bench, turned_jpeg(1), sound_file("mp3"))
    first, _ = film(bench, job, tmp_path)
    again, _ = film(bench, job, tmp_path)
    assert first == again
    assert ("film.made", True) in [
        (event, details["found"]) for event, details in bench.log.said if "found" in details
    ]


def test_an_upload_that_is_gone_is_named(bench: Bench) -> None:
    job = order(bench, turned_jpeg(1), sound_file("mp3"))
    bench.objects.remove(Bucket.UPLOADS, f"jobs/{job.id}/picture.0")
    with pytest.raises(SourceExpired):
        bench.run("stitching", make, present, SPECS, job)


def test_a_sound_of_nothing_is_refused(bench: Bench) -> None:
    blink = written(tone(0.05, 48000), "wav", "pcm_s16le", 48000)
    with pytest.raises(UndecodableSound, match="tenth of a second"):
        bench.run("stitching", make, present, SPECS, order(bench, turned_jpeg(1), blink))
    assert bench.names(Bucket.WORK) == []


def test_an_option_that_cannot_be_fails_the_job(bench: Bench) -> None:
    job = order(bench, turned_jpeg(1), sound_file("wav", 1), shape="round")
    with pytest.raises(InvalidOption):
        bench.run("stitching", make, present, SPECS, job)


@pytest.mark.parametrize("picture", [b"", b"no picture", turned_jpeg(1)[:900]])
def test_a_picture_that_is_none_is_refused_when_it_arrives(bench: Bench, picture: bytes) -> None:
    with pytest.raises(PermanentError):
        order(bench, picture, sound_file("wav", 1))


@pytest.mark.parametrize("sound", [b"", b"no sound", b"#EXTM3U\nhttp://127.0.0.1:9/"])
def test_a_sound_that_is_none_is_refused_when_it_arrives(bench: Bench, sound: bytes) -> None:
    with pytest.raises(PermanentError):
        order(bench, turned_jpeg(1), sound)
