"""Recordings of cameras, and their clips."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moodreel.api import Api, new_key, path_of, without_none
from moodreel.errors import RecordingFailed, WaitTimeout
from moodreel.files.names import safe_name
from moodreel.flow import Flow, sleep, work
from moodreel.models import RecordingView
from moodreel.operations.downloads import download_file
from moodreel.operations.uploads import OnTransfer

CLIP_POLL_S = 1.0


def start_recording(
    api: Api, source: str, members: Mapping[str, Any], options: Mapping[str, Any]
) -> Flow[RecordingView]:
    """Starts a recording.

    Args:
        source: The URL of a camera, the id of a registered one, or the number of a local device.
    """
    body = without_none(source=parse_source(source), **members)
    if options:
        body["options"] = dict(options)
    return (yield from api.post(RecordingView, "/v1/recordings", body, key=new_key()))


def parse_source(source: str) -> dict[str, Any]:
    """Returns a source as the API takes it."""
    if "://" in source:
        return {"url": source}
    # The number of a device has one or two digits, the id of a camera has 20 characters.
    return {"device": int(source)} if source.isdecimal() and len(source) < 3 else {"camera": source}


def wait_for_clip(
    api: Api, recording: RecordingView, timeout_s: float | None
) -> Flow[RecordingView]:
    """Returns the recording when it has its clip.

    Raises:
        RecordingFailed: It ended without a clip.
        WaitTimeout: It has not ended within `timeout_s`. It goes on.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while not recording.has_ended:
        if deadline is not None and time.monotonic() + CLIP_POLL_S > deadline:
            raise WaitTimeout(f"The recording {recording.id} is still {recording.state}.")
        yield from sleep(CLIP_POLL_S)
        recording = yield from api.get(RecordingView, path_of("recordings", recording.id))
    if recording.clip is None:
        raise RecordingFailed(recording)
    return recording


def save_clip(
    api: Api, recording: RecordingView, folder: Path, on_transfer: OnTransfer | None
) -> Flow[Path]:
    """Downloads the clip of a recording to a folder. Returns its path."""
    yield from work(lambda: folder.mkdir(parents=True, exist_ok=True))
    target = folder / safe_name(f"{recording.title or 'recording'}-{recording.id}.mp4")
    path = path_of("recordings", recording.id, "clip")
    size = recording.clip.size_bytes if recording.clip else -1
    yield from download_file(api, path, target.name, size, target, on_transfer)
    return target
