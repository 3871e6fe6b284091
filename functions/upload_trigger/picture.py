"""Examine an uploaded picture: its header always, all of it when that costs little."""

from __future__ import annotations

import json
from collections.abc import Callable

from PIL import Image

from functions.upload_trigger.sandboxed_probe import look_inside
from shared.media.images.still import PictureTooLarge, picture_facts, read_picture
from shared.media.sandbox.child import Inside
from shared.media.sandbox.run import preload
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import PictureInfo

# Pillow imports its formats when it opens something; a confined process can import nothing more.
Image.init()

MOST_BYTES = 40_000_000
DECODED_PIXELS = 12_000_000
"""Up to this many pixels a picture is decoded here, so that a damaged one is refused at once; as
RGB it takes 36 MB. Larger ones are decoded where there is memory for them."""


def examine_picture(
    objects: ObjectStore, there: StoredObject, should_stop: Callable[[], bool] = lambda: False
) -> PictureInfo:
    """Returns what was found in an uploaded picture.

    Raises a PermanentError of shared.media.images.still that names the cause.
    """
    if there.size_bytes > MOST_BYTES:
        raise PictureTooLarge(f"The picture has more than {MOST_BYTES // 10**6} MB.")
    found = look_inside(objects, there, look_at_picture, should_stop=should_stop)
    return PictureInfo.from_dict(found)


def look_at_picture(inside: Inside) -> bytes:
    """The same as confined work: JSON."""
    data = inside.file.read()
    facts = picture_facts(data)
    if facts.width * facts.height <= DECODED_PIXELS:
        read_picture(data)
    info = PictureInfo(facts.format, facts.width, facts.height)
    return json.dumps(info.to_dict()).encode()


# HEIC's library, too: in confinement no file can be opened, so nothing can be imported.
preload(__name__, "pi_heif")
