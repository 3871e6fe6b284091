"""The events of recordings that webhooks receive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.cameras.recording import Recording, RecordingState
from shared.flows.documents import Create
from shared.jobs.webhooks.events import RECORDING_DONE, RECORDING_FAILED, new_event

_CLIP_FIELDS = (
    "content_type", "size_bytes", "duration_sec", "fps", "width", "height", "codec", "audio_codec",
)  # fmt: skip


def recording_event(recording: Recording, fields: Mapping[str, Any], now: datetime) -> Create:
    """Returns the write that creates the task of the event that a recording has ended.

    Args:
        fields: What the batch changes in the recording: `state`, and `clip` or `error`.
    """
    is_done = fields["state"] is RecordingState.DONE
    clip, error = fields.get("clip"), fields.get("error")
    data = {
        "recording_id": recording.id,
        "title": recording.request.title,
        "camera_id": recording.camera,
        "job_id": recording.request.job or None,
        "state": fields["state"].value,
        "started_at": _text(recording.started_at),
        "ended_at": _text(recording.ended_at),
        "ended_by": recording.ended_by or None,
        "clip": {
            **{name: clip[name] for name in _CLIP_FIELDS},
            "url": f"/v1/recordings/{recording.id}/clip",
        }
        if clip
        else None,
        "error": {"code": error["code"], "message": error["message"]} if error else None,
    }
    event = RECORDING_DONE if is_done else RECORDING_FAILED
    return new_event(event, recording.owner, data, now, key=(recording.id,))


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
