"""Share links: they serve a result without signing in, until they expire or are revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from shared.capabilities import derive_capability, hash_capability
from shared.errors import NotFound
from shared.flows.documents import CommitResult, Doc, Update, newest_owned
from shared.http.artifacts import read_shared_artifact, redirect_to
from shared.http.limits.rate_limits import consume
from shared.http.link_uses import LINK_USES
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.jobs.share_links import (
    SHARES,
    find_share_id,
    new_share,
    share_embed_url,
    share_page_url,
    share_path,
)

_NO_SUCH_LINK = "There is no such link."


class ShareRequest(RequestModel):
    """A share link to create: the name of the result, and the validity in hours. The page of the
    link shows `title`; without one it does not disclose the title of the job."""

    artifact: Annotated[str, Field(min_length=1, max_length=200)]
    valid_hours: Annotated[int, Field(ge=1, le=24 * 90)] | None = None
    # Excluded so that a repeated request of an earlier version has the same fingerprint.
    title: Annotated[
        Annotated[str, Field(max_length=200)] | None, Field(exclude_if=lambda value: value is None)
    ] = None


class ShareView(ResponseModel):
    """A share link and its use. Its URL is only in the response that created it. `uses` and
    `last_used_at` are best effort: while a link is opened many times a second, uses appear late,
    and some may never appear. None is counted twice."""

    id: str
    job: str
    artifact: str
    title: str
    created_at: Timestamp
    expires_at: Timestamp
    revoked: bool
    uses: int
    last_used_at: Timestamp | None


class NewShareView(ShareView):
    """A new share link. Until `expires_at`, or until it is revoked, `url` serves the result to
    anyone who has it, and its page to browsers. `page_url` is that page, with a player for films,
    and `embed_url` the player for an iframe on another site, null for what is not played. None of
    them is stored, and they cannot be shown again."""

    url: str
    page_url: str
    embed_url: str | None


class SharePage(ResponseModel):
    """A page of share links. `next_cursor` is null on the last page."""

    shares: tuple[ShareView, ...]
    next_cursor: str | None


def create_share(request: ApiRequest) -> ApiResponse:
    """Creates a share link to a result. It expires with the job at the latest.

    A repetition with the same idempotency key returns the same link: its token derives from the
    stored seed and from the key, which is not stored.

    Raises InvalidFields, LimitReached.
    """
    token = derive_capability("share", request.seed, request.idempotency_key)
    path = share_path(hash_capability(token))
    if request.idempotency_key:
        (existing,) = request.services.store.read([path])
        if existing is not None:
            return _created(request, token, existing)
    body = request.body(ShareRequest)
    if body.artifact not in {result.name for result in request.job.results}:
        raise InvalidFields([("artifact", "The job has no result of that name.")])
    rate_limit = consume(request, rate_limit_policies.changes(request.settings), request.user.uid)
    now = request.services.clock.now()
    hours = body.valid_hours or request.settings.link_valid_days * 24
    expires_at = min(now + timedelta(hours=hours), request.job.expires_at)
    # The token is new, so a conflict means that the client library retried this commit after its
    # response was lost.
    share = new_share(token, request.job, body.artifact, now, expires_at, body.title or "")
    request.services.store.commit([share])
    (created,) = request.services.store.read([path])
    if created is None:
        raise NotFound(_NO_SUCH_LINK)
    return _created(request, token, created, **rate_limit.headers)


def list_shares(request: ApiRequest) -> ApiResponse:
    """Lists your share links, newest first, including those in emails."""
    query = request.query(PageQuery)
    docs = request.services.store.run_query(
        newest_owned(SHARES, request.user.uid, after=query.after, limit=query.limit + 1)
    )
    return ApiResponse(
        SharePage(
            shares=tuple(ShareView(**_fields(doc)) for doc in docs[: query.limit]),
            next_cursor=query.next_cursor(docs),
        )
    )


def open_share(request: ApiRequest) -> ApiResponse:
    """Counts the use of the link and redirects to Cloud Storage; a browser, to its page.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    token = request.path_params["token"]
    artifact, share = read_shared_artifact(request, token)
    if request.prefers_html:
        # The page counts the use when it plays or downloads the result.
        response = ApiResponse.redirect(share_page_url(request.settings.media_url, token))
        return replace(response, headers={**response.headers, "Vary": "Accept"})
    response = redirect_to(request, artifact)
    response = replace(response, headers={**response.headers, "Vary": "Accept"})
    if not request.is_head:
        LINK_USES.count(request, share)
    return response


def revoke_share(request: ApiRequest) -> ApiResponse:
    """Revokes a share link. Revoking it again has no effect."""
    store = request.services.store
    (share,) = store.read([share_path(request.path_params["share_id"])])
    if share is None or share.data["owner"] != request.user.uid:
        raise NotFound(_NO_SUCH_LINK)
    if store.commit([Update(share.path, {"revoked": True})]) is not CommitResult.OK:
        raise NotFound(_NO_SUCH_LINK)
    return ApiResponse()


def _created(request: ApiRequest, token: str, share: Doc, **headers: str) -> ApiResponse:
    fields = _fields(share)
    media_url = request.settings.media_url
    view = NewShareView(
        **fields,
        url=f"{request.settings.public_url}/v1/share/{token}",
        page_url=share_page_url(media_url, token),
        embed_url=share_embed_url(media_url, token) if _is_played(request, share) else None,
    )
    return ApiResponse(view, headers={"Location": f"/v1/shares/{fields['id']}", **headers})


def _is_played(request: ApiRequest, share: Doc) -> bool:
    name = share.data["artifact"]
    return any(
        artifact.name == name and artifact.content_type.startswith("video/")
        for artifact in request.job.results
    )


def _fields(share: Doc) -> dict[str, Any]:
    names = ShareView.model_fields.keys() - {"id", "title"}
    return {
        "id": find_share_id(share.id),
        # Earlier versions stored no title.
        "title": share.data.get("title", ""),
        **{name: share.data.get(name) for name in names},
    }
