"""The log of emails sent to the caller."""

from __future__ import annotations

from functions.api.pagination import PageQuery
from shared.flows.documents import Doc, newest_owned
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel, Timestamp


class MailView(ResponseModel):
    """An email. `state` is `sending`, `sent` or `refused`. `kind` is what it is about, such as
    `job.done`. `job` is null for an email about the account, `outcome` for one that is not about a
    job's end."""

    id: str
    kind: str
    job: str | None
    to: str
    subject: str
    outcome: str | None
    state: str
    created_at: Timestamp
    sent_at: Timestamp | None


class MailPage(ResponseModel):
    """A page of emails. `next_cursor` is null on the last page."""

    mails: tuple[MailView, ...]
    next_cursor: str | None


def list_mails(request: ApiRequest) -> ApiResponse:
    """Lists the emails sent to you, newest first. They are deleted with their jobs, others after 90
    days."""
    query = request.query(PageQuery)
    docs = request.services.store.run_query(
        newest_owned("mails", request.user.uid, after=query.after, limit=query.limit + 1)
    )
    return ApiResponse(
        MailPage(
            mails=tuple(_view(doc) for doc in docs[: query.limit]),
            next_cursor=query.next_cursor(docs),
        )
    )


def _view(doc: Doc) -> MailView:
    data = doc.data
    return MailView(
        id=doc.id,
        # Earlier versions stored no kind.
        kind=data.get("kind") or f"job.{data['outcome']}",
        job=data["job"] or None,
        outcome=data["outcome"] or None,
        to=data["to"],
        subject=data["subject"],
        state=data["state"],
        created_at=data["created_at"],
        sent_at=data["sent_at"],
    )
