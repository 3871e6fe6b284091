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
    FUNCTIONS,
    NARRATION_PREFIX,
    PACKS_PREFIX,
    PREVIEWS_PREFIX,
    PROMPTS_PREFIX,
    QUARANTINE_PREFIX,
    SLIDES_PREFIX,
    UPLOADS_PREFIX,
    Bucket,
    FinalizeTrigger,
)
from shared.tasks.task import new_task

PERSONAL_DATA = "personal_data"
RECORDER_TASKS = FUNCTIONS["recorder"].task_collection
DATA_REQUESTS = "data_requests"
EXPORT, ERASURE = "export", "erasure"
EXPORT_RETENTION_DAYS = 7

NOT_EXPORTED = ("idempotency", CAMERA_SECRETS, RECORDER_TASKS, VIEWERS)
"""Of those below, what is in no copy: passwords, capabilities, and what is a worker's own."""
OWNED_COLLECTIONS = (
    "webhooks", CAMERAS, CAMERA_SECRETS, VIEWERS, RECORDER_TASKS, RECORDINGS,
    "deliveries", "shares", "mails", "idempotency",
)  # fmt: skip
"""Collections whose documents name their owner in `owner`. Webhooks and cameras come first: while
they stand, an outcome may still make deliveries, and a camera may still be recorded."""
USER_ID_COLLECTIONS = ("preferences", "users")
"""Collections with one document a person, named after the person."""
HASHED_COLLECTIONS = ("limits",)
"""Collections whose documents have the hash of a person, or of an address, in their names."""
JOBS = "jobs"
TRIGGER_PREFIXES = (UPLOADS_PREFIX, PROMPTS_PREFIX, PACKS_PREFIX)
"""Prefixes of the objects that wake a function, which may put them aside."""


class Phase(StrEnum):
    """How far a request is. An export is MAKING, READY, EXPIRED; an erasure LOCKING, REMOVING,
    CHECKING, CLOSING, ERASED."""

    EXPORTING = "making"
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


def owner_hash(owner: str) -> str:
    """A person in the names of objects: these say nothing of who it is."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def owner_folders(owner: str) -> tuple[Folder, ...]:
    """What outlives jobs: what was spoken and written for this person, and copies that were made
    for taking away."""
    name = owner_hash(owner)
    return (
        Folder(Bucket.WORK, f"{NARRATION_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{SLIDES_PREFIX}{name}/"),
        Folder(Bucket.OUTPUTS, f"{EXPORTS_PREFIX}{name}/"),
    )


def job_folders(job_id: str) -> tuple[Folder, ...]:
    """Every place in which the table lets a function write for a job, and where strangers that
    bear its number are put aside."""
    places = sorted({place for row in FUNCTIONS.values() for place in row.writes})
    woken = {
        row.trigger.bucket for row in FUNCTIONS.values() if isinstance(row.trigger, FinalizeTrigger)
    }
    return (
        *(Folder(bucket, f"{prefix}{job_id}/") for bucket, prefix in places),
        *(
            Folder(Bucket.WORK, f"{QUARANTINE_PREFIX}{bucket}/{prefix}{job_id}/")
            for bucket, prefix in places
            if bucket in woken and prefix in TRIGGER_PREFIXES
        ),
    )


def camera_folders(path: str) -> tuple[Folder, ...]:
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
    return new_task(PERSONAL_DATA, request_id, owner, {"requested_at": now, **fields}, now)


def new_export(request_id: str, owner: str, email: str, now: datetime) -> Create:
    """The write that asks for a copy of everything."""
    return new_request(
        request_id,
        owner,
        {
            "kind": EXPORT, "phase": Phase.EXPORTING, "email": email, "parts": [], "cursor": None,
            "expires_at": None,
        },
        now,
    )  # fmt: skip


def new_erasure(
    request_id: str, owner: str, *, account: bool, email: str = "", now: datetime
) -> Create:
    """The write that asks for everything to be removed, with the account or without it. Attempts
    to sign in and letters are counted by the address, so these go by its hash."""
    limit_hashes = [owner_hash(one) for one in (owner, email.lower()) if one]
    return new_request(
        request_id,
        owner,
        {
            "kind": ERASURE,
            "phase": Phase.LOCKING if account else Phase.REMOVING,
            "account": account,
            "limit_hashes": limit_hashes,
            "cursor": "",
            "remaining_counts": {},
            "receipt": None,
            "inventory": None,
            "expires_at": None,
        },
        now,
    )
