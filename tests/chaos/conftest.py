"""The clip of the jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.media.clip_specs import CLIP_SPECS


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path
