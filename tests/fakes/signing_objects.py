"""An object store that signs uploads."""

from __future__ import annotations

from typing import Any

from shared.ports.objects import SignedUpload
from tests.fixtures.jobs import NOW


class SigningObjects:
    """Signs uploads, and has no objects."""

    def sign_upload(self, *_: Any, content_type: str, **__: Any) -> SignedUpload:
        return SignedUpload("PUT", "https://o.test", {"Content-Type": content_type}, NOW)

    def stat(self, *_: Any) -> None:
        return None

    def delete_prefix(self, *_: Any) -> None:
        return None
