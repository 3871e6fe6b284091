"""Tests of the validation of new jobs: all problems in one response, in sentences of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.api.routes import ROUTES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fakes.signing_objects import SigningObjects
from tests.unit.functions.api.jobs.rejected_jobs import VIDEO, post_rejected

PROMPT = {"filename": "prompt.txt", "content_type": "text/plain", "size_bytes": 9}
VOICE = "voice is 'nobody'; give a voice's name such as en-US-Neural2-C."


def find_problems(body: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Posts a job that is rejected. Returns the code, the detail and the messages by field."""
    status, problem = post_rejected(body)
    assert status == 422
    errors = {error["field"]: error["message"] for error in problem["errors"]}
    assert all(message in problem["detail"] for message in errors.values())
    return problem["code"], problem["detail"], errors


@pytest.mark.parametrize("voice", ["nobody", "Kore", "en-US", "en_US-Neural2-C", "Neural2-C"])
def test_voice_without_the_form_of_a_voice_name_is_rejected(voice: str) -> None:
    code, _, errors = find_problems(
        {"recipe": "presentation", "options": {"voice": voice}, "inputs": {"prompt": PROMPT}}
    )

    assert (code, errors) == ("invalid-option", {"options.voice": VOICE.replace("nobody", voice)})


@pytest.mark.parametrize(
    ("recipe", "options", "fields"),
    [
        (
            "presentation",
            {"voice": "nobody", "slides": 99, "language": "?", "aspect": "2:1", "motion": "wild",
             "fps": 1, "zoom": 2},
            ["fps", "zoom", "slides", "language", "aspect", "voice", "motion"],
        ),
        ("frames", {"every": "soon", "quality": 101, "format": "gif", "fps": 1},
         ["fps", "every", "format", "quality"]),
        ("frames", {"start": 5, "end": 5, "every": 0}, ["every", "end"]),
        ("emotions", {"every": "soon", "smooth": "maybe"},
         ["every", "consent", "purpose", "smooth"]),
        ("recap", {"consent": True, "purpose": "x" * 201, "slides": 0, "transition": "wipe"},
         ["purpose", "slides", "transition"]),
        ("recap", {"purpose": "research", "annotate": True, "every": 0, "slides": 0},
         ["consent", "every", "slides"]),
        ("still", {"shape": "round", "resolution": "8k", "loudness": 11},
         ["shape", "resolution", "loudness"]),
    ],
)  # fmt: skip
def test_all_invalid_options_are_reported_at_once(
    recipe: str, options: dict[str, Any], fields: list[str]
) -> None:
    inputs: dict[str, Any] = {
        "presentation": {"prompt": PROMPT},
        "still": {"picture": VIDEO, "sound": VIDEO},
    }.get(recipe, {"video": VIDEO})
    code, _, errors = find_problems({"recipe": recipe, "options": options, "inputs": inputs})

    assert code == "invalid-option"
    assert sorted(errors) == sorted(f"options.{name}" for name in fields)


def test_a_number_of_any_length_is_reported() -> None:
    code, _, errors = find_problems(
        {"recipe": "presentation", "options": {"speed": 10**400}, "inputs": {"prompt": PROMPT}}
    )

    assert (code, list(errors)) == ("invalid-option", ["options.speed"])


def test_prohibited_purpose_keeps_its_code_among_other_problems() -> None:
    options = {"consent": True, "purpose": "employees", "smooth": "maybe"}
    code, _, errors = find_problems(
        {"recipe": "emotions", "options": options, "inputs": {"video": VIDEO}}
    )

    assert (code, list(errors)) == ("prohibited-purpose", ["options.purpose", "options.smooth"])


def test_options_and_inputs_are_reported_together() -> None:
    code, detail, errors = find_problems(
        {
            "recipe": "presentation",
            "options": {"voice": "nobody", "speed": 9},
            "inputs": {"video": VIDEO, "music": PROMPT | {"size_bytes": 500_000_001}},
        }
    )

    assert code == "invalid-request"
    assert errors == {
        "options.voice": VOICE,
        "options.speed": "speed is '9'; it must be a number from 0.25 to 2.",
        "inputs.prompt": "The recipe presentation needs the input prompt.",
        "inputs.video": "The recipe presentation has these inputs: prompt, music, "
        "picture1 to picture12.",
        "inputs.music.size_bytes": "The input music may have at most 16 MB; this file has "
        "500.0 MB.",
    }
    assert "These fields" not in detail


def test_form_options_and_missing_inputs_are_reported_together() -> None:
    code, _, errors = find_problems(
        {"recipe": "presentation", "title": "x" * 201, "options": {"voice": "nobody"}, "more": 1}
    )

    assert code == "invalid-request"
    assert errors == {
        "title": "title must have at most 200 characters.",
        "more": "There is no field more here.",
        "options.voice": VOICE,
        "inputs.prompt": "The recipe presentation needs the input prompt.",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": 5}, "title must be a text."),
        ({"title": "  "}, "title must not be blank."),
        ({"title": "a\nb"}, "title must not contain control characters."),
        ({"title": ""}, "title must have at least 1 character."),
        ({"recipe": None}, "recipe must be a text."),
        ({"options": []}, "options must be an object."),
        ({"options": {"every": {}}},
         "options.every must be a text, a number, true, false or null."),
        ({"from": "x"}, "from does not have the required form."),
        ({"inputs": {"video": VIDEO | {"size_bytes": 0}}},
         "inputs.video.size_bytes must be greater than 0."),
        ({"inputs": {"video": VIDEO | {"size_bytes": 1.5}}},
         "inputs.video.size_bytes must be a whole number."),
        ({"inputs": {"video": {"filename": "a"}}}, "inputs.video.size_bytes is missing."),
        ({"inputs": {"video": 3}}, "inputs.video must be an object."),
    ],
)  # fmt: skip
def test_form_of_fields_is_explained_in_our_sentences(
    changes: dict[str, Any], message: str
) -> None:
    body = {"recipe": "frames", "inputs": {"video": VIDEO}} | changes
    _, detail, errors = find_problems(body)

    assert (detail, list(errors.values())) == (message, [message])


def test_missing_recipe_is_named() -> None:
    assert find_problems({})[2] == {"recipe": "recipe is missing."}


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.gif", "image/gif"),
        ("a.webp", "image/webp"),
        ("00001.MTS", "model/vnd.mts"),
        ("a.m2t", "application/octet-stream"),
        ("VTS_01_1.vob", "application/octet-stream"),
        ("MOV001.MOD", "audio/x-mod"),
        ("a", "text/plain"),
    ],
)
def test_media_type_is_only_a_hint(filename: str, content_type: str) -> None:
    harness = AppHarness(ROUTES, objects=SigningObjects())
    file = {"filename": filename, "content_type": content_type, "size_bytes": 5}
    body = {"recipe": "frames", "inputs": {"video": file}}
    response = harness.request(
        "POST",
        "/v1/jobs",
        headers=ALICE_HEADERS,
        data=json.dumps(body),
        content_type="application/json",
    )

    assert response.status_code == 201, response.text
    assert response.json["uploads"]["video"]["headers"] == {"Content-Type": content_type}
