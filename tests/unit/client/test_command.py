"""The command `moodreel` over the API: its output, its exit codes, and the stored login."""

from __future__ import annotations

import json
import re
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from moodreel.cli.config import login_path, read_login
from tests.fixtures.client_service import ClientService
from tests.unit.client.command import Command


@pytest.fixture
def clip(tmp_path: Path) -> str:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"x" * 1000)
    return "clip.mp4"


def create_job(command: Command, *arguments: str) -> str:
    result = command("run", "frames", "--no-wait", *arguments)
    assert result.code == 0, result.err
    return result.out.strip()


def finish_when_uploaded(service: ClientService) -> threading.Thread:
    """Ends the next job as soon as it exists."""

    def finish() -> None:
        client = service.client()
        while not (jobs := list(client.jobs())):
            time.sleep(0.05)
        service.finish_job(jobs[0].id, {"frames.zip": b"zip"})
        service.change_job(jobs[0].id, warnings=["The video was cut."])

    thread = threading.Thread(target=finish, daemon=True)
    thread.start()
    return thread


def test_run_saves_the_results(service: ClientService, command: Command, clip: str) -> None:
    thread = finish_when_uploaded(service)

    result = command("run", "frames", clip, "--every", "1/2", "--max-width=640", "--out", "results")

    thread.join()
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == str(Path("results") / "frames.zip")
    assert "Note: The video was cut." in result.err
    assert Path("results/frames.zip").read_bytes() == b"zip"
    (job,) = service.client().jobs()
    options = service.client().job(job.id).view.options
    assert (options["every"], options["max_width"]) == ("1/2", 640)


def test_options_may_stand_between_files(
    service: ClientService, command: Command, clip: str
) -> None:
    job_id = create_job(command, "--every", "2", clip, "--format", "png", "--title", "Holiday")

    job = service.client().job(job_id)
    assert (job.title, job.view.options["format"]) == ("Holiday", "png")


def test_jobs_are_listed_and_shown(service: ClientService, command: Command, clip: str) -> None:
    job_id = create_job(command, clip)
    service.finish_job(job_id, {"frames.zip": b"zip"})

    assert re.search(rf"{job_id} +frames +done .* clip\.mp4", command("jobs").out)
    assert command("jobs", "--status", "failed").out.count("\n") == 1
    assert [job["id"] for job in json.loads(command("jobs", "--json").out)] == [job_id]
    assert "frames.zip" in command("get", "last").out
    assert json.loads(command("get", job_id, "--json").out)["status"] == "done"
    assert command("download", "last", "frames", "--out", "o").out == f"{Path('o/frames.zip')}\n"
    assert command("delete", job_id, "--yes").code == 0
    assert command("get", "last").err == "There is no job yet.\n"


def test_job_that_failed_has_its_own_exit_code(
    service: ClientService, command: Command, clip: str
) -> None:
    job_id = create_job(command, clip)
    error = {"code": "no-video", "message": "This is not a video.", "stage": "upload_trigger"}
    service.change_job(job_id, status="failed", error=error)

    result = command("get", job_id, "--wait")

    assert (result.code, result.err.splitlines()[-1]) == (1, "This is not a video.")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "nothing", "clip.mp4"], 2, "There is no recipe 'nothing'. Choose one of: frames"),
        (["run", "frames", "gone.mp4"], 2, "File not found: gone.mp4."),
        (["run", "frames"], 2, "The recipe frames needs 1 file(s): video. You passed 0."),
        (["run", "frames", "clip.mp4", "--loud", "1"], (2, 4), "loud"),
        (["run", "frames", "clip.mp4", "--every", "often"], 4, "every"),
        (["run", "frames", "clip.mp4", "--every"], (2, 4), "every"),
        (["get", "n" * 20], 4, "There is no such job."),
        (["sing"], 2, "No such command 'sing'"),
        (["deck", "put", "n" * 20, "clip.mp4"], 4, "There is no such job."),
    ],
)
def test_errors_are_sentences_with_exit_codes(
    command: Command, clip: str, arguments: list[str], code: int | tuple[int, int], message: str
) -> None:
    result = command(*arguments)

    assert result.code in (code if isinstance(code, tuple) else (code,)), result.err
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_unreachable_service_and_missing_login_have_exit_codes(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("--url", "http://api.example.org", "usage").code == 1
    monkeypatch.setenv("MOODREEL_API_KEY", "nobody")
    assert command("usage").code == 3
    monkeypatch.delenv("MOODREEL_API_KEY")
    result = command("usage")
    assert (result.code, "moodreel login" in result.err) == (3, True)


def test_key_is_stored_for_its_user_only(
    command: Command, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOODREEL_API_KEY")
    key_file = tmp_path / "key"
    for key, code in (("wrong", 3), ("alice", 0)):
        key_file.write_text(f"{key}\n")
        with key_file.open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            result = command("login", "--url", url, "--api-key")
        assert result.code == code, result.err
        assert key not in result.err

    stored = tmp_path / "config" / "login.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert [path.name for path in stored.parent.iterdir()] == ["login.json"]
    assert read_login() is not None
    assert "storage" in command("usage").out
    assert command("--url", "https://api.example.org", "usage").code == 3
    assert command("logout").code == 0
    assert not stored.exists()


def test_login_is_in_the_configuration_folder() -> None:
    assert login_path().name == "login.json"
    assert "moodreel" in login_path().parts


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(command: Command, shell: str) -> None:
    assert "_MOODREEL_COMPLETE" in command("completion", shell).out


def test_recipes_are_those_of_the_service(command: Command) -> None:
    listed = json.loads(command("recipes", "--json").out)

    assert {recipe["name"] for recipe in listed} >= {"frames", "captions"}
    assert "picture + sound" in command("recipes").out
    assert command("recipes", "frames").out.startswith("Frames of a video")


def test_batch_runs_every_file_of_a_folder(
    service: ClientService, command: Command, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (videos / name).write_bytes(b"\0\0\0\x18ftypmp42" + name.encode())
    ended = threading.Event()

    def finish_jobs() -> None:
        done: set[str] = set()
        while not ended.is_set():
            for path, (document, _) in list(service.app.store.documents.items()):
                collection, _, job_id = path.partition("/")
                is_new = collection == "jobs" and "/" not in job_id and job_id not in done
                if is_new and document.get("status") == "awaiting_upload":
                    done.add(job_id)
                    service.finish_job(job_id, {"frames.csv": b"name,time_s\r\nf1,0.0\r\n"})
            time.sleep(0.05)

    thread = threading.Thread(target=finish_jobs)
    thread.start()
    try:
        result = command("run", "frames", "videos", "--every", "1", "--jobs", "1", "--out", "out")
    finally:
        ended.set()
        thread.join()

    assert result.code == 0, result.err
    assert result.out.splitlines() == ["out/summary.csv", "out/frames.csv"]
    assert "2/2 b.mp4: done" in result.err
    assert "2 done, 0 failed." in result.err
    table = (tmp_path / "out" / "frames.csv").read_text().splitlines()
    assert table == ["file,name,time_s", "a.mp4,f1,0.0", "b.mp4,f1,0.0"]
    # Nothing is left to do.
    again = command("run", "frames", "videos", "--every", "1", "--out", "out", "--json")
    assert (again.code, json.loads(again.out)["done"]) == (0, 2)
    missing = command("run", "frames", "videos/*.avi")
    assert (missing.code, "No file matches" in missing.err) == (2, True)


def test_signed_url_is_one_file(command: Command) -> None:
    """Its question mark is no wildcard, and its signature is in no message."""
    url = "https://files.example.org/a.mp4?X-Amz-Signature=abc123"
    result = command("run", "frames", url, "--no-wait")
    assert result.code == 0, result.err
    assert "abc123" not in result.out + result.err
    refused = command("run", "frames", url, "other.mp4", "third.mp4")
    assert refused.code == 2
    assert "abc123" not in refused.out + refused.err
