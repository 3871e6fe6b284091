"""Examines an upload whose speech is recognized: a video with sound, or a sound."""

from __future__ import annotations

from collections.abc import Callable

from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from shared.media.errors import SoundTooLong
from shared.media.sandbox.run import declare_work
from shared.ports.objects import ObjectStore
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import SoundInfo

_PROBE = declare_work("functions.upload_trigger.probes.media", "probe_media_in_sandbox", "sound")


def examine_media(
    objects: ObjectStore,
    stored: StoredObject,
    max_duration_s: int,
    check: Callable[[], None] = lambda: None,
    label: str = "",
) -> MediaInfo | SoundInfo:
    """Returns the properties of a video with sound, or of a sound.

    Raises a PermanentError of shared.media.errors that names the cause.
    """
    data = probe_in_sandbox(objects, stored, _PROBE, max_duration_s, check=check, label=label)
    if "schema" in data:
        return MediaInfo.from_dict(data)
    info = SoundInfo.from_dict(data)
    if (info.declared_duration_s or 0) > max_duration_s:
        raise SoundTooLong(
            f"The sound is longer than {max_duration_s // 60} minutes, which is the limit."
        )
    return info
