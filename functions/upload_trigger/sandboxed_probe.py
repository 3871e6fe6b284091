"""Examines an upload in a sandbox process, so that a malicious file cannot harm other requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

LIMITS = Limits.for_function(FUNCTIONS["upload_trigger"])


def probe_in_sandbox(
    objects: ObjectStore,
    stored: StoredObject,
    work: Work,
    *arguments: Any,
    check: Callable[[], None] = lambda: None,
    label: str = "",
) -> dict[str, Any]:
    """Runs `work` on the upload in a sandbox process, with its further arguments. Returns the JSON
    object that it returned.

    Raises the errors of the work, and those of shared.media.sandbox.run.
    """
    read_at = objects.range_reader(stored.bucket, stored.name, stored.generation)
    result = run_in_sandbox(
        work,
        *arguments,
        source=Source(read_at, stored.size_bytes),
        limits=LIMITS,
        check=check,
        label=label,
    )
    data: dict[str, Any] = json.loads(result.value)
    return data
