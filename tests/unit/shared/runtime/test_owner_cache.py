"""The cache of an owner: an entry of another owner or key, or a damaged one, is never used."""

from __future__ import annotations

import json

import pytest
from requests import Session

from shared.errors import ObjectDamaged
from shared.pipeline import FILM_CACHE_PREFIX, Bucket
from shared.privacy.data_requests import owner_hash
from shared.runtime.owner_cache import OwnerCache, content_key
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.stage_harness import StageHarness

KEY = content_key("film", 1, ["a"])
NAME = f"{FILM_CACHE_PREFIX}{owner_hash('anna')}/{KEY}"


def make_cache(harness: StageHarness, owner: str = "anna") -> OwnerCache:
    return OwnerCache(harness.objects, FILM_CACHE_PREFIX, owner)


def damage_file(gcs: GcsEmulator, content: bytes, damaged: bytes) -> None:
    """Overwrites the file of an object with this content."""
    (path,) = [
        path
        for path in gcs.folder.rglob("*")
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    ]
    path.write_bytes(damaged)


def test_keys_differ_by_every_value_and_by_their_borders() -> None:
    keys = {
        content_key(*content)
        for content in ((1, 2), (12,), ("1", 2), ([1, 2],), (1, [2]), (1, 2, None), ("é",), ())
    }
    assert len(keys) == 8
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})


def test_an_entry_is_read_by_its_owner_only(harness: StageHarness) -> None:
    make_cache(harness).write(KEY, b"words", "text/plain")
    assert make_cache(harness).read(KEY) == b"words"
    assert make_cache(harness, "bob").read(KEY) is None
    assert make_cache(harness).read(content_key("other")) is None


def test_the_first_entry_of_a_key_is_kept(harness: StageHarness) -> None:
    make_cache(harness).write(KEY, b"first", "text/plain")
    make_cache(harness).write(KEY, b"second", "text/plain")
    assert make_cache(harness).read(KEY) == b"first"


@pytest.mark.parametrize("spec", ["", "test", content_key("other")])
def test_an_object_of_another_key_is_deleted(harness: StageHarness, spec: str) -> None:
    with harness.objects.create(Bucket.WORK, NAME, content_type="a/b", spec=spec) as out:
        out.write(b"other")
    cache = make_cache(harness)
    cache.write(KEY, b"words", "text/plain")
    assert cache.read(KEY) is None
    cache.write(KEY, b"words", "text/plain")
    assert cache.read(KEY) == b"words"


@pytest.mark.parametrize("damaged", [b"sentences of Annb", b"sentences", b""])
def test_a_damaged_entry_is_replaced(
    harness: StageHarness, gcs: GcsEmulator, damaged: bytes
) -> None:
    cache, content = make_cache(harness), b"sentences of Anna"
    cache.write(KEY, content, "text/plain")
    damage_file(gcs, content, damaged)
    stored = cache.find(KEY)
    assert stored is not None
    with pytest.raises(ObjectDamaged):
        harness.objects.read_whole(stored)
    assert cache.read(KEY) is None
    assert cache.find(KEY) is None
    cache.write(KEY, b"new", "text/plain")
    assert cache.read(KEY) == b"new"


def test_an_empty_object_is_no_entry(harness: StageHarness) -> None:
    cache = make_cache(harness)
    cache.write(KEY, b"", "text/plain")
    assert cache.find(KEY) is None


def test_a_copy_stays_when_the_entry_expires(harness: StageHarness) -> None:
    cache = make_cache(harness)
    source = harness.put_object(Bucket.WORK, "films/1/a.mp4", b"film", "video/mp4")
    entry = cache.add(KEY, source)
    copy = cache.copy_to(KEY, "films/2/a.mp4", spec="spec of the film")
    assert copy is not None
    harness.objects.delete(entry.bucket, *entry.version)
    assert cache.copy_to(KEY, "films/3/a.mp4") is None
    assert harness.objects.read_whole(copy) == b"film"
    assert (copy.spec, copy.content_type) == ("spec of the film", "video/mp4")


def test_json_is_read_with_one_request(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = make_cache(harness)
    cache.write_json(KEY, {"a": ["é"]})
    requests = CallCounts(monkeypatch)
    requests.watch(Session, "request")
    assert cache.read_json(KEY) == {"a": ["é"]}
    assert cache.read_json(content_key("other")) is None
    assert requests.take() == {"request": 2}


def test_json_of_an_earlier_version_is_read(harness: StageHarness) -> None:
    cache = make_cache(harness)
    cache.write(KEY, b'{"a": 1}', "application/json")
    assert cache.read_json(KEY) == {"a": 1}


@pytest.mark.parametrize("content", [b'{"key": "other", "content": 1}', b"[1]", b"no JSON", b""])
def test_json_of_another_key_is_deleted(harness: StageHarness, content: bytes) -> None:
    with harness.objects.create(Bucket.WORK, NAME, content_type="a/b", spec="other") as out:
        out.write(content)
    cache = make_cache(harness)
    assert cache.read_json(KEY) is None
    assert cache.find(KEY) is None


def test_damaged_json_is_replaced(harness: StageHarness, gcs: GcsEmulator) -> None:
    cache = make_cache(harness)
    cache.write_json(KEY, {"a": 1})
    content = json.dumps({"key": KEY, "content": {"a": 1}}, separators=(",", ":")).encode()
    damage_file(gcs, content, content.replace(b"1}}", b"2}}"))
    assert cache.read_json(KEY) is None
    cache.write_json(KEY, {"a": 3})
    assert cache.read_json(KEY) == {"a": 3}


def test_a_copy_has_the_metadata_of_the_entry(harness: StageHarness) -> None:
    cache = make_cache(harness)
    source = harness.put_object(Bucket.WORK, "jobs/a", b"sound", "audio/wav")
    cache.add(KEY, source, {"times": "[1, 2]"})
    copy = cache.copy_live(KEY, "jobs/b")
    assert copy is not None
    assert copy.metadata == {"times": "[1, 2]", "spec": KEY}
    assert (copy.content_type, copy.size_bytes) == ("audio/wav", 5)
    assert cache.copy_live(KEY, "jobs/b") == copy
    assert cache.copy_live(content_key("other"), "jobs/c") is None


def test_an_object_of_another_key_is_not_copied(harness: StageHarness) -> None:
    with harness.objects.create(Bucket.WORK, NAME, content_type="a/b", spec="other") as out:
        out.write(b"other")
    assert make_cache(harness).copy_live(KEY, "jobs/b") is None
    assert [harness.objects.stat(Bucket.WORK, name) for name in (NAME, "jobs/b")] == [None, None]
