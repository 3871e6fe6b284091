"""Listing a bucket with signed URLs of the XML API."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from google.oauth2.service_account import Credentials

NAMES = ["a/1", "a/2", "b & c", "d/3", "e"]


@pytest.fixture
def filled_bucket(bucket: Any) -> Any:
    for name in NAMES:
        bucket.blob(name).upload_from_string(name)
    return bucket


def list_page(
    bucket: Any, credentials: Credentials, endpoint: str, **query: str
) -> ElementTree.Element:
    """Lists a page with a signed URL of the client library."""
    url = bucket.generate_signed_url(
        version="v4",
        expiration=60,
        credentials=credentials,
        api_access_endpoint=endpoint,
        query_parameters={name.replace("_", "-"): value for name, value in query.items()},
    )
    response = requests.get(url, timeout=120)
    assert response.status_code == 200, response.text
    return ElementTree.fromstring(response.text)  # noqa: S314 - the emulator's response


def texts(page: ElementTree.Element, path: str) -> list[str]:
    return [
        element.text or ""
        for element in page.iterfind("/".join(f"{{*}}{p}" for p in path.split("/")))
    ]


def test_signed_url_lists_a_bucket(
    filled_bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    page = list_page(filled_bucket, credentials, endpoint)
    assert texts(page, "Contents/Key") == NAMES
    assert texts(page, "Contents/Size") == [str(len(name)) for name in NAMES]
    assert texts(page, "IsTruncated") == ["false"]
    folded = list_page(filled_bucket, credentials, endpoint, delimiter="/")
    assert texts(folded, "Contents/Key") == ["b & c", "e"]
    assert texts(folded, "CommonPrefixes/Prefix") == ["a/", "d/"]
    assert texts(list_page(filled_bucket, credentials, endpoint, prefix="a/"), "Contents/Key") == [
        "a/1",
        "a/2",
    ]


@pytest.mark.parametrize(
    ("version", "token", "parameter"),
    [("1", "NextMarker", "marker"), ("2", "NextContinuationToken", "continuation_token")],
)
def test_pages_follow_each_other(
    filled_bucket: Any,
    credentials: Credentials,
    endpoint: str,
    version: str,
    token: str,
    parameter: str,
) -> None:
    query = {"list_type": version, "delimiter": "/", "max_keys": "1"}
    seen = []
    for _ in range(4):
        page = list_page(filled_bucket, credentials, endpoint, **query)
        seen += texts(page, "Contents/Key") + texts(page, "CommonPrefixes/Prefix")
        for next_page in texts(page, token):
            query[parameter] = next_page
    assert seen == ["a/", "b & c", "d/", "e"]
    assert texts(page, "IsTruncated") == ["false"]


def test_unsigned_listing_is_refused(filled_bucket: Any, endpoint: str) -> None:
    assert requests.get(f"{endpoint}/{filled_bucket.name}", timeout=120).status_code == 403
