"""Waits for jobs, and saves their results in a folder. Files that this package did not write are
never overwritten."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from moodreel.api import Api, path_of, without_none
from moodreel.errors import TransferFailed, WaitTimeout
from moodreel.files.names import numbered_name, safe_name
from moodreel.flow import Flow, sleep, work
from moodreel.models import ArtifactView, JobView
from moodreel.operations.downloads import download_file
from moodreel.operations.uploads import OnTransfer

RECORD = ".moodreel.json"
"""Name of the file that records size and time of every download, so that a later one may replace
them."""
REVIEW = "awaiting_review"
_MIN_POLL_S = 0.3
_MAX_POLL_S = 5.0
OnChange = Callable[[JobView], None]
"""Called with each version of a job."""


@dataclass(frozen=True)
class JobVersion:
    """A job and the ETag of the response."""

    view: JobView
    etag: str = ""


def read_job(api: Api, job_id: str, known: JobVersion | None = None) -> Flow[JobVersion]:
    """Returns the job; `known` itself if it has not changed."""
    etag = known.etag if known is not None else ""
    response = yield from api.call("GET", path_of("jobs", job_id), etag=etag)
    if response.status_code == 304 and known is not None:
        return known
    view = JobView.model_validate_json(response.content)
    return JobVersion(view, response.headers.get("ETag", ""))


def change_job(
    api: Api,
    job_id: str,
    title: str | None,
    description: str | None,
    tags: Collection[str] | None,
    metadata: Mapping[str, str | None] | None,
) -> Flow[JobView]:
    """Changes the members that are not None, and returns the job."""
    body = without_none(
        title=title,
        description=description,
        tags=None if tags is None else list(tags),
        metadata=None if metadata is None else dict(metadata),
    )
    response = yield from api.call("PATCH", path_of("jobs", job_id), body)
    return JobView.model_validate_json(response.content)


def wait_for_job(
    api: Api, job: JobVersion, timeout_s: float | None, on_change: OnChange | None
) -> Flow[JobVersion]:
    """Returns the job when it is done, failed or cancelled, or when its deck waits for a review.

    Raises:
        WaitTimeout: The job has not ended within `timeout_s`. It goes on.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    delay_s = _MIN_POLL_S
    while True:
        latest = yield from read_job(api, job.view.id, job)
        if latest is not job:
            delay_s = _MIN_POLL_S
            if on_change is not None:
                on_change(latest.view)
        job = latest
        if job.view.is_terminal or job.view.status == REVIEW:
            return job
        if deadline is not None and time.monotonic() + delay_s > deadline:
            raise WaitTimeout(f"The job {job.view.id} is still {job.view.status}.")
        yield from sleep(delay_s)
        delay_s = min(_MAX_POLL_S, 1.3 * delay_s)


def save_artifacts(
    api: Api,
    artifacts: Collection[ArtifactView],
    folder: Path,
    names: Collection[str] | None,
    on_transfer: OnTransfer | None,
) -> Flow[list[Path]]:
    """Downloads artifacts to a folder. Returns their paths, in the order of the job.

    Args:
        names: The names, or the kinds, of the artifacts to download; None for all.

    Raises:
        TransferFailed: A name is not that of an artifact, or a download failed.
    """
    known = {text for artifact in artifacts for text in (artifact.name, artifact.kind)}
    if names is not None and (unknown := sorted(set(names) - known)):
        raise TransferFailed(f"The job has no result {', '.join(unknown)}.")
    yield from work(lambda: folder.mkdir(parents=True, exist_ok=True))
    paths: list[Path] = []
    for artifact in artifacts:
        if names is not None and artifact.name not in names and artifact.kind not in names:
            continue
        target = _find_target(safe_name(artifact.name), folder, paths)
        if not target.exists():
            # A process that is killed between a download and its record leaves a file that the
            # next one may replace.
            _write_record(folder, target.name, None)
        yield from download_file(
            api, artifact.url, target.name, artifact.size_bytes, target, on_transfer
        )
        _record(folder, target)
        paths.append(target)
    return paths


def _find_target(name: str, folder: Path, saved: Collection[Path]) -> Path:
    """Returns `frames.zip`, or `frames-2.zip` when `frames.zip` was not written by this package."""
    records = _read_records(folder)
    number = 1
    while True:
        target = folder / numbered_name(name, number)
        if target not in saved:
            if not target.exists() and not target.is_symlink():
                return target
            stat = target.lstat()
            found = [stat.st_size, stat.st_mtime_ns]
            if target.name in records and records[target.name] in (None, found):
                return target
        number += 1


def _record(folder: Path, target: Path) -> None:
    stat = target.stat()
    _write_record(folder, target.name, [stat.st_size, stat.st_mtime_ns])


def _write_record(folder: Path, name: str, state: list[int] | None) -> None:
    """Records the size and the time of a file; None while it is being saved."""
    records = {**_read_records(folder), name: state}
    # Several threads may save results in one folder.
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, suffix=".part") as file:
        json.dump(records, file)
    os.replace(file.name, folder / RECORD)


def _read_records(folder: Path) -> Mapping[str, list[int] | None]:
    with contextlib.suppress(OSError, ValueError):
        records = json.loads((folder / RECORD).read_text())
        if isinstance(records, dict):
            return records
    return {}
