"""Results are sent to URLs of the user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.flows.documents import Update
from shared.jobs.result_deliveries.delivery import (
    DeliveryState,
    Destination,
    FileState,
    delivery_path,
)
from shared.jobs.result_deliveries.start import redrive_delivery
from shared.net.address_policy import AddressPolicy
from shared.tasks.errors import DeadlineNear
from tests.fakes.canary import CanaryServer
from tests.fakes.put_server import PutReply, PutServer, running_put_server
from tests.fixtures.deliveries import JOB, RESULTS, DeliveryHarness

SECRET = "canary-4711"


def add_job(
    deliveries: DeliveryHarness, puts: PutServer, *names: str, recipe: str = "frames"
) -> None:
    chosen = names or tuple(RESULTS)
    urls = {name: f"{puts.url}/{name}?signature={SECRET}" for name in chosen}
    hosts = dict.fromkeys(chosen, "files.test")
    deliveries.add_job(Destination(hosts=hosts, urls=urls), recipe=recipe)


def requested(puts: PutServer) -> list[str]:
    return [path.partition("?")[0] for path, *_ in puts.requests]


def expect_error(deliveries: DeliveryHarness, code: str) -> str:
    """The delivery fails with a code. Returns the message."""
    delivery = deliveries.run()
    assert delivery.state is DeliveryState.FAILED
    assert delivery.error is not None
    assert delivery.error["code"] == code
    assert SECRET not in str(deliveries.log_events)
    return str(delivery.error["message"])


def test_each_result_is_sent_to_its_url(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts)
        delivery = deliveries.run()

    assert (delivery.state, delivery.error, delivery.urls) == (DeliveryState.DELIVERED, None, None)
    assert [(path, body) for path, _, body in puts.requests] == [
        (f"/{name}?signature={SECRET}", data) for name, data in RESULTS.items()
    ]
    _, headers, _ = puts.requests[0]
    assert (headers["content-type"], headers["connection"]) == ("text/plain", "close")
    body = json.loads(deliveries.events[0]["body"])
    assert body["data"]["delivery"]["folder"] is None
    assert SECRET not in str(deliveries.store.documents) + str(deliveries.log_events)


def test_url_is_in_no_document_before_the_delivery(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts)

    assert SECRET not in str(deliveries.store.documents)


@pytest.mark.parametrize(
    "fault",
    [
        PutReply(status=503, headers={"Retry-After": "30"}),
        PutReply(closes=True),
        PutReply(max_read_bytes=100, closes=True),
        PutReply(status=200, max_read_bytes=100),
    ],
)
def test_request_is_repeated_after_a_fault(deliveries: DeliveryHarness, fault: PutReply) -> None:
    """Also after a server that says 200 without having read the file."""
    with running_put_server(fault, PutReply(status=201)) as puts:
        # Larger than what sockets buffer.
        deliveries.add_job(
            Destination(
                hosts={"film.mp4": "files.test"}, urls={"film.mp4": f"{puts.url}/film.mp4"}
            ),
            results={"film.mp4": b"x" * (12 << 20)},
        )
        assert deliveries.run().state is DeliveryState.DELIVERED

    assert puts.count == 2
    assert len(puts.requests[-1][2]) == 12 << 20


def test_results_that_are_sent_are_not_sent_again(deliveries: DeliveryHarness) -> None:
    with running_put_server(PutReply(), PutReply(status=500), PutReply()) as puts:
        add_job(deliveries, puts, "frames.zip", "manifest.json")
        assert deliveries.run().state is DeliveryState.DELIVERED

    assert requested(puts) == ["/frames.zip", "/manifest.json", "/manifest.json"]


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        (PutReply(status=403), "url-refused", "signature of a URL may have expired"),
        (PutReply(status=404), "url-refused", "answered 404"),
        (PutReply(status=501), "url-refused", "answered 501"),
        (PutReply(status=202), "url-unusable", "answered 202"),
        (PutReply(status=403, max_read_bytes=0), "url-refused", "answered 403"),
    ],
)
def test_other_answers_are_errors_at_once(
    deliveries: DeliveryHarness, reply: PutReply, code: str, text: str
) -> None:
    with running_put_server(reply) as puts:
        add_job(deliveries, puts, "frames.zip")
        assert text in expect_error(deliveries, code)

    assert puts.count == 1
    assert deliveries.job.status == "done"


def test_failed_result_does_not_stop_the_others_and_a_redrive_sends_it(
    deliveries: DeliveryHarness,
) -> None:
    with running_put_server(PutReply(status=403), PutReply()) as puts:
        add_job(deliveries, puts, "frames.zip", "manifest.json")
        expect_error(deliveries, "url-refused")
        assert [row.state for row in deliveries.delivery.files] == [
            FileState.FAILED, FileState.DELIVERED,
        ]  # fmt: skip
        deliveries.run_flow(lambda clock: redrive_delivery(JOB, clock))
        assert deliveries.run().state is DeliveryState.DELIVERED

    assert requested(puts) == ["/frames.zip", "/manifest.json", "/frames.zip"]


def test_edited_deck_is_sent_to_the_same_urls(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts, "frames.zip", recipe="recap")
        deliveries.run()
        deliveries.finish_job({"frames.zip": b"edited"}, revision=1)
        delivery = deliveries.run()

    assert (delivery.state, delivery.revision, delivery.error) == (
        DeliveryState.DELIVERED, 1, None,
    )  # fmt: skip
    assert [body for *_, body in puts.requests] == [RESULTS["frames.zip"], b"edited"]
    assert len({path for path, *_ in puts.requests}) == 1
    assert SECRET not in str(deliveries.store.documents)


def test_result_that_the_job_does_not_have(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts, "film.mp4", "frames.zip")
        message = expect_error(deliveries, "result-missing")

    assert message == "film.mp4 was not delivered. The job has no result of this name."
    assert len(puts.requests) == 1


def test_server_that_is_never_available(deliveries: DeliveryHarness) -> None:
    with running_put_server(PutReply(status=503)) as puts:
        add_job(deliveries, puts, "frames.zip")
        assert "answered 503" in expect_error(deliveries, "url-unavailable")

    assert puts.count == 11


def test_redirect_is_not_followed(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CanaryServer() as canary:
        reply = PutReply(status=307, headers={"Location": canary.url})
        with running_put_server(reply) as puts:
            add_job(deliveries, puts, "frames.zip")
            assert "answered 307" in expect_error(deliveries, "url-unusable")

    assert canary.received == []


def test_private_address_is_refused(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.use_writer(monkeypatch, allow_private=True, policy=AddressPolicy())
    with running_put_server() as puts:
        add_job(deliveries, puts, "frames.zip")
        expect_error(deliveries, "private-address")

    assert puts.count == 0


def test_answer_that_does_not_end_is_read_up_to_a_limit(deliveries: DeliveryHarness) -> None:
    with running_put_server(PutReply(endless=True)) as puts:
        add_job(deliveries, puts, "frames.zip")
        assert deliveries.run().state is DeliveryState.DELIVERED


def test_result_that_takes_longer_than_a_run_fails(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_the_run(*_: Any) -> None:
        raise DeadlineNear

    monkeypatch.setattr("functions.result_delivery.deliver._Run._check", end_the_run)
    with running_put_server() as puts:
        add_job(deliveries, puts, "frames.zip")
        assert "within 8 minutes" in expect_error(deliveries, "url-timeout")


def test_changed_document_decrypts_nothing(deliveries: DeliveryHarness) -> None:
    with running_put_server() as puts:
        add_job(deliveries, puts, "frames.zip")
        (doc,) = deliveries.store.read([delivery_path(JOB)])
        assert doc is not None
        deliveries.store.commit([Update(doc.path, {"owner": "bob"})])
        expect_error(deliveries, "secret-unreadable")

    assert puts.count == 0
