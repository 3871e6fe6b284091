"""Requests that create jobs and upload their files."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

from infra.local.client.api_client import Client
from infra.local.client.http import Response
from tests.fixtures.suite.users import JOB_REQUEST


def create_job(client: Client, **changes: Any) -> dict[str, Any]:
    created: dict[str, Any] = client.call("POST", "/v1/jobs", JOB_REQUEST | changes)
    return created


def put(grant: dict[str, Any], data: bytes, **changes: str) -> Response:
    """Sends bytes to a signed URL with its headers. `changes` replace headers."""
    headers = grant["headers"] | {
        name.replace("_", "-"): change for name, change in changes.items()
    }
    http_request = urllib.request.Request(grant["url"], data, headers, method=grant["method"])  # noqa: S310 - the local suite
    try:
        with urllib.request.urlopen(http_request, timeout=120) as response:  # noqa: S310 - the local suite
            return Response(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Response(refusal.code, refusal.headers, refusal.read())
