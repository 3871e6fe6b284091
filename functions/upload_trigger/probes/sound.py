"""Probes an uploaded sound: reads it in ranges and decodes its beginning."""

from __future__ import annotations

import json

from shared.media.audio.probe import probe_sound
from shared.media.errors import SoundTooLong
from shared.media.sandbox.child import SandboxIO
from shared.recipes.films.options import MAX_FILM_S
from shared.recipes.upload_results import SoundInfo


def probe_sound_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Returns the JSON of a SoundInfo. Runs in the sandbox process."""
    facts = probe_sound(sandbox_io.file)
    if facts.duration is not None and facts.duration > MAX_FILM_S:
        raise SoundTooLong(
            f"The sound is {float(facts.duration) / 60:.0f} minutes long; "
            f"the limit is {MAX_FILM_S // 60}."
        )
    declared_duration_s = None if facts.duration is None else round(float(facts.duration), 3)
    info = SoundInfo(facts.codec, facts.rate_hz, facts.channels, declared_duration_s)
    return json.dumps(info.to_dict()).encode()
