"""Results and small objects: written once, in one place, and taken over by a later attempt."""

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
    store = GcsEmulator(tmp_path_factory.mktemp("results")).start()
    for name in NAMES.values():
        store.client().create_bucket(name)
    yield CloudObjectStore(store.client(), NAMES, dict)
    store.close()


def test_results_of_one_key_lie_together_under_their_job(objects: CloudObjectStore) -> None:
    results = ResultsWriter(objects, "job1", KEY)
    whole = results.write("a.txt", "table", "text/plain", b"a whole")
    pieces = results.write("b.txt", "table", "text/plain", iter([b"in ", b"pieces"]))
    with results.create("c.txt", "text/plain") as writer:
        writer.write(b"streamed")

    assert [one.name for one in objects.list_objects(Bucket.OUTPUTS, f"{RESULTS_PREFIX}job1/")] == [
        f"{RESULTS_PREFIX}job1/{KEY[:12]}/{name}" for name in ("a.txt", "b.txt", "c.txt")
    ]
    assert (whole.name, whole.kind, whole.content_type) == ("a.txt", "table", "text/plain")
    assert read_object(objects, whole.stored_object) == b"a whole"
    assert read_object(objects, pieces.stored_object) == b"in pieces"
    assert read_object(objects, writer.stored_object) == b"streamed"


def test_a_later_attempt_takes_over_what_was_written_and_copied(objects: CloudObjectStore) -> None:
    source = write_once(
        objects, Bucket.WORK, "films/job2/a", b"film", content_type="video/mp4", spec=KEY
    )
    first, again = (
        [
            results.write("a.txt", "table", "text/plain", b"a"),
            results.copy(source, "film.mp4", "film"),
        ]
        for results in (ResultsWriter(objects, "job2", KEY) for _ in range(2))
    )

    assert again == first
    assert first[1].content_type == "video/mp4"
    assert read_object(objects, first[1].stored_object) == b"film"


def test_an_object_of_other_inputs_is_never_replaced(objects: CloudObjectStore) -> None:
    place = Bucket.WORK, "slides/job3/deck.json"
    first = write_once(objects, *place, b"{}", content_type="application/json", spec="one")
    again = write_once(objects, *place, b"{}", content_type="application/json", spec="one")

    assert again == first
    with pytest.raises(ArtifactConflict):
        write_once(objects, *place, b"{ }", content_type="application/json", spec="another")


def test_an_empty_object_is_read_as_nothing(objects: CloudObjectStore) -> None:
    empty = write_once(objects, Bucket.WORK, "parts/empty", b"", content_type="a/b", spec="s")

    assert read_object(objects, empty) == b""
