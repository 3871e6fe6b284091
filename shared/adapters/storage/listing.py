"""Pages of the objects and folders of a bucket.

A page continues after a name (`startOffset`), not with a page token: a name can be stored and does
not expire.
"""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage

from shared.adapters.storage.errors import translate_errors


def list_blobs(
    client: storage.Client, bucket: str, prefix: str, after: str, limit: int, **options: Any
) -> list[storage.Blob]:
    """Returns the first `limit` objects under a prefix after the name `after`, sorted by name."""
    with translate_errors():
        blobs = client.list_blobs(
            bucket,
            prefix=prefix,
            # This name is included, so one more is read.
            start_offset=after or None,
            max_results=limit + 1 if after else limit,
            **options,
        )
        return [blob for blob in blobs if blob.name != after][:limit]


def list_folders(
    client: storage.Client, bucket: str, prefix: str, after: str, limit: int, **options: Any
) -> tuple[str, ...]:
    """Returns the first `limit` distinct names between `prefix` and the next slash after the name
    `after`, sorted as with the slash."""
    folders: set[str] = set()
    with translate_errors():
        pages = client.list_blobs(
            bucket,
            prefix=prefix,
            delimiter="/",
            # The first name after all names in the folder `after`: "0" follows "/".
            start_offset=f"{prefix}{after}0" if after else None,
            # Prefixes only; the objects next to them are not sent.
            fields="prefixes,nextPageToken",
            page_size=limit,
            **options,
        )
        for page in pages.pages:
            folders.update(page.prefixes)
            if len(folders) >= limit:
                break
    names = [folder.removeprefix(prefix).removesuffix("/") for folder in sorted(folders)]
    return tuple(names[:limit])
