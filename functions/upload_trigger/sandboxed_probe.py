"""Look at an upload from within a process of its own: nothing in it can hurt another request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import Source, confined
from shared.pipeline import STAGES
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

LIMITS = Limits.of(STAGES["upload_trigger"])


def look_inside(
    objects: ObjectStore,
    there: StoredObject,
    work: Work,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    label: str = "",
) -> dict[str, Any]:
    """→ the JSON object that `work` returned about the upload.

    Raises what the work raises, and what stopped it (see shared.media.sandbox.run).
    """
    read_at = objects.read_at(there.bucket, there.name, there.generation)
    worked = confined(
        work,
        source=Source(read_at, there.size_bytes),
        limits=LIMITS,
        should_stop=should_stop,
        label=label,
    )
    told: dict[str, Any] = json.loads(worked.value)
    return told
