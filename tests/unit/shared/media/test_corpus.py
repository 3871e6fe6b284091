"""Every file of the corpus has the expected outcome, and causes no outgoing connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import invalid, valid
from tests.corpus.corpus_file import CorpusFile, ExpectedError
from tests.corpus.outcome import find_mismatches, frame_interval, process_file
from tests.fakes.canary import CanaryServer
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS

pytestmark = pytest.mark.slow

FILES = {file.name: file for file in (*valid.list_files(), *invalid.list_files())}
# Other tests compare these with an oracle, picture by picture.
COVERED_ELSEWHERE = {*CLIP_SPECS, *RARE_CLIP_SPECS}


@pytest.fixture(scope="module")
def canary() -> Iterator[CanaryServer]:
    with CanaryServer() as server:
        yield server


def _params() -> Iterator[object]:
    for name, file in FILES.items():
        marks = [pytest.mark.sweep] if name in COVERED_ELSEWHERE else []
        yield pytest.param(file, id=name, marks=marks)


@pytest.mark.parametrize("file", list(_params()))
def test_corpus_file_has_the_expected_outcome(file: CorpusFile, canary: CanaryServer) -> None:
    outcome = process_file(file.make(canary.url), frame_interval(file))
    assert find_mismatches(file, outcome) == []
    assert canary.received == []
    if isinstance(file.expected, ExpectedError):
        assert len(outcome.message) > 20
        assert outcome.message.endswith((".", "?"))


def test_corpus_is_large_and_has_unique_names() -> None:
    files = [*valid.list_files(), *invalid.list_files()]
    assert len(files) == len(FILES)
    assert len(files) - len(COVERED_ELSEWHERE) > 100
    assert sum(file.in_pipeline_tests for file in files) >= 12
    assert (
        len({file.expected.code for file in files if isinstance(file.expected, ExpectedError)})
        >= 13
    )
