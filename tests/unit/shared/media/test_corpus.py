"""Whatever people upload ends as it should: right, or refused by its name; and nobody is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import invalid, valid
from tests.corpus.corpus_file import Failed, Row
from tests.corpus.outcome import complaints, every_of, outcome_of
from tests.fakes.canary import Canary
from tests.fixtures.media.clips import ODD, RECIPES

pytestmark = pytest.mark.slow

ROWS = {row.name: row for row in (*valid.rows(), *invalid.rows())}
# These are held against an oracle elsewhere, picture by picture.
KNOWN = {*RECIPES, *ODD}


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with Canary() as listening:
        yield listening


def _params() -> Iterator[object]:
    for name, row in ROWS.items():
        marks = [pytest.mark.sweep] if name in KNOWN else []
        yield pytest.param(row, id=name, marks=marks)


@pytest.mark.parametrize("row", list(_params()))
def test_what_people_upload_comes_out_right_or_is_refused_by_its_name(
    row: Row, canary: Canary
) -> None:
    outcome = outcome_of(row.make(canary.url), every_of(row))
    assert complaints(row, outcome) == []
    assert canary.hits == []
    if isinstance(row.expected, Failed):
        assert len(outcome.message) > 20
        assert outcome.message.endswith((".", "?"))


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    rows = [*valid.rows(), *invalid.rows()]
    assert len(rows) == len(ROWS)
    assert len(rows) - len(KNOWN) > 100
    assert sum(row.common for row in rows) >= 12
    assert len({row.expected.code for row in rows if isinstance(row.expected, Failed)}) >= 13
