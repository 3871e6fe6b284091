"""The view of a job shows its inputs and, on request, its analysis; lists show its main result."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.api.jobs.views.results import MAX_SEGMENTS
from functions.api.routes import ROUTES
from shared.flows.documents import Update, job_path
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput
from shared.pipeline import RECIPES, Bucket
from shared.pricing.job_cost import compute_usd
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Segment, Transcript
from shared.recipes.results import DeckResult, FilmResult
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import SoundInfo, Upload, Uploads
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW
from tests.fixtures.media.decks import make_script_deck
from tests.fixtures.media.emotions import make_emotions_result, make_moment
from tests.fixtures.media.faces import MEDIA_INFO

JOB = "j" * 20


class JsonObjects:
    """An object store with JSON objects by name."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects

    def range_reader(self, _bucket: Bucket, name: str, _generation: int) -> Any:
        return lambda start, length: self.objects[name][start : start + length]


def make_api(recipe: str, *, objects: Any = None, **fields: Any) -> AppHarness:
    api = AppHarness(ROUTES, objects=objects)
    names = [item.name for item in RECIPES[recipe].inputs if not item.optional]
    inputs = tuple(
        JobInput(name, f"uploads/{name}", "application/octet-stream", 7, f"my {name}.bin")
        for name in names
    )
    writes = new_job(
        job_id=JOB, owner="alice", email="", recipe=RECIPES[recipe], title="T", options={},
        inputs=inputs, now=NOW, expires_at=NOW,
    )  # fmt: skip
    api.store.commit(writes)
    api.store.commit([Update(job_path(JOB), fields)])
    return api


def get(api: AppHarness, query: str = "", headers: dict[str, str] = ALICE_HEADERS) -> Any:
    return api.request("GET", f"/v1/jobs/{JOB}{query}", headers=headers)


def stored(name: str, data: bytes = b"") -> StoredObject:
    return StoredObject(Bucket.WORK, name, 1, len(data))


def artifact(name: str, kind: str, folder: str = "0123456789ab") -> Artifact:
    return Artifact(name, kind, "outputs", f"jobs/{JOB}/{folder}/{name}", 1, 9, "x/y")


def test_inputs_are_shown_before_they_are_uploaded() -> None:
    [view] = get(make_api("frames")).json["inputs"]
    assert view == {
        "name": "video", "filename": "my video.bin", "content_type": "application/octet-stream",
        "size_bytes": 7, "kind": "video", "duration_s": None, "width": None, "height": None,
        "uploaded": False,
    }  # fmt: skip


def test_inputs_show_what_was_found_in_the_files() -> None:
    uploads = Uploads({"media": Upload(stored("m"), "a.mp3", SoundInfo("mp3", 44_100, 2, 8.5))})
    api = make_api("captions", facts={"upload_trigger": uploads.to_dict()})
    [view] = get(api).json["inputs"]
    assert (view["kind"], view["duration_s"], view["width"]) == ("audio", 8.5, None)

    info = replace(MEDIA_INFO, video=replace(MEDIA_INFO.video, rotation=90))
    uploads = Uploads({"video": Upload(stored("m"), "a.mp4", info)})
    api = make_api("frames", facts={"upload_trigger": uploads.to_dict()})
    [view] = get(api).json["inputs"]
    assert (view["kind"], view["uploaded"]) == ("video", True)
    width, height = MEDIA_INFO.video.display_size
    assert (view["width"], view["height"]) == (height, width)
    assert "http" not in json.dumps(view)


@pytest.mark.parametrize("facts", [{"video": {"filename": 3}}, {"video": None}, {"x": {}}])
def test_unreadable_facts_do_not_break_the_view(facts: dict[str, Any]) -> None:
    api = make_api("frames", facts={"upload_trigger": facts})
    assert [view["uploaded"] for view in get(api).json["inputs"]] == [False]
    assert api.request("GET", "/v1/jobs", headers=ALICE_HEADERS).status_code == 200


def test_lists_show_main_result_thumbnail_duration_size_and_cost() -> None:
    results = [artifact("film.mp4", "film"), artifact("poster.jpg", "poster")]
    film = FilmResult(12.5, 640, 360).to_dict()
    api = make_api(
        "still", artifacts=[row.to_dict() for row in results], facts={"stitching": film},
        worked_ms={"stitching": 2000, "a_function_of_another_version": 5},
    )  # fmt: skip
    [row] = api.request("GET", "/v1/jobs", headers=ALICE_HEADERS).json["jobs"]

    assert row["duration_s"] == 12.5
    assert row["main_result"]["name"] == "film.mp4"
    # Two inputs of 7 bytes, and the results.
    assert row["size_bytes"] == 14 + sum(artifact.size_bytes for artifact in results)
    assert row["cost_usd"] == round(compute_usd("stitching", 2), 6) > 0
    assert row["thumbnail"]["url"] == f"/v1/jobs/{JOB}/artifacts/poster.jpg"
    bare = make_api("still").request("GET", "/v1/jobs", headers=ALICE_HEADERS).json["jobs"][0]
    assert (bare["duration_s"], bare["main_result"], bare["thumbnail"]) == (None, None, None)
    assert (bare["size_bytes"], bare["cost_usd"]) == (14, 0)


def test_results_say_of_which_revision_they_are() -> None:
    results = [
        artifact("deck.json", "deck", "0123456789ab.2"), artifact("film.mp4", "film"),
        artifact("x", "table", "old-name"),
    ]  # fmt: skip
    api = make_api("presentation", artifacts=[row.to_dict() for row in results], revision=2)
    view = get(api).json
    assert [(row["name"], row["revision"]) for row in view["artifacts"]] == [
        ("deck.json", 2), ("film.mp4", 0), ("x", 0),
    ]  # fmt: skip
    assert view["revision"] == 2


def test_analysis_is_returned_on_request_only() -> None:
    moment = make_moment(4.0)
    facts = {
        "emotion_scoring": make_emotions_result(moments=(moment,)).to_dict(),
        "frame_extraction": {"frames": 80},
    }
    api = make_api("emotions", facts=facts)
    assert "results" not in get(api).json

    results = get(api, "?expand=results").json["results"]
    assert results["emotions"]["share"] == {"happy": 0.55, "sad": 0.3, "neutral": 0.15}
    assert results["emotions"]["moments"][0]["thumbnail"] == "moment_1_happy.jpg"
    assert (results["frame_count"], results["deck"], results["transcript"]) == (80, None, None)
    assert get(api, "?expand=all").status_code == 422
    assert get(api, "?expand=results", {"Authorization": "Bearer bob"}).status_code == 404


@pytest.mark.parametrize("count", [0, 2, MAX_SEGMENTS + 1])
def test_transcript_is_bounded(count: int) -> None:
    segments = tuple(Segment(f"海 {n}.", n, n + 1, "ja", ()) for n in range(count))
    data = Transcript("ja", "fake", segments).to_json()
    result = TranscriptResult(stored("transcript", data), "ja", "fake", count, count, 1.0, 1, 0)
    api = make_api(
        "captions", objects=JsonObjects(transcript=data), facts={result.STAGE: result.to_dict()}
    )

    transcript = get(api, "?expand=results").json["results"]["transcript"]
    assert len(transcript["segments"]) == min(count, MAX_SEGMENTS)
    assert transcript["truncated"] is (count > MAX_SEGMENTS)
    assert transcript["segment_count"] == count
    assert all("words" not in segment for segment in transcript["segments"])


def test_outline_of_the_deck_is_shown() -> None:
    deck = make_script_deck("en")
    data = json.dumps(deck.to_dict()).encode()
    result = DeckResult(1, 0, 3, 0, 0, stored("deck", data), ())
    api = make_api(
        "presentation", objects=JsonObjects(deck=data), facts={result.STAGE: result.to_dict()}
    )

    outline = get(api, "?expand=results").json["results"]["deck"]
    assert (outline["revision"], outline["title"]) == (3, deck.title)
    assert [slide["heading"] for slide in outline["slides"]] == [
        slide.heading for slide in deck.slides
    ]


def test_etag_for_a_change_is_that_of_the_job_without_its_analysis() -> None:
    api = make_api("frames")
    etag = get(api).headers["ETag"]
    response = api.request(
        "PATCH", f"/v1/jobs/{JOB}", json={"title": "New"},
        headers={**ALICE_HEADERS, "If-Match": etag},
    )  # fmt: skip
    assert response.status_code == 200
