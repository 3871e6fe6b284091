"""Which result is asked for: one of a job, or the one that a link leads to."""

from __future__ import annotations

from shared.errors import NotFound
from shared.flows.documents import Doc, Increment, Update, job_path
from shared.http.problems import LinkExpired, LinkRevoked
from shared.http.request import ApiRequest
from shared.jobs.model import Job, Status
from shared.jobs.share_links import share_path
from shared.recipes.stored_object import Artifact

LINK_VALID_S = 15 * 60
"""How long a signed link holds: to click it and begin, and of little use to who finds it later."""

_GONE = "There is no such link."


def find_result(job: Job, name: str) -> Artifact:
    """The result of this name. Raises NotFound."""
    for one in job.results:
        if one.name == name:
            return one
    raise NotFound("The job has no result of that name.")


def read_share_link(request: ApiRequest, token: str) -> Doc:
    """The link's document. Raises NotFound."""
    (share,) = request.services.store.read([share_path(token)])
    if share is None:
        raise NotFound(_GONE)
    return share


def read_shared_result(request: ApiRequest, token: str) -> Artifact:
    """The result that a link leads to. Raises NotFound, LinkExpired, LinkRevoked."""
    share = read_share_link(request, token)
    if share.data["revoked"]:
        raise LinkRevoked
    if share.data["expires_at"] <= request.services.clock.now():
        raise LinkExpired
    (doc,) = request.services.store.read([job_path(share.data["job"])])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound(_GONE)
    for one in Job.from_doc(doc).results:
        if one.name == share.data["artifact"]:
            return one
    raise NotFound(_GONE)


def count_link_use(request: ApiRequest, token: str) -> None:
    """One more use of a link."""
    used = {"uses": Increment(1), "last_used_at": request.services.clock.now()}
    request.services.store.commit([Update(share_path(token), used)])
