"""The letters that were written to the caller, as `notification` logs them."""

from __future__ import annotations

from functions.api.pagination import PageQuery
from shared.flows.documents import Doc
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel, Timestamp


class MailView(ResponseModel):
    """One letter. `state` is sending, sent or refused."""

    id: str
    job: str
    to: str
    subject: str
    outcome: str
    state: str
    created_at: Timestamp
    sent_at: Timestamp | None


class MailPage(ResponseModel):
    """A page of letters. `next_cursor` is null on the last one."""

    mails: tuple[MailView, ...]
    next_cursor: str | None


def list_mails(request: ApiRequest) -> ApiResponse:
    """The caller's letters, newest first; they go with their jobs."""
    asked = request.query(PageQuery)
    docs = request.services.store.list_owned(
        "mails", request.user.uid, after=asked.after, max_count=asked.limit + 1
    )
    return ApiResponse(
        MailPage(
            mails=tuple(_view(doc) for doc in docs[: asked.limit]),
            next_cursor=asked.next_cursor(docs),
        )
    )


def _view(doc: Doc) -> MailView:
    told = {name: doc.data[name] for name in MailView.model_fields if name != "id"}
    return MailView(id=doc.id, **told)
