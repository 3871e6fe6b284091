"""Sessions, API keys, and the usage of an account."""

from __future__ import annotations

from datetime import datetime

from moodreel.models.base import Model


class SessionView(Model):
    """A session of a user who signed in with a password."""

    user_id: str
    id_token: str
    refresh_token: str
    expires_in_s: int


class AccountView(Model):
    """An account."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    picture: str | None
    created_at: datetime


class JobCounts(Model):
    """The number of jobs by status."""

    open: int
    done: int
    failed: int
    cancelled: int


class RateLimitView(Model):
    """A rate limit: `remaining` of `quota` are left, and more are added in `reset_s` seconds."""

    quota: int
    window_s: int
    remaining: int
    reset_s: int


class QuotaView(Model):
    """The used part of a quota."""

    quota: int
    used: int


class LimitsView(Model):
    """The limits and their use."""

    job_creations: RateLimitView
    jobs_at_once: QuotaView
    recordings_at_once: QuotaView
    storage_bytes: QuotaView
    upload_bytes: dict[str, int]


class UsageView(Model):
    """The usage of all jobs that are not deleted, and the limits of the account."""

    jobs: JobCounts
    files_made: int
    minutes_in: float
    minutes_made: float
    stored_bytes: int
    worked_s: float
    cost_usd: float
    limits: LimitsView


class KeyView(Model):
    """An API key. `prefix` is how it begins."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewKeyView(KeyView):
    """A new API key. `key` cannot be shown again."""

    key: str


class KeyList(Model):
    """All API keys, newest first."""

    keys: tuple[KeyView, ...]
