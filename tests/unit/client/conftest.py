"""A service that each test has for itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moodreel.cli.main import main
from tests.fixtures.client_service import ClientService
from tests.fixtures.gcs.server import GcsEmulator
from tests.unit.client.command import Command, Result


@pytest.fixture
def service(gcs: GcsEmulator) -> ClientService:
    """The API and the GCS emulator, with buckets of the test."""
    return ClientService.create(gcs)


@pytest.fixture
def url(service: ClientService) -> Iterator[str]:
    with service.serve() as address:
        yield address


@pytest.fixture
def command(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Runs the command as Alice, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    login_file = tmp_path / "config" / "login.json"
    monkeypatch.setattr("moodreel.cli.config.login_path", lambda: login_file)
    # No notification ends here.
    monkeypatch.setattr("moodreel.cli.commands.run._NOTIFICATION_TIMEOUT_S", 0)
    monkeypatch.setenv("MOODREEL_URL", url)
    monkeypatch.setenv("MOODREEL_API_KEY", "alice")

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["moodreel", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Result(ended.value.code, captured.out, captured.err)

    return run
