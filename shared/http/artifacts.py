"""Finds the artifact that a request names, of a job or of a share link, and redirects to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.errors import NotFound
from shared.flows.documents import Doc, job_path
from shared.http.problems import LinkExpired, LinkRevoked
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.model import Job, Status
from shared.jobs.share_links import share_paths
from shared.net.content_disposition import titled_filename
from shared.recipes.stored_object import Artifact

LINK_VALID_S = 15 * 60
"""The validity of a signed URL: long enough to start a download, too short to be shared."""

_NO_SUCH_LINK = "There is no such link."


def redirect_to(request: ApiRequest, artifact: Artifact, *, inline: bool = False) -> ApiResponse:
    """Returns a redirect to a signed URL of an artifact.

    Args:
        request: The request.
        artifact: The artifact.
        inline: Whether a browser shows the file instead of saving it.
    """
    url = request.services.objects.sign_download(
        artifact, filename=find_filename(request, artifact), valid_s=LINK_VALID_S, inline=inline
    )
    return ApiResponse.redirect(url)


def find_filename(request: ApiRequest, artifact: Artifact) -> str:
    """Returns the name under which a client saves an artifact. That of a result of the job in the
    path begins with the job's title. A share link does not disclose the title."""
    job = request.job_or_none
    if job is None or artifact.kind == "upload":
        return artifact.name
    return titled_filename(job.title, artifact.name)


def find_artifact(job: Job, name: str) -> Artifact:
    """Returns the artifact of this name. Raises NotFound."""
    for artifact in job.results:
        if artifact.name == name:
            return artifact
    raise NotFound("The job has no result of that name.")


def _read_share_link(request: ApiRequest, token: str) -> Doc:
    """Returns the document of the link with this token. Raises NotFound."""
    hashed, unhashed = request.services.store.read(share_paths(token))
    share = hashed or unhashed
    if share is None:
        raise NotFound(_NO_SUCH_LINK)
    return share


@dataclass(frozen=True, slots=True)
class SharedResult:
    """What a share link gives access to. `title` is what its owner shows with it, or ""."""

    artifact: Artifact
    job: Job
    share_path: str
    title: str
    expires_at: datetime


def read_shared_artifact(request: ApiRequest, token: str) -> tuple[Artifact, str]:
    """Returns the artifact of the link with this token, and the path of the link's document.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    shared = read_shared_result(request, token)
    return shared.artifact, shared.share_path


def read_shared_result(request: ApiRequest, token: str) -> SharedResult:
    """Returns what the link with this token gives access to.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    share = _read_share_link(request, token)
    if share.data["revoked"]:
        raise LinkRevoked
    if share.data["expires_at"] <= request.services.clock.now():
        raise LinkExpired
    (doc,) = request.services.store.read([job_path(share.data["job"])])
    if doc is None or doc.data["status"] == Status.DELETED:
        raise NotFound(_NO_SUCH_LINK)
    job, data = Job.from_doc(doc), share.data
    for artifact in job.results:
        if artifact.name == data["artifact"]:
            # Earlier versions stored no title.
            title = data.get("title", "")
            return SharedResult(artifact, job, share.path, title, data["expires_at"])
    raise NotFound(_NO_SUCH_LINK)
