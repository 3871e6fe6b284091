"""Probes an uploaded sound: decodes its beginning and measures its length."""

from __future__ import annotations

import json

from shared.media.audio.probe import SoundHeader, probe_sound
from shared.media.errors import SoundTooLong
from shared.media.sandbox.child import SandboxIO
from shared.recipes.captions.transcript import format_clock
from shared.recipes.films.options import MAX_FILM_S
from shared.recipes.upload_results import SoundInfo


def probe_sound_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Returns the JSON of a SoundInfo. Runs in the sandbox process."""
    facts = probe_sound(sandbox_io.file, max_duration_s=MAX_FILM_S)
    if facts.duration > MAX_FILM_S:
        raise SoundTooLong(
            f"The sound is longer than {MAX_FILM_S // 60} minutes, which is the limit."
        )
    return json.dumps(to_sound_info(facts).to_dict()).encode()


def to_sound_info(facts: SoundHeader) -> SoundInfo:
    """Returns the properties of a sound, with warnings about sound that is not used."""
    duration_s = float(facts.duration)
    warnings = []
    if facts.is_end_missing:
        warnings.append(
            f"No sound can be read after {format_clock(duration_s)}: the rest of the file is "
            "damaged or missing."
        )
    if facts.is_joined:
        warnings.append(
            "The file consists of several recordings; only the first one is used, which ends at "
            f"{format_clock(duration_s)}."
        )
    if facts.track_count > 1:
        warnings.append(
            f"The file has {facts.track_count} sound tracks; only that of stream {facts.track} is "
            "used."
        )
    return SoundInfo(
        facts.codec, facts.rate_hz, facts.channels, round(duration_s, 3), tuple(warnings) or None
    )
