"""A sample of the random combinations of `python -m tests.corpus --seed N --count M`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.corpus.combinations.case import Damage
from tests.corpus.combinations.damage import damage_file
from tests.corpus.combinations.draw import draw_case
from tests.corpus.combinations.encode import encode_case
from tests.corpus.combinations.expected import find_faults
from tests.corpus.combinations.formats import CODECS, CONTAINERS
from tests.corpus.combinations.run import Report, run_case
from tests.corpus.outcome import extract_frames

pytestmark = pytest.mark.slow

SEED = 20
SAMPLE = range(24)


@pytest.mark.parametrize("number", SAMPLE)
def test_combination_gives_what_its_file_says(number: int) -> None:
    result = run_case(SEED, number)
    assert result.faults == (), str(result.case)


def test_cases_follow_from_the_seed_and_their_number() -> None:
    assert draw_case(3, 5) == draw_case(3, 5)
    assert draw_case(3, 5) != draw_case(4, 5)
    cases = [draw_case(SEED, number) for number in range(2000)]
    assert {case.container_name for case in cases} == set(CONTAINERS)
    assert {case.codec_name for case in cases} == {
        name for container in CONTAINERS.values() for name in container.codecs
    }
    assert set(CODECS) == {case.codec_name for case in cases}


def test_wrong_frames_times_sizes_and_colours_are_found() -> None:
    case = replace(draw_case(SEED, 0), damage=Damage())
    data = encode_case(case)
    outcome = extract_frames(data, case.options)
    assert find_faults(case, data, outcome) == []
    later = replace(case, first_index=1)
    assert "picture" in find_faults(later, data, outcome)[0]
    fewer = replace(outcome, pictures=outcome.pictures[:-1], stamps=outcome.stamps[:-1])
    assert "frames" in find_faults(case, data, fewer)[0]


def test_damage_is_the_same_for_the_same_seed() -> None:
    data = bytes(range(256)) * 9
    for kind in ("truncated", "cut head", "flipped bytes"):
        damage = Damage(kind, 0.5, 7)
        assert damage_file(data, damage) == damage_file(data, damage) != data


def test_report_counts_by_dimension_and_names_the_command() -> None:
    result = run_case(SEED, SAMPLE[0])
    wrong = replace(result, faults=("no frames",))
    report = str(Report(SEED, [result, wrong], 1.0))
    assert f"python -m tests.corpus --seed {SEED} --case {result.case.number}" in report
    assert "| container |" in report
    assert "1 right, 1 wrong" in report
