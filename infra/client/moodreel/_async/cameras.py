"""Registered cameras."""

from __future__ import annotations

from moodreel._async.base import BaseClient
from moodreel.api import path_of
from moodreel.models import CameraList, CameraView, PreviewView
from moodreel.operations import recordings


class CameraMethods(BaseClient):
    """Methods of cameras."""

    async def cameras(self) -> tuple[CameraView, ...]:
        """Returns the cameras with their current status."""
        return (await self.perform(self.api.get(CameraList, "/v1/cameras"))).cameras

    async def camera(self, camera_id: str) -> CameraView:
        """Returns a camera with its current status. Raises NotFound."""
        return await self.perform(self.api.get(CameraView, path_of("cameras", camera_id)))

    async def add_camera(self, name: str, source: str) -> CameraView:
        """Registers a camera. One with the same address gets the name and the password.

        Args:
            source: A URL (rtsp, http or https), which may have a user and a password that are never
                shown, or the number of a device of the machine of a local suite.
        """
        body = {"name": name, "source": recordings.parse_source(source)}
        return await self.perform(self.api.post(CameraView, "/v1/cameras", body))

    async def delete_camera(self, camera_id: str) -> None:
        """Deletes a camera that is not recorded. Its recordings are kept."""
        await self.perform(self.api.call("DELETE", path_of("cameras", camera_id)))

    async def preview_camera(self, camera_id: str) -> PreviewView:
        """Starts a preview. For five minutes, its `url` streams JPEG pictures without a sign-in."""
        path = path_of("cameras", camera_id, "preview")
        return await self.perform(self.api.post(PreviewView, path))
