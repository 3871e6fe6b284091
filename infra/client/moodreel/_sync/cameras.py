# Rendered from _async by infra/tools/render.py; do not edit.
"""Registered cameras."""

from __future__ import annotations

from moodreel._sync.base import BaseClient
from moodreel.api import path_of
from moodreel.models import CameraList, CameraView, PreviewView
from moodreel.operations import recordings


class CameraMethods(BaseClient):
    """Methods of cameras."""

    def cameras(self) -> tuple[CameraView, ...]:
        """Returns the cameras with their current status."""
        return (self.perform(self.api.get(CameraList, "/v1/cameras"))).cameras

    def camera(self, camera_id: str) -> CameraView:
        """Returns a camera with its current status. Raises NotFound."""
        return self.perform(self.api.get(CameraView, path_of("cameras", camera_id)))

    def add_camera(self, name: str, source: str) -> CameraView:
        """Registers a camera. One with the same address gets the name and the password.

        Args:
            source: A URL (rtsp, http or https), which may have a user and a password that are never
                shown, or the number of a device of the machine of a local suite.
        """
        body = {"name": name, "source": recordings.parse_source(source)}
        return self.perform(self.api.post(CameraView, "/v1/cameras", body))

    def delete_camera(self, camera_id: str) -> None:
        """Deletes a camera that is not recorded. Its recordings are kept."""
        self.perform(self.api.call("DELETE", path_of("cameras", camera_id)))

    def preview_camera(self, camera_id: str) -> PreviewView:
        """Starts a preview. For five minutes, its `url` streams JPEG pictures without a sign-in."""
        path = path_of("cameras", camera_id, "preview")
        return self.perform(self.api.post(PreviewView, path))
