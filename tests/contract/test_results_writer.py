"""Results and small objects: written once and adopted by a later attempt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.adapters.storage.objects import CloudObjectStore
from shared.errors import ArtifactConflict
from shared.pipeline import RESULTS_PREFIX, Bucket
from shared.runtime.results_writer import ResultsWriter, read_object, write_once
from tests.fixtures.gcs.server import GcsEmulator

NAMES = {role: f"moodreel-results-{role.value}" for role in Bucket}
KEY = "0123456789abcdef"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudObjectStore]:
    server = GcsEmulator(tmp_path_factory.mktemp("results")).start()
    for name in NAMES.values():
        server.client().create_bucket(name)
    yield CloudObjectStore(server.client(), NAMES, dict)
    server.close()


def test_results_of_one_key_share_a_folder_of_their_job(objects: CloudObjectStore) -> None:
    results = ResultsWriter(objects, "job1", KEY)
    first = results.write("a.txt", "table", "text/plain", lambda: b"one block")
    second = results.write("b.txt", "table", "text/plain", lambda: iter([b"two ", b"blocks"]))
    with results.create("c.txt", "text/plain") as writer:
        writer.write(b"streamed")

    assert [
        stored.name for stored in objects.list_objects(Bucket.OUTPUTS, f"{RESULTS_PREFIX}job1/")
    ] == [f"{RESULTS_PREFIX}job1/{KEY[:12]}/{name}" for name in ("a.txt", "b.txt", "c.txt")]
    assert (first.name, first.kind, first.content_type) == ("a.txt", "table", "text/plain")
    assert read_object(objects, first.stored_object) == b"one block"
    assert read_object(objects, second.stored_object) == b"two blocks"
    assert read_object(objects, writer.stored_object) == b"streamed"


def test_later_attempt_adopts_written_and_copied_results(objects: CloudObjectStore) -> None:
    source = write_once(
        objects, Bucket.WORK, "films/job2/a", b"film", content_type="video/mp4", spec=KEY
    )
    rendered: list[bytes] = []

    def render() -> bytes:
        rendered.append(b"a")
        return b"a"

    first, second = (
        [
            results.write("a.txt", "table", "text/plain", render),
            results.copy(source, "film.mp4", "film"),
        ]
        for results in (ResultsWriter(objects, "job2", KEY) for _ in range(2))
    )

    assert second == first
    assert rendered == [b"a"], "the second attempt rendered again"
    assert first[1].content_type == "video/mp4"
    assert read_object(objects, first[1].stored_object) == b"film"


def test_object_with_another_spec_is_never_replaced(objects: CloudObjectStore) -> None:
    location = Bucket.WORK, "slides/job3/deck.json"
    first = write_once(objects, *location, b"{}", content_type="application/json", spec="one")
    second = write_once(objects, *location, b"{}", content_type="application/json", spec="one")

    assert second == first
    with pytest.raises(ArtifactConflict):
        write_once(objects, *location, b"{ }", content_type="application/json", spec="another")


def test_empty_object_is_read_as_empty_bytes(objects: CloudObjectStore) -> None:
    empty = write_once(objects, Bucket.WORK, "parts/empty", b"", content_type="a/b", spec="s")

    assert read_object(objects, empty) == b""
