"""Examine an uploaded sound: read by Range, decoded at its beginning."""

from __future__ import annotations

import json
from collections.abc import Callable

from functions.upload_trigger.sandboxed_probe import look_inside
from shared.media.audio.probe import SoundTooLong, examine_sound
from shared.media.sandbox.child import Inside
from shared.media.sandbox.run import preload
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import FILM_LONGEST_S
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo


def examine_track(
    objects: ObjectStore, there: StoredObject, should_stop: Callable[[], bool] = lambda: False
) -> SoundInfo:
    """Returns what was found in an uploaded sound.

    Raises a PermanentError of shared.media.audio.probe that names the cause.
    """
    found = look_inside(objects, there, look_at_track, should_stop=should_stop)
    return SoundInfo.from_dict(found)


def look_at_track(inside: Inside) -> bytes:
    """The same as confined work: JSON."""
    facts = examine_sound(inside.file)
    if facts.duration is not None and facts.duration > FILM_LONGEST_S:
        raise SoundTooLong(
            f"The sound is {float(facts.duration) / 60:.0f} minutes long; "
            f"the limit is {FILM_LONGEST_S // 60}."
        )
    claimed_s = None if facts.duration is None else round(float(facts.duration), 3)
    info = SoundInfo(facts.codec, facts.rate_hz, facts.channels, claimed_s)
    return json.dumps(info.to_dict()).encode()


preload(__name__)
