"""Probes an upload whose speech is recognized: a video with sound, or a sound."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

from functions.upload_trigger.probes.sound import to_sound_info
from functions.upload_trigger.probes.video import probe
from shared.media.audio.duration import measure_duration
from shared.media.audio.probe import probe_sound
from shared.media.audio.stream import open_sound
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    NotAVideo,
    NoVideoStream,
    UndecodableVideo,
    UnsupportedCodec,
)
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import SoundInfo


def probe_media_in_sandbox(sandbox_io: SandboxIO, max_duration_s: int) -> bytes:
    """Returns the JSON of a MediaInfo, or of a SoundInfo if no pictures can be decoded. Runs in the
    sandbox process.

    Raises NoSound, and the errors of `probe_sound` and of `probe`.
    """
    info = probe_media(sandbox_io.file, sandbox_io.size_bytes, max_duration_s)
    return json.dumps(info.to_dict()).encode()


def probe_media(file: RangeFile, size_bytes: int, max_duration_s: int) -> MediaInfo | SoundInfo:
    """Returns the facts of a video with sound, or of a sound. The duration of a sound is measured,
    at most a little beyond `max_duration_s`. Raises the errors of `probe_media_in_sandbox`."""
    try:
        media_info = probe(file, size_bytes)
    except (NoVideoStream, NotAVideo, UnsupportedCodec, UndecodableVideo):
        # Only the sound is used.
        facts = probe_sound(file, max_duration_s=max_duration_s)
        return to_sound_info(facts)
    with open_sound(file) as (container, stream):
        if media_info.duration is not None:
            return media_info
        measured = measure_duration(container, stream, file, max_duration_s)
    return replace(media_info, duration=measured or Fraction(0))
