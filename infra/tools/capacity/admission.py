"""How many jobs of an owner run at the same time, and how many parts of a stage of a job.

The only place from which the model takes the two values.
"""

from __future__ import annotations

from shared import pipeline

PARTS_IN_FLIGHT: int = getattr(pipeline, "PARTS_IN_FLIGHT", 5)
"""Parts of a stage that are announced and not yet done, per job."""
RUNNING_JOBS_PER_OWNER: int = getattr(pipeline, "RUNNING_JOBS_PER_OWNER", 2)
"""Jobs of an owner that run; the others are queued. With PARTS_IN_FLIGHT it bounds the share of a
function's instances that one owner can hold to half of the default 20."""
