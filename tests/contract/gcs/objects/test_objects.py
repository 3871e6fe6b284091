"""Objects: listing, composing, copying, deleting and batches."""

from __future__ import annotations

import base64
import http.client
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import google_crc32c
import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
from google.cloud.storage import Client


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


def post_batch(endpoint: str, paths: list[str]) -> None:
    """POST up to 100 paths in one batch request."""
    parts = [
        f"--b\r\nContent-Type: application/http\r\n\r\nPOST {path} HTTP/1.1\r\n\r\n\r\n"
        for path in paths
    ]
    response = requests.post(
        f"{endpoint}/batch/storage/v1",
        data="".join(parts) + "--b--",
        headers={"Content-Type": "multipart/mixed; boundary=b"},
        timeout=120,
    )
    assert response.text.count("HTTP/1.1 200") == len(paths), response.text[:2000]


def names_of(blobs: Any) -> list[str]:
    """The names, in order."""
    return [blob.name for blob in blobs]


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


def test_invalid_page_token_and_page_size_are_refused(bucket: Any, endpoint: str) -> None:
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o"
    for params in ({"pageToken": "!"}, {"maxResults": "many"}, {"maxResults": "-1"}):
        assert requests.get(url, params=params, timeout=120).status_code == 400
    missing = f"{endpoint}/storage/v1/b/not-there-at-all/o"
    assert requests.get(missing, timeout=120).status_code == 404


def test_objects_are_composed_in_order(bucket: Any) -> None:
    parts = [bucket.blob(f"part-{n}") for n in range(32)]
    for number, part in enumerate(parts):
        part.upload_from_string(bytes([number]) * (number + 1))
    composed = bucket.blob("composed")
    composed.content_type = "application/zip"
    composed.metadata = {"parts": "32"}
    composed.compose(parts, if_generation_match=0)
    body = b"".join(bytes([n]) * (n + 1) for n in range(32))
    stored = bucket.get_blob("composed")
    assert stored.download_as_bytes() == body
    assert (stored.component_count, stored.md5_hash) == (32, None)
    assert (stored.content_type, stored.metadata) == ("application/zip", {"parts": "32"})
    assert base64.b64decode(stored.crc32c) == google_crc32c.value(body).to_bytes(4, "big")


def test_composite_object_can_be_its_own_component(bucket: Any) -> None:
    log = bucket.blob("log")
    log.upload_from_string(b"one ")
    line = bucket.blob("line")
    line.upload_from_string(b"two ")
    log.compose([log, line])
    log.compose([log, line, line])
    assert bucket.blob("log").download_as_bytes() == b"one two two two "
    assert bucket.get_blob("log").component_count == 4


def test_stale_component_stops_the_composition(bucket: Any) -> None:
    first, second = bucket.blob("one"), bucket.blob("two")
    first.upload_from_string(b"1")
    second.upload_from_string(b"2")
    generations = [first.generation, second.generation]
    bucket.blob("two").upload_from_string(b"changed")
    latest = [bucket.blob("one"), bucket.blob("two")]
    with pytest.raises(PreconditionFailed):
        bucket.blob("composed").compose(latest, if_source_generation_match=generations)
    pinned = bucket.blob("two", generation=generations[1])
    with pytest.raises(NotFound):
        bucket.blob("composed").compose([first, pinned])
    with pytest.raises(NotFound):
        bucket.blob("composed").compose([first, bucket.blob("never")])
    assert bucket.get_blob("composed") is None


def test_compose_takes_1_to_32_components(bucket: Any) -> None:
    part = bucket.blob("part")
    part.upload_from_string(b"x")
    with pytest.raises(BadRequest):
        bucket.blob("composed").compose([part] * 33)
    with pytest.raises(BadRequest):
        bucket.blob("composed").compose([])
    bucket.blob("composed").upload_from_string(b"exists")
    with pytest.raises(PreconditionFailed):
        bucket.blob("composed").compose([part], if_generation_match=0)


def test_copies_keep_content_and_metadata(bucket: Any, client: Client) -> None:
    source = bucket.blob("source")
    source.metadata = {"a": "1"}
    source.upload_from_string(b"bytes", content_type="video/mp4")
    bucket.copy_blob(source, bucket, "copy")
    copied = bucket.get_blob("copy")
    assert (copied.metadata, copied.content_type) == ({"a": "1"}, "video/mp4")
    assert copied.download_as_bytes() == b"bytes"

    other_bucket = client.create_bucket(f"{bucket.name}-2")
    target = other_bucket.blob("rewritten")
    token, done, total = target.rewrite(source)
    assert (token, done, total) == (None, 5, 5)
    assert other_bucket.get_blob("rewritten").md5_hash == source.md5_hash
    source.delete()
    assert other_bucket.blob("rewritten").download_as_bytes() == b"bytes"


def test_copies_check_conditions_on_source_and_target(bucket: Any) -> None:
    source, target = bucket.blob("source"), bucket.blob("target")
    source.upload_from_string(b"new")
    target.upload_from_string(b"old")
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_source_generation_match=1)
    with pytest.raises(PreconditionFailed):
        target.rewrite(source, if_source_metageneration_match=7)
    with pytest.raises(NotFound):
        bucket.copy_blob(source, bucket, "target", source_generation=1)
    assert bucket.blob("target").download_as_bytes() == b"old"
    target.rewrite(source, if_generation_match=target.generation)
    assert bucket.blob("target").download_as_bytes() == b"new"


def test_delete_checks_conditions_and_is_final(bucket: Any) -> None:
    blob = bucket.blob("d")
    blob.upload_from_string(b"x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("d").delete(if_generation_match=blob.generation - 1)
    bucket.blob("d").delete(if_generation_match=blob.generation)
    assert not bucket.blob("d").exists()
    with pytest.raises(NotFound):
        bucket.blob("d").delete()


def test_object_with_a_hold_is_neither_deleted_nor_overwritten(bucket: Any) -> None:
    blob = bucket.blob("held")
    blob.upload_from_string(b"x")
    blob.temporary_hold = True
    blob.patch()
    for attempt in (blob.delete, lambda: bucket.blob("held").upload_from_string(b"y")):
        with pytest.raises(Exception, match="403"):
            attempt()
    blob.temporary_hold = False
    blob.patch()
    blob.delete()


def test_batch_runs_all_calls_although_one_fails(bucket: Any, client: Client) -> None:
    for name in ("a", "b/ü", "c"):
        bucket.blob(name).upload_from_string(b"x")
    batch = client.batch(raise_exception=False)
    with batch:
        bucket.delete_blob("a")
        bucket.delete_blob("missing")
        bucket.delete_blob("b/ü")
    assert [response.status_code for response in batch._responses] == [204, 404, 204]
    assert names_of(bucket.list_blobs()) == ["c"]
    blob = bucket.blob("c")
    with client.batch():
        blob.metadata = {"in": "batch"}
        blob.patch()
    assert bucket.get_blob("c").metadata == {"in": "batch"}


def test_fields_parameter_selects_fields(bucket: Any) -> None:
    bucket.blob("f").upload_from_string(b"x", content_type="text/plain")
    listed = next(iter(bucket.list_blobs(fields="items(name,size),nextPageToken")))
    assert (listed.name, listed.size) == ("f", 1)
    assert listed.content_type is None
