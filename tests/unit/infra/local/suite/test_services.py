"""Tests of what the local suite derives from the table: ports, environments, subscriptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.cli.run import find_optional_stages
from infra.local.setup.tools import Tools
from infra.local.suite.environment import MAX_CAMERAS
from infra.local.suite.layout import (
    DEFAULT_BASE,
    PORTS_PER_SUITE,
    ROOT,
    SUPPORT_SERVICES,
    SetupError,
    SuiteLayout,
)
from infra.local.suite.services import Service, all_services, select_functions
from infra.local.suite.wiring import DEAD_LETTER, build_subscription
from shared.pipeline import FUNCTIONS, RECIPES, Bucket, FunctionKind, GeminiBackend
from shared.runtime.settings import Settings

LAYOUT = SuiteLayout(9000)


def _services() -> dict[str, Service]:
    rows = list(FUNCTIONS.values())
    x = Path("x")
    tools = Tools(x, x, x, x, x, x, function_pythons={row.name: Path("python") for row in rows})
    return {service.name: service for service in all_services(LAYOUT, tools, rows)}


@pytest.mark.parametrize("name", ["api", "console"])
def test_documents_state_the_default_ports(name: str) -> None:
    text = (ROOT / "functions" / name / "README.md").read_text()

    assert f"http://127.0.0.1:{SuiteLayout(DEFAULT_BASE).port(name)}" in text


def test_every_service_has_a_unique_port_in_the_block() -> None:
    ports = [LAYOUT.port(name) for name in (*SUPPORT_SERVICES, *FUNCTIONS)]

    assert len(set(ports)) == len(ports)
    assert all(LAYOUT.base <= port < LAYOUT.base + PORTS_PER_SUITE for port in ports)


@pytest.mark.parametrize("text", ["no", "80", "65530", "-1"])
def test_invalid_port_base_is_refused_with_the_variable_name(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODREEL_PORT_BASE", text)

    with pytest.raises(SetupError, match="MOODREEL_PORT_BASE"):
        SuiteLayout.from_env()


def test_every_function_gets_complete_settings() -> None:
    for name, service in _services().items():
        if name in FUNCTIONS:
            settings = Settings.from_env(service.env)
            assert settings.local
            assert set(settings.buckets) == set(Bucket)


def test_secret_is_only_given_to_functions_that_declare_it() -> None:
    holders = {name for name, service in _services().items() if "SMTP_URL" in service.env}

    assert holders == {row.name for row in FUNCTIONS.values() if "SMTP_URL" in row.secrets}


def test_credentials_and_virtualenvs_do_not_leak_into_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "/somewhere")

    for service in _services().values():
        leaked = {name for name, value in service.env.items() if value == "/somewhere"}
        # Credentials select the real speech services. No other function gets them.
        allowed = {"GOOGLE_APPLICATION_CREDENTIALS"}
        names = ("api", "text_to_speech", "speech_recognition")
        assert leaked == (allowed if service.name in names else set())


GEMINI_VARIABLES = (
    "GEMINI_API_KEY", "MOODREEL_VERTEX_PROJECT", "MOODREEL_GEMINI_BACKEND",
    "MOODREEL_DECK_MODEL_CLIENT", "GOOGLE_APPLICATION_CREDENTIALS",
)  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "backend", "emulated"),
    [
        ({}, GeminiBackend.VERTEX_AI, True),
        ({"MOODREEL_GEMINI_BACKEND": "developer-api"}, GeminiBackend.DEVELOPER_API, True),
        (
            {"MOODREEL_DECK_MODEL_CLIENT": "google-generativeai"},
            GeminiBackend.DEVELOPER_API,
            True,
        ),
        ({"GEMINI_API_KEY": "real"}, GeminiBackend.DEVELOPER_API, False),
        ({"MOODREEL_VERTEX_PROJECT": "mine"}, GeminiBackend.VERTEX_AI, False),
    ],
    ids=str,
)
def test_gemini_is_emulated_without_a_key_or_project(
    variables: dict[str, str],
    backend: GeminiBackend,
    emulated: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in GEMINI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    services = _services()
    env = services["slide_generation"].env
    settings = Settings.from_env(env)
    assert settings.gemini_backend is backend
    assert settings.gemini_endpoint == (LAYOUT.url("gemini") if emulated else "")
    by_key = backend is GeminiBackend.DEVELOPER_API
    assert settings.gemini_api_key == (variables.get("GEMINI_API_KEY", "local") if by_key else "")
    # The real service gets no emulator token, and the emulator gets no gcloud token.
    assert ("GCE_METADATA_HOST" in env) == ("CLOUDSDK_CONFIG" in env) == (emulated and not by_key)
    other_services = [service for name, service in services.items() if name != "slide_generation"]
    assert not any("GEMINI_API_KEY" in service.env for service in other_services)


def test_services_listen_on_loopback_only() -> None:
    for service in _services().values():
        assert "0.0.0.0" not in " ".join(service.argv)  # noqa: S104 - must not be used
        if service.name in FUNCTIONS:
            assert service.argv[service.argv.index("--host") + 1] == "127.0.0.1"


def test_function_has_as_many_threads_as_its_concurrency() -> None:
    for name, service in _services().items():
        if name in FUNCTIONS:
            # Locally, one process holds all cameras.
            threads = MAX_CAMERAS if name == "recorder" else FUNCTIONS[name].concurrency
            assert service.env["THREADS"] == str(threads)


def test_subscriptions_use_dead_letter_without_a_cycle() -> None:
    subscriptions = {
        row.name: build_subscription(LAYOUT, row)
        for row in FUNCTIONS.values()
        if row.is_event_driven
    }

    without = {name for name, body in subscriptions.items() if "deadLetterPolicy" not in body}
    assert without == {DEAD_LETTER, "sweeper"}
    assert subscriptions["notification"]["deadLetterPolicy"] == {
        "deadLetterTopic": "projects/demo-moodreel/topics/moodreel-dead_letter",
        "maxDeliveryAttempts": FUNCTIONS["notification"].max_deliveries,
    }
    # With a retry policy, the emulator delays refused messages for minutes.
    assert not any("retryPolicy" in body for body in subscriptions.values())


def test_recipe_selects_its_stages_support_functions_and_the_api() -> None:
    for row in select_functions("frames"):
        is_stage = row.name in ("upload_trigger", "frame_extraction", "notification")
        assert is_stage or row.kind is FunctionKind.SUPPORT or row.name == "api"


@pytest.mark.parametrize(
    ("recipe", "options", "stage"),
    [
        ("captions", {"video": "burned"}, "stitching"),
        ("captions", {"video": "both"}, "stitching"),
        ("captions", {"video": "soft"}, None),
        ("emotions", {"transcript": "true"}, "speech_recognition"),
        ("emotions", {}, None),
    ],
)
def test_optional_stages_of_a_job_are_started(
    recipe: str, options: dict[str, str], stage: str | None
) -> None:
    chosen = find_optional_stages(RECIPES[recipe], options)
    assert chosen == ([] if stage is None else [stage])
    started = {row.name for row in select_functions(recipe, chosen)}
    assert set(RECIPES[recipe].stages) <= started
    for row in RECIPES[recipe].optional_stages:
        assert (row.name in started) == (row.name == stage)
