"""Runs the jobs of a batch in threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moodreel.batch.items import BatchItem
from moodreel.batch.state import BatchStore, ItemRecord, ItemState
from moodreel.client import Client
from moodreel.errors import ApiError, MoodreelError, NotFound, NotSignedIn
from moodreel.job import Job
from moodreel.models import JobView

BUSY_WAIT_S = 15.0
"""Wait after a limit of the account without a Retry-After."""
_UPLOAD_STAGE = "upload_trigger"
"""The stage that refuses files. Redriving such a job cannot help."""


@dataclass(frozen=True)
class ItemProgress:
    """What a file of a batch does. `fraction` is 0 to 1; `record` is set once it is finished."""

    item: BatchItem
    step: str
    fraction: float = 0.0
    record: ItemRecord | None = None


OnProgress = Callable[[ItemProgress], None]


class Batch:
    """A batch in a folder. Running it again continues it: finished files are skipped, jobs that
    exist are waited for, and failed ones are replaced.

    Args:
        client: Signs in. Its limits are waited for, however long that takes.
        recipe: A recipe that takes one file.
        folder: The folder of the results and of the state.
        jobs: How many jobs run at once.
        names: The names or kinds of the results to save; None for all.
        delete: Whether a job is deleted once its results are saved, to stay within the storage of
            the account.
        on_progress: Called from several threads.
    """

    def __init__(
        self,
        client: Client,
        recipe: str,
        items: Sequence[BatchItem],
        folder: Path,
        *,
        jobs: int = 4,
        names: Collection[str] | None = None,
        delete: bool = False,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._client = client
        self._recipe = recipe
        self._items = items
        self._folder = folder
        self._thread_count = max(1, jobs)
        self._names = names
        self._delete = delete
        self._on_progress = on_progress or (lambda _: None)
        self._records: dict[str, ItemRecord] = {}
        self._key_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._fatal: list[BaseException] = []

    def run(self) -> list[tuple[BatchItem, ItemRecord]]:
        """Runs all files and returns their records, in the order of the files.

        Raises:
            FolderInUse: Another batch writes to the folder.
            NotSignedIn: The key or token is not accepted.
        """
        store = BatchStore(self._folder)
        try:
            self._run_threads(store)
        finally:
            store.close()
        if self._fatal:
            raise self._fatal[0]
        return [(item, self._records[item.name]) for item in self._items]

    def _run_threads(self, store: BatchStore) -> None:
        waiting: queue.SimpleQueue[BatchItem] = queue.SimpleQueue()
        for item in self._items:
            waiting.put(item)

        def work() -> None:
            while not self._fatal:
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    record = self._run_item(store, item)
                except BaseException as error:  # ends the batch in `run`
                    self._fatal.append(error)
                    return
                with self._lock:
                    self._records[item.name] = record

        # Daemons: an interrupt ends the process at once. The state is stored after each step.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(self._thread_count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)

    def _run_item(self, store: BatchStore, item: BatchItem) -> ItemRecord:
        """Runs one file. Raises NotSignedIn, which ends the batch."""
        self._report(item, "reading")
        try:
            key = item.key(self._recipe, store.digest(item.path))
        except OSError as error:
            record = ItemRecord(item.name, ItemState.FAILED, code="unreadable", message=str(error))
            return self._finish(item, record)
        with self._lock:
            key_lock = self._key_locks.setdefault(key, threading.Lock())
        # Two files with the same content share one job.
        with key_lock:
            record = store.find(key) or ItemRecord(item.name)
            if record.state is ItemState.DONE and self._is_saved(record):
                return self._finish(item, record)
            if record.state is ItemState.FAILED:
                record = ItemRecord(item.name, attempt=record.attempt + 1)
            record = self._run_job(store, item, key, record)
            store.save(key, record)
        return self._finish(item, record)

    def _run_job(
        self, store: BatchStore, item: BatchItem, key: str, record: ItemRecord
    ) -> ItemRecord:
        started_at = time.monotonic()
        try:
            job = self._open_job(store, item, key, record)
            record = replace(record, state=ItemState.CREATED, job=job.id)
            self._wait(item, job)
            if job.status == "failed" and job.error and job.error.stage != _UPLOAD_STAGE:
                job.redrive()
                self._wait(item, job)
            job.raise_for_status()
            self._report(item, "saving", 1.0)
            folder = self._folder / record.folder
            names = [artifact for artifact in job.artifacts if self._is_wanted(artifact)]
            paths = job.download(folder, [artifact.name for artifact in names]) if names else []
        except NotSignedIn:
            raise
        except MoodreelError as error:
            code = str(getattr(error, "code", "failed"))
            return replace(
                record, state=ItemState.FAILED, code=code, message=str(error),
                seconds=time.monotonic() - started_at,
            )  # fmt: skip
        done = replace(
            record,
            state=ItemState.DONE,
            results=tuple((path.name, path.stat().st_size) for path in paths),
            warnings=job.warnings,
            seconds=time.monotonic() - started_at,
        )
        store.save(key, done)
        if self._delete:
            job.delete()
        return done

    def _open_job(self, store: BatchStore, item: BatchItem, key: str, record: ItemRecord) -> Job:
        """Returns the job of a file: the one that exists, or a new one."""
        if record.job:
            try:
                job = self._client.job(record.job)
            except NotFound:
                record = replace(record, attempt=record.attempt + 1)
            else:
                if job.status == "awaiting_upload":
                    self._upload(item, job)
                return job

        def on_created(created: JobView) -> None:
            # Before the upload: a batch that is interrupted now continues this job.
            created_record = replace(record, state=ItemState.CREATED, job=created.id)
            store.save(key, created_record)

        while True:
            try:
                return self._client.run(
                    self._recipe,
                    item.path,
                    # The same key after an interruption returns the same job.
                    idempotency_key=f"batch-{key[:40]}-{record.attempt}",
                    title=item.name[-200:],
                    on_transfer=self._transfer_reporter(item),
                    on_created=on_created,
                    **item.options,
                )
            except ApiError as error:
                if error.status != 429:
                    raise
                self._report(item, "waiting for the limits of the account")
                time.sleep(error.retry_after_s or BUSY_WAIT_S)

    def _upload(self, item: BatchItem, job: Job) -> None:
        recipes = {recipe.name: recipe for recipe in self._client.recipes()}
        [name] = [row.name for row in recipes[self._recipe].inputs if not row.optional]
        job.upload(name, item.path, on_transfer=self._transfer_reporter(item))

    def _wait(self, item: BatchItem, job: Job) -> None:
        def on_change(view: JobView) -> None:
            self._report(item, view.status, view.progress or 0.0)

        job.wait(check=False, on_change=on_change)

    def _is_wanted(self, artifact: object) -> bool:
        if self._names is None:
            return True
        return bool({getattr(artifact, "name", ""), getattr(artifact, "kind", "")} & {*self._names})

    def _is_saved(self, record: ItemRecord) -> bool:
        """Whether all results are in the folder, as they were saved."""
        paths = ((self._folder / record.folder / name, size) for name, size in record.results)
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def _transfer_reporter(self, item: BatchItem) -> Callable[[str, int, int], None]:
        def report(_: str, sent_bytes: int, total_bytes: int) -> None:
            self._report(item, "uploading", sent_bytes / max(1, total_bytes))

        return report

    def _finish(self, item: BatchItem, record: ItemRecord) -> ItemRecord:
        self._on_progress(ItemProgress(item, str(record.state), 1.0, record))
        return record

    def _report(self, item: BatchItem, step: str, fraction: float = 0.0) -> None:
        self._on_progress(ItemProgress(item, step, fraction))
