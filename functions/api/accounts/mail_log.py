"""The log of emails sent to the caller, which `notification` writes."""

from __future__ import annotations

from functions.api.pagination import PageQuery
from shared.flows.documents import Doc, newest_owned
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel, Timestamp


class MailView(ResponseModel):
    """An email. `state` is `sending`, `sent` or `refused`."""

    id: str
    job: str
    to: str
    subject: str
    outcome: str
    state: str
    created_at: Timestamp
    sent_at: Timestamp | None


class MailPage(ResponseModel):
    """A page of emails. `next_cursor` is null on the last page."""

    mails: tuple[MailView, ...]
    next_cursor: str | None


def list_mails(request: ApiRequest) -> ApiResponse:
    """Lists the emails sent to you, newest first. They are deleted with their jobs."""
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
    fields = {name: doc.data[name] for name in MailView.model_fields if name != "id"}
    return MailView(id=doc.id, **fields)
