"""Examines an uploaded picture."""

from __future__ import annotations

from collections.abc import Callable

from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from shared.media.errors import PictureTooLarge
from shared.media.sandbox.run import declare_work
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import PictureInfo

MAX_PICTURE_BYTES = 40_000_000
_PROBE = declare_work(
    "functions.upload_trigger.probes.picture", "probe_picture_in_sandbox", "picture"
)


def examine_picture(
    objects: ObjectStore, stored: StoredObject, check: Callable[[], None] = lambda: None
) -> PictureInfo:
    """Returns the properties of an uploaded picture.

    Raises a PermanentError of shared.media.errors that names the cause.
    """
    if stored.size_bytes > MAX_PICTURE_BYTES:
        raise PictureTooLarge(f"The picture has more than {MAX_PICTURE_BYTES // 10**6} MB.")
    data = probe_in_sandbox(objects, stored, _PROBE, check=check)
    return PictureInfo.from_dict(data)
