"""What the local cloud derives from the table, from its ports to each function's surroundings."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.layout import BLOCK, SUPPORT, Place, SetupError
from infra.local.services import CAMERAS_MOST, Service, all_services, rows_to_start
from infra.local.tools import Tools
from infra.local.wiring import DEAD_LETTER, subscription
from shared.config import Settings
from shared.domain.pipeline import STAGES, Bucket, Kind

PLACE = Place(9000)


def _services() -> dict[str, Service]:
    rows = [row for row in STAGES.values() if row.built]
    x = Path("x")
    tools = Tools(x, x, x, x, x, x, functions={row.name: Path("python") for row in rows})
    return {one.name: one for one in all_services(PLACE, tools, rows)}


def test_every_service_of_the_table_has_a_port_of_its_own_inside_the_block() -> None:
    ports = [PLACE.port(name) for name in (*SUPPORT, *STAGES)]

    assert len(set(ports)) == len(ports)
    assert all(PLACE.base <= port < PLACE.base + BLOCK for port in ports)


@pytest.mark.parametrize("text", ["no", "80", "65530", "-1"])
def test_a_port_base_that_cannot_be_is_refused_by_name(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODREEL_PORT_BASE", text)

    with pytest.raises(SetupError, match="MOODREEL_PORT_BASE"):
        Place.from_env()


def test_each_function_finds_all_its_settings() -> None:
    for name, service in _services().items():
        if name in STAGES:
            settings = Settings.from_env(service.env)
            assert settings.local
            assert set(settings.buckets) == set(Bucket)


def test_a_secret_reaches_only_the_row_that_names_it() -> None:
    holders = {name for name, one in _services().items() if "SMTP_URL" in one.env}

    assert holders == {row.name for row in STAGES.values() if "SMTP_URL" in row.secrets}


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


def test_everything_listens_on_this_machine_alone() -> None:
    for service in _services().values():
        assert "0.0.0.0" not in " ".join(service.argv)  # noqa: S104
        if service.name in STAGES:
            assert service.argv[service.argv.index("--host") + 1] == "127.0.0.1"


def test_a_row_takes_as_many_requests_as_it_says() -> None:
    for name, service in _services().items():
        if name in STAGES:
            # Here one process holds all cameras.
            threads = CAMERAS_MOST if name == "recorder" else STAGES[name].concurrency
            assert service.env["THREADS"] == str(threads)


def test_what_cannot_be_delivered_goes_to_dead_letter_and_nothing_goes_in_circles() -> None:
    told = {row.name: subscription(PLACE, row) for row in STAGES.values() if row.event_driven}

    without = {name for name, body in told.items() if "deadLetterPolicy" not in body}
    assert without == {DEAD_LETTER, "sweeper"}
    assert told["notification"]["deadLetterPolicy"] == {
        "deadLetterTopic": "projects/demo-moodreel/topics/moodreel-dead_letter",
        "maxDeliveryAttempts": STAGES["notification"].deliveries,
    }
    # The emulator leaves refused messages lying where there is one.
    assert not any("retryPolicy" in one for one in told.values())


def test_a_recipe_needs_its_chain_the_support_and_the_api_only() -> None:
    for row in rows_to_start("frames"):
        chain = row.name in ("upload_trigger", "frame_extraction", "notification")
        assert chain or row.kind is Kind.SUPPORT or row.name == "api"
