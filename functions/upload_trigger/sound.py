"""Examines an uploaded sound: reads it in ranges and decodes its beginning."""

from __future__ import annotations

import json
from collections.abc import Callable

from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from shared.media.audio.probe import SoundTooLong, probe_sound
from shared.media.sandbox.child import SandboxIO
from shared.media.sandbox.run import preload
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import MAX_FILM_S
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo


def examine_sound(
    objects: ObjectStore, stored: StoredObject, should_stop: Callable[[], bool] = lambda: False
) -> SoundInfo:
    """Returns the properties of an uploaded sound.

    Raises a PermanentError of shared.media.audio.probe that names the cause.
    """
    data = probe_in_sandbox(objects, stored, probe_sound_in_sandbox, should_stop=should_stop)
    return SoundInfo.from_dict(data)


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


preload(__name__)
