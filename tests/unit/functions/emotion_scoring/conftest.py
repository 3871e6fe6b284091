"""A Scene with its own buckets for each test."""

from __future__ import annotations

import pytest

from functions.emotion_scoring import part
from shared.pipeline import Bucket
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Upload
from tests.fakes.emotion_models import FRAME_INTERVAL_S, SquareDetector, make_square_scorer
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.media.faces import MEDIA_INFO
from tests.fixtures.stage_harness import StageHarness, make_job
from tests.unit.functions.emotion_scoring.scene import Scene, upload_facts


@pytest.fixture
def scene(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> Scene:
    squares = SquareDetector()
    monkeypatch.setattr(part._instance, "scorer", make_square_scorer(squares))
    options = EmotionOptions.parse(
        {"every": str(FRAME_INTERVAL_S), "consent": True, "purpose": "a test", "smooth": False},
        allow_medical_safety=False,
    )
    video = StoredObject(Bucket.UPLOADS, "jobs/j/video.0", 1, 1)
    facts = upload_facts(Upload(video, "a.mp4", MEDIA_INFO))
    job = make_job("emotions", options=options.to_dict(), facts=facts)
    return Scene(StageHarness.create(gcs), squares, job)
