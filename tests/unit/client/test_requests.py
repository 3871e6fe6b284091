"""Requests of the client: sign-in, typed errors, and what is repeated after which failure."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import moodreel
from moodreel import Client, ConnectionFailed, InvalidRequest, NotFound, NotSignedIn, RateLimited
from tests.fixtures.client_service import (
    API_HOST,
    API_URL,
    ClientService,
    lose_request,
    lose_response,
    respond,
)

PROBLEM = b'{"code": "rate-limited", "detail": "Slower.", "status": 429, "limit": "jobs"}'


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"x" * 1000)
    return path


def is_creation(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path == "/v1/jobs"


@pytest.mark.parametrize(
    "fault",
    [lose_request, lose_response, respond(503, Retry_After="0"), respond(429, Retry_After="0")],
)
def test_repeated_creation_creates_one_job(
    service: ClientService, clip: Path, fault: object
) -> None:
    service.network.matches = is_creation
    service.network.faults = [fault, fault]  # type: ignore[list-item]

    with service.client() as client:
        job = client.run("frames", clip, every="2")

        assert [summary.id for summary in client.jobs()] == [job.id]
    sent = [request for request in service.network.requests if is_creation(request)]
    assert len(sent) == 3
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1
    assert job.view.options["every"] == "2"


def test_action_whose_response_was_lost_is_not_repeated(service: ClientService, clip: Path) -> None:
    with service.client() as client:
        job = client.run("frames", clip)
        service.network.faults = [lose_response]

        with pytest.raises(ConnectionFailed, match=API_HOST):
            job.cancel()

        assert job.refresh().status == "cancelled"
    assert service.network.paths("POST").count(f"/v1/jobs/{job.id}/cancel") == 1


def test_limit_that_does_not_end_in_time_is_an_error(service: ClientService) -> None:
    service.network.faults = [respond(429, PROBLEM, Retry_After="60")]

    with service.client(retry_s=1) as client, pytest.raises(RateLimited) as error:
        client.usage()

    assert (error.value.status, error.value.code) == (429, "rate-limited")
    assert error.value.retry_after_s == 60
    assert error.value.params == {"limit": "jobs"}
    assert str(error.value) == "Slower."


def test_invalid_request_names_all_fields(service: ClientService, clip: Path) -> None:
    with service.client() as client, pytest.raises(InvalidRequest) as error:
        client.run("frames", clip, every="often", quality=900)

    assert {field.field for field in error.value.errors} == {"options.every", "options.quality"}
    assert error.value.code == "invalid-option"
    assert error.value.request_id


def test_errors_are_typed(service: ClientService) -> None:
    with service.client() as client, pytest.raises(NotFound):
        client.job("n" * 20)
    stranger = Client(API_URL, api_key="mr_none", transport=service.network)
    with stranger, pytest.raises(NotSignedIn):
        stranger.usage()


def test_error_page_of_a_proxy_is_an_error(service: ClientService) -> None:
    service.network.faults = [respond(500, b"<html>")]

    with service.client(retry_s=0) as client, pytest.raises(moodreel.ServerFailed) as error:
        client.usage()

    assert error.value.code == "unexpected"


def test_jobs_of_all_pages_are_listed(
    service: ClientService, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moodreel.options._PAGE_SIZE", "2")
    with service.client() as client:
        created = [client.run("frames", clip, title=f"No. {number}") for number in range(3)]
        pages = client.jobs(recipe="frames", q="No.")

        assert {job.id for job in pages} == {job.id for job in created}
    assert service.network.paths("GET").count("/v1/jobs") == 2


def test_key_is_sent_to_the_api_only(service: ClientService, clip: Path, tmp_path: Path) -> None:
    with service.client() as client:
        job = client.run("frames", clip)
        service.finish_job(job.id, {"frames.zip": b"zip"})
        job.refresh().download(tmp_path / "out")

    storage = [r for r in service.network.requests if r.url.host != API_HOST]
    assert {request.method for request in storage} == {"PUT", "GET"}
    assert not any("Authorization" in request.headers for request in storage)


def test_key_is_not_sent_without_encryption() -> None:
    with pytest.raises(ValueError, match="without encryption"):
        Client("http://api.example.org", api_key="mr_x")
    Client("http://api.example.org", api_key="mr_x", allow_http=True).close()
    Client("http://127.0.0.1:8624", api_key="mr_x").close()


def test_address_and_key_of_the_environment_are_used(
    service: ClientService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="MOODREEL_URL"):
        Client(api_key="mr_x")
    monkeypatch.setenv("MOODREEL_URL", API_URL)
    with pytest.raises(ValueError, match="MOODREEL_API_KEY"):
        Client()
    monkeypatch.setenv("MOODREEL_API_KEY", "alice")

    with Client(transport=service.network) as client:
        assert client.usage().jobs.open == 0
