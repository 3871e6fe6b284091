"""What the local cloud derives from the table, from its ports to each function's surroundings."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.setup.tools import Tools
from infra.local.suite.layout import PORTS_PER_SUITE, SUPPORT_SERVICES, SetupError, SuiteLayout
from infra.local.suite.services import MAX_CAMERAS, Service, all_services, select_functions
from infra.local.suite.wiring import DEAD_LETTER, build_subscription
from shared.pipeline import FUNCTIONS, Bucket, FunctionKind, GeminiBackend
from shared.runtime.settings import Settings

PLACE = SuiteLayout(9000)


def _services() -> dict[str, Service]:
    rows = list(FUNCTIONS.values())
    x = Path("x")
    tools = Tools(x, x, x, x, x, x, function_pythons={row.name: Path("python") for row in rows})
    return {one.name: one for one in all_services(PLACE, tools, rows)}


def test_every_service_of_the_table_has_a_port_of_its_own_inside_the_block() -> None:
    ports = [PLACE.port(name) for name in (*SUPPORT_SERVICES, *FUNCTIONS)]

    assert len(set(ports)) == len(ports)
    assert all(PLACE.base <= port < PLACE.base + PORTS_PER_SUITE for port in ports)


@pytest.mark.parametrize("text", ["no", "80", "65530", "-1"])
def test_a_port_base_that_cannot_be_is_refused_by_name(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODREEL_PORT_BASE", text)

    with pytest.raises(SetupError, match="MOODREEL_PORT_BASE"):
        SuiteLayout.from_env()


def test_each_function_finds_all_its_settings() -> None:
    for name, service in _services().items():
        if name in FUNCTIONS:
            settings = Settings.from_env(service.env)
            assert settings.local
            assert set(settings.buckets) == set(Bucket)


def test_a_secret_reaches_only_the_row_that_names_it() -> None:
    holders = {name for name, one in _services().items() if "SMTP_URL" in one.env}

    assert holders == {row.name for row in FUNCTIONS.values() if "SMTP_URL" in row.secrets}


def test_no_real_credentials_and_no_other_environment_leak_into_a_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "/somewhere")

    for service in _services().values():
        leaked = {name for name, value in service.env.items() if value == "/somewhere"}
        # Whoever sets them asks for the real voice; nobody else gets them.
        real_voice = {"GOOGLE_APPLICATION_CREDENTIALS"}
        assert leaked == (real_voice if service.name == "text_to_speech" else set())


GEMINI = (
    "GEMINI_API_KEY", "MOODREEL_VERTEX_PROJECT", "MOODREEL_GEMINI_BACKEND",
    "MOODREEL_DECK_MODEL_CLIENT", "GOOGLE_APPLICATION_CREDENTIALS",
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "backend", "emulated"),
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
def test_gemini_is_emulated_unless_somebody_brings_a_key_or_a_project(
    given: dict[str, str],
    backend: GeminiBackend,
    emulated: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in GEMINI:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    services = _services()
    env = services["slide_generation"].env
    settings = Settings.from_env(env)
    assert settings.gemini_backend is backend
    assert settings.gemini_endpoint == (PLACE.url("gemini") if emulated else "")
    by_key = backend is GeminiBackend.DEVELOPER_API
    assert settings.gemini_api_key == (given.get("GEMINI_API_KEY", "local") if by_key else "")
    # No token of the emulator's for the real service, and none of gcloud's for the emulator.
    assert ("GCE_METADATA_HOST" in env) == ("CLOUDSDK_CONFIG" in env) == (emulated and not by_key)
    others = [one for name, one in services.items() if name != "slide_generation"]
    assert not any("GEMINI_API_KEY" in one.env for one in others)


def test_everything_listens_on_this_machine_alone() -> None:
    for service in _services().values():
        assert "0.0.0.0" not in " ".join(service.argv)  # noqa: S104
        if service.name in FUNCTIONS:
            assert service.argv[service.argv.index("--host") + 1] == "127.0.0.1"


def test_a_row_takes_as_many_requests_as_it_says() -> None:
    for name, service in _services().items():
        if name in FUNCTIONS:
            # Here one process holds all cameras.
            threads = MAX_CAMERAS if name == "recorder" else FUNCTIONS[name].concurrency
            assert service.env["THREADS"] == str(threads)


def test_what_cannot_be_delivered_goes_to_dead_letter_and_nothing_goes_in_circles() -> None:
    told = {
        row.name: build_subscription(PLACE, row)
        for row in FUNCTIONS.values()
        if row.is_event_driven
    }

    without = {name for name, body in told.items() if "deadLetterPolicy" not in body}
    assert without == {DEAD_LETTER, "sweeper"}
    assert told["notification"]["deadLetterPolicy"] == {
        "deadLetterTopic": "projects/demo-moodreel/topics/moodreel-dead_letter",
        "maxDeliveryAttempts": FUNCTIONS["notification"].max_deliveries,
    }
    # The emulator leaves refused messages lying where there is one.
    assert not any("retryPolicy" in one for one in told.values())


def test_a_recipe_needs_its_chain_the_support_and_the_api_only() -> None:
    for row in select_functions("frames"):
        chain = row.name in ("upload_trigger", "frame_extraction", "notification")
        assert chain or row.kind is FunctionKind.SUPPORT or row.name == "api"
