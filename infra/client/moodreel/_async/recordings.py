"""Recordings of cameras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from moodreel import options
from moodreel._async.base import BaseClient
from moodreel.api import path_of
from moodreel.files.inputs import FileLike
from moodreel.models import RecordingPage, RecordingView
from moodreel.operations import recordings
from moodreel.operations.uploads import OnTransfer


class RecordingMethods(BaseClient):
    """Methods of recordings."""

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
        flow = recordings.start_recording(self.api, source, members, recipe_options)
        return await self.perform(flow)

    async def recording(self, recording_id: str = "last") -> RecordingView:
        """Returns a recording; without an id the newest one with a clip. Raises NotFound."""
        return await self.perform(self.api.get(RecordingView, path_of("recordings", recording_id)))

    async def recordings(self) -> AsyncIterator[RecordingView]:
        """Yields the recordings, newest first."""
        async for page in self._pages(RecordingPage, "/v1/recordings", options.page_query()):
            for recording in page.recordings:
                yield recording

    async def stop_recording(self, recording_id: str) -> RecordingView:
        """Ends a recording. Its clip is there a little later."""
        path = path_of("recordings", recording_id, "stop")
        return await self.perform(self.api.post(RecordingView, path))

    async def redrive_recording(self, recording_id: str) -> RecordingView:
        """Joins a failed recording again."""
        path = path_of("recordings", recording_id, "redrive")
        return await self.perform(self.api.post(RecordingView, path))

    async def delete_recording(self, recording_id: str) -> None:
        """Deletes a recording and its clip, even while it runs."""
        await self.perform(self.api.call("DELETE", path_of("recordings", recording_id)))

    async def wait_for_clip(
        self, recording: RecordingView, timeout_s: float | None = None
    ) -> RecordingView:
        """Waits until a recording has its clip.

        Raises:
            RecordingFailed: It ended without a clip.
            WaitTimeout: It has not ended within `timeout_s`. It goes on.
        """
        return await self.perform(recordings.wait_for_clip(self.api, recording, timeout_s))

    async def download_clip(
        self,
        recording: RecordingView,
        folder: FileLike,
        *,
        on_transfer: OnTransfer | None = None,
    ) -> Path:
        """Saves the clip of a recording in a folder and returns its path."""
        flow = recordings.save_clip(self.api, recording, Path(folder), on_transfer)
        return await self.perform(flow)
