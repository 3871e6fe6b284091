"""Runs the job of one file of a batch, or continues the one that exists."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from moodreel._sync.client import Client
from moodreel._sync.job import Job
from moodreel.api import path_of
from moodreel.batch.items import BatchItem
from moodreel.batch.state import ItemRecord, ItemState
from moodreel.errors import ApiError, JobFailed, MoodreelError, NotFound, NotSignedIn
from moodreel.files.inputs import WrongFiles
from moodreel.models import ArtifactView, JobView
from moodreel.operations.creation import JobRequest, Recipes, create_job

BUSY_WAIT_S = 15.0
"""Wait after a limit of the account without a Retry-After."""
_UPLOAD_STAGE = "upload_trigger"
"""The stage that refuses files. Redriving such a job cannot help."""

SaveRecord = Callable[[ItemRecord], None]
OnStep = Callable[[BatchItem, str, float], None]


@dataclass(frozen=True)
class JobRunner:
    """Runs the jobs of a batch. Threads can share it.

    Attributes:
        folder: The folder of the batch.
        batch_id: Part of the Idempotency-Keys, so that two batches share no jobs.
        names: The names or kinds of the results to save; None for all.
        on_step: Called with what a file does, and how far that is (0 to 1).
    """

    client: Client
    recipe: str
    folder: Path
    batch_id: str
    names: Collection[str] | None
    on_step: OnStep

    def run(self, item: BatchItem, key: str, record: ItemRecord, save: SaveRecord) -> ItemRecord:
        """Runs the job of a file and saves its results. Returns the new record.

        Args:
            save: Called with each state that a batch which is interrupted must find again.

        Raises:
            NotSignedIn: The key or token is not accepted.
        """
        started_at = time.monotonic()

        def save_job(opened: ItemRecord) -> None:
            nonlocal record
            record = opened
            save(opened)

        try:
            job = self._open_job(item, key, record, save_job)
            self._wait(item, job)
            if job.status == "failed" and job.error and job.error.stage != _UPLOAD_STAGE:
                job.redrive()
                self._wait(item, job)
            job.raise_for_status()
            paths = self._download(item, job, record)
        except NotSignedIn:
            raise
        except MoodreelError as error:
            state = ItemState.FAILED if _is_final(error) else ItemState.UNFINISHED
            code = str(getattr(error, "code", "unavailable"))
            seconds = time.monotonic() - started_at
            return replace(record, state=state, code=code, message=str(error), seconds=seconds)
        return replace(
            record,
            state=ItemState.DONE,
            code="",
            message="",
            results=tuple((path.name, path.stat().st_size) for path in paths),
            warnings=job.warnings,
            seconds=time.monotonic() - started_at,
        )

    def delete_job(self, job_id: str) -> bool:
        """Deletes a job. Returns False if the service is not available: a later run tries again."""
        try:
            self.client.perform(self.client.api.call("DELETE", path_of("jobs", job_id)))
        except NotFound:
            return True
        except MoodreelError:
            return False
        return True

    def _open_job(self, item: BatchItem, key: str, record: ItemRecord, save: SaveRecord) -> Job:
        """Returns the job of a file: the one that exists, or a new one."""
        if record.job:
            try:
                job = self.client.job(record.job)
            except NotFound:
                record = replace(record, job="", attempt=record.attempt + 1)
                save(record)
            else:
                if job.status == "awaiting_upload":
                    self._upload(item, job)
                return job
        request = JobRequest(
            self.recipe,
            item.path,
            item.options,
            {"title": item.name[-200:]},
            # The same key after an interruption returns the same job.
            f"batch-{self.batch_id}-{key[:40]}-{record.attempt}",
        )

        def on_created(created: JobView) -> None:
            # Before the upload: a batch that is interrupted now continues this job.
            save(replace(record, job=created.id))

        def on_transfer(_: str, sent_bytes: int, total_bytes: int) -> None:
            self.on_step(item, "uploading", sent_bytes / max(1, total_bytes))

        recipes = Recipes(self.client.api)
        while True:
            try:
                flow = create_job(self.client.api, recipes, request, on_created, on_transfer)
                return Job(self.client, self.client.perform(flow).job)
            except ApiError as error:
                if error.status != 429:
                    raise
                self.on_step(item, "waiting for the limits of the account", 0.0)
                time.sleep(error.retry_after_s or BUSY_WAIT_S)

    def _upload(self, item: BatchItem, job: Job) -> None:
        recipes = {recipe.name: recipe for recipe in self.client.recipes()}
        [name] = [row.name for row in recipes[self.recipe].inputs if not row.optional]
        self.on_step(item, "uploading", 0.0)
        job.upload(name, item.path)

    def _wait(self, item: BatchItem, job: Job) -> None:
        def on_change(view: JobView) -> None:
            self.on_step(item, view.status, view.progress or 0.0)

        job.wait(check=False, on_change=on_change)

    def _download(self, item: BatchItem, job: Job, record: ItemRecord) -> list[Path]:
        self.on_step(item, "saving", 1.0)
        names = [artifact.name for artifact in job.artifacts if self._is_wanted(artifact)]
        return job.download(self.folder / record.folder, names) if names else []

    def _is_wanted(self, artifact: ArtifactView) -> bool:
        return self.names is None or artifact.name in self.names or artifact.kind in self.names


def _is_final(error: MoodreelError) -> bool:
    """Whether the job cannot end otherwise: it failed, or the request was refused. After any other
    error the job may go on, and the next run waits for it."""
    if isinstance(error, JobFailed | WrongFiles):
        return True
    return isinstance(error, ApiError) and 400 <= error.status < 500 and error.status != 429
