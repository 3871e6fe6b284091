"""Fault rules: what they match, how often they fire, and what they do."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.fixtures.gcs.server import GcsEmulator


@pytest.fixture(autouse=True)
def clear_fault_rules(gcs: GcsEmulator) -> Iterator[None]:
    """Delete the rules after each test: other tests share the server."""
    yield
    gcs.clear_faults()


@pytest.fixture
def url(gcs: GcsEmulator, bucket: Any) -> str:
    """The URL of an object."""
    bucket.blob("o").upload_from_string(b"0123456789")
    return f"{gcs.endpoint}/storage/v1/b/{bucket.name}/o/o?alt=media"


def statuses(url: str, count: int) -> list[int]:
    """The status codes of `count` reads."""
    return [requests.get(url, timeout=120).status_code for _ in range(count)]


def test_rule_fires_count_times(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault(
        {"match": {"method": "GET", "path_regex": "/o/o"}, "action": {"status": 503}, "count": 3}
    )
    assert statuses(url, 5) == [503, 503, 503, 200, 200]
    (rule,) = gcs.clear_faults()
    assert (rule["fired_count"], rule["matched_count"]) == (3, 5)
    assert statuses(url, 1) == [200]


def test_rule_can_fire_at_the_nth_request(gcs: GcsEmulator, url: str) -> None:
    match = {"path_regex": "/o/o", "nth": 3}
    gcs.add_fault({"match": match, "action": {"status": 429, "retry_after_s": 2}})
    assert statuses(url, 2) == [200, 200]
    third = requests.get(url, timeout=120)
    assert (third.status_code, third.headers["Retry-After"]) == (429, "2")
    assert third.json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert statuses(url, 2) == [200, 200]


def test_rate_is_random_and_repeatable_by_seed(gcs: GcsEmulator, url: str) -> None:
    runs = []
    for _ in range(2):
        gcs.add_fault({"action": {"status": 503}, "rate": 0.5, "seed": 11})
        runs.append(statuses(url, 40))
        (rule,) = gcs.clear_faults()
        assert rule["fired_count"] == runs[-1].count(503)
    assert runs[0] == runs[1]
    assert 8 < runs[0].count(503) < 32


def test_stall_delays_the_response(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault({"action": {"stall_s": 0.4}, "count": 1})
    started_at = time.monotonic()
    response = requests.get(url, timeout=120)
    assert (response.content, time.monotonic() - started_at >= 0.4) == (b"0123456789", True)


@pytest.mark.parametrize("part", ["?alt=media", ""], ids=["streamed", "whole"])
def test_cut_ends_the_response_after_exactly_n_bytes(gcs: GcsEmulator, url: str, part: str) -> None:
    gcs.add_fault({"action": {"cut_after_bytes": 4}, "count": 1})
    connection = http.client.HTTPConnection("127.0.0.1", gcs.port, timeout=120)
    connection.request("GET", url.partition("?")[0].removeprefix(gcs.endpoint) + part)
    response = connection.getresponse()
    assert int(response.headers["Content-Length"]) >= 10
    content = b""
    with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        while byte := response.read(1):
            content += byte
    connection.close()
    assert len(content) == 4
    assert statuses(url, 1) == [200]


def test_lost_response_still_applies_the_request(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault({"match": {"method": "PATCH"}, "action": {"lose_response": True}})
    resource_url = url.partition("?")[0]
    with pytest.raises(requests.ConnectionError):
        requests.patch(resource_url, json={"metadata": {"a": "b"}}, timeout=120)
    assert gcs.clear_faults()[0]["fired_count"] == 1
    assert requests.get(resource_url, timeout=120).json()["metadata"] == {"a": "b"}


def test_cut_upload_creates_no_object(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault(
        {"match": {"method": "POST"}, "action": {"cut_request_after_bytes": 70_000}, "count": 1}
    )
    target = url.replace("/storage/", "/upload/storage/").replace("/o/o?alt=media", "/o")
    target += "?uploadType=media&name=n"
    with pytest.raises(requests.ConnectionError):
        requests.post(target, data=b"x" * 1_000_000, timeout=120)
    assert gcs.clear_faults()[0]["fired_count"] == 1
    assert requests.get(url.replace("/o/o", "/o/n"), timeout=120).status_code == 404
    assert requests.post(target, data=b"x", timeout=120).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": {}},
        {"action": {"status": 200}},
        {"action": {"status": 503, "stall_s": 1}},
        {"action": {"stall_s": -1}},
        {"action": {"explode": True}},
        {"action": {"status": 503}, "count": 0},
        {"action": {"status": 503}, "rate": 2},
        {"action": {"status": 503}, "match": {"path_regex": "("}},
        {"action": {"status": 503}, "match": {"host": "x"}},
        {"action": {"status": 503}, "often": True},
        ["text"],
    ],
)
def test_invalid_rule_is_refused_with_a_message(gcs: GcsEmulator, rule: Any) -> None:
    response = requests.post(f"{gcs.endpoint}/_faults", json=rule, timeout=120)
    assert response.status_code == 400
    assert len(response.json()["error"]["message"]) > 10
    assert gcs.clear_faults() == []


def test_faults_do_not_affect_the_control_paths(gcs: GcsEmulator) -> None:
    gcs.add_fault({"action": {"status": 503}})
    assert requests.get(f"{gcs.endpoint}/_health", timeout=120).json()["ok"] is True
    rules = requests.get(f"{gcs.endpoint}/_faults", timeout=120).json()["rules"]
    assert [rule["matched_count"] for rule in rules] == [0]
