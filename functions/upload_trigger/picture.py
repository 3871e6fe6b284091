"""Examines an uploaded picture: always its header, and all of it if it is small."""

from __future__ import annotations

import json
from collections.abc import Callable

from PIL import Image

from functions.upload_trigger.sandboxed_probe import probe_in_sandbox
from shared.media.images.still import PictureTooLarge, read_picture, read_picture_header
from shared.media.sandbox.child import SandboxIO
from shared.media.sandbox.run import preload
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import PictureInfo

# Pillow imports its plugins on first use, but a sandbox process cannot import modules.
Image.init()

MAX_PICTURE_BYTES = 40_000_000
MAX_DECODED_PIXELS = 12_000_000
"""Pictures up to this size are decoded here, so that damaged ones are rejected at once; as RGB they
take 36 MB. Larger ones are decoded later, in a function with more memory."""


def examine_picture(
    objects: ObjectStore, stored: StoredObject, should_stop: Callable[[], bool] = lambda: False
) -> PictureInfo:
    """Returns the properties of an uploaded picture.

    Raises a PermanentError of shared.media.images.still that names the cause.
    """
    if stored.size_bytes > MAX_PICTURE_BYTES:
        raise PictureTooLarge(f"The picture has more than {MAX_PICTURE_BYTES // 10**6} MB.")
    data = probe_in_sandbox(objects, stored, probe_picture_in_sandbox, should_stop=should_stop)
    return PictureInfo.from_dict(data)


def probe_picture_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Returns the JSON of a PictureInfo. Runs in the sandbox process."""
    data = sandbox_io.file.read()
    facts = read_picture_header(data)
    if facts.width * facts.height <= MAX_DECODED_PIXELS:
        read_picture(data)
    info = PictureInfo(facts.format, facts.width, facts.height)
    return json.dumps(info.to_dict()).encode()


# The HEIC library as well: the sandbox process cannot open files, so it cannot import modules.
preload(__name__, "pi_heif")
