"""Examine an uploaded picture: its header always, all of it when that costs little."""

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

# Pillow imports its formats when it opens something; a confined process can import nothing more.
Image.init()

MAX_PICTURE_BYTES = 40_000_000
MAX_DECODED_PIXELS = 12_000_000
"""Up to this many pixels a picture is decoded here, so that a damaged one is refused at once; as
RGB it takes 36 MB. Larger ones are decoded where there is memory for them."""


def examine_picture(
    objects: ObjectStore, stored: StoredObject, should_stop: Callable[[], bool] = lambda: False
) -> PictureInfo:
    """Returns what was found in an uploaded picture.

    Raises a PermanentError of shared.media.images.still that names the cause.
    """
    if stored.size_bytes > MAX_PICTURE_BYTES:
        raise PictureTooLarge(f"The picture has more than {MAX_PICTURE_BYTES // 10**6} MB.")
    found = probe_in_sandbox(objects, stored, probe_picture_in_sandbox, should_stop=should_stop)
    return PictureInfo.from_dict(found)


def probe_picture_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """The same as confined work: JSON."""
    data = sandbox_io.file.read()
    facts = read_picture_header(data)
    if facts.width * facts.height <= MAX_DECODED_PIXELS:
        read_picture(data)
    info = PictureInfo(facts.format, facts.width, facts.height)
    return json.dumps(info.to_dict()).encode()


# HEIC's library, too: in confinement no file can be opened, so nothing can be imported.
preload(__name__, "pi_heif")
