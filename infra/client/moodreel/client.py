"""The synchronous client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from moodreel import options
from moodreel.api import Api, path_of
from moodreel.credentials import Credentials
from moodreel.files.inputs import FileLike, Files
from moodreel.flow import Flow
from moodreel.job import Job
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
from moodreel.transport import Transport

T = TypeVar("T")


class Client:
    """A client of one account. Threads can share it. Close it, or use it in a `with` block.

    Args:
        base_url: The address of the API; by default MOODREEL_URL of the environment.
        api_key: An API key; by default MOODREEL_API_KEY of the environment.
        token: An ID token, in place of a key.
        credentials: Another way to sign in, such as `Password`, in place of a key.
        retry_s: For how long a request is repeated after 429, 503 and lost connections.
        timeout_s: For how long one request waits for each part of its response.
        allow_http: Whether the key may be sent without TLS to another machine.
        transport: Replaces the connections of httpx.

    Raises:
        ValueError: There is no address or no key, or the address is not one of HTTPS.
    """

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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = options.find_url(base_url)
        signs_in = options.find_credentials(api_key, token, credentials)
        self.api = Api(url, signs_in, retry_s, allow_http=allow_http)
        self._recipes = creation.Recipes(self.api)
        self._transport = Transport(url, timeout_s, transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def perform(self, flow: Flow[T]) -> T:
        """Returns the result of an operation of `moodreel.operations`."""
        return self._transport.run(flow)

    def run(
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
    ) -> Job:
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
        return Job(self, self.perform(flow).job)

    def job(self, job_id: str) -> Job:
        """Returns a job. Raises NotFound."""
        version = self.perform(results.read_job(self.api, job_id))
        return Job(self, version.view, version.etag)

    def jobs(
        self,
        *,
        recipe: str | None = None,
        status: str | None = None,
        q: str | None = None,
        tag: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> Iterator[JobSummary]:
        """Yields the jobs, newest first, with the text `q` in the title. A page is read when its
        first job is needed."""
        query = options.job_query(recipe, status, q, tag, created_after, created_before)
        while True:
            page = self.perform(self.api.get(JobPage, "/v1/jobs", **query))
            yield from page.jobs
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def recipes(self) -> tuple[RecipeView, ...]:
        """Returns the recipes with their inputs."""
        return self.perform(self._recipes.list())

    def usage(self) -> UsageView:
        """Returns what the account has used, and its limits."""
        return self.perform(self.api.get(UsageView, "/v1/usage"))

    def api_keys(self) -> tuple[KeyView, ...]:
        """Returns the API keys. Needs a sign-in with the password."""
        return self.perform(accounts.list_keys(self.api))

    def create_key(
        self, name: str, scopes: Collection[str], valid_days: int | None = 90
    ) -> NewKeyView:
        """Creates an API key. Its `key` cannot be shown again. Needs a sign-in with the password.

        Args:
            scopes: Such as `jobs:write`, which includes `jobs:read`.
            valid_days: None for a key that does not expire.
        """
        return self.perform(accounts.create_key(self.api, name, scopes, valid_days))

    def delete_key(self, key_id: str) -> None:
        """Deletes an API key. Needs a sign-in with the password."""
        self.perform(self.api.call("DELETE", path_of("me", "keys", key_id)))

    def record(
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
        return self.perform(accounts.start_recording(self.api, source, members, recipe_options))

    def recording(self, recording_id: str = "last") -> RecordingView:
        """Returns a recording; without an id the newest one with a clip. Raises NotFound."""
        return self.perform(self.api.get(RecordingView, path_of("recordings", recording_id)))

    def recordings(self) -> Iterator[RecordingView]:
        """Yields the recordings, newest first."""
        query: dict[str, str] = {"limit": "100"}
        while True:
            page = self.perform(self.api.get(RecordingPage, "/v1/recordings", **query))
            yield from page.recordings
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def stop_recording(self, recording_id: str) -> RecordingView:
        """Ends a recording. Its clip is there a little later."""
        path = path_of("recordings", recording_id, "stop")
        return self.perform(self.api.post(RecordingView, path))

    def wait_for_clip(
        self, recording: RecordingView, timeout_s: float | None = None
    ) -> RecordingView:
        """Waits until a recording has its clip.

        Raises:
            RecordingFailed: It ended without a clip.
            WaitTimeout: It has not ended within `timeout_s`. It goes on.
        """
        return self.perform(accounts.wait_for_clip(self.api, recording, timeout_s))

    def download_clip(
        self,
        recording: RecordingView,
        folder: FileLike,
        *,
        on_transfer: OnTransfer | None = None,
    ) -> Path:
        """Saves the clip of a recording in a folder and returns its path."""
        flow = accounts.save_clip(self.api, recording, Path(folder), on_transfer)
        return self.perform(flow)
