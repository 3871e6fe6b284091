"""Probes an uploaded picture: always its header, and all of it if it is small."""

from __future__ import annotations

import json

from shared.media.images.still import read_picture, read_picture_header
from shared.media.sandbox.child import SandboxIO

MAX_DECODED_PIXELS = 12_000_000
"""Pictures up to this size are decoded here, so that damaged ones are rejected at once; as RGB they
take 36 MB. Larger ones are decoded later, in a function with more memory."""


def probe_picture_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Returns the JSON of a PictureInfo. Runs in the sandbox process."""
    data = sandbox_io.file.read()
    facts = read_picture_header(data)
    if facts.width * facts.height <= MAX_DECODED_PIXELS:
        read_picture(data)
    return json.dumps(facts.to_dict()).encode()
