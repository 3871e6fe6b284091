"""Batches of the client: many files, interruptions, limits of the account, and the tables."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from moodreel import NotSignedIn
from moodreel.batch import Batch, BatchItem, FolderInUse, ItemRecord, find_items, write_summary
from moodreel.batch.items import read_list
from moodreel.batch.state import BatchStore
from moodreel.files.inputs import WrongFiles
from shared.flows.documents import job_path
from shared.pipeline import Bucket
from tests.fixtures.client_service import API_HOST, ClientService, respond

Records = list[tuple[BatchItem, ItemRecord]]


class Pipeline:
    """Finishes each job when its upload is complete: with a table of the bytes of the upload, or
    with an error for an upload that begins with `bad`."""

    def __init__(self, service: ClientService) -> None:
        self.service = service
        self.created: list[str] = []
        self.before: Callable[[httpx.Request], None] = lambda _request: None
        self._handle = service.network.handle_request
        service.network.handle_request = self.handle_request  # type: ignore[method-assign]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        parts = request.url.path.split("/")
        if request.method == "GET" and parts[1:3] == ["v1", "jobs"] and len(parts) == 4:
            self._finish(parts[3])
        response = self._handle(request)
        if (request.method, request.url.path, response.is_success) == ("POST", "/v1/jobs", True):
            job_id = httpx.Response(200, content=response.read()).json()["job"]["id"]
            self.created.append(job_id)
        return response

    def _finish(self, job_id: str) -> None:
        document = self.service.app.store.documents[job_path(job_id)][0]
        if document["status"] in ("done", "failed", "deleted"):
            return
        if not list(self.service.objects.list_objects(Bucket.UPLOADS, f"jobs/{job_id}/")):
            return
        content = self.service.read_upload(job_id, "video")
        if content.startswith(b"bad"):
            error = {"code": "no-video", "message": "No video.", "stage": "upload_trigger"}
            self.service.change_job(job_id, status="failed", error=error)
        else:
            table = b"time_s,score\r\n0.5," + content + b"\r\n"
            self.service.finish_job(job_id, {"emotions.csv": table, "emotions.json": b"{}"})


@pytest.fixture
def pipeline(service: ClientService) -> Pipeline:
    return Pipeline(service)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    for name, content in {"a.mp4": "1", "b.mov": "2", "day 2/a.mp4": "3"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "notes.txt").write_text("not a video")
    (folder / ".hidden.mp4").write_text("hidden")
    return folder


def run(
    service: ClientService,
    source: Path | str,
    out: Path,
    *,
    retry_s: float = 10,
    **arguments: Any,
) -> Records:
    client = service.client(retry_s=retry_s)
    [recipe] = [row for row in client.recipes() if row.name == "frames"]
    items = find_items([source], recipe, {"every": "0.5"})
    return Batch(client, "frames", items, out, **{"jobs": 1, **arguments}).run()


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_folder_becomes_results_and_tables(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    records = run(service, videos, tmp_path / "out")
    summary = write_summary(tmp_path / "out", records)

    assert (summary.done, summary.failed) == (3, 0)
    assert [row["file"] for row in read_rows(summary.summary)] == ["a.mp4", "b.mov", "day 2/a.mp4"]
    [table] = summary.tables
    assert table.name == "emotions.csv"
    assert [(row["file"], row["score"]) for row in read_rows(table)] == [
        ("a.mp4", "1"), ("b.mov", "2"), ("day 2/a.mp4", "3"),
    ]  # fmt: skip
    assert (tmp_path / "out" / "day 2" / "a.mp4" / "emotions.json").read_bytes() == b"{}"


def test_second_run_creates_no_job(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    first = run(service, videos, tmp_path / "out")
    (videos / "a.mp4").rename(videos / "renamed.mp4")
    assert len(pipeline.created) == 3
    second = run(service, videos, tmp_path / "out")
    assert len(pipeline.created) == 3
    assert {record.job for _, record in first} == {record.job for _, record in second}
    # Another content, and a result that was deleted.
    (videos / "b.mov").write_text("5")
    (tmp_path / "out" / "day 2" / "a.mp4" / "emotions.csv").unlink()
    third = {item.name: record for item, record in run(service, videos, tmp_path / "out")}
    assert len(pipeline.created) == 4
    assert len(third["day 2/a.mp4"].results) == 2
    assert (tmp_path / "out" / "day 2" / "a.mp4" / "emotions.csv").is_file()


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
def test_batch_that_is_killed_continues_its_jobs(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path, method: str
) -> None:
    class Killed(BaseException):
        pass

    seen = 0

    def kill(request: httpx.Request) -> None:
        nonlocal seen
        is_job = "/jobs" in request.url.path or request.url.host != API_HOST
        seen += request.method == method and is_job
        if seen == 2:
            raise Killed

    pipeline.before = kill
    with pytest.raises(Killed):
        run(service, videos, tmp_path / "out")
    pipeline.before = lambda _request: None
    records = run(service, videos, tmp_path / "out")
    assert [str(record.state) for _, record in records] == ["done"] * 3
    assert len(set(pipeline.created)) == 3


def test_failed_files_do_not_stop_the_others_and_are_tried_again(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    (videos / "b.mov").write_text("bad file")
    records = {item.name: record for item, record in run(service, videos, tmp_path / "out")}
    assert [str(record.state) for record in records.values()] == ["done", "failed", "done"]
    assert (records["b.mov"].code, records["b.mov"].message) == ("no-video", "No video.")
    summary = write_summary(tmp_path / "out", run(service, videos, tmp_path / "out"))
    assert len(set(pipeline.created)) == 4
    assert (summary.done, summary.failed) == (2, 1)
    assert read_rows(summary.summary)[1]["error_code"] == "no-video"


def test_limits_of_the_account_are_waited_for(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("moodreel.batch.item_job.BUSY_WAIT_S", 0.01)
    service.network.matches = lambda request: request.url.path == "/v1/jobs"
    service.network.faults = [respond(429), respond(429)]
    steps: set[str] = set()
    client_retry_s = 0.0
    client = service.client(retry_s=client_retry_s)
    [recipe] = [row for row in client.recipes() if row.name == "frames"]
    items = find_items([videos / "a.mp4"], recipe, {})
    batch = Batch(
        client, "frames", items, tmp_path / "out",
        on_progress=lambda progress: steps.add(progress.step),
    )  # fmt: skip
    [(_, record)] = batch.run()
    assert str(record.state) == "done"
    assert "waiting for the limits of the account" in steps


def test_rejected_key_ends_the_batch(service: ClientService, videos: Path, tmp_path: Path) -> None:
    service.network.matches = lambda request: request.url.path == "/v1/jobs"
    service.network.faults = [respond(401)] * 9
    with pytest.raises(NotSignedIn):
        run(service, videos, tmp_path / "out")


def test_jobs_are_deleted_once_their_results_are_saved(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    run(service, videos, tmp_path / "out", delete=True)
    assert list(service.client().jobs()) == []
    # The results are there, so nothing is done again.
    run(service, videos, tmp_path / "out")
    assert len(pipeline.created) == 3


def test_one_batch_writes_to_a_folder(tmp_path: Path) -> None:
    store = BatchStore(tmp_path)
    with pytest.raises(FolderInUse):
        BatchStore(tmp_path)
    store.close()
    BatchStore(tmp_path).close()


def test_files_of_a_list_have_own_options(
    service: ClientService, videos: Path, tmp_path: Path
) -> None:
    listed = videos / "list.csv"
    listed.write_text("file,every,max_width\na.mp4,0.25,\nday 2/a.mp4,,320\n")
    [recipe] = [row for row in service.client().recipes() if row.name == "frames"]
    items = find_items([listed, f"{videos}/*.mov"], recipe, {"every": "1"})
    assert [(item.name, dict(item.options)) for item in items] == [
        ("a.mp4", {"every": "0.25"}),
        ("day 2/a.mp4", {"every": "1", "max_width": "320"}),
        ("b.mov", {"every": "1"}),
    ]
    listed.write_text("name\na.mp4\n")
    with pytest.raises(WrongFiles, match="no column 'file'"):
        read_list(listed)
    listed.write_text("file,every\nmissing.mp4,1\n")
    with pytest.raises(WrongFiles, match="row 2: file not found"):
        read_list(listed)
    with pytest.raises(WrongFiles, match="No file matches"):
        find_items([f"{videos}/*.avi"], recipe, {})


def test_recipes_of_several_files_are_refused(service: ClientService, videos: Path) -> None:
    for recipe in service.client().recipes():
        if recipe.name in ("still", "presentation"):
            with pytest.raises(WrongFiles, match="one file each"):
                find_items([videos], recipe, {})


def test_lost_connection_keeps_the_job_for_the_next_run(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    def lose(request: httpx.Request) -> None:
        if request.method == "GET" and request.url.path.startswith("/v1/jobs/"):
            raise httpx.ConnectError("offline", request=request)

    pipeline.before = lose
    first = run(service, videos / "a.mp4", tmp_path / "out", retry_s=0)
    assert [str(record.state) for _, record in first] == ["unfinished"]
    pipeline.before = lambda _request: None
    second = run(service, videos / "a.mp4", tmp_path / "out")
    assert [str(record.state) for _, record in second] == ["done"]
    assert {record.job for _, record in second} == {record.job for _, record in first}
    assert len(set(pipeline.created)) == 1


def test_upload_that_fails_is_continued_in_the_same_job(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("moodreel.operations.uploads.RETRY_S", 0)

    def refuse_upload(request: httpx.Request) -> None:
        if request.url.host != API_HOST and request.method in ("PUT", "POST"):
            raise httpx.ConnectError("offline", request=request)

    pipeline.before = refuse_upload
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "out", retry_s=0)
    assert (str(record.state), bool(record.job)) == ("unfinished", True)
    pipeline.before = lambda _request: None
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "out")
    assert str(record.state) == "done"
    assert len(set(pipeline.created)) == 1


def test_results_of_files_with_one_name_are_kept_apart(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    pattern = f"{videos}/*/clip.mp4"
    for folder, content in (("b", "2"), ("a", "1")):
        path = videos / folder / "clip.mp4"
        path.parent.mkdir()
        path.write_text(content)
        records = run(service, pattern, tmp_path / "out")
    assert [item.name for item, _ in records] == ["a/clip.mp4", "b/clip.mp4"]
    [table] = write_summary(tmp_path / "out", records).tables
    assert [row["score"] for row in read_rows(table)] == ["1", "2"]

    # Single files have no folder in their names.
    first = run(service, videos / "b" / "clip.mp4", tmp_path / "single")
    client = service.client()
    [recipe] = [row for row in client.recipes() if row.name == "frames"]
    both = find_items(
        [videos / "a" / "clip.mp4", videos / "b" / "clip.mp4"], recipe, {"every": "0.5"}
    )
    second = Batch(client, "frames", both, tmp_path / "single", jobs=1).run()
    assert second[1][1] == first[0][1]
    assert second[0][1].folder != second[1][1].folder


def test_results_are_no_files_of_the_batch(
    service: ClientService, pipeline: Pipeline, videos: Path
) -> None:
    out = videos / "out"
    first = run(service, videos, out)
    (out / "a.mp4" / "annotated.mp4").write_text("a result")
    assert [item.name for item, _ in run(service, videos, out)] == [item.name for item, _ in first]
    assert len(run(service, f"{videos}/**/*.mp4", out)) == 2


def test_folder_of_a_file_that_changed_is_taken_over(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    run(service, videos / "a.mp4", tmp_path / "out")
    (videos / "a.mp4").write_text("7")
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "out")
    assert record.folder == "a.mp4"
    assert sorted(path.name for path in (tmp_path / "out" / "a.mp4").glob("*.*")) == [
        ".moodreel.json", "emotions.csv", "emotions.json",
    ]  # fmt: skip
    assert b"7" in (tmp_path / "out" / "a.mp4" / "emotions.csv").read_bytes()


def test_job_that_cannot_be_deleted_is_deleted_by_the_next_run(
    service: ClientService, pipeline: Pipeline, videos: Path, tmp_path: Path
) -> None:
    def refuse(request: httpx.Request) -> None:
        if request.method == "DELETE":
            raise httpx.ConnectError("offline", request=request)

    pipeline.before = refuse
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "out", delete=True, retry_s=0)
    assert (str(record.state), record.deleted) == ("done", False)
    assert len(list(service.client().jobs())) == 1
    pipeline.before = lambda _request: None
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "out", delete=True)
    assert record.deleted
    assert list(service.client().jobs()) == []
    # Another folder has its own jobs, although the first one is deleted.
    [(_, record)] = run(service, videos / "a.mp4", tmp_path / "other", delete=True)
    assert (str(record.state), len(set(pipeline.created))) == ("done", 2)


def test_columns_of_a_list_are_options_of_the_recipe(service: ClientService, videos: Path) -> None:
    listed = videos / "list.csv"
    listed.write_text("file,title\na.mp4,Holiday\n")
    [recipe] = [row for row in service.client().recipes() if row.name == "frames"]
    with pytest.raises(WrongFiles, match="no option title"):
        find_items([listed], recipe, {})
    with pytest.raises(WrongFiles, match="no URLs"):
        find_items(["https://example.org/a.mp4?sig=secret"], recipe, {})
