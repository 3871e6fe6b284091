"""Reads the bytes of objects."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage
from google.cloud.storage.exceptions import DataCorruption

from shared.adapters.storage.errors import translate_errors
from shared.errors import ObjectDamaged, SourceExpired, StorageUnavailable


def read_range(
    blob: storage.Blob, offset: int, length: int, *, retry: Any, timeout: tuple[int, int]
) -> bytes:
    """Returns bytes as they are stored. Raises the errors of `translate_errors`."""
    with translate_errors():
        data: bytes = blob.download_as_bytes(
            start=offset,
            end=offset + length - 1,
            raw_download=True,
            checksum=None,
            retry=retry,
            timeout=timeout,
        )
    return data


def read_live(blob: storage.Blob, *, retry: Any, timeout: tuple[int, int]) -> bytes | None:
    """Returns all bytes of the live version, or None without an object.

    Raises ObjectDamaged, and the errors of `translate_errors`.
    """
    try:
        with translate_errors():
            data: bytes = blob.download_as_bytes(
                raw_download=True, checksum="crc32c", retry=retry, timeout=timeout
            )
    except SourceExpired:
        return None
    except StorageUnavailable as error:
        if isinstance(error.__cause__, DataCorruption):
            raise ObjectDamaged(f"{blob.name} does not have its checksum.") from error
        raise
    return data
