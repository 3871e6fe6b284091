"""The stored login: what it permits, and for which address."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodreel.cli.config import Login, find_login, write_login

SECRETS = ("MOODREEL_API_KEY", "MOODREEL_REFRESH_TOKEN")


@pytest.mark.parametrize("variable", SECRETS)
def test_http_is_allowed_for_the_address_of_the_login_only(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moodreel.cli.config.login_path", lambda: tmp_path / "login.json")
    for name in (*SECRETS, "MOODREEL_URL"):
        monkeypatch.delenv(name, raising=False)
    write_login(Login("http://lab.example.org", api_key="mr_x", allow_http=True))
    monkeypatch.setenv(variable, "secret")

    allowed = [
        find_login(url)[2] for url in (None, "http://lab.example.org/", "http://other.example.org")
    ]

    assert allowed == [True, True, False]
