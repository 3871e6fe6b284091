"""Share links: they serve a result without signing in, until they expire or are revoked."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from shared.errors import NotFound
from shared.flows.documents import CommitResult, Doc, Update, newest_owned
from shared.http.artifacts import (
    read_share_link,
    read_shared_artifact,
    redirect_to,
)
from shared.http.limits.rate_limits import consume
from shared.http.link_uses import LINK_USES
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.share_links import new_share

TOKEN_CHARS = 48


class ShareRequest(RequestModel):
    """A share link to create: the name of the result, and the validity in hours."""

    artifact: Annotated[str, Field(min_length=1, max_length=200)]
    valid_hours: Annotated[int, Field(ge=1, le=24 * 90)] | None = None


class ShareView(ResponseModel):
    """A share link and its use. Until `expires_at`, or until it is revoked, `url` serves the result
    to anyone who has it. `uses` and `last_used_at` are best effort: while a link is opened many
    times a second, uses appear late, and some may never appear. None is counted twice."""

    token: str
    url: str
    job: str
    artifact: str
    created_at: Timestamp
    expires_at: Timestamp
    revoked: bool
    uses: int
    last_used_at: Timestamp | None


class SharePage(ResponseModel):
    """A page of share links. `next_cursor` is null on the last page."""

    shares: tuple[ShareView, ...]
    next_cursor: str | None


def create_share(request: ApiRequest) -> ApiResponse:
    """Creates a share link to a result. It expires with the job at the latest.

    Raises InvalidFields, LimitReached.
    """
    body = request.body(ShareRequest)
    if body.artifact not in {result.name for result in request.job.results}:
        raise InvalidFields([("artifact", "The job has no result of that name.")])
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    token = hashlib.sha256(f"share {request.seed}".encode()).hexdigest()[:TOKEN_CHARS]
    now = request.services.clock.now()
    hours = body.valid_hours or request.settings.link_valid_days * 24
    expires_at = min(now + timedelta(hours=hours), request.job.expires_at)
    # The token is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    request.services.store.commit([new_share(token, request.job, body.artifact, now, expires_at)])
    headers = {"Location": f"/v1/share/{token}", **rate_limit.headers}
    return ApiResponse(_view(request, read_share_link(request, token)), headers=headers)


def list_shares(request: ApiRequest) -> ApiResponse:
    """Lists your share links, newest first, including those in emails."""
    query = request.query(PageQuery)
    docs = request.services.store.run_query(
        newest_owned("shares", request.user.uid, after=query.after, limit=query.limit + 1)
    )
    return ApiResponse(
        SharePage(
            shares=tuple(_view(request, doc) for doc in docs[: query.limit]),
            next_cursor=query.next_cursor(docs),
        )
    )


def open_share(request: ApiRequest) -> ApiResponse:
    """Counts the use of the link and redirects to Cloud Storage.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    token = request.path_params["token"]
    response = redirect_to(request, read_shared_artifact(request, token))
    if not request.is_head:
        LINK_USES.count(request, token)
    return response


def revoke_share(request: ApiRequest) -> ApiResponse:
    """Revokes a share link. Revoking it again has no effect."""
    share = read_share_link(request, request.path_params["token"])
    if share.data["owner"] != request.user.uid:
        raise NotFound("There is no such link.")
    if (
        request.services.store.commit([Update(share.path, {"revoked": True})])
        is not CommitResult.OK
    ):
        raise NotFound("There is no such link.")
    return ApiResponse()


def _view(request: ApiRequest, doc: Doc) -> ShareView:
    data = doc.data
    return ShareView(
        token=doc.id,
        url=f"{request.settings.public_url}/v1/share/{doc.id}",
        job=data["job"],
        artifact=data["artifact"],
        created_at=data["created_at"],
        expires_at=data["expires_at"],
        revoked=data["revoked"],
        uses=data["uses"],
        last_used_at=data.get("last_used_at"),
    )
