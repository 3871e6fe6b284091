"""Examines an uploaded sound."""

from __future__ import annotations

from collections.abc import Callable

from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from shared.media.sandbox.run import declare_work
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo

_PROBE = declare_work("functions.upload_trigger.probes.sound", "probe_sound_in_sandbox", "sound")


def examine_sound(
    objects: ObjectStore, stored: StoredObject, check: Callable[[], None] = lambda: None
) -> SoundInfo:
    """Returns the properties of an uploaded sound.

    Raises a PermanentError of shared.media.errors that names the cause.
    """
    data = probe_in_sandbox(objects, stored, _PROBE, check=check)
    return SoundInfo.from_dict(data)
