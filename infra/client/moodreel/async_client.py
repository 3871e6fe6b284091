"""The asynchronous client, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from moodreel import options
from moodreel.api import Api, path_of
from moodreel.async_job import AsyncJob
from moodreel.credentials import Credentials
from moodreel.files.inputs import FileLike, Files
from moodreel.flow import Flow
from moodreel.models import (
    JobPage,
    JobSummary,
    JobView,
    KeyView,
    NewKeyView,
    RecipeView,
    RecordingPage,
    RecordingView,
    UsageView,
)
from moodreel.operations import accounts, creation, results
from moodreel.operations.uploads import OnTransfer
from moodreel.transport import AsyncTransport

T = TypeVar("T")


class AsyncClient:
    """A client of one account on an event loop of asyncio. Its arguments are those of `Client`."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        token: str | None = None,
        credentials: Credentials | None = None,
        retry_s: float = options.RETRY_S,
        timeout_s: float = options.TIMEOUT_S,
        allow_http: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        url = options.find_url(base_url)
        signs_in = options.find_credentials(api_key, token, credentials)
        self.api = Api(url, signs_in, retry_s, allow_http=allow_http)
        self._recipes = creation.Recipes(self.api)
        self._transport = AsyncTransport(url, timeout_s, transport)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def perform(self, flow: Flow[T]) -> T:
        """Returns the result of an operation of `moodreel.operations`."""
        return await self._transport.run(flow)

    async def run(
        self,
        recipe: str,
        files: Files = (),
        *,
        title: str | None = None,
        prompt: str | None = None,
        text: str | None = None,
        from_job: str | None = None,
        description: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str = "",
        on_created: Callable[[JobView], None] | None = None,
        on_transfer: OnTransfer | None = None,
        **recipe_options: Any,
    ) -> AsyncJob:
        """Creates a job and uploads its files. `Job.wait` waits for its end.

        Args:
            recipe: The name of a recipe, such as `frames`.
            files: A file, files in any order, or files by the names of the recipe's inputs: paths,
                URLs, or "latest".
            prompt: What a presentation is about; `text` is a text that it tells.
            from_job: The id of a job or a recording whose files are used.
            description, tags, metadata: The user metadata: a text, labels, and texts by key.
            idempotency_key: A repetition with the same key creates no second job.
            on_created: Called with the job before its files are uploaded.
            on_transfer: Called with the name of a file, the bytes sent, and its size.
            recipe_options: The options of the recipe; `GET /v1/recipes` describes them.

        Raises:
            ApiError: The API refused the job.
            TransferFailed: A file could not be uploaded. The job waits for it: see `Job.upload`.
            WrongFiles: A file does not exist, or the recipe does not take it.
        """
        members = options.job_members(title, prompt, text, from_job, description, tags, metadata)
        request = creation.JobRequest(recipe, files, recipe_options, members, idempotency_key)
        flow = creation.create_job(self.api, self._recipes, request, on_created, on_transfer)
        return AsyncJob(self, (await self.perform(flow)).job)

    async def job(self, job_id: str) -> AsyncJob:
        """Returns a job. Raises NotFound."""
        version = await self.perform(results.read_job(self.api, job_id))
        return AsyncJob(self, version.view, version.etag)

    async def jobs(
        self,
        *,
        recipe: str | None = None,
        status: str | None = None,
        q: str | None = None,
        tag: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> AsyncIterator[JobSummary]:
        """Yields the jobs, newest first, with the text `q` in the title. A page is read when its
        first job is needed."""
        query = options.job_query(recipe, status, q, tag, created_after, created_before)
        while True:
            page = await self.perform(self.api.get(JobPage, "/v1/jobs", **query))
            for item in page.jobs:
                yield item
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    async def recipes(self) -> tuple[RecipeView, ...]:
        """Returns the recipes with their inputs."""
        return await self.perform(self._recipes.list())

    async def usage(self) -> UsageView:
        """Returns what the account has used, and its limits."""
        return await self.perform(self.api.get(UsageView, "/v1/usage"))

    async def api_keys(self) -> tuple[KeyView, ...]:
        """Returns the API keys. Needs a sign-in with the password."""
        return await self.perform(accounts.list_keys(self.api))

    async def create_key(
        self, name: str, scopes: Collection[str], valid_days: int | None = 90
    ) -> NewKeyView:
        """Creates an API key. Its `key` cannot be shown again. Needs a sign-in with the password.

        Args:
            scopes: Such as `jobs:write`, which includes `jobs:read`.
            valid_days: None for a key that does not expire.
        """
        return await self.perform(accounts.create_key(self.api, name, scopes, valid_days))

    async def delete_key(self, key_id: str) -> None:
        """Deletes an API key. Needs a sign-in with the password."""
        await self.perform(self.api.call("DELETE", path_of("me", "keys", key_id)))

    async def record(
        self,
        source: str,
        *,
        title: str | None = None,
        max_duration_s: int | None = None,
        pre_roll_s: float | None = None,
        recipe: str | None = None,
        **recipe_options: Any,
    ) -> RecordingView:
        """Starts a recording.

        Args:
            source: The URL of a camera, the id of a registered one, or the number of a device of
                the machine of a local suite.
            recipe: The clip becomes the video of a job of this recipe.
        """
        members = {
            "title": title,
            "max_duration_s": max_duration_s,
            "pre_roll_s": pre_roll_s,
            "recipe": recipe,
        }
        return await self.perform(
            accounts.start_recording(self.api, source, members, recipe_options)
        )

    async def recording(self, recording_id: str = "last") -> RecordingView:
        """Returns a recording; without an id the newest one with a clip. Raises NotFound."""
        return await self.perform(self.api.get(RecordingView, path_of("recordings", recording_id)))

    async def recordings(self) -> AsyncIterator[RecordingView]:
        """Yields the recordings, newest first."""
        query: dict[str, str] = {"limit": "100"}
        while True:
            page = await self.perform(self.api.get(RecordingPage, "/v1/recordings", **query))
            for item in page.recordings:
                yield item
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    async def stop_recording(self, recording_id: str) -> RecordingView:
        """Ends a recording. Its clip is there a little later."""
        path = path_of("recordings", recording_id, "stop")
        return await self.perform(self.api.post(RecordingView, path))

    async def wait_for_clip(
        self, recording: RecordingView, timeout_s: float | None = None
    ) -> RecordingView:
        """Waits until a recording has its clip.

        Raises:
            RecordingFailed: It ended without a clip.
            WaitTimeout: It has not ended within `timeout_s`. It goes on.
        """
        return await self.perform(accounts.wait_for_clip(self.api, recording, timeout_s))

    async def download_clip(
        self,
        recording: RecordingView,
        folder: FileLike,
        *,
        on_transfer: OnTransfer | None = None,
    ) -> Path:
        """Saves the clip of a recording in a folder and returns its path."""
        flow = accounts.save_clip(self.api, recording, Path(folder), on_transfer)
        return await self.perform(flow)
