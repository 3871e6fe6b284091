"""Upload links as the client library makes them, and the XML API's error codes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import requests
from google.oauth2 import service_account

Credentials = service_account.Credentials


def code(response: requests.Response) -> str:
    """The XML API's error code."""
    assert response.headers["Content-Type"].startswith("application/xml")
    return ElementTree.fromstring(response.content).findtext("Code") or ""  # noqa: S314 - ours


def put_url(bucket: Any, credentials: Credentials, name: str = "video.mp4", **more: Any) -> str:
    """A signed PUT as the library makes it."""
    url: str = bucket.blob(name).generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="PUT",
        credentials=credentials,
        **more,
    )
    return url
