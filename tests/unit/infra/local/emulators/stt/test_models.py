"""The models of the Speech-to-Text emulator: their rows, and which one a suite installs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local.emulators.model_files import PUBLISHER_HOSTS
from infra.local.emulators.stt.models import (
    DEFAULT_MODEL,
    MODEL_SETTING,
    MODELS,
    chosen_model_name,
    language_tag,
    whisper_code,
)
from infra.local.setup.recognition import prepare_recognition
from infra.local.setup.tools import Tools
from infra.local.suite.environment import function_env
from infra.local.suite.layout import SetupError, SuiteLayout
from shared.adapters.speech_recognition import fetch_recognition_languages
from shared.pipeline import FUNCTIONS
from tests.fixtures.models.process import running_emulator
from tests.fixtures.models.stt import recognition_settings


def test_files_have_pinned_revisions_at_their_publisher() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
    for model in MODELS:
        for file in model.files:
            parts = urlsplit(file.url)
            assert parts.scheme == "https"
            assert parts.netloc in PUBLISHER_HOSTS
            assert "/resolve/main/" not in parts.path
            assert len(file.sha256) == 64


def test_languages_are_bcp_47_tags_with_the_codes_of_whisper() -> None:
    assert not MODELS[0].detects_language
    assert MODELS[-1].detects_language
    assert "jw" not in MODELS[-1].languages
    assert whisper_code("jv") == "jw"
    for language in MODELS[-1].languages:
        assert language_tag(whisper_code(language)) == language


def test_user_chooses_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MODEL_SETTING, raising=False)
    assert chosen_model_name() == DEFAULT_MODEL
    monkeypatch.setenv(MODEL_SETTING, "whisper-small")
    assert chosen_model_name() == "whisper-small"
    monkeypatch.setenv(MODEL_SETTING, "whisper-huge")
    with pytest.raises(SetupError, match=r"no model 'whisper-huge'; the models are whisper-tiny"):
        prepare_recognition(lambda _: None)


def test_credentials_select_the_real_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/somewhere")
    # A model of Google is none of the emulator, and nothing is installed.
    monkeypatch.setenv(MODEL_SETTING, "chirp_2")
    assert prepare_recognition(lambda _: None) is None
    path = Path("x")
    tools = Tools(path, path, path, path, path, path, function_pythons={})
    env = function_env(SuiteLayout(9000), tools, FUNCTIONS["api"])
    assert "MOODREEL_STT_ENDPOINT" not in env
    assert env[MODEL_SETTING] == "chirp_2"


@pytest.mark.slow
def test_emulator_without_a_recognizer_lists_no_language() -> None:
    # The environment of the tests has no faster-whisper.
    with running_emulator("infra.local.emulators.stt") as url:
        assert fetch_recognition_languages(recognition_settings(url)) == ()
