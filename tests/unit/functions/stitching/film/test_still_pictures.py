"""Pictures of cameras and of interrupted transfers, from the upload to the film."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from functions.stitching.film import still_film
from functions.stitching.film.timeline import RATE_HZ
from functions.upload_trigger.intake import examine_upload, plan_stages
from shared.media.images.jpeg_end import END_WARNING
from shared.pipeline import Bucket
from tests.fixtures.media.icc_profiles import DISPLAY_P3
from tests.fixtures.media.uploads import (
    draw_quarters,
    encode_heic,
    encode_picture,
    make_rotated_jpeg,
    make_sound_file,
)
from tests.fixtures.stage_harness import StageHarness, make_input, make_job
from tests.unit.functions.stitching.film.still_jobs import make_still_job, run_stitching

pytestmark = pytest.mark.slow


def _first_frame(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.mark.parametrize("image_format", ["JPEG", "HEIC"])
def test_photo_in_display_p3(harness: StageHarness, tmp_path: Path, image_format: str) -> None:
    image = Image.new("RGB", (320, 240), DISPLAY_P3.encode((200, 60, 40)))
    image.info["icc_profile"] = DISPLAY_P3.profile()
    photo = (
        encode_heic(image)
        if image_format == "HEIC"
        else encode_picture(image, "JPEG", quality=95, icc_profile=DISPLAY_P3.profile())
    )
    job = make_still_job(harness, photo, make_sound_file("wav", 0.5), resolution="720p")
    _, path = run_stitching(harness, job, tmp_path)
    assert np.abs(_first_frame(path)[360, 480].astype(int) - (200, 60, 40)).max() <= 6


@pytest.mark.parametrize(
    ("size", "options", "film_size"),
    [
        ((2048, 922), {"shape": "9:16"}, (1080, 1920)),
        ((2, 115), {"shape": "16:9", "motion": "gentle", "resolution": "720p"}, (1280, 720)),
        ((1013, 331), {"shape": "1:1", "resolution": "720p"}, (720, 720)),
        ((400, 1013), {"resolution": "720p"}, (506, 1280)),
    ],
)
def test_any_size_becomes_a_film_of_any_shape(
    harness: StageHarness,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    size: tuple[int, int],
    options: dict[str, str],
    film_size: tuple[int, int],
) -> None:
    # A frame per second of the motion instead of 15 has all its sizes.
    monkeypatch.setattr(still_film, "MOTION_SAMPLES", RATE_HZ)
    picture = encode_picture(draw_quarters(*size), "PNG")
    job = make_still_job(harness, picture, make_sound_file("wav", 0.5), **options)
    _, path = run_stitching(harness, job, tmp_path)
    assert _first_frame(path).shape == (film_size[1], film_size[0], 3)


def test_cut_off_jpeg_is_shown_and_the_job_has_a_warning(
    harness: StageHarness, tmp_path: Path
) -> None:
    photo, sound = make_rotated_jpeg(1)[:-2], make_sound_file("wav", 0.5)
    job = make_still_job(harness, photo, sound, resolution="720p")
    _, path = run_stitching(harness, job, tmp_path)
    assert np.abs(_first_frame(path)[180, 270].astype(int) - (220, 30, 30)).max() < 25

    inputs = tuple(
        make_input(name, harness.put_object(Bucket.UPLOADS, f"jobs/x/{name}", data, kind), filename)
        for name, data, kind, filename in (
            ("picture", photo, "image/jpeg", "trip.jpg"),
            ("sound", sound, "audio/wav", "talk.wav"),
        )
    )
    job = make_job("still", number=9, inputs=inputs)
    specs = tuple({"input": item.name} for item in inputs)
    done = harness.run_stage("upload_trigger", examine_upload, plan_stages, specs, job)
    assert done.warnings == (f"trip.jpg: {END_WARNING}",)
