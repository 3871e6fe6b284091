"""The stream of one camera across its connections: packets go to recordings, pre-roll and preview.

When a connection is lost, the camera is connected again with backoff.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from functions.recorder.capture.active_recording import ActiveRecording
from functions.recorder.capture.active_recordings import ActiveRecordings
from functions.recorder.capture.backoff import Backoff
from functions.recorder.capture.frame_rate import FrameRate
from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
from functions.recorder.capture.reader_thread import (
    PacketsDropped,
    ReaderThread,
    StreamEnded,
    StreamOpened,
)
from functions.recorder.capture.segments import ConnectionKey
from functions.recorder.capture.stored_source import StoredSource
from functions.recorder.clock import SteadyClock
from functions.recorder.errors import CameraTimeout
from functions.recorder.packets import VIDEO, Packet, Reader, Track
from functions.recorder.preview.publisher import PreviewPublisher
from shared.cameras.camera import CameraState
from shared.cameras.source import Source
from shared.errors import MoodreelError, PermanentError
from shared.flows.encrypted import DecryptionFailed, KeyUnavailable
from shared.runtime.services import Services
from shared.runtime.settings import Settings

FIRST_PICTURE_TIMEOUT_S = 60.0
"""How long a connection may take to its first keyframe: cameras send one every few seconds, some
only every half a minute."""


class CameraStream:
    """The current connection to a camera, if there is one, and what is known of its stream.

    `was_connected` tells whether the camera has ever worked: a permanent error then counts like a
    lost connection. `source` is read for each connection. Writes no document of the camera.
    """

    def __init__(
        self,
        camera_id: str,
        services: Services,
        settings: Settings,
        *,
        source: StoredSource,
        epoch: int,
        open_reader: Callable[[Source], Reader],
        recordings: ActiveRecordings,
        preview: PreviewPublisher,
        was_connected: Callable[[], bool],
        clock: SteadyClock | None = None,
    ) -> None:
        self._clock = clock or SteadyClock()
        self.error: dict[str, Any] | None = None
        self.connection_count = 0
        self._camera_id = camera_id
        self._services = services
        self._source = source
        self._stall_timeout_s = float(settings.source_stall_s)
        self._epoch = epoch
        self._token = services.new_token()
        self._open_reader = open_reader
        self._recordings = recordings
        self._preview = preview
        self._was_connected = was_connected
        self._pre_roll = PreRollBuffer()
        self._give_up_s = settings.source_give_up_s
        self._backoff = Backoff(self._give_up_s)
        self._reader: ReaderThread | None = None
        self._has_pictures = False
        self._tracks: tuple[Track, ...] = ()
        self._frame_rate = FrameRate()
        self._last_picture_at = 0.0
        self._dropped_count = 0

    @property
    def has_pictures(self) -> bool:
        """Whether the current connection has delivered a keyframe."""
        return self._has_pictures

    @property
    def video(self) -> Track | None:
        """The video track, None while there are no pictures."""
        return self._tracks[VIDEO] if self._has_pictures else None

    @property
    def is_exhausted(self) -> bool:
        """Whether the camera is to be given up."""
        return self._backoff.is_exhausted

    @property
    def stats(self) -> dict[str, Any]:
        """Returns `fps` (None while unknown) and `dropped_frames`."""
        dropped_count = self._dropped_count + (self._reader.dropped_count if self._reader else 0)
        return {"fps": self._frame_rate.fps, "dropped_frames": dropped_count}

    def status_fields(self) -> dict[str, Any]:
        """Returns the fields of the camera's document that describe the stream."""
        was_connected = self._was_connected() or self.connection_count > 1
        state = CameraState.RECONNECTING if was_connected else CameraState.CONNECTING
        fields: dict[str, Any] = {
            "state": CameraState.CONNECTED if self.video else state,
            "error": self.error,
            "last_seen_at": self._services.clock.now(),
            **self.stats,
        }
        if video := self.video:
            fields |= {"width": video.width, "height": video.height, "codec": video.codec}
        return fields

    def connect_if_due(self) -> None:
        """Opens a connection when there is none and the backoff allows it."""
        if self._reader is not None or not self._backoff.is_due:
            return
        try:
            source = self._source.read()
        except (KeyUnavailable, DecryptionFailed) as error:
            self._on_failure(error, is_first_attempt=not self._was_connected())
            return
        if source is None:
            # The camera is being deleted. The session ends when it reads the camera's document.
            self._backoff.record_failure()
            return
        self.connection_count += 1
        self._last_picture_at = self._clock.now()
        self._reader = ReaderThread(lambda: self._open_reader(source))

    def read_next(self, wait_s: float) -> bool:
        """Waits for the next event of the connection and handles it. Returns whether the
        connection was lost.

        Sound and replies keep a connection alive as well, so a connection without pictures counts
        as lost: nothing else would end it.
        """
        if self._reader is None:
            time.sleep(max(0.0, min(wait_s, 0.1)))
            return False
        event = self._reader.next_event(max(0.001, wait_s))
        if isinstance(event, StreamEnded):
            self._on_disconnect(event.error)
            return True
        if isinstance(event, PacketsDropped):
            # The camera has sent pictures meanwhile.
            self._last_picture_at = event.resumed_at
            self._pre_roll.clear()
            self._recordings.mark_missing_packets()
            return False
        now = event.arrived_at if isinstance(event, Packet) else self._clock.now()
        if now - self._last_picture_at > self._picture_timeout_s:
            self._on_disconnect(CameraTimeout("The camera is connected, and shows no pictures."))
            return True
        if isinstance(event, Packet):
            self._on_packet(event)
            if self._recordings.have_waited_since(event.arrived_at - self._keyframe_timeout_s):
                self._on_disconnect(CameraTimeout("The camera sends no keyframe."))
                return True
        elif isinstance(event, StreamOpened):
            self._tracks = event.tracks
        return False

    def start_over(self) -> None:
        """Connects again at once, as if no attempt had failed."""
        self.error = None
        self._backoff = Backoff(self._give_up_s)

    def start_recording(self, recording: ActiveRecording) -> None:
        """Gives a new recording the current tracks and the pre-roll that it requests."""
        if self._has_pictures:
            recording.set_tracks(self._tracks)
            since = recording.begins_at
            recording.start_connection(self._connection_key, self._pre_roll, since)

    def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._reader is not None:
            self._reader.close()

    @property
    def _connection_key(self) -> ConnectionKey:
        return ConnectionKey(self._epoch, self._token, self.connection_count)

    @property
    def _picture_timeout_s(self) -> float:
        """How long the connection may go without a picture that can be recorded."""
        return self._stall_timeout_s if self._has_pictures else self._keyframe_timeout_s

    @property
    def _keyframe_timeout_s(self) -> float:
        return max(FIRST_PICTURE_TIMEOUT_S, self._stall_timeout_s)

    def _on_packet(self, packet: Packet) -> None:
        assert self._reader is not None  # noqa: S101 - the packet is the reader's
        is_video_keyframe = packet.is_keyframe and packet.track == VIDEO
        if not self._has_pictures:
            if not is_video_keyframe:
                return
            self._on_first_keyframe()
        if is_video_keyframe:
            # The first picture may have set the size of the video track.
            self._tracks = self._reader.tracks or self._tracks
            self._recordings.set_tracks(self._tracks)
        self._pre_roll.add(packet)
        self._recordings.add(packet)
        if packet.track == VIDEO:
            self._last_picture_at = packet.arrived_at
            self._frame_rate.add(packet.arrived_at)
            self._preview.add(packet, self._tracks[VIDEO])

    def _on_first_keyframe(self) -> None:
        self._has_pictures = True
        self.error = None
        self._backoff.record_success()
        if self._reader is not None and self._reader.tracks:
            self._tracks = self._reader.tracks
        self._recordings.set_tracks(self._tracks)
        self._recordings.start_connection(self._connection_key, self._pre_roll)
        self._services.log(
            "camera.connected", camera=self._camera_id, codec=self._tracks[VIDEO].codec
        )

    def _on_disconnect(self, error: MoodreelError) -> None:
        assert self._reader is not None  # noqa: S101 - the error is the reader's
        self._dropped_count += self._reader.dropped_count
        self._reader.close()
        had_pictures, self._reader, self._has_pictures = self._has_pictures, None, False
        self._pre_roll.clear()
        self._frame_rate.clear()
        self._recordings.close_segments()
        self._on_failure(error, is_first_attempt=not had_pictures and not self._was_connected())

    def _on_failure(self, error: MoodreelError, *, is_first_attempt: bool) -> None:
        message = str(error)
        self.error = {"code": error.code, "message": message, "at": self._services.clock.now()}
        details = {"camera": self._camera_id, "code": error.code, "reason": message}
        self._services.log("camera.lost", severity="WARNING", **details)
        is_permanent = isinstance(error, PermanentError) and is_first_attempt
        self._backoff.record_failure(is_permanent=is_permanent)
