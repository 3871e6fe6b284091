"""A job of an asynchronous client."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodreel.api import path_of
from moodreel.files.inputs import FileLike
from moodreel.job import JobState
from moodreel.models import JobView
from moodreel.operations import decks, results, timelines, uploads
from moodreel.operations.results import JobVersion, OnChange
from moodreel.operations.uploads import OnTransfer

if TYPE_CHECKING:
    import pandas as pd

    from moodreel.async_client import AsyncClient


class AsyncJob(JobState):
    """A job of an `AsyncClient`. See `Job` for its methods."""

    def __init__(self, client: AsyncClient, view: JobView, etag: str = "") -> None:
        self._client = client
        self._version = JobVersion(view, etag)

    async def refresh(self) -> AsyncJob:
        """Reads the job again."""
        api = self._client.api
        self._version = await self._client.perform(results.read_job(api, self.id, self._version))
        return self

    async def wait(
        self,
        timeout_s: float | None = None,
        *,
        on_change: OnChange | None = None,
        check: bool = True,
    ) -> AsyncJob:
        """Waits until the job has ended, or its deck waits for a review. See `Job.wait`."""
        flow = results.wait_for_job(self._client.api, self._version, timeout_s, on_change)
        self._version = await self._client.perform(flow)
        if check:
            self.raise_for_status()
        return self

    async def download(
        self,
        folder: FileLike,
        names: Collection[str] | None = None,
        *,
        on_transfer: OnTransfer | None = None,
    ) -> list[Path]:
        """Saves results in a folder and returns their paths. See `Job.download`."""
        api, artifacts = self._client.api, self.artifacts
        flow = results.save_artifacts(api, artifacts, Path(folder), names, on_transfer)
        return await self._client.perform(flow)

    async def upload(
        self, name: str, file: FileLike, *, on_transfer: OnTransfer | None = None
    ) -> None:
        """Uploads the file of an input. See `Job.upload`."""
        flow = uploads.upload_file(
            self._client.api, self.id, name, Path(file), on_transfer=on_transfer
        )
        await self._client.perform(flow)

    async def change(
        self,
        *,
        title: str | None = None,
        description: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, str | None] | None = None,
    ) -> AsyncJob:
        """Changes what is not None. Keys of `metadata` are merged; None removes one."""
        flow = results.change_job(self._client.api, self.id, title, description, tags, metadata)
        self._version = JobVersion(await self._client.perform(flow))
        return self

    async def cancel(self) -> AsyncJob:
        """Cancels the job."""
        return await self._post("cancel")

    async def redrive(self) -> AsyncJob:
        """Continues a failed job where it stopped."""
        return await self._post("redrive")

    async def delete(self) -> None:
        """Deletes the job with its uploads and results."""
        await self._client.perform(self._client.api.call("DELETE", path_of("jobs", self.id)))

    async def get_deck(self) -> dict[str, Any]:
        """Returns the slides of a film. See `Job.get_deck`."""
        return await self._client.perform(decks.get_deck(self._client.api, self.id))

    async def put_deck(
        self, deck: dict[str, Any], *, release: bool = False, **options: Any
    ) -> AsyncJob:
        """Replaces the slides. See `Job.put_deck`."""
        flow = decks.put_deck(self._client.api, self.id, deck, release=release, options=options)
        self._version = JobVersion(await self._client.perform(flow))
        return self

    async def release_deck(self) -> AsyncJob:
        """Makes the film of a deck that waits for a review."""
        return await self._post("deck/release")

    async def timeline(self) -> pd.DataFrame:
        """Returns the times of the results as a table. See `Job.timeline`."""
        timelines.import_pandas()
        with tempfile.TemporaryDirectory() as folder:
            flow = timelines.read_table(self._client.api, self.view, Path(folder))
            content = await self._client.perform(flow)
        return await asyncio.to_thread(timelines.parse_table, *content)

    async def _post(self, action: str) -> AsyncJob:
        flow = self._client.api.post(JobView, f"{path_of('jobs', self.id)}/{action}")
        self._version = JobVersion(await self._client.perform(flow))
        return self
