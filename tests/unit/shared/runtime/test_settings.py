"""Settings are read from their variables, and unsafe or malformed ones are rejected."""

from __future__ import annotations

from dataclasses import fields

import pytest

from infra.tools.settings_table import read_field_docstrings
from shared.errors import ConfigurationError
from shared.pipeline import Bucket, GeminiBackend
from shared.runtime.environment import EMULATOR_VARIABLES, list_variables
from shared.runtime.settings import Settings

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


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as missing:
        Settings.from_env({})
    for name in CLOUD:
        assert name in str(missing.value)


def test_project_is_that_of_googles_libraries_by_default() -> None:
    assert Settings.from_env({**CLOUD, "GOOGLE_CLOUD_PROJECT": "other"}).project == "p"
    default = {**CLOUD, "MOODREEL_PROJECT": "", "GOOGLE_CLOUD_PROJECT": "other"}
    assert Settings.from_env(default).project == "other"
    with pytest.raises(ConfigurationError, match="MOODREEL_PROJECT"):
        Settings.from_env({**CLOUD, "MOODREEL_PROJECT": "", "GOOGLE_CLOUD_PROJECT": ""})


@pytest.mark.parametrize("variable", EMULATOR_VARIABLES)
def test_emulator_variables_are_rejected_in_the_cloud(variable: str) -> None:
    """The Auth emulator accepts unsigned tokens, so the variable is unsafe in the cloud."""
    with pytest.raises(ConfigurationError, match=variable):
        Settings.from_env({**CLOUD, variable: "127.0.0.1:1"})


def test_local_mode_is_rejected_in_the_cloud() -> None:
    with pytest.raises(ConfigurationError):
        Settings.from_env({**LOCAL, "K_SERVICE": "api"})


def test_local_settings_are_ignored_in_the_cloud() -> None:
    cloud = Settings.from_env({**CLOUD, "MOODREEL_CRASH_DIR": "x", "MOODREEL_SIGNER_KEY": "y"})
    assert cloud.crash_dir == ""
    assert cloud.signer_key is None
    assert Settings.from_env(LOCAL).signer_key == "key.json"


def test_traces_go_to_cloud_trace_in_the_cloud_and_to_a_local_folder() -> None:
    assert Settings.from_env(CLOUD).traces == ""
    assert Settings.from_env({**CLOUD, "MOODREEL_TRACES": "cloud"}).traces == "cloud"
    assert Settings.from_env({**LOCAL, "MOODREEL_TRACES": "some/folder"}).traces == "some/folder"
    # /tmp is memory in the cloud, and the local suite must not connect to Google.
    for env, target in ((CLOUD, "some/folder"), (LOCAL, "cloud")):
        with pytest.raises(ConfigurationError, match="MOODREEL_TRACES"):
            Settings.from_env({**env, "MOODREEL_TRACES": target})


def test_vertex_ai_is_the_default_gemini_backend() -> None:
    default = Settings.from_env(CLOUD)
    assert default.deck_model_client == "google-genai"
    assert default.gemini_backend is GeminiBackend.VERTEX_AI
    assert (default.vertex_project, default.vertex_location) == ("p", "global")
    # Only the Developer API has the alias; Vertex AI lists versions.
    assert not default.deck_model.endswith("-latest")
    by_key = Settings.from_env({**CLOUD, "MOODREEL_GEMINI_BACKEND": "developer-api"})
    assert by_key.gemini_backend is GeminiBackend.DEVELOPER_API
    assert by_key.deck_model == "gemini-flash-latest"
    overrides = {
        "MOODREEL_VERTEX_PROJECT": "q",
        "MOODREEL_VERTEX_LOCATION": "europe-west1",
        "MOODREEL_DECK_MODEL": "m",
    }
    custom = Settings.from_env({**CLOUD, **overrides})
    assert (custom.vertex_project, custom.vertex_location) == ("q", "europe-west1")
    assert custom.deck_model == "m"
    with pytest.raises(ConfigurationError, match="vertex-ai or developer-api"):
        Settings.from_env({**CLOUD, "MOODREEL_GEMINI_BACKEND": "vertex"})


def test_secrets_are_not_printed() -> None:
    settings = Settings.from_env({**CLOUD, "SMTP_URL": "smtps://me:password@mail"})
    assert "password" not in repr(settings)


@pytest.mark.parametrize("text", ["0", "-1", "ten", "1.5"])
def test_limit_must_be_a_positive_integer(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MOODREEL_MAX_FRAMES"):
        Settings.from_env({**CLOUD, "MOODREEL_MAX_FRAMES": text})


def test_every_field_has_its_own_variable_and_a_docstring() -> None:
    variables = dict(list_variables(Settings))
    names = [item.name for item in fields(Settings)]
    assert set(names) == {*variables, "buckets"}
    assert len({variable.name for variable in variables.values()}) == len(variables)
    assert [name for name in names if name not in read_field_docstrings(Settings)] == []


def test_empty_variable_counts_as_not_set() -> None:
    names = [variable.name for _, variable in list_variables(Settings)]
    for env in (CLOUD, LOCAL):
        assert Settings.from_env({**dict.fromkeys(names, ""), **env}) == Settings.from_env(env)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MOODREEL_CAMERA_NETWORKS", "10.1.0.0/16, house"),
        ("MOODREEL_TRUSTED_PROXIES", "-1"),
        ("MOODREEL_GEMINI_BACKEND", "vertex"),
    ],
)
def test_error_names_the_variable_and_its_text(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} must be .*, not {text!r}"):
        Settings.from_env({**CLOUD, variable: text})


def test_lists_are_separated_by_commas() -> None:
    settings = Settings.from_env(
        {
            **CLOUD,
            "MOODREEL_ALLOWED_ORIGINS": "https://a, https://b,",
            "MOODREEL_CAMERA_NETWORKS": "10.1.0.0/16,fd00::/8",
        }
    )
    assert settings.allowed_origins == ("https://a", "https://b")
    assert settings.camera_networks == ("10.1.0.0/16", "fd00::/8")


def test_defaults_can_depend_on_other_settings_and_on_the_local_suite() -> None:
    cloud, local = Settings.from_env(CLOUD), Settings.from_env(LOCAL)
    assert cloud.console_url == cloud.public_url == "https://example.org"
    assert (cloud.trusted_proxies, local.trusted_proxies) == (1, 0)
    assert (cloud.web_api_key, local.web_api_key) == ("", "local")
    assert Settings.from_env({**LOCAL, "MOODREEL_TRUSTED_PROXIES": "2"}).trusted_proxies == 2
