"""Jobs of `captions`: their options and their inputs."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.runtime.logs import log
from shared.runtime.service_lists import CachedList
from shared.runtime.services import SystemClock
from tests.fakes.application import ALICE_HEADERS, AppHarness


def find_errors(options: dict[str, Any], size_bytes: int = 1000) -> dict[str, str]:
    """Request a job of `captions` that is refused, and return the messages by field."""
    file = {"filename": "a.mp3", "content_type": "audio/mpeg", "size_bytes": size_bytes}
    body = {"recipe": "captions", "options": options, "inputs": {"media": file}}
    response = AppHarness(ROUTES).request("POST", "/v1/jobs", json=body, headers=ALICE_HEADERS)
    assert response.status_code == 422, response.json
    return {error["field"]: error["message"] for error in response.json["errors"]}


@pytest.fixture(autouse=True)
def languages(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = CachedList("recognition_languages", lambda: ("en-US", "sw-KE"), SystemClock(), log)
    monkeypatch.setattr(bootstrap, "recognition_languages", lambda: listed)


def no_voices() -> None:
    raise AssertionError("captions need no voice")


def test_language_of_captions_needs_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "voices", no_voices)
    assert find_errors({"language": "sw"}, size_bytes=10**12).keys() == {"inputs.media.size_bytes"}


def test_unknown_language_and_video_are_reported_together() -> None:
    errors = find_errors({"language": "klingon", "video": "hard"})
    assert errors.keys() == {"options.language", "options.video"}


def test_language_that_is_not_recognized_is_refused_before_the_upload() -> None:
    assert "it knows en and sw" in find_errors({"language": "de"})["options.language"]
