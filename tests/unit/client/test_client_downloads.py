"""Downloads of the client: continued after a lost connection, compared with the checksum, and saved
under safe names."""

from __future__ import annotations

import random
from pathlib import Path

import httpx
import pytest

from moodreel import Job, TransferFailed
from moodreel.operations import downloads, results
from tests.fixtures.client_service import (
    API_HOST,
    ClientService,
    Fault,
    Handler,
    cut_after,
    end_after,
    lose_request,
    respond,
    without_length,
    without_ranges,
)

CONTENT = random.Random(2).randbytes(300_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def make_job(service: ClientService, tmp_path: Path, results: dict[str, bytes]) -> Job:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    job = service.client().run("frames", clip)
    service.finish_job(job.id, results)
    service.network.matches = is_storage
    return job.refresh()


def is_storage(request: httpx.Request) -> bool:
    return request.url.host != API_HOST


def damage(request: httpx.Request, handler: Handler) -> httpx.Response:
    """The bytes of the response are others, in the same number."""
    response = handler(request)
    stream = httpx.ByteStream(bytes(len(response.read())))
    return httpx.Response(response.status_code, headers=response.headers, stream=stream)


def serve_fewer(request: httpx.Request, handler: Handler) -> httpx.Response:
    """The response has a shorter range than the request asks for (RFC 9110, section 15.3.7)."""
    response = handler(request)
    content = response.read()[:50_000]
    start = len(CONTENT) - int(response.headers["Content-Length"])
    headers = {
        "Content-Length": str(len(content)),
        "Content-Range": f"bytes {start}-{start + len(content) - 1}/{len(CONTENT)}",
        "x-goog-hash": response.headers["x-goog-hash"],
    }
    return httpx.Response(206, headers=headers, stream=httpx.ByteStream(content))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".moodreel.json"}


def test_results_are_saved(service: ClientService, tmp_path: Path, folder: Path) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT, "frames.csv": b"t,name"})
    moved: list[tuple[str, int, int]] = []

    paths = job.download(folder, on_transfer=lambda *event: moved.append(event))

    assert paths == [folder / "frames.zip", folder / "frames.csv"]
    assert [path.read_bytes() for path in paths] == [CONTENT, b"t,name"]
    assert ("frames.zip", len(CONTENT), len(CONTENT)) in moved
    assert job.download(folder, ["frames.csv"]) == [folder / "frames.csv"]
    assert names(folder) == {"frames.zip", "frames.csv"}
    with pytest.raises(TransferFailed, match=r"no result film\.mp4"):
        job.download(folder, ["film.mp4"])


def test_download_continues_where_the_connection_was_lost(
    service: ClientService, tmp_path: Path, folder: Path
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [cut_after(100_000), lose_request, respond(503), cut_after(50_000)]

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    ranges = [r.headers.get("Range") for r in service.network.storage_requests("GET")]
    assert ranges == [None, *3 * ["bytes=100000-"], "bytes=150000-"]
    assert names(folder) == {"frames.zip"}


def test_response_without_a_length_is_complete_at_its_end(
    service: ClientService, tmp_path: Path, folder: Path
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [without_length(end_after(len(CONTENT)))]

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    assert len(service.network.storage_requests("GET")) == 1


def test_response_without_a_length_that_lacks_bytes_is_no_file(
    service: ClientService, tmp_path: Path, folder: Path
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [without_length(end_after(150_000))] * 2

    with pytest.raises(TransferFailed, match="size"):
        job.download(folder)

    assert names(folder) == set()


@pytest.mark.parametrize("second", [without_length(cut_after(50_000)), serve_fewer])
def test_range_ends_where_its_header_says(
    service: ClientService, tmp_path: Path, folder: Path, second: Fault
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [cut_after(100_000), second]

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    ranges = [r.headers.get("Range") for r in service.network.storage_requests("GET")]
    assert ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_server_without_ranges_is_not_asked_forever(
    service: ClientService, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    monkeypatch.setattr("moodreel.api._MIN_DELAY_S", 0)
    service.network.faults = [without_ranges(cut_after(100_000))] * 10

    with pytest.raises(TransferFailed, match="connection was lost"):
        job.download(folder)

    assert len(service.network.storage_requests("GET")) == 4


def test_expired_link_is_renewed(service: ClientService, tmp_path: Path, folder: Path) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [respond(400, b"<Code>ExpiredToken</Code>")]

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    assert service.network.paths("GET").count(f"/v1/jobs/{job.id}/artifacts/frames.zip") == 2


def test_download_that_failed_is_continued_later(
    service: ClientService, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    monkeypatch.setattr(downloads, "RETRY_S", 0)
    service.network.faults = [cut_after(100_000)]
    with pytest.raises(TransferFailed, match="connection was lost"):
        job.download(folder)
    assert names(folder) == {".frames.zip.part"}

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    assert service.network.storage_requests("GET")[-1].headers["Range"] == "bytes=100000-"


@pytest.mark.parametrize("earlier", [b"another file", CONTENT + b"longer", CONTENT[:-1] + b"x"])
def test_part_of_another_file_is_replaced(
    service: ClientService, tmp_path: Path, folder: Path, earlier: bytes
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    folder.mkdir()
    (folder / ".frames.zip.part").write_bytes(earlier)

    (path,) = job.download(folder)

    assert path.read_bytes() == CONTENT
    assert names(folder) == {"frames.zip"}


@pytest.mark.parametrize("fault", [damage, respond(403, b"<Code>AccessDenied</Code>")])
def test_wrong_or_refused_download_leaves_no_file(
    service: ClientService, tmp_path: Path, folder: Path, fault: Fault
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    service.network.faults = [fault, fault]

    with pytest.raises(TransferFailed, match=r"checksum|AccessDenied"):
        job.download(folder)

    assert names(folder) == set()


def test_other_files_are_not_overwritten(
    service: ClientService, tmp_path: Path, folder: Path
) -> None:
    job = make_job(service, tmp_path, {"frames.zip": CONTENT})
    folder.mkdir()
    (folder / "frames.zip").write_bytes(b"mine")

    assert job.download(folder) == job.download(folder) == [folder / "frames-2.zip"]

    assert (folder / "frames.zip").read_bytes() == b"mine"
    assert (folder / "frames-2.zip").read_bytes() == CONTENT
    (folder / "frames-2.zip").write_bytes(b"edited by hand")
    assert job.download(folder) == [folder / "frames-3.zip"]


def test_names_cannot_leave_the_folder(
    service: ClientService, tmp_path: Path, folder: Path
) -> None:
    job = make_job(service, tmp_path, {"x.zip": CONTENT})
    artifact = {"name": "../../etc/x.zip", "kind": "frames"}
    evil = job.view.artifacts[0].model_copy(update=artifact)
    job._version = type(job._version)(job.view.model_copy(update={"artifacts": (evil, evil)}))

    paths = job.download(folder)

    assert [path.parent for path in paths] == [folder, folder]
    assert [path.name for path in paths] == ["_.._etc_x.zip", "_.._etc_x-2.zip"]


def test_file_of_a_process_that_was_killed_is_replaced(
    service: ClientService, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after a result had its name, and before it was recorded."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    job = make_job(service, tmp_path, {"frames.csv": b"name,time_s\n", "frames.zip": CONTENT})
    monkeypatch.setattr(results, "_record", die)
    with pytest.raises(Killed):
        job.download(folder)
    monkeypatch.undo()
    assert (folder / "frames.csv").exists()
    saved = job.download(folder)
    assert [path.name for path in saved] == ["frames.csv", "frames.zip"]
