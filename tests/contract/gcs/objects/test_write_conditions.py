"""Conditions of writes: generations, metagenerations, concurrent writes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Client


def test_generation_zero_writes_only_a_new_object(bucket: Any) -> None:
    bucket.blob("once").upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once").upload_from_string(b"second", if_generation_match=0)
    with pytest.raises(PreconditionFailed) as caught:
        bucket.blob("once").delete(if_generation_match=1)
    assert caught.value.errors[0]["reason"] == "conditionNotMet"
    assert bucket.blob("once").download_as_bytes() == b"first"


def test_one_of_ten_concurrent_creates_succeeds(bucket: Any, client: Client, endpoint: str) -> None:
    start = threading.Barrier(10)

    def write(number: int) -> int:
        start.wait()
        url = f"{endpoint}/upload/storage/v1/b/{bucket.name}/o"
        query = {"uploadType": "media", "name": "claim", "ifGenerationMatch": "0"}
        body = bytes([number]) * 2_000_000
        return requests.post(url, params=query, data=body, timeout=120).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(write, range(10)))
    assert sorted(statuses) == [200] + [412] * 9
    winner = statuses.index(200)
    assert bucket.blob("claim").download_as_bytes() == bytes([winner]) * 2_000_000


def test_concurrent_read_modify_write_loses_no_update(bucket: Any) -> None:
    bucket.blob("count").upload_from_string(b"0")

    def add(_: int) -> None:
        while True:
            blob = bucket.get_blob("count")
            value = int(blob.download_as_bytes(if_generation_match=blob.generation))
            try:
                bucket.blob("count").upload_from_string(
                    str(value + 1), if_generation_match=blob.generation
                )
            except PreconditionFailed:
                continue
            return

    def add_with_retry(number: int) -> None:
        while True:
            try:
                add(number)
            except (PreconditionFailed, NotFound):
                continue  # overwritten between the metadata and the read
            return

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(add_with_retry, range(10)))
    assert bucket.blob("count").download_as_bytes() == b"10"


def test_metageneration_conditions_guard_metadata(bucket: Any) -> None:
    blob = bucket.blob("m")
    blob.upload_from_string(b"x")
    blob.metadata = {"a": "1"}
    blob.patch(if_metageneration_match=1)
    assert blob.metageneration == 2
    blob.metadata = {"a": "2"}
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        blob.delete(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        bucket.blob("m").upload_from_string(b"y", if_metageneration_match=1)
    assert bucket.get_blob("m").metadata == {"a": "1"}


def test_not_match_conditions_refuse_writes_and_return_304_for_reads(
    bucket: Any, endpoint: str
) -> None:
    blob = bucket.blob("n")
    blob.upload_from_string(b"x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("n").upload_from_string(b"y", if_generation_not_match=blob.generation)
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/n"
    same = {"ifGenerationNotMatch": str(blob.generation)}
    assert requests.get(url, params=same, timeout=120).status_code == 304
    etag = {"If-None-Match": blob.etag}
    assert requests.get(url, headers=etag, timeout=120).status_code == 304
    assert requests.get(url, headers={"If-Match": '"other"'}, timeout=120).status_code == 412


def test_generations_increase_and_old_ones_are_not_found(bucket: Any) -> None:
    generations = []
    for body in (b"a", b"b", b"c"):
        blob = bucket.blob("g")
        blob.upload_from_string(body)
        generations.append(blob.generation)
    assert generations == sorted(set(generations))
    with pytest.raises(NotFound):
        bucket.blob("g", generation=generations[0]).download_as_bytes()
    assert bucket.blob("g", generation=generations[2]).download_as_bytes() == b"c"
    with pytest.raises(NotFound):
        bucket.blob("g", generation=generations[0]).delete()
