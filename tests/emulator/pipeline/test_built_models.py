"""The recipe `emotions` in a suite without MODELS_DIR, which builds the models itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.suite.handle import run_suite
from infra.local.suite.layout import SuiteLayout
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO, needs_models
from tests.fixtures.suite.emotions_job import run_emotions_job

pytestmark = pytest.mark.suite


@needs_models
@pytest.mark.extended
def test_suite_without_models_builds_them_and_warns(
    own_layout: SuiteLayout, tmp_path: Path
) -> None:
    with run_suite(own_layout, "emotions", {"MODELS_DIR": ""}) as suite:
        result = run_emotions_job(suite, suite.client(), SAD_TO_HAPPY_VIDEO, tmp_path, every="1")
    models = result.document["models"][0]
    assert models["classifier"]["name"] in ("mini-xception-fer2013", "xception-pair-fer2013")
    assert models["detector"]["name"] in ("centerface", "yunet-2023mar")
    if models["detector"]["name"] == "centerface":
        assert any("centerface was used" in warning for warning in result.job["warnings"])
        assert all(len(frame["faces"]) == 1 for frame in result.frames)
    emotions = {
        frame["time_s"]: [face["dominant"] for face in frame["faces"]] for frame in result.frames
    }
    assert sum(emotions[second] == ["happy"] for second in range(12, 20)) >= 6
