"""Requests of the tests of cameras and recordings."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.application import ALICE_HEADERS, AppHarness

CANARY = "canary-51ab"
URL = f"rtsp://guest:{CANARY}@cam.moodreel.test/stream?token={CANARY}"


def post(harness: AppHarness, path: str, body: Any, **headers: str) -> Any:
    return harness.request(
        "POST", path, headers=ALICE_HEADERS | headers, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def collections(harness: AppHarness) -> list[str]:
    """The collections that have documents, except rate limits and idempotency keys."""
    return sorted(
        {path.split("/")[0] for path in harness.store.documents} - {"limits", "idempotency"}
    )
