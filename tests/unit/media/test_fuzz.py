"""Files bent at random neither end the process that takes them in, nor hold it up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.running import fuzz


@pytest.mark.parametrize(
    ("inputs", "seconds"), [(60, 60), pytest.param(3000, 900, marks=pytest.mark.sweep)]
)
def test_bent_files_end_with_frames_or_with_a_reason(
    inputs: int, seconds: float, tmp_path: Path
) -> None:
    found = fuzz(inputs, seconds, seed=7, kept=tmp_path)
    assert not found.wrong, str(found)
    assert found.inputs >= inputs / 4
    assert found.codes["done"]
    assert len(found.codes) > 4
