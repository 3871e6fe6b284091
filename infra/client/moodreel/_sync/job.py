# Rendered from _async by infra/tools/render.py; do not edit.
"""A job of a client, and what can be done with it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from moodreel._sync.base import BaseClient
from moodreel.api import new_key, path_of, without_none
from moodreel.files.inputs import FileLike
from moodreel.flow import work
from moodreel.job_state import JobState
from moodreel.models import EventList, EventView, JobView, LinkView, NewShareView
from moodreel.operations import decks, results, timelines, uploads
from moodreel.operations.results import JobVersion, OnChange
from moodreel.operations.uploads import OnTransfer

if TYPE_CHECKING:
    import pandas as pd


class Job(JobState):
    """A job. Its methods change `view` to what the API returned."""

    def __init__(self, client: BaseClient, view: JobView, etag: str = "") -> None:
        self._client = client
        self._version = JobVersion(view, etag)

    def refresh(self) -> Job:
        """Reads the job again."""
        api = self._client.api
        self._version = self._client.perform(results.read_job(api, self.id, self._version))
        return self

    def wait(
        self,
        timeout_s: float | None = None,
        *,
        on_change: OnChange | None = None,
        check: bool = True,
    ) -> Job:
        """Waits until the job has ended, or its deck waits for a review.

        Args:
            on_change: Called with each new version of the job.
            check: Whether a job that failed or was cancelled raises JobFailed.

        Raises:
            JobFailed: The job failed or was cancelled.
            WaitTimeout: The job has not ended within `timeout_s`. It goes on.
        """
        flow = results.wait_for_job(self._client.api, self._version, timeout_s, on_change)
        self._version = self._client.perform(flow)
        if check:
            self.raise_for_status()
        return self

    def download(
        self,
        folder: FileLike,
        names: Collection[str] | None = None,
        *,
        on_transfer: OnTransfer | None = None,
    ) -> list[Path]:
        """Saves results in a folder and returns their paths.

        Args:
            names: The names or kinds of the results, such as `["frames.zip"]`; None for all.

        Raises:
            TransferFailed: A result could not be downloaded. Calling this again continues it.
        """
        api, artifacts = self._client.api, self.artifacts
        flow = results.save_artifacts(api, artifacts, Path(folder), names, on_transfer)
        return self._client.perform(flow)

    def upload(self, name: str, file: FileLike, *, on_transfer: OnTransfer | None = None) -> None:
        """Uploads the file of an input, for example after an interruption. Does nothing if it was
        uploaded already. Raises TransferFailed."""
        flow = uploads.upload_file(
            self._client.api, self.id, name, Path(file), on_transfer=on_transfer
        )
        self._client.perform(flow)

    def change(
        self,
        *,
        title: str | None = None,
        description: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, str | None] | None = None,
    ) -> Job:
        """Changes what is not None. Keys of `metadata` are merged; None removes one."""
        flow = results.change_job(self._client.api, self.id, title, description, tags, metadata)
        self._version = JobVersion(self._client.perform(flow))
        return self

    def cancel(self) -> Job:
        """Cancels the job."""
        return self._post("cancel")

    def redrive(self) -> Job:
        """Continues a failed job where it stopped."""
        return self._post("redrive")

    def delete(self) -> None:
        """Deletes the job with its uploads and results."""
        self._client.perform(self._client.api.call("DELETE", path_of("jobs", self.id)))

    def get_deck(self) -> dict[str, Any]:
        """Returns the slides of a film. The result can be changed and given to `put_deck`."""
        return self._client.perform(decks.get_deck(self._client.api, self.id))

    def put_deck(self, deck: dict[str, Any], *, release: bool = False, **options: Any) -> Job:
        """Replaces the slides. Only changed ones are rendered again.

        Args:
            release: Whether the film is made without waiting for a review.
            options: Options of the film to change, such as `voice`.

        Raises:
            Conflict: The deck was edited since it was read.
        """
        flow = decks.put_deck(self._client.api, self.id, deck, release=release, options=options)
        self._version = JobVersion(self._client.perform(flow))
        return self

    def release_deck(self) -> Job:
        """Makes the film of a deck that waits for a review."""
        return self._post("deck/release")

    def rewrite_slide(self, slide_id: str, revision: int, instruction: str | None = None) -> Job:
        """Has a slide written again.

        Args:
            revision: That of the deck, which `get_deck` returned.
            instruction: What to change; None for a different version.

        Raises:
            Conflict: The deck was edited since it was read.
        """
        body = without_none(revision=revision, instruction=instruction)
        return self._post(f"deck/slides/{quote(slide_id, safe='')}/rewrite", body)

    def history(self) -> tuple[EventView, ...]:
        """Returns what happened to the job, oldest first."""
        flow = self._client.api.get(EventList, path_of("jobs", self.id, "events"))
        return (self._client.perform(flow)).events

    def link(self, name: str) -> LinkView:
        """Returns a link to a result, by its name. It serves the file to anyone for 15 minutes."""
        path = path_of("jobs", self.id, "artifacts", name, "link")
        return self._client.perform(self._client.api.get(LinkView, path))

    def share(
        self, name: str, valid_hours: int | None = None, *, title: str | None = None
    ) -> NewShareView:
        """Creates a share link to a result, by its name. Its URLs cannot be shown again.

        Args:
            title: What the page of the link shows above the result.
            valid_hours: From 1 to 2,160. The link expires with the job at the latest.
        """
        body = without_none(artifact=name, valid_hours=valid_hours, title=title)
        path = path_of("jobs", self.id, "shares")
        flow = self._client.api.post(NewShareView, path, body, key=new_key())
        return self._client.perform(flow)

    def timeline(self) -> pd.DataFrame:
        """Returns the times of the results as a table: the faces and scores of `emotions`, the
        frames of `frames`, the words of `captions`. Requires pandas."""
        timelines.import_pandas()
        with tempfile.TemporaryDirectory() as folder:
            flow = timelines.read_table(self._client.api, self.view, Path(folder))
            content = self._client.perform(flow)
        return self._client.perform(work(lambda: timelines.parse_table(*content)))

    def _post(self, action: str, body: object = None) -> Job:
        flow = self._client.api.post(JobView, f"{path_of('jobs', self.id)}/{action}", body)
        self._version = JobVersion(self._client.perform(flow))
        return self
