"""Idempotency keys of requests that an earlier version has handled."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from functions.api.cameras.recording_schemas import NewRecording
from functions.api.jobs.requests import NewJob
from functions.api.jobs.share_links import ShareRequest
from shared.flows.documents import Update, all_documents
from shared.http.idempotency import handle_once
from shared.http.problems import KeyReused
from shared.http.schemas import RequestModel
from tests.fakes.clock import ManualClock
from tests.unit.functions.api.test_rate_limits import make_request
from tests.unit.shared.http.test_idempotency import (
    Counter,
    make_fields,
    make_next_request,
    make_route,
)

VIDEO = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 7}


def test_request_of_an_earlier_version_is_repeated() -> None:
    """Its fingerprint is a hash without the key."""
    request = make_request(ManualClock(), **make_fields())
    route = make_route(counter := Counter())
    handle_once(route, request)
    [doc] = request.services.store.run_query(all_documents("idempotency"))
    text = 'POST /items [] {"name":"tea"}'
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    request.services.store.commit([Update(doc.path, {"fingerprint": fingerprint})])

    assert handle_once(route, request).headers["Idempotency-Replayed"] == "true"
    assert len(counter.seeds) == 1


def test_saved_response_with_a_capability_is_returned() -> None:
    """An earlier version saved it. From the same seed, this one would create another capability."""
    request = make_request(ManualClock(), **make_fields())
    route = make_route(counter := Counter(), has_capability=True)
    handle_once(route, request)
    [doc] = request.services.store.run_query(all_documents("idempotency"))
    saved = {"status": 201, "headers": {"Location": "/made/1"}, "body": '{"text":"saved"}'}
    request.services.store.commit([Update(doc.path, {"response": saved})])
    repeated = handle_once(route, make_next_request(request, seed="s2"))

    assert (repeated.status, repeated.content) == (201, b'{"text":"saved"}')
    assert repeated.headers == {"Location": "/made/1", "Idempotency-Replayed": "true"}
    assert counter.seeds == ["s1"]


@pytest.mark.parametrize(
    ("model", "body", "text"),
    [
        (
            NewJob,
            {"recipe": "frames", "inputs": {"video": VIDEO}},
            '{"recipe":"frames","title":null,"options":{},"inputs":{"video":'
            '{"filename":"a.mp4","content_type":"video/mp4","size_bytes":7}},"from_job":null}',
        ),
        (
            NewJob,
            {"recipe": "frames", "inputs": {"video": VIDEO | {"crc32c": None}}},
            '{"recipe":"frames","title":null,"options":{},"inputs":{"video":'
            '{"filename":"a.mp4","content_type":"video/mp4","size_bytes":7}},"from_job":null}',
        ),
        (
            NewJob,
            {"recipe": "recap", "inputs": {"video": "latest"}, "options": {"consent": True}},
            '{"recipe":"recap","title":null,"options":{"consent":true},'
            '"inputs":{"video":"latest"},"from_job":null}',
        ),
        (
            NewJob,
            {"recipe": "frames", "from": "j" * 20},
            '{"recipe":"frames","title":null,"options":{},"inputs":{},'
            '"from_job":"jjjjjjjjjjjjjjjjjjjj"}',
        ),
        (ShareRequest, {"artifact": "a.zip"}, '{"artifact":"a.zip","valid_hours":null}'),
        (
            NewRecording,
            {"source": {"device": 0}},
            '{"source":{"url":null,"device":0,"camera":null},"title":null,"pre_roll_s":0.0,'
            '"max_duration_s":null,"max_bytes":null,"recipe":null,"options":{}}',
        ),
    ],
)
def test_fingerprint_of_an_earlier_version_matches(
    model: type[RequestModel], body: dict[str, Any], text: str
) -> None:
    """These are the texts that the version before hashed: a field that is added later and is not
    in the request must not be in them."""
    fields = make_fields() | {"body_or_none": model.model_validate(body)}
    request = make_request(ManualClock(), **fields)
    route = make_route(counter := Counter())
    handle_once(route, request)
    [doc] = request.services.store.run_query(all_documents("idempotency"))
    fingerprint = hashlib.sha256(f"POST /items [] {text}".encode()).hexdigest()
    request.services.store.commit([Update(doc.path, {"fingerprint": fingerprint})])

    assert handle_once(route, request).headers["Idempotency-Replayed"] == "true"
    assert counter.seeds == ["s1"]


def test_fingerprint_has_the_declared_checksum() -> None:
    first, second = (
        NewJob.model_validate({"recipe": "frames", "inputs": {"video": VIDEO | checksum}})
        for checksum in ({"crc32c": "AAAAAA=="}, {})
    )
    request = make_request(ManualClock(), **(make_fields() | {"body_or_none": first}))
    handle_once(make_route(Counter()), request)

    with pytest.raises(KeyReused):
        handle_once(make_route(Counter()), replace(request, body_or_none=second))
