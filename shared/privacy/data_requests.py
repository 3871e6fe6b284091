"""`data_requests/{id}`: a person wants a copy of everything, or wants everything removed.

Each is an errand of the stage `personal_data`: it takes as long as it takes, in steps that can be
repeated, and outlives a crash at any of them. A request of the API could not: it ends after a
minute, and a running function may write for minutes after its job was deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.cameras.camera import CAMERA_SECRETS, CAMERAS
from shared.cameras.recording import RECORDINGS, clip_prefix, segments_prefix
from shared.cameras.viewers import VIEWERS
from shared.flows.documents import Create
from shared.pipeline import (
    EXPORTS_PREFIX,
    NARRATION_PREFIX,
    PACKS_PREFIX,
    PREVIEWS_PREFIX,
    PROMPTS_PREFIX,
    QUARANTINE_PREFIX,
    SLIDES_PREFIX,
    STAGES,
    UPLOADS_PREFIX,
    Bucket,
    Finalized,
)
from shared.tasks.task import new_errand

PERSONAL_DATA = "personal_data"
SHIFTS = STAGES["recorder"].errands
REQUESTS = "data_requests"
EXPORT, ERASURE = "export", "erasure"
EXPORT_KEPT_DAYS = 7

UNTOLD = ("idempotency", CAMERA_SECRETS, SHIFTS, VIEWERS)
"""Of those below, what is in no copy: passwords, capabilities, and what is a worker's own."""
BY_FIELD = (
    "webhooks", CAMERAS, CAMERA_SECRETS, VIEWERS, SHIFTS, RECORDINGS,
    "deliveries", "shares", "mails", "idempotency",
)  # fmt: skip
"""Collections whose documents name their owner in `owner`. Webhooks and cameras come first: while
they stand, an outcome may still make deliveries, and a camera may still be recorded."""
BY_ID = ("preferences", "users")
"""Collections with one document a person, named after the person."""
BY_HASH = ("limits",)
"""Collections whose documents have the hash of a person, or of an address, in their names."""
JOBS = "jobs"
WAKING = (UPLOADS_PREFIX, PROMPTS_PREFIX, PACKS_PREFIX)
"""Prefixes of the objects that wake a function, which may put them aside."""


class Phase(StrEnum):
    """How far a request is. An export is MAKING, READY, EXPIRED; an erasure LOCKING, REMOVING,
    CHECKING, CLOSING, ERASED."""

    MAKING = "making"
    READY = "ready"
    EXPIRED = "expired"
    LOCKING = "locking"
    REMOVING = "removing"
    CHECKING = "checking"
    CLOSING = "closing"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Folder:
    """A place in a bucket."""

    bucket: Bucket
    prefix: str


def owner_folder(owner: str) -> str:
    """A person in the names of objects: these say nothing of who it is."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def folders_of_owner(owner: str) -> tuple[Folder, ...]:
    """What outlives jobs: what was spoken and written for this person, and copies that were made
    for taking away."""
    name = owner_folder(owner)
    return (
        Folder(Bucket.WORK, f"{NARRATION_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{SLIDES_PREFIX}{name}/"),
        Folder(Bucket.OUTPUTS, f"{EXPORTS_PREFIX}{name}/"),
    )


def folders_of_job(job_id: str) -> tuple[Folder, ...]:
    """Every place in which the table lets a function write for a job, and where strangers that
    bear its number are put aside."""
    places = sorted({place for row in STAGES.values() for place in row.writes})
    woken = {row.trigger.bucket for row in STAGES.values() if isinstance(row.trigger, Finalized)}
    return (
        *(Folder(bucket, f"{prefix}{job_id}/") for bucket, prefix in places),
        *(
            Folder(Bucket.WORK, f"{QUARANTINE_PREFIX}{bucket}/{prefix}{job_id}/")
            for bucket, prefix in places
            if bucket in woken and prefix in WAKING
        ),
    )


def folders_of_camera(path: str) -> tuple[Folder, ...]:
    """What a camera or a recording, by its document's path, has beside it."""
    collection, _, name = path.partition("/")
    if collection == CAMERAS:
        return (Folder(Bucket.WORK, f"{PREVIEWS_PREFIX}{name}/"),)
    return (
        Folder(Bucket.WORK, segments_prefix(name)),
        Folder(Bucket.OUTPUTS, clip_prefix(name)),
    )


def new_request(request_id: str, owner: str, fields: Mapping[str, object], now: datetime) -> Create:
    """The write that makes a request."""
    return new_errand(PERSONAL_DATA, request_id, owner, {"requested_at": now, **fields}, now)


def new_export(request_id: str, owner: str, email: str, now: datetime) -> Create:
    """The write that asks for a copy of everything."""
    return new_request(
        request_id,
        owner,
        {
            "kind": EXPORT, "phase": Phase.MAKING, "email": email, "parts": [], "cursor": None,
            "expires_at": None,
        },
        now,
    )  # fmt: skip


def new_erasure(
    request_id: str, owner: str, *, account: bool, email: str = "", now: datetime
) -> Create:
    """The write that asks for everything to be removed, with the account or without it. Attempts
    to sign in and letters are counted by the address, so these go by its hash."""
    counted_as = [owner_folder(one) for one in (owner, email.lower()) if one]
    return new_request(
        request_id,
        owner,
        {
            "kind": ERASURE,
            "phase": Phase.LOCKING if account else Phase.REMOVING,
            "account": account,
            "counted_as": counted_as,
            "cursor": "",
            "looked_in": {},
            "receipt": None,
            "inventory": None,
            "expires_at": None,
        },
        now,
    )
