"""Runs the jobs of a batch in threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moodreel._sync.client import Client
from moodreel.batch.item_job import JobRunner
from moodreel.batch.items import BatchItem
from moodreel.batch.state import BatchStore, ItemRecord, ItemState


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
        self._recipe = recipe
        self._items = items
        self._folder = folder
        self._thread_count = max(1, jobs)
        self._runner = JobRunner(client, recipe, folder, "", names, self._report)
        self._delete = delete
        self._on_progress = on_progress or (lambda _: None)
        self._keys: dict[str, str] = {}
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
            # All keys first: a folder of results belongs to a file that is still in the batch.
            self._keys = self._find_keys(store)
            self._runner = replace(self._runner, batch_id=store.id)
            self._run_threads(store)
        finally:
            store.close()
        if self._fatal:
            raise self._fatal[0]
        return [(item, self._records[item.name]) for item in self._items]

    def _find_keys(self, store: BatchStore) -> dict[str, str]:
        """Returns the key of each file by its name. Files that cannot be read are left out, and
        reported with their record."""
        keys: dict[str, str] = {}
        for item in self._items:
            self._report(item, "reading")
            try:
                keys[item.name] = item.key(self._recipe, store.digest(item.path))
            except OSError as error:
                self._records[item.name] = ItemRecord(
                    item.name, ItemState.FAILED, code="unreadable", message=str(error)
                )
        return keys

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
        key = self._keys.get(item.name)
        if key is None:
            return self._finish(item, self._records[item.name])
        with self._lock:
            key_lock = self._key_locks.setdefault(key, threading.Lock())
        # Two files with the same content share one job.
        with key_lock:
            with self._lock:
                folder = store.reserve_folder(key, item.name, self._keys.values())
            record = store.find(key) or ItemRecord(folder)
            is_done = record.state is ItemState.DONE and self._is_saved(record)
            if not is_done:
                if record.state is ItemState.FAILED:
                    record = ItemRecord(folder, attempt=record.attempt + 1)
                record = self._runner.run(item, key, record, lambda opened: store.save(key, opened))
                # Before the deletion: without the record, the next run would create the job anew.
                store.save(key, record)
            if self._delete and record.state is ItemState.DONE and not record.deleted:
                record = replace(record, deleted=self._runner.delete_job(record.job))
            store.save(key, record)
        return self._finish(item, record)

    def _is_saved(self, record: ItemRecord) -> bool:
        """Whether all results are in the folder, as they were saved."""
        paths = ((self._folder / record.folder / name, size) for name, size in record.results)
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def _finish(self, item: BatchItem, record: ItemRecord) -> ItemRecord:
        self._on_progress(ItemProgress(item, str(record.state), 1.0, record))
        return record

    def _report(self, item: BatchItem, step: str, fraction: float = 0.0) -> None:
        self._on_progress(ItemProgress(item, step, fraction))
