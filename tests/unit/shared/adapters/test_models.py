"""The illustrator that the settings select."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.adapters.models import create_deck_model, create_illustrator
from shared.errors import ConfigurationError
from shared.ports.models import PictureModelOverloaded
from shared.runtime.settings import Settings
from tests.fixtures.models.illustrators import make_request
from tests.unit.shared.runtime.test_settings import CLOUD, LOCAL

FAKE = "tests.fakes.illustrator:paper_illustrator"


class StoppedClock:
    """A clock that always shows the same time."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"slept for {seconds} s")


def make_illustrator(**variables: str) -> Any:
    env = {f"MOODREEL_{name.upper()}": value for name, value in variables.items()}
    return create_illustrator(Settings.from_env({**CLOUD, **env}), StoppedClock())


def test_nobody_draws_by_default() -> None:
    assert make_illustrator() is None


def test_illustrator_of_the_operator_is_loaded_and_its_calls_are_limited() -> None:
    illustrator = make_illustrator(
        illustrator=FAKE, picture_calls_per_minute="2", max_instances="1"
    )
    assert illustrator.engine == "paper-1"
    for _ in range(2):
        assert illustrator.draw(make_request())
    with pytest.raises(PictureModelOverloaded) as caught:
        illustrator.draw(make_request())
    assert caught.value.retry_after_s == 60


@pytest.mark.parametrize("name", ["tests.fakes.nothing:x", "tests.fakes.illustrator:nothing"])
def test_illustrator_that_cannot_be_loaded_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        make_illustrator(illustrator=name)


def test_gemini_draws_with_its_current_library_only() -> None:
    with pytest.raises(ConfigurationError, match="needs google-genai"):
        make_illustrator(illustrator="gemini", deck_model_client="google-generativeai")


@pytest.mark.parametrize("name", ["openai", "os:system:x", "a/b:c", ":x", "x:"])
def test_name_of_another_form_is_rejected(name: str) -> None:
    with pytest.raises(ConfigurationError, match="gemini or module:factory"):
        make_illustrator(illustrator=name)


def test_endpoint_of_the_user_writes_decks_in_the_local_suite_only() -> None:
    variables = {"MOODREEL_DECK_MODEL_URL": "http://127.0.0.1:1/v1", "MOODREEL_DECK_MODEL": "m"}
    local = create_deck_model(Settings.from_env({**LOCAL, **variables}), StoppedClock())
    assert local.engine == "openai-compatible:m"
    assert Settings.from_env({**CLOUD, **variables}).deck_model_url == ""
