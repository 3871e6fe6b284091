"""Buckets that are bound to an account."""

from __future__ import annotations

from datetime import datetime

from moodreel.models.base import Model


class ProofView(Model):
    """The object that proves a binding: `content` is the text that the object `object` must
    have."""

    object: str
    content: str


class BucketView(Model):
    """A bucket of the account. `gs://` URLs may name it once its `state` is `verified`."""

    id: str
    bucket: str
    prefix: str
    state: str
    proved_by: str
    proof: ProofView
    service_account: str | None
    created_at: datetime
    verified_at: datetime | None


class BucketList(Model):
    """All buckets of the account."""

    buckets: tuple[BucketView, ...]
