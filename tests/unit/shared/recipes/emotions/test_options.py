"""Options of emotion scoring: consent and purpose are required."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from shared.recipes.emotions.options import (
    EmotionOptions,
    ProhibitedPurpose,
    is_consent_missing,
    parse_frame_options,
    parse_without_consent,
)
from shared.recipes.option_values import InvalidOptions

VALID: dict[str, Any] = {"every": "0.5", "consent": True, "purpose": "research"}


def _parse(**changed: Any) -> EmotionOptions:
    return EmotionOptions.parse(VALID | changed, allow_medical_safety=False)


def test_options_round_trip_through_the_job() -> None:
    options = _parse(smooth=False, mirror="false", max_width=640)
    assert options.frames.every == Fraction(1, 2)
    assert options.frames.max_width == 640
    assert not options.smooth
    assert not options.mirror
    parsed = EmotionOptions.parse(options.to_dict(), allow_medical_safety=False)
    assert parsed == options
    assert parse_frame_options(options.to_dict()) == options.frames


def test_mirror_is_the_default() -> None:
    assert _parse().mirror
    without_mirror = {name: value for name, value in _parse().to_dict().items() if name != "mirror"}
    earlier = EmotionOptions.from_job(without_mirror)
    assert earlier is not None
    assert earlier.mirror, "a job created before the option existed"


@pytest.mark.parametrize("consent", [None, False, "false", "yes", 1, ""])
def test_consent_is_required(consent: Any) -> None:
    with pytest.raises(ValueError, match="consent"):
        _parse(consent=consent)


@pytest.mark.parametrize("purpose", [None, "", "   ", 7, "x" * 201, "a\x07b"])
def test_purpose_is_required(purpose: Any) -> None:
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
def test_work_and_education_purposes_are_refused(purpose: str) -> None:
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
def test_other_purposes_are_accepted(purpose: str) -> None:
    assert _parse(purpose=purpose).purpose == purpose


def test_exception_requires_operator_and_medical_or_safety_purpose() -> None:
    fatigue = VALID | {"purpose": "fatigue of workers at machines, for safety"}
    with pytest.raises(ProhibitedPurpose):
        EmotionOptions.parse(fatigue, allow_medical_safety=False)
    assert EmotionOptions.parse(fatigue, allow_medical_safety=True)
    with pytest.raises(ProhibitedPurpose):
        EmotionOptions.parse(VALID | {"purpose": "workers' mood"}, allow_medical_safety=True)


def test_from_job_ignores_other_options() -> None:
    job = _parse().to_dict() | {"language": "de"}
    assert EmotionOptions.from_job(job) == _parse()
    assert parse_frame_options(job) == _parse().frames
    with pytest.raises(ValueError, match="language"):
        EmotionOptions.parse(job, allow_medical_safety=False)


def test_unknown_option_and_invalid_flag_are_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="emotion"):
        _parse(emotion="all")
    with pytest.raises(ValueError, match="smooth"):
        _parse(smooth="sometimes")
    with pytest.raises(ValueError, match="mirror"):
        _parse(mirror="sometimes")


@pytest.mark.parametrize("consent", [None, False, "false", "False"])
def test_recap_without_consent_has_frames_and_no_scores(consent: Any) -> None:
    given = {"every": "0.5", "consent": consent}
    assert is_consent_missing(given)
    options = parse_without_consent(given)
    assert options == _parse().frames.to_dict() | {"consent": False}
    assert EmotionOptions.from_job(options) is None


@pytest.mark.parametrize("consent", [True, "true", "yes", 1])
def test_other_values_of_consent_are_no_refusal(consent: Any) -> None:
    assert not is_consent_missing({"consent": consent})


@pytest.mark.parametrize(
    "given",
    [{"purpose": "research"}, {"annotate": True}, {"smooth": False, "mirror": False}],
    ids=lambda given: "-".join(given),
)
def test_options_of_scored_faces_need_consent(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptions) as error:
        parse_without_consent(given)
    ((name, sentence),) = error.value.problems
    assert name == "consent"
    assert all(option in sentence for option in given)
