"""What is recorded while a fetch runs, and the checks that may end it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from functions.input_fetch.source import Source
from shared.entrypoints.task import TaskContext
from shared.errors import StorageFull, UploadDiffers
from shared.flows.documents import Update
from shared.jobs.fetches.errors import FetchStopped, FetchTooLarge
from shared.jobs.fetches.fetch import Fetch
from shared.jobs.fetches.waiting_job import read_waiting_job
from shared.jobs.model import JobInput
from shared.jobs.uploads import declare_size
from shared.runtime.interpreter import Interpreter
from shared.runtime.storage import MEGABYTE, free_storage_bytes

INTERVAL_S = 5
"""Between two writes of the progress. A cancelled job stops its fetch within this time."""


class Progress:
    """Records the progress of a fetch in its document, which users see."""

    def __init__(self, context: TaskContext, fetch: Fetch) -> None:
        self._context = context
        self._fetch = fetch
        self._max_bytes = fetch.max_bytes
        self._is_full_at = fetch.max_bytes
        self._next_at = time.monotonic() + INTERVAL_S

    def begin(self, source: Source, restarts: int, stored_bytes: int) -> None:
        """Records the version of the file before its first part is stored, and declares its size.

        Raises FetchTooLarge, UploadDiffers, StorageFull, FetchStopped.
        """
        self._read_free_storage(self.find_input())
        size = source.total_bytes
        if size is not None:
            self.check_size(size)
            if self._fetch.size_bytes not in (0, size):
                raise UploadDiffers(
                    f"The file at the URL has {size} bytes, not {self._fetch.size_bytes}."
                )
            self.declare(size)
        self._record(
            {
                "source": source.to_dict(),
                "restarts": restarts,
                "fetched_bytes": stored_bytes,
                "total_bytes": size or self._fetch.size_bytes or None,
            }
        )

    def update(self, received_bytes: int, fields: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Checks the limits, and every INTERVAL_S records the progress and further fields.

        Raises FetchTooLarge, StorageFull, FetchStopped, LeaseLost, DeadlineNear.
        """
        self._context.check()
        self.check_size(received_bytes)
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + INTERVAL_S
        self.check_storage(received_bytes)
        self._record({"fetched_bytes": received_bytes, **fields})

    def check_storage(self, size_bytes: int) -> None:
        """Reads the free storage again, unless the size is declared and therefore counted: uploads
        and other fetches may have used it since.

        Raises FetchTooLarge, UploadDiffers, StorageFull, FetchStopped.
        """
        declared = self.find_input()
        if size_bytes > declared.size_bytes:
            self._read_free_storage(declared)
            self.check_size(size_bytes)

    def check_size(self, size_bytes: int) -> None:
        """Raises FetchTooLarge, UploadDiffers, StorageFull."""
        if size_bytes > self._max_bytes:
            raise FetchTooLarge(
                f"The file at the URL is larger than {self._max_bytes // MEGABYTE} MB, which the "
                f"{self._fetch.input} may have."
            )
        if self._fetch.size_bytes and size_bytes > self._fetch.size_bytes:
            raise UploadDiffers(
                f"The file at the URL has more than {self._fetch.size_bytes} bytes."
            )
        if size_bytes > self._is_full_at:
            raise StorageFull

    def find_input(self) -> JobInput:
        """Returns the input as the job declares it. Raises FetchStopped."""
        job = Interpreter(self._context.services).run(read_waiting_job(self._fetch))
        if job is None:
            raise FetchStopped
        return next(item for item in job.inputs if item.object == self._fetch.object)

    def declare(self, size_bytes: int) -> None:
        """Declares the size of the upload, which must precede its object. Raises FetchStopped."""
        if not Interpreter(self._context.services).run(
            declare_size(self._fetch.job, self._fetch.object, size_bytes)
        ):
            raise FetchStopped

    def _read_free_storage(self, declared: JobInput) -> None:
        free_bytes = declared.size_bytes + free_storage_bytes(
            self._context.services.store, self._fetch.owner, self._context.settings
        )
        self._is_full_at = max(0, free_bytes)

    def _record(self, fields: dict[str, Any]) -> None:
        # Without a version: it is only shown, and a renewal of the lease changes the version.
        self._context.services.store.commit([Update(self._context.task.path, fields)])
