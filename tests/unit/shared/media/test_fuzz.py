"""Mutated files neither crash nor block the process that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.fuzzing import fuzz, make_input
from tests.corpus.mutation import seed_files
from tests.corpus.outcome import process_file


@pytest.mark.parametrize(
    ("inputs", "seconds"), [(60, 60), pytest.param(3000, 900, marks=pytest.mark.sweep)]
)
def test_mutated_files_end_with_frames_or_an_error(
    inputs: int, seconds: float, tmp_path: Path
) -> None:
    report = fuzz(inputs, seconds, seed=7, kept_folder=tmp_path)
    assert not report.failures, str(report)
    assert report.inputs >= inputs / 4
    assert report.codes["done"]
    assert len(report.codes) > 4


@pytest.mark.parametrize("number", [1139, 1640, 1719, 2629, 3561])
def test_streams_discovered_while_reading_raise_no_error(number: int) -> None:
    """Found with seed 1: PyAV failed at the end for streams that it did not know."""
    _, data = make_input(seed_files(), 1, number)
    outcome = process_file(data, "0.2")
    assert outcome.pictures or outcome.message
