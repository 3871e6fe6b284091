"""The adapter of the object store: objects are written once, adopted, and never partial."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from google.auth.exceptions import TransportError

from shared.adapters.storage.objects import CloudObjectStore
from shared.adapters.storage.writer import CHUNK_BYTES
from shared.errors import ArtifactConflict, StorageUnavailable
from shared.flows.envelope import ObjectRef
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact
from tests.fixtures.gcs.server import GcsEmulator

MIB = 1 << 20
LARGE = 2 * CHUNK_BYTES + MIB
"""More than two chunks: a resumable upload."""
SMALL = 3 * MIB
NAMES = {role: f"moodreel-contract-{role.value}" for role in Bucket}


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    server = GcsEmulator(tmp_path_factory.mktemp("objects")).start()
    for name in NAMES.values():
        server.client().create_bucket(name)
    yield server
    server.close()


@pytest.fixture
def objects(gcs: GcsEmulator) -> CloudObjectStore:
    return CloudObjectStore(gcs.client(), NAMES, dict)


def write_object(objects: CloudObjectStore, name: str, size: int, spec: str = "spec") -> Any:
    with objects.create(Bucket.WORK, name, content_type="x/y", spec=spec) as writer:
        for _ in range(size // MIB):
            writer.write(b"z" * MIB)
    return writer


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_second_write_of_the_same_spec_adopts_the_object(
    objects: CloudObjectStore, size: int
) -> None:
    first = write_object(objects, f"packs/{size}", size)
    second = write_object(objects, f"packs/{size}", size)
    assert (first.adopted, second.adopted) == (False, True)
    assert second.stored_object == first.stored_object
    assert second.stored_object.size_bytes == size
    with pytest.raises(ArtifactConflict):
        write_object(objects, f"packs/{size}", size, spec="another spec")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_concurrent_writes_end_with_one_object(objects: CloudObjectStore, size: int) -> None:
    name = f"packs/race{size}"
    with objects.create(Bucket.WORK, name, content_type="x/y", spec="spec") as slower:
        for _ in range(size // MIB):
            slower.write(b"s" * MIB)
        faster = write_object(objects, name, size)
    assert slower.adopted
    assert slower.stored_object == faster.stored_object


def write_and_fail(
    objects: CloudObjectStore, name: str, size: int, before_error: Callable[[], object]
) -> None:
    with objects.create(Bucket.WORK, name, content_type="x/y", spec="") as writer:
        for _ in range(size // MIB):
            writer.write(b"h" * MIB)
        before_error()
        raise KeyError("the source failed")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_error_while_writing_leaves_no_object_and_is_raised(
    objects: CloudObjectStore, size: int
) -> None:
    with pytest.raises(KeyError, match="the source failed"):
        write_and_fail(objects, f"partial{size}", size, list)
    gc.collect()
    assert objects.stat(Bucket.WORK, f"partial{size}") is None


def test_error_during_an_outage_leaves_no_partial_object(
    objects: CloudObjectStore, gcs: GcsEmulator
) -> None:
    with pytest.raises(KeyError, match="the source failed"):
        write_and_fail(objects, "outage", LARGE, gcs.kill)
    gcs.start()
    gc.collect()
    assert objects.stat(Bucket.WORK, "outage") is None


def test_signing_error_of_iam_is_transient(gcs: GcsEmulator) -> None:
    def fail_to_sign() -> NoReturn:
        raise TransportError("Error calling the IAM signBlob API")

    objects = CloudObjectStore(gcs.client(), NAMES, fail_to_sign)
    artifact = Artifact("frames.zip", "frames", Bucket.OUTPUTS.value, "jobs/x/frames.zip", 1, 1)
    with pytest.raises(StorageUnavailable):
        objects.sign_download(artifact, filename="frames.zip", valid_s=60)
    with pytest.raises(StorageUnavailable):
        objects.sign_upload(
            Bucket.UPLOADS, "jobs/x/video.0", content_type="video/mp4", max_bytes=1, valid_s=60
        )


def test_unexpected_objects_of_one_name_are_quarantined_separately(
    objects: CloudObjectStore, gcs: GcsEmulator
) -> None:
    bucket = gcs.client().bucket(NAMES[Bucket.UPLOADS])
    for body in (b"first", b"second one"):
        blob = bucket.blob("stray.mp4")
        blob.upload_from_string(body)
        stray = ObjectRef(bucket.name, "stray.mp4", blob.generation)
        for _ in range(2):
            objects.quarantine(stray)
        assert objects.stat(Bucket.UPLOADS, "stray.mp4") is None
        moved = objects.stat(Bucket.WORK, f"quarantine/uploads/stray.mp4.{blob.generation}")
        assert moved is not None
        assert moved.size_bytes == len(body)


def test_list_prefixes_returns_each_folder_once(objects: CloudObjectStore) -> None:
    for name in ("zips/aaa/1", "zips/aaa/2/3", "zips/bbb/1", "zips/file", "other/ccc/1"):
        write_object(objects, name, MIB)
    assert objects.list_prefixes(Bucket.WORK, "zips/") == ("aaa", "bbb")
    assert objects.list_prefixes(Bucket.WORK, "nothing/") == ()


def test_folders_are_listed_in_pages(objects: CloudObjectStore) -> None:
    names = ["a", "a!", "a0", "b", "c"]
    for name in names:
        for number in range(3):
            write_object(objects, f"paged/{name}/{number}", 0)
    write_object(objects, "paged/b.txt", 0)
    pages: list[tuple[str, ...]] = []
    while not pages or len(pages[-1]) == 2:
        after = pages[-1][-1] if pages else ""
        pages.append(objects.list_prefixes(Bucket.WORK, "paged/", after=after, limit=2))
    # Cloud Storage sorts "a!/" before "a/".
    assert pages == [("a!", "a"), ("a0", "b"), ("c",)]
    assert objects.list_prefixes(Bucket.WORK, "paged/", after="c") == ()


def test_objects_are_listed_in_pages(objects: CloudObjectStore) -> None:
    for number in range(5):
        write_object(objects, f"listed/{number}", 0)
    pages: list[list[str]] = []
    while not pages or len(pages[-1]) == 2:
        after = pages[-1][-1] if pages else ""
        page = objects.list_objects(Bucket.WORK, "listed/", after=after, limit=2)
        pages.append([stored.name for stored in page])
    assert pages == [["listed/0", "listed/1"], ["listed/2", "listed/3"], ["listed/4"]]
    # A page may continue after an object that is deleted meanwhile.
    objects.delete(Bucket.WORK, "listed/1")
    rest = objects.list_objects(Bucket.WORK, "listed/", after="listed/1", limit=2)
    assert [stored.name for stored in rest] == ["listed/2", "listed/3"]
