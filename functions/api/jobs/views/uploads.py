"""What upload_trigger found in the inputs of a job."""

from __future__ import annotations

from collections.abc import Mapping

from shared.jobs.model import Job
from shared.recipes.upload_results import Upload, Uploads


def find_uploads(job: Job) -> Mapping[str, Upload]:
    """Returns the examined inputs by name. Nothing before that, and when the stored result is one
    that this version cannot read: a view must not fail for it."""
    try:
        result = Uploads.find(job.facts)
    except (ValueError, TypeError, LookupError):
        return {}
    return {} if result is None else result.inputs
