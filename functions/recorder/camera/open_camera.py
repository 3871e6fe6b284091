"""Opens a camera with the reader for its kind."""

from __future__ import annotations

import time
from collections.abc import Callable

from functions.recorder.camera.connection import connect
from functions.recorder.camera.mjpeg import MjpegReader
from functions.recorder.camera.rtsp import RtspReader
from functions.recorder.errors import DeviceRefused
from functions.recorder.packets import Reader
from shared.cameras.source import Source, SourceKind
from shared.net.pinned_connection import PinnedSocket
from shared.runtime.settings import Settings


def open_camera(
    source: Source, settings: Settings, clock: Callable[[], float] = time.time
) -> Reader:
    """Connects to a camera and reads the start of its stream. `clock` gives the times of arrival.
    Raises the errors of `errors`."""

    def open_connection() -> PinnedSocket:
        return connect(
            source, networks=settings.camera_networks, stall_s=float(settings.source_stall_s)
        )

    if source.kind is SourceKind.DEVICE:
        if not settings.allow_camera_devices:
            raise DeviceRefused
        # Loads the media library, which the other readers do not need.
        from functions.recorder.camera.device import DeviceReader

        return DeviceReader(source.device, clock=clock)
    if source.kind is SourceKind.RTSP:
        return RtspReader(source, open_connection, arrival_clock=clock)
    return MjpegReader(source, open_connection, clock)
