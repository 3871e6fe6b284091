"""The languages of speech recognition: their list, and the check when a job is created."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.recognition.handlers import check_language
from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.errors import InvalidOption
from shared.pipeline import RECIPES, Input, Recipe
from shared.ports.speech_recognition import RecognitionOverloaded
from shared.runtime.logs import log
from shared.runtime.service_lists import CachedList
from shared.runtime.services import SystemClock
from tests.fakes.application import ALICE_HEADERS, AppHarness

PATH = "/v1/recognition/languages"
TRANSCRIBING = Recipe(
    "test", "", (Input("media", ("audio",), 1),), ("upload_trigger", "speech_recognition")
)


def use_languages(monkeypatch: pytest.MonkeyPatch, *languages: str, fails: bool = False) -> None:
    """Lets the service list these languages, or fail."""

    def fetch() -> tuple[str, ...]:
        if fails:
            raise RecognitionOverloaded("Speech-to-Text cannot be reached.")
        return languages

    listed = CachedList("recognition_languages", fetch, SystemClock(), log)
    monkeypatch.setattr(bootstrap, "recognition_languages", lambda: listed)


def test_languages_are_listed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    use_languages(monkeypatch, "en-US", "de-DE")
    response = AppHarness(ROUTES).request("GET", PATH, headers=ALICE_HEADERS)
    assert response.json == {"languages": ["de-DE", "en-US"]}


def test_service_that_lists_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    use_languages(monkeypatch, fails=True)
    response = AppHarness(ROUTES).request("GET", PATH, headers=ALICE_HEADERS)
    assert response.status_code == 503
    assert response.json["code"] == "recognition-overloaded"


@pytest.mark.parametrize(
    "options", [{}, {"language": "auto"}, {"language": "en"}, {"language": "en-IN"}]
)
def test_known_language_and_auto_are_accepted(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_languages(monkeypatch, "en-US")
    check_language(TRANSCRIBING, options)
    check_language(RECIPES["emotions"], {**options, "transcript": True})


def test_unknown_language_is_refused_before_the_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    use_languages(monkeypatch, "en")
    with pytest.raises(InvalidOption) as error:
        check_language(TRANSCRIBING, {"language": "de"})
    sentence = "Speech recognition does not know de; it knows en."
    assert error.value.problems == (("language", sentence),)
    # Films and frames need no recognition.
    check_language(RECIPES["presentation"], {"language": "de"})
    check_language(RECIPES["recap"], {"language": "de", "transcript": True})
    check_language(RECIPES["frames"], {})


def test_recognition_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    use_languages(monkeypatch)
    with pytest.raises(InvalidOption, match="not available"):
        check_language(TRANSCRIBING, {"language": "auto"})


def test_job_does_not_depend_on_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    use_languages(monkeypatch, fails=True)
    check_language(TRANSCRIBING, {"language": "xx"})
