"""The object store's adapter over the real client: written once, adopted whole, never by halves."""

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
    made = GcsEmulator(tmp_path_factory.mktemp("objects")).start()
    for name in NAMES.values():
        made.client().create_bucket(name)
    yield made
    made.close()


@pytest.fixture
def objects(gcs: GcsEmulator) -> CloudObjectStore:
    return CloudObjectStore(gcs.client(), NAMES, dict)


def put(objects: CloudObjectStore, name: str, size: int, spec: str = "spec") -> Any:
    with objects.create(Bucket.WORK, name, content_type="x/y", spec=spec) as writer:
        for _ in range(size // MIB):
            writer.write(b"z" * MIB)
    return writer


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_a_crash_after_the_write_finds_its_object_and_takes_it_over(
    objects: CloudObjectStore, size: int
) -> None:
    first = put(objects, f"packs/{size}", size)
    again = put(objects, f"packs/{size}", size)
    assert (first.adopted, again.adopted) == (False, True)
    assert again.stored_object == first.stored_object
    assert again.stored_object.size_bytes == size
    with pytest.raises(ArtifactConflict):
        put(objects, f"packs/{size}", size, spec="of something else")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_two_that_write_at_once_end_with_one_object(objects: CloudObjectStore, size: int) -> None:
    name = f"packs/race{size}"
    with objects.create(Bucket.WORK, name, content_type="x/y", spec="spec") as slower:
        for _ in range(size // MIB):
            slower.write(b"s" * MIB)
        faster = put(objects, name, size)
    assert slower.adopted
    assert slower.stored_object == faster.stored_object


def break_off(
    objects: CloudObjectStore, name: str, size: int, meanwhile: Callable[[], object]
) -> None:
    with objects.create(Bucket.WORK, name, content_type="x/y", spec="") as writer:
        for _ in range(size // MIB):
            writer.write(b"h" * MIB)
        meanwhile()
        raise KeyError("the film broke off")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["in one request", "in chunks"])
def test_an_error_on_the_way_leaves_nothing_and_is_not_hidden(
    objects: CloudObjectStore, size: int
) -> None:
    with pytest.raises(KeyError, match="the film broke off"):
        break_off(objects, f"half{size}", size, list)
    gc.collect()
    assert objects.stat(Bucket.WORK, f"half{size}") is None


def test_an_error_while_the_store_is_away_leaves_no_half_object_once_it_is_back(
    objects: CloudObjectStore, gcs: GcsEmulator
) -> None:
    with pytest.raises(KeyError, match="the film broke off"):
        break_off(objects, "away", LARGE, gcs.kill)
    gcs.start()
    gc.collect()
    assert objects.stat(Bucket.WORK, "away") is None


def test_a_signature_that_iam_refuses_may_be_given_later(gcs: GcsEmulator) -> None:
    def refused() -> NoReturn:
        raise TransportError("Error calling the IAM signBlob API")

    objects = CloudObjectStore(gcs.client(), NAMES, refused)
    result = Artifact("frames.zip", "frames", Bucket.OUTPUTS.value, "jobs/x/frames.zip", 1, 1)
    with pytest.raises(StorageUnavailable):
        objects.sign_download(result, filename="frames.zip", valid_s=60)
    with pytest.raises(StorageUnavailable):
        objects.sign_upload(
            Bucket.UPLOADS, "jobs/x/video.0", content_type="video/mp4", max_bytes=1, valid_s=60
        )


def test_strangers_of_one_name_are_put_aside_one_after_the_other(
    objects: CloudObjectStore, gcs: GcsEmulator
) -> None:
    bucket = gcs.client().bucket(NAMES[Bucket.UPLOADS])
    for body in (b"whose am I?", b"and I?"):
        blob = bucket.blob("stray.mp4")
        blob.upload_from_string(body)
        stray = ObjectRef(bucket.name, "stray.mp4", blob.generation)
        for _ in range(2):
            objects.quarantine(stray)
        assert objects.stat(Bucket.UPLOADS, "stray.mp4") is None
        aside = objects.stat(Bucket.WORK, f"quarantine/uploads/stray.mp4.{blob.generation}")
        assert aside is not None
        assert aside.size_bytes == len(body)


def test_folders_are_named_once_whatever_lies_in_them(objects: CloudObjectStore) -> None:
    for name in ("zips/aaa/1", "zips/aaa/2/3", "zips/bbb/1", "zips/beside", "other/ccc/1"):
        put(objects, name, MIB)
    assert objects.list_prefixes(Bucket.WORK, "zips/") == ("aaa", "bbb")
    assert objects.list_prefixes(Bucket.WORK, "nothing/") == ()
