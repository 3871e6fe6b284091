"""Files bent at random neither end the process that takes them in, nor hold it up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.fuzzing import fuzz, make_input
from tests.corpus.mutation import seed_files
from tests.corpus.outcome import process_file


@pytest.mark.parametrize(
    ("inputs", "seconds"), [(60, 60), pytest.param(3000, 900, marks=pytest.mark.sweep)]
)
def test_bent_files_end_with_frames_or_with_a_reason(
    inputs: int, seconds: float, tmp_path: Path
) -> None:
    found = fuzz(inputs, seconds, seed=7, kept_folder=tmp_path)
    assert not found.failures, str(found)
    assert found.inputs >= inputs / 4
    assert found.codes["done"]
    assert len(found.codes) > 4


@pytest.mark.parametrize("number", [1139, 1640, 1719, 2629, 3561])
def test_streams_that_come_up_on_the_way_do_no_harm(number: int) -> None:
    """Found by fuzzing with seed 1: PyAV stumbled at the end over streams it did not know."""
    _, data = make_input(seed_files(), 1, number)
    outcome = process_file(data, "0.2")
    assert outcome.pictures or outcome.message
