"""A film of one picture that cannot be made: missing or invalid uploads, invalid options."""

from __future__ import annotations

import pytest

from functions.stitching.join import copy_results
from functions.stitching.render import render_film
from shared.errors import InvalidOption, PermanentError, SourceExpired
from shared.media.errors import UndecodableSound
from shared.pipeline import Bucket
from tests.fixtures.media.uploads import encode_sound, make_rotated_jpeg, make_sound_file, make_tone
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.film.still_jobs import SPECS, make_still_job

pytestmark = pytest.mark.slow


def test_missing_upload_is_rejected(harness: StageHarness) -> None:
    job = make_still_job(harness, make_rotated_jpeg(1), make_sound_file("mp3"))
    harness.objects.delete(Bucket.UPLOADS, f"jobs/{job.id}/picture.0")
    with pytest.raises(SourceExpired):
        harness.run_stage("stitching", render_film, copy_results, SPECS, job)


def test_too_short_sound_is_rejected(harness: StageHarness) -> None:
    short = encode_sound(make_tone(0.05, 48000), "wav", "pcm_s16le", 48000)
    with pytest.raises(UndecodableSound, match="tenth of a second"):
        harness.run_stage(
            "stitching",
            render_film,
            copy_results,
            SPECS,
            make_still_job(harness, make_rotated_jpeg(1), short),
        )
    assert harness.list_names(Bucket.WORK) == []


def test_invalid_option_fails_the_job(harness: StageHarness) -> None:
    job = make_still_job(harness, make_rotated_jpeg(1), make_sound_file("wav", 1), shape="round")
    with pytest.raises(InvalidOption):
        harness.run_stage("stitching", render_film, copy_results, SPECS, job)


@pytest.mark.parametrize("picture", [b"", b"no picture", make_rotated_jpeg(1)[:900]])
def test_invalid_picture_is_rejected(harness: StageHarness, picture: bytes) -> None:
    with pytest.raises(PermanentError):
        make_still_job(harness, picture, make_sound_file("wav", 1))


@pytest.mark.parametrize("sound", [b"", b"no sound", b"#EXTM3U\nhttp://127.0.0.1:9/"])
def test_invalid_sound_is_rejected(harness: StageHarness, sound: bytes) -> None:
    with pytest.raises(PermanentError):
        make_still_job(harness, make_rotated_jpeg(1), sound)
