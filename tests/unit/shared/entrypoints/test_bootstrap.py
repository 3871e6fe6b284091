"""Neighbours are built once a process, and settings refuse what would be a hole."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.entrypoints.bootstrap import build_once
from shared.errors import ConfigurationError
from shared.pipeline import Bucket, GeminiBackend
from shared.runtime.settings import EMULATOR_VARIABLES, Settings

CLOUD = {
    "MOODREEL_PROJECT": "p",
    "MOODREEL_PUBLIC_URL": "https://example.org/",
    **{f"MOODREEL_BUCKET_{role.upper()}": f"p-{role}" for role in Bucket},
}
LOCAL = {
    **CLOUD,
    "MOODREEL_LOCAL": "1",
    "MOODREEL_SIGNER_KEY": "key.json",
    **dict.fromkeys(EMULATOR_VARIABLES, "127.0.0.1:1"),
}


def test_threads_that_start_together_share_one_client() -> None:
    built = []
    start = threading.Barrier(16)

    @build_once
    def client() -> object:
        time.sleep(0.02)
        built.append(object())
        return built[-1]

    def ask() -> object:
        start.wait()
        return client()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(), range(16)))
    assert len(built) == 1
    assert set(map(id, answers)) == {id(built[0])}


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as missing:
        Settings.from_env({})
    for name in CLOUD:
        assert name in str(missing.value)


@pytest.mark.parametrize("variable", EMULATOR_VARIABLES)
def test_an_emulator_in_production_refuses_to_start(variable: str) -> None:
    """The Auth emulator accepts unsigned tokens: such a variable in the cloud is a hole."""
    with pytest.raises(ConfigurationError, match=variable):
        Settings.from_env({**CLOUD, variable: "127.0.0.1:1"})


def test_the_local_mode_refuses_to_start_in_the_cloud() -> None:
    with pytest.raises(ConfigurationError):
        Settings.from_env({**LOCAL, "K_SERVICE": "api"})


def test_what_only_tests_may_do_is_out_of_reach_in_the_cloud() -> None:
    cloud = Settings.from_env({**CLOUD, "MOODREEL_CRASH_DIR": "x", "MOODREEL_SIGNER_KEY": "y"})
    assert cloud.crash_dir == ""
    assert cloud.signer_key is None
    assert Settings.from_env(LOCAL).signer_key == "key.json"


def test_traces_go_into_the_cloud_from_the_cloud_and_into_a_folder_here() -> None:
    assert Settings.from_env(CLOUD).traces == ""
    assert Settings.from_env({**CLOUD, "MOODREEL_TRACES": "cloud"}).traces == "cloud"
    assert Settings.from_env({**LOCAL, "MOODREEL_TRACES": "some/folder"}).traces == "some/folder"
    # /tmp is memory in the cloud, and nothing here may speak to Google.
    for env, where in ((CLOUD, "some/folder"), (LOCAL, "cloud")):
        with pytest.raises(ConfigurationError, match="MOODREEL_TRACES"):
            Settings.from_env({**env, "MOODREEL_TRACES": where})


def test_gemini_is_asked_by_vertex_ai_unless_the_settings_say_otherwise() -> None:
    usual = Settings.from_env(CLOUD)
    assert usual.deck_model_client == "google-genai"
    assert usual.gemini_backend is GeminiBackend.VERTEX_AI
    assert (usual.vertex_project, usual.vertex_location) == ("p", "global")
    # The alias is the Developer API's; Vertex AI lists versions.
    assert not usual.deck_model.endswith("-latest")
    by_key = Settings.from_env({**CLOUD, "MOODREEL_GEMINI_BACKEND": "developer-api"})
    assert by_key.gemini_backend is GeminiBackend.DEVELOPER_API
    assert by_key.deck_model == "gemini-flash-latest"
    elsewhere = {"MOODREEL_VERTEX_PROJECT": "q", "MOODREEL_VERTEX_LOCATION": "europe-west1"}
    moved = Settings.from_env({**CLOUD, **elsewhere, "MOODREEL_DECK_MODEL": "m"})
    assert (moved.vertex_project, moved.vertex_location) == ("q", "europe-west1")
    assert moved.deck_model == "m"
    with pytest.raises(ConfigurationError, match="vertex-ai or developer-api"):
        Settings.from_env({**CLOUD, "MOODREEL_GEMINI_BACKEND": "vertex"})


def test_secrets_are_not_printed() -> None:
    settings = Settings.from_env({**CLOUD, "SMTP_URL": "smtps://me:password@mail"})
    assert "password" not in repr(settings)


@pytest.mark.parametrize("text", ["0", "-1", "ten", "1.5"])
def test_a_limit_that_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MOODREEL_MAX_FRAMES"):
        Settings.from_env({**CLOUD, "MOODREEL_MAX_FRAMES": text})
