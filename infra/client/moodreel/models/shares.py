"""Share links."""

from __future__ import annotations

from datetime import datetime

from moodreel.models.base import Model, Page


class ShareView(Model):
    """A share link to the result `artifact` of a job, and its use."""

    id: str
    job: str
    artifact: str
    created_at: datetime
    expires_at: datetime
    revoked: bool
    uses: int
    last_used_at: datetime | None
    title: str = ""


class NewShareView(ShareView):
    """A new share link. `url` serves the result to anyone who has it, `page_url` shows it on a
    page, and `embed_url` is its player for an iframe, if it has one. They cannot be shown again."""

    url: str
    page_url: str | None = None
    embed_url: str | None = None


class SharePage(Page):
    """A page of share links."""

    shares: tuple[ShareView, ...]
