"""Batch requests, and the names in a listing."""

from __future__ import annotations

from typing import Any

import requests


def post_batch(endpoint: str, paths: list[str]) -> None:
    """POST up to 100 paths in one batch request."""
    parts = [
        f"--b\r\nContent-Type: application/http\r\n\r\nPOST {path} HTTP/1.1\r\n\r\n\r\n"
        for path in paths
    ]
    response = requests.post(
        f"{endpoint}/batch/storage/v1",
        data="".join(parts) + "--b--",
        headers={"Content-Type": "multipart/mixed; boundary=b"},
        timeout=120,
    )
    assert response.text.count("HTTP/1.1 200") == len(paths), response.text[:2000]


def names_of(blobs: Any) -> list[str]:
    """The names, in order."""
    return [blob.name for blob in blobs]
