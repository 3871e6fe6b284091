"""Speech recognition whose worker ends at any point, and that another one does again."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from functions.speech_recognition.join import write_transcript
from functions.speech_recognition.part import recognize_window
from functions.upload_trigger.media import examine_media
from shared.entrypoints import bootstrap
from shared.jobs.model import Job
from shared.pipeline import Bucket
from shared.ports.speech_recognition import (
    SAMPLE_RATE_HZ,
    Recognition,
    RecognitionRequest,
)
from shared.recipes.upload_results import Upload, Uploads
from tests.fakes.tone_recognizer import ToneRecognizer
from tests.fixtures.hooked_objects import CrashAt, HookedObjects, WorkerCrashed
from tests.fixtures.media.tone_words import regular_words, render_words, write_media
from tests.fixtures.stage_harness import StageHarness, make_job

WINDOWS = ({"window": 0, "begin_s": 0, "end_s": 8}, {"window": 1, "begin_s": 8})
# The pause ends a request; the border of the windows is within the words after it.
WORDS = (*regular_words(4), *regular_words(12, first_s=6.2))
DURATION_S = 14.0


@dataclass
class HookedRecognizer(ToneRecognizer):
    """Calls `hook` before each request and after it, like HookedObjects."""

    hook: Callable[[str, str], None] = lambda _event, _name: None

    def recognize(self, request: RecognitionRequest) -> Recognition:
        self.hook("recognize", "")
        recognition = super().recognize(request)
        self.hook("recognized", "")
        return recognition


def make_captions_job(harness: StageHarness) -> Job:
    samples = render_words(WORDS, DURATION_S)
    data = write_media(samples, SAMPLE_RATE_HZ, "wav", "pcm_s16le")
    stored = harness.put_object(Bucket.UPLOADS, "jobs/1/media.0", data, "audio/wav")
    upload = Upload(stored, "a.wav", examine_media(harness.objects, stored, 60))
    facts = {Uploads.STAGE: Uploads({"media": upload}).to_dict()}
    return make_job("captions", options={"language": "auto", "video": "none"}, facts=facts)


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.sweep)])
def test_crash_at_any_point_doubles_and_loses_no_word(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The worker ends before or after each request, and before or after each object is written."""
    recognizer, objects = HookedRecognizer(), HookedObjects(harness.objects)
    monkeypatch.setattr(bootstrap, "recognizer", lambda: recognizer)
    harness, job = replace(harness, objects=cast(Any, objects)), make_captions_job(harness)

    def run(number: int) -> dict[str, bytes]:
        done = harness.run_stage(
            "speech_recognition", recognize_window, write_transcript, WINDOWS,
            replace(job, id=f"{number:020d}"),
        )  # fmt: skip
        return {item.name: harness.read_artifact(item) for item in done.artifacts}

    expected = run(100)
    assert expected["transcript.txt"].decode().split() == [word.text for word in WORDS]
    paid = len(recognizer.requests)
    assert paid >= 3
    for point in itertools.count(step=step):
        recognizer.requests.clear()
        crash = CrashAt(point)
        recognizer.hook = objects.hook = crash
        with contextlib.suppress(WorkerCrashed):
            run(point)
        recognizer.hook = objects.hook = lambda _event, _name: None
        assert run(point) == expected
        # The request that was underway is the only one that may be made again.
        assert len(recognizer.requests) <= paid + 1
        if crash.is_over:
            break
    # Each request and its words, each window and each result, before and after.
    assert point >= 4 * paid + 2 * len(WINDOWS) + 2 * len(expected)
