"""New jobs that the API rejects."""

from __future__ import annotations

import json
from typing import Any

from functions.api.routes import ROUTES
from tests.fakes.application import ALICE_HEADERS, AppHarness

VIDEO = {"filename": "clip.mp4", "content_type": "video/mp4", "size_bytes": 123}


def post_rejected(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Posts a job that is rejected. Returns status and body; asserts that nothing was written."""
    harness = AppHarness(ROUTES)
    response = harness.request(
        "POST",
        "/v1/jobs",
        headers=ALICE_HEADERS,
        data=json.dumps(body),
        content_type="application/json",
    )
    assert harness.store.documents == {}
    return response.status_code, response.json
