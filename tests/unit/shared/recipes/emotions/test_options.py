"""Consent and purpose are conditions of scoring emotions at all."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from shared.recipes.emotions.options import EmotionOptions, ProhibitedPurpose, parse_frame_options

GOOD: dict[str, Any] = {"every": "0.5", "consent": True, "purpose": "research"}


def _parse(**changed: Any) -> EmotionOptions:
    return EmotionOptions.parse(GOOD | changed, allow_medical_safety=False)


def test_options_are_read_and_read_back_from_the_job() -> None:
    options = _parse(smooth=False, mirror="false", max_width=640)
    assert options.frames.every == Fraction(1, 2)
    assert options.frames.max_width == 640
    assert not options.smooth
    assert not options.mirror
    again = EmotionOptions.parse(options.to_dict(), allow_medical_safety=False)
    assert again == options
    assert parse_frame_options(options.to_dict()) == options.frames


def test_faces_are_scored_with_their_mirror_images_unless_told_otherwise() -> None:
    assert _parse().mirror
    before = {name: value for name, value in _parse().to_dict().items() if name != "mirror"}
    assert EmotionOptions.from_job(before).mirror, "a job from before there was this option"


@pytest.mark.parametrize("consent", [None, False, "false", "yes", 1, ""])
def test_nothing_is_scored_without_consent(consent: Any) -> None:
    with pytest.raises(ValueError, match="consent"):
        _parse(consent=consent)


@pytest.mark.parametrize("purpose", [None, "", "   ", 7, "x" * 201, "a\x07b"])
def test_a_purpose_must_be_said(purpose: Any) -> None:
    with pytest.raises(ValueError, match="purpose"):
        _parse(purpose=purpose)


@pytest.mark.parametrize(
    "purpose",
    [
        "monitor our employees",
        "Workplace mood",
        "work-place study",
        "job interviews",
        "recruiting",
        "call center quality",
        "Are students paying attention?",
        "classroom engagement",
        "e-learning",
        "exam proctoring",
        "Stimmung der Mitarbeiter",
        "Aufmerksamkeit der Schüler",
        "SCHULE",
        "étudiants",
    ],
)
def test_work_and_education_are_refused_with_the_reason(purpose: str) -> None:
    with pytest.raises(ProhibitedPurpose, match=r"AI Act, art\. 5\(1\)\(f\)"):
        _parse(purpose=purpose)


@pytest.mark.parametrize(
    "purpose",
    [
        "research",
        "family film",
        "network of artwork",
        "usability of our game",
        "an example",
        "casting of an advertisement",
        "patients in therapy",
        "preschedule",
    ],
)
def test_other_purposes_pass(purpose: str) -> None:
    assert _parse(purpose=purpose).purpose == purpose


def test_the_exception_needs_the_operator_and_a_medical_or_safety_purpose() -> None:
    fatigue = GOOD | {"purpose": "fatigue of workers at machines, for safety"}
    with pytest.raises(ProhibitedPurpose):
        EmotionOptions.parse(fatigue, allow_medical_safety=False)
    assert EmotionOptions.parse(fatigue, allow_medical_safety=True)
    with pytest.raises(ProhibitedPurpose):
        EmotionOptions.parse(GOOD | {"purpose": "workers' mood"}, allow_medical_safety=True)


def test_stages_read_their_part_of_a_job_with_more_options() -> None:
    job = _parse().to_dict() | {"language": "de"}
    assert EmotionOptions.from_job(job) == _parse()
    assert parse_frame_options(job) == _parse().frames
    with pytest.raises(ValueError, match="language"):
        EmotionOptions.parse(job, allow_medical_safety=False)


def test_an_unknown_option_and_a_bad_flag_are_named() -> None:
    with pytest.raises(ValueError, match="emotion"):
        _parse(emotion="all")
    with pytest.raises(ValueError, match="smooth"):
        _parse(smooth="sometimes")
    with pytest.raises(ValueError, match="mirror"):
        _parse(mirror="sometimes")
