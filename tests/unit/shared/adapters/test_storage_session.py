"""The session of the client of Cloud Storage reads the environment once."""

from __future__ import annotations

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from requests import Session

from shared.adapters.storage.session import save_requests


def make_session(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Session:
    for name in ("https_proxy", "no_proxy", "all_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = Client(project="p", credentials=AnonymousCredentials())
    save_requests(client)
    session: Session = client._http
    return session


def test_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(monkeypatch, HTTPS_PROXY="http://proxy:1", REQUESTS_CA_BUNDLE="/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://other:2")
    settings = session.merge_environment_settings("https://a.b/", {}, None, None, None)
    assert settings["proxies"]["https"] == "http://proxy:1"
    assert settings["verify"] == "/ca.pem"


def test_host_without_a_proxy_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(
        monkeypatch, HTTPS_PROXY="http://proxy:1", NO_PROXY="storage.googleapis.com"
    )
    assert not session.proxies
    assert session.verify is True
