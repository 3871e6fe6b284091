"""Copies objects on the server."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage

from shared.adapters.storage.errors import translate_errors


def rewrite(
    source: storage.Blob, target: storage.Blob, *, retry: Any, timeout: tuple[int, int]
) -> None:
    """Copies an object to one that does not exist. A large one between locations or storage classes
    takes several requests.

    Raises PreconditionFailed if the target exists, and the errors of `translate_errors`.
    """
    token: str | None = None
    with translate_errors():
        while True:
            token, _, _ = target.rewrite(
                source, token=token, if_generation_match=0, retry=retry, timeout=timeout
            )
            if token is None:
                return
