"""The work that functions declare for the sandbox, and its limits."""

from __future__ import annotations

import pytest

from functions.slide_generation.drawing import pictures as slide_pictures
from functions.stitching import inputs as film_inputs
from functions.stitching import slides as film_slides
from functions.upload_trigger import picture as upload_trigger_picture
from functions.upload_trigger import sound as upload_trigger_sound
from shared.media.errors import (
    FileKind,
)
from shared.media.sandbox.child import Limits, Work
from shared.pipeline import FUNCTIONS


@pytest.mark.parametrize(
    ("work", "file_kind"),
    [
        (upload_trigger_picture._PROBE, "picture"),
        (upload_trigger_sound._PROBE, "sound"),
        (slide_pictures._CROP, "picture"),
        (film_inputs._FIT, "picture"),
        (film_slides._DECODE, "picture"),
        (film_inputs._DECODE_SOUND, "sound"),
    ],
)
def test_work_names_the_kind_of_its_file(work: Work, file_kind: FileKind) -> None:
    assert work.file_kind == file_kind


@pytest.mark.parametrize(
    "name",
    ["upload_trigger", "frame_extraction", "emotion_scoring", "slide_generation", "stitching"],
)
def test_limits_of_concurrent_requests_fit_the_function(name: str) -> None:
    function = FUNCTIONS[name]
    limits = Limits.for_function(function)
    assert limits.memory_mb >= 190
    assert limits.memory_mb * function.concurrency < function.memory_mb
    assert 20 <= limits.cpu_s < function.soft_deadline_s * function.cpu
