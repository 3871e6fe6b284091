"""Whatever people upload ends as it should: right, or refused by its name; and nobody is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import invalid, valid
from tests.corpus.corpus_file import CorpusFile, ExpectedError
from tests.corpus.outcome import find_mismatches, frame_interval, process_file
from tests.fakes.canary import CanaryServer
from tests.fixtures.media.clips import CLIP_SPECS, RARE_CLIP_SPECS

pytestmark = pytest.mark.slow

ROWS = {row.name: row for row in (*valid.list_files(), *invalid.list_files())}
# These are held against an oracle elsewhere, picture by picture.
KNOWN = {*CLIP_SPECS, *RARE_CLIP_SPECS}


@pytest.fixture(scope="module")
def canary() -> Iterator[CanaryServer]:
    with CanaryServer() as listening:
        yield listening


def _params() -> Iterator[object]:
    for name, row in ROWS.items():
        marks = [pytest.mark.sweep] if name in KNOWN else []
        yield pytest.param(row, id=name, marks=marks)


@pytest.mark.parametrize("row", list(_params()))
def test_what_people_upload_comes_out_right_or_is_refused_by_its_name(
    row: CorpusFile, canary: CanaryServer
) -> None:
    outcome = process_file(row.make(canary.url), frame_interval(row))
    assert find_mismatches(row, outcome) == []
    assert canary.received == []
    if isinstance(row.expected, ExpectedError):
        assert len(outcome.message) > 20
        assert outcome.message.endswith((".", "?"))


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    rows = [*valid.list_files(), *invalid.list_files()]
    assert len(rows) == len(ROWS)
    assert len(rows) - len(KNOWN) > 100
    assert sum(row.in_pipeline_tests for row in rows) >= 12
    assert len({row.expected.code for row in rows if isinstance(row.expected, ExpectedError)}) >= 13
