"""Uploads of `captions` whose pictures cannot have the captions that the options ask for."""

from __future__ import annotations

import pytest

from functions.upload_trigger.intake import examine_upload
from shared.errors import InvalidOption
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.stage_harness import StageHarness, make_input, make_job


def examine(harness: StageHarness, data: bytes, video: str) -> UnitDone:
    stored = harness.put_object(Bucket.UPLOADS, "jobs/1/media.0", data, "video/mp4")
    job = make_job(
        "captions",
        options={"language": "auto", "video": video},
        inputs=(make_input("media", stored, "a.mp4"),),
    )
    plan = harness.make_stage("upload_trigger", ({"input": "media"},))
    context = harness.make_context("upload_trigger", "media", plan, job, MemoryJobStore())
    return examine_upload(context)


def make_media(*, video_s: float = 0) -> bytes:
    samples = render_words(regular_words(2), 1.5)
    return write_media(samples, SAMPLE_RATE_HZ, "mp4", "aac", video_s=video_s)


@pytest.mark.parametrize("video", ["burned", "both"])
def test_video_that_cannot_have_burned_in_captions_fails_before_it_costs_anything(
    harness: StageHarness, video: str
) -> None:
    with pytest.raises(InvalidOption, match=r"64×64 pixels.* Choose video soft or none"):
        examine(harness, make_media(video_s=1), video)


@pytest.mark.parametrize("video", ["soft", "burned", "both"])
def test_sound_has_no_pictures_for_captions(harness: StageHarness, video: str) -> None:
    with pytest.raises(InvalidOption, match="has no pictures"):
        examine(harness, make_media(), video)


def test_other_options_take_the_same_uploads(harness: StageHarness) -> None:
    assert examine(harness, make_media(video_s=1), "soft").facts
    assert examine(harness, make_media(), "none").facts
