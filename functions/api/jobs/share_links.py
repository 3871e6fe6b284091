"""Links for people without a sign-in: who has the link gets the result, until it is withdrawn."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from functions.api import rate_limit_policies
from functions.api.pagination import PageQuery
from functions.api.rate_limits import take
from shared.errors import NotFound
from shared.flows.documents import Committed, Doc, Update
from shared.http.artifacts import LINK_VALID_S, count_use, link, linked_result
from shared.http.problems import InvalidFields
from shared.http.request import Answer, Call
from shared.http.schemas import Form, Moment, Told
from shared.jobs.share_links import new_share

TOKEN_CHARS = 48


class ShareWish(Form):
    """A link that is wished for: to which result, and for how long."""

    artefact: Annotated[str, Field(min_length=1, max_length=200)]
    valid_hours: Annotated[int, Field(ge=1, le=24 * 90)] | None = None


class ShareView(Told):
    """A link of mine and its use. Whoever has `url` gets the result, until `expires_at` or until it
    is revoked."""

    token: str
    url: str
    job: str
    artefact: str
    created_at: Moment
    expires_at: Moment
    revoked: bool
    uses: int
    last_used_at: Moment | None


class SharePage(Told):
    """A page of links. `next_cursor` is null on the last one."""

    shares: tuple[ShareView, ...]
    next_cursor: str | None


def create_share(call: Call) -> Answer:
    """A link to one result; never longer than the job is kept. Raises InvalidFields,
    LimitReached."""
    wish = call.body(ShareWish)
    if wish.artefact not in {one.name for one in call.job.results}:
        raise InvalidFields([("artefact", "The job has no result of that name.")])
    standing = take(call, rate_limit_policies.changes(call.settings), call.user.uid)
    token = hashlib.sha256(f"share {call.seed}".encode()).hexdigest()[:TOKEN_CHARS]
    now = call.world.clock.now()
    hours = wish.valid_hours or call.settings.links_valid_days * 24
    end = min(now + timedelta(hours=hours), call.job.expires_at)
    # A conflict is our own link, repeated after its answer was lost: the token is new.
    call.world.store.commit([new_share(token, call.job, wish.artefact, now, end)])
    headers = {"Location": f"/v1/share/{token}", **standing.headers}
    return Answer(_view(call, link(call, token)), headers=headers)


def list_shares(call: Call) -> Answer:
    """The caller's links, newest first, those of mails among them."""
    asked = call.query(PageQuery)
    docs = call.world.store.owned("shares", call.user.uid, after=asked.after, most=asked.limit + 1)
    return Answer(
        SharePage(
            shares=tuple(_view(call, doc) for doc in docs[: asked.limit]),
            next_cursor=asked.cursor_behind(docs),
        )
    )


def open_share(call: Call) -> Answer:
    """Count the use and redirect to the bytes. Raises NotFound, LinkExpired, LinkRevoked."""
    token = call.named["token"]
    result = linked_result(call, token)
    url = call.world.objects.sign_download(result, filename=result.name, valid_s=LINK_VALID_S)
    if not call.head:
        count_use(call, token)
    return Answer.redirect(url)


def revoke_share(call: Call) -> Answer:
    """Withdraw a link of the caller's; again is no error."""
    share = link(call, call.named["token"])
    if share.data["owner"] != call.user.uid:
        raise NotFound("There is no such link.")
    if call.world.store.commit([Update(share.path, {"revoked": True})]) is not Committed.OK:
        raise NotFound("There is no such link.")
    return Answer()


def _view(call: Call, doc: Doc) -> ShareView:
    data = doc.data
    return ShareView(
        token=doc.id,
        url=f"{call.settings.public_url}/v1/share/{doc.id}",
        job=data["job"],
        artefact=data["artefact"],
        created_at=data["created_at"],
        expires_at=data["expires_at"],
        revoked=data["revoked"],
        uses=data["uses"],
        last_used_at=data.get("last_used_at"),
    )
