"""The letters that were written to the caller, as `notification` logs them."""

from __future__ import annotations

from functions.api.pagination import PageQuery
from shared.flows.documents import Doc
from shared.http.request import Answer, Call
from shared.http.schemas import Moment, Told


class MailView(Told):
    """One letter. `state` is sending, sent or refused."""

    id: str
    job: str
    to: str
    subject: str
    outcome: str
    state: str
    created_at: Moment
    sent_at: Moment | None


class MailPage(Told):
    """A page of letters. `next_cursor` is null on the last one."""

    mails: tuple[MailView, ...]
    next_cursor: str | None


def list_mails(call: Call) -> Answer:
    """The caller's letters, newest first; they go with their jobs."""
    asked = call.query(PageQuery)
    docs = call.world.store.owned("mails", call.user.uid, after=asked.after, most=asked.limit + 1)
    return Answer(
        MailPage(
            mails=tuple(_view(doc) for doc in docs[: asked.limit]),
            next_cursor=asked.cursor_behind(docs),
        )
    )


def _view(doc: Doc) -> MailView:
    told = {name: doc.data[name] for name in MailView.model_fields if name != "id"}
    return MailView(id=doc.id, **told)
