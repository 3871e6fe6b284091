"""The sources of cameras with their users and passwords: `camera_secrets/{camera}`.

The field `source` is encrypted for the function `recorder`, which alone reads it. The camera's host
is a part of it, so a password is sent to no other host than the one for which it was entered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.cameras.source import Source
from shared.flows.documents import Put, Write
from shared.flows.encrypted import Decrypt, Encrypt, Encrypted, FieldContext, is_encrypted

CAMERA_SECRETS = "camera_secrets"
SOURCE = "source"


def secret_path(camera_id: str) -> str:
    """Returns `camera_secrets/{camera}`."""
    return f"{CAMERA_SECRETS}/{camera_id}"


def source_context(camera_id: str, owner: str) -> FieldContext:
    """Returns the place for which the source of a camera is encrypted."""
    return FieldContext(secret_path(camera_id), owner, SOURCE)


def new_camera_secret(owner: str, source: Source, encrypt: Encrypt, now: datetime) -> Write:
    """Returns the write that stores or replaces a camera's address and password."""
    context = source_context(source.camera_id(owner), owner)
    encrypted = encrypt(json.dumps(source.to_dict()), context)
    return Put(context.path, {"owner": owner, SOURCE: encrypted.to_dict(), "created_at": now})


def read_source(data: Mapping[str, Any], context: FieldContext, decrypt: Decrypt) -> Source:
    """Returns the source of a document. Raises KeyUnavailable, DecryptionFailed."""
    source = data[SOURCE]
    if not is_encrypted(source):
        return Source.from_dict(source)
    return Source.from_dict(json.loads(decrypt(Encrypted.from_dict(source), context)))
