"""Listing objects: pages, prefixes, order, globs."""

from __future__ import annotations

import http.client
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.contract.gcs.objects.object_requests import names_of, post_batch


def create_objects(bucket: Any, endpoint: str, names: list[str]) -> None:
    """Create an object for every name."""

    def write(batch: list[str]) -> None:
        connection = http.client.HTTPConnection(endpoint.partition("//")[2], timeout=120)
        path = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name="
        for name in batch:
            connection.request("POST", path + quote(name, safe=""), b"x")
            response = connection.getresponse()
            assert response.status == 200, response.read()
            response.read()
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [names[start::4] for start in range(4)]))


@pytest.mark.extended
def test_5000_objects_are_listed_once_and_in_order(bucket: Any, endpoint: str) -> None:
    names = [f"frames/{number:05d}.jpg" for number in range(5000)]
    shuffled = random.Random(5).sample(names, len(names))
    create_objects(bucket, endpoint, ["seed"])
    seed = f"/storage/v1/b/{bucket.name}/o/seed/copyTo/b/{bucket.name}/o/"
    batches = [
        [seed + quote(name, safe="") for name in shuffled[start : start + 100]]
        for start in range(0, 5000, 100)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda paths: post_batch(endpoint, paths), batches))
    bucket.delete_blob("seed")
    assert names_of(bucket.list_blobs()) == names
    pages = list(bucket.list_blobs(page_size=700).pages)
    assert [page.num_items for page in pages] == [700] * 7 + [100]
    assert names_of(bucket.list_blobs(prefix="frames/012")) == names[1200:1300]
    assert (
        names_of(bucket.list_blobs(max_results=3, start_offset="frames/04998.jpg"))
        == (names[4998:])
    )
    folders = bucket.list_blobs(delimiter="/")
    assert (names_of(folders), set(folders.prefixes)) == ([], {"frames/"})


def test_delimiter_groups_names_into_prefixes(bucket: Any, endpoint: str) -> None:
    create_objects(bucket, endpoint, ["a", "b/1", "b/2", "b/c/3", "b/c/4", "d", "e/", "e/5"])
    top = bucket.list_blobs(delimiter="/")
    assert (names_of(top), sorted(top.prefixes)) == (["a", "d"], ["b/", "e/"])
    inner = bucket.list_blobs(prefix="b/", delimiter="/")
    assert (names_of(inner), sorted(inner.prefixes)) == (["b/1", "b/2"], ["b/c/"])
    trailing = bucket.list_blobs(delimiter="/", include_trailing_delimiter=True)
    assert names_of(trailing) == ["a", "d", "e/"]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4])
def test_pages_list_every_prefix_once(bucket: Any, endpoint: str, page_size: int) -> None:
    names = [f"{folder}/{n}" for folder in "abcde" for n in range(4)] + ["bb", "dd"]
    create_objects(bucket, endpoint, names)
    items: list[str] = []
    prefixes: list[str] = []
    token = ""
    while True:
        response = requests.get(
            f"{endpoint}/storage/v1/b/{bucket.name}/o",
            params={"delimiter": "/", "maxResults": str(page_size), "pageToken": token},
            timeout=120,
        ).json()
        page_prefixes = response.get("prefixes", [])
        page_items = [item["name"] for item in response.get("items", [])]
        assert len(page_prefixes) + len(page_items) <= page_size
        prefixes += page_prefixes
        items += page_items
        token = response.get("nextPageToken", "")
        if not token:
            break
    assert prefixes == ["a/", "b/", "c/", "d/", "e/"]
    assert items == ["bb", "dd"]


def test_names_are_ordered_by_utf8_bytes(bucket: Any, endpoint: str) -> None:
    names = ["a", "Z", "é", "z", "日", "🎬", "\uffff", "a\x00b", "a b", "A"]
    create_objects(bucket, endpoint, names)
    assert names_of(bucket.list_blobs()) == sorted(names, key=str.encode)
    assert names_of(bucket.list_blobs(start_offset="b", end_offset="日")) == ["z", "é"]


def test_glob_selects_names(bucket: Any, endpoint: str) -> None:
    create_objects(bucket, endpoint, ["a.jpg", "a.png", "b/a.jpg", "b/c/a.jpg", "[x].jpg"])

    def list_matches(glob: str) -> list[str]:
        return names_of(bucket.list_blobs(match_glob=glob))

    assert list_matches("*.jpg") == ["[x].jpg", "a.jpg"]
    assert list_matches("**.jpg") == ["[x].jpg", "a.jpg", "b/a.jpg", "b/c/a.jpg"]
    assert list_matches("b/*.jpg") == ["b/a.jpg"]
    assert list_matches("a.{jpg,png}") == ["a.jpg", "a.png"]
    assert list_matches("[a-b].???") == ["a.jpg", "a.png"]
    assert list_matches("**/a.jpg") == ["a.jpg", "b/a.jpg", "b/c/a.jpg"]
    assert list_matches("b/**/a.jpg") == ["b/a.jpg", "b/c/a.jpg"]
    assert list_matches("**/{a,b}.jpg") == ["a.jpg", "b/a.jpg", "b/c/a.jpg"]
    assert list_matches("{**/a,*}.png") == ["a.png"]


def test_invalid_page_token_and_page_size_are_refused(bucket: Any, endpoint: str) -> None:
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o"
    for params in ({"pageToken": "!"}, {"maxResults": "many"}, {"maxResults": "-1"}):
        assert requests.get(url, params=params, timeout=120).status_code == 400
    missing = f"{endpoint}/storage/v1/b/not-there-at-all/o"
    assert requests.get(missing, timeout=120).status_code == 404
