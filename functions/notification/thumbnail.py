"""The picture in the email about a job that is done.

The picture is in the email itself. A picture at a URL would tell when and where the email is
opened, and would need a link that anyone can use.
"""

from __future__ import annotations

from shared.emails.render import THUMBNAIL
from shared.entrypoints.stage import UnitContext
from shared.errors import SourceExpired, TransientError
from shared.jobs.model import Job, Status
from shared.ports.outbound import InlineImage
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import read_object

KINDS = ("poster", "sheet")
"""The artifacts that are shown, in this order. `moment` and `chart` show emotions."""
MAX_BYTES = 1_000_000
"""Larger pictures are left out: an email is not the place for them."""
_SUBTYPES = {"image/jpeg": "jpeg", "image/png": "png"}


def find_thumbnail(job: Job) -> Artifact | None:
    """Returns the picture that the email may show, or None.

    An email is not encrypted on its way, and its copy outlives the job. So the email about a job
    that scores faces shows no picture.
    """
    if job.status is not Status.DONE or job.scores_faces:
        return None
    pictures = (artifact for kind in KINDS for artifact in job.results if artifact.kind == kind)
    found = next(pictures, None)
    if found is None or found.content_type not in _SUBTYPES:
        return None
    return found if 0 < found.size_bytes <= MAX_BYTES else None


def read_thumbnail(context: UnitContext) -> InlineImage | None:
    """Returns the picture of the email. An error of the bucket leaves it out: the email is more
    important."""
    artifact = find_thumbnail(context.job)
    if artifact is None:
        return None
    try:
        content = read_object(context.objects, artifact.stored_object)
    except (SourceExpired, TransientError) as error:
        context.log("mail.no_thumbnail", severity="WARNING", reason=repr(error))
        return None
    return InlineImage(THUMBNAIL, _SUBTYPES[artifact.content_type], content)
