"""Faults on request: each hits what it was asked to, as often as asked, and is counted."""

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
def no_rule_outlives_its_test(gcs: GcsEmulator) -> Iterator[None]:
    """The server is shared with tests that want no faults."""
    yield
    gcs.clear_faults()


@pytest.fixture
def url(gcs: GcsEmulator, bucket: Any) -> str:
    """An object to read."""
    bucket.blob("o").upload_from_string(b"0123456789")
    return f"{gcs.endpoint}/storage/v1/b/{bucket.name}/o/o?alt=media"


def statuses(url: str, count: int) -> list[int]:
    """What so many reads are answered."""
    return [requests.get(url, timeout=120).status_code for _ in range(count)]


def test_a_rule_fires_as_often_as_it_was_told(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault(
        {"match": {"method": "GET", "path_regex": "/o/o"}, "action": {"status": 503}, "count": 3}
    )
    assert statuses(url, 5) == [503, 503, 503, 200, 200]
    (rule,) = gcs.clear_faults()
    assert (rule["fired_count"], rule["matched_count"]) == (3, 5)
    assert statuses(url, 1) == [200]


def test_a_rule_can_wait_for_the_nth_request(gcs: GcsEmulator, url: str) -> None:
    match = {"path_regex": "/o/o", "nth": 3}
    gcs.add_fault({"match": match, "action": {"status": 429, "retry_after_s": 2}})
    assert statuses(url, 2) == [200, 200]
    third = requests.get(url, timeout=120)
    assert (third.status_code, third.headers["Retry-After"]) == (429, "2")
    assert third.json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert statuses(url, 2) == [200, 200]


def test_a_rate_hits_its_share_and_repeats_with_its_seed(gcs: GcsEmulator, url: str) -> None:
    runs = []
    for _ in range(2):
        gcs.add_fault({"action": {"status": 503}, "rate": 0.5, "seed": 11})
        runs.append(statuses(url, 40))
        (rule,) = gcs.clear_faults()
        assert rule["fired_count"] == runs[-1].count(503)
    assert runs[0] == runs[1]
    assert 8 < runs[0].count(503) < 32


def test_a_stall_delays_and_then_does_the_work(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault({"action": {"stall_s": 0.4}, "count": 1})
    began = time.monotonic()
    answer = requests.get(url, timeout=120)
    assert (answer.content, time.monotonic() - began >= 0.4) == (b"0123456789", True)


@pytest.mark.parametrize("part", ["?alt=media", ""], ids=["streamed", "whole"])
def test_a_cut_falls_on_the_exact_byte(gcs: GcsEmulator, url: str, part: str) -> None:
    gcs.add_fault({"action": {"cut_after_bytes": 4}, "count": 1})
    connection = http.client.HTTPConnection("127.0.0.1", gcs.port, timeout=120)
    connection.request("GET", url.partition("?")[0].removeprefix(gcs.endpoint) + part)
    answer = connection.getresponse()
    assert int(answer.headers["Content-Length"]) >= 10
    got = b""
    with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        while byte := answer.read(1):
            got += byte
    connection.close()
    assert len(got) == 4
    assert statuses(url, 1) == [200]


def test_a_lost_response_means_that_the_work_was_done(gcs: GcsEmulator, url: str) -> None:
    gcs.add_fault({"match": {"method": "PATCH"}, "action": {"lose_response": True}})
    plain = url.partition("?")[0]
    with pytest.raises(requests.ConnectionError):
        requests.patch(plain, json={"metadata": {"a": "b"}}, timeout=120)
    assert gcs.clear_faults()[0]["fired_count"] == 1
    assert requests.get(plain, timeout=120).json()["metadata"] == {"a": "b"}


def test_a_cut_upload_makes_no_object(gcs: GcsEmulator, url: str) -> None:
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
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(gcs: GcsEmulator, rule: Any) -> None:
    answer = requests.post(f"{gcs.endpoint}/_faults", json=rule, timeout=120)
    assert answer.status_code == 400
    assert len(answer.json()["error"]["message"]) > 10
    assert gcs.clear_faults() == []


def test_faults_never_hit_the_paths_that_control_them(gcs: GcsEmulator) -> None:
    gcs.add_fault({"action": {"status": 503}})
    assert requests.get(f"{gcs.endpoint}/_health", timeout=120).json()["ok"] is True
    rules = requests.get(f"{gcs.endpoint}/_faults", timeout=120).json()["rules"]
    assert [rule["matched_count"] for rule in rules] == [0]
