"""Data requests of users: an export or an erasure of all their data, `data_requests/{id}`.

Each is a task of the function `personal_data`, in steps that can be repeated and that survive a
crash. An API request could not do it: it ends after a minute, and a running function may write for
minutes after its job was deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.cameras.browser_copy import CLIP_COPIES, copy_prefix
from shared.cameras.camera import CAMERAS
from shared.cameras.camera_secret import CAMERA_SECRETS
from shared.cameras.recording import RECORDINGS, clip_prefix, segments_prefix
from shared.cameras.viewers import VIEWERS
from shared.cameras.watched import WATCHED_CAMERAS
from shared.capabilities import hash_capability
from shared.flows.documents import Create, Doc, Update
from shared.jobs.buckets.binding import BUCKET_BINDINGS
from shared.jobs.fetches.fetch import FETCHES
from shared.jobs.result_deliveries.delivery import RESULT_DELIVERIES
from shared.jobs.totals import TOTALS
from shared.pipeline import (
    EXPORTS_PREFIX,
    FILM_CACHE_PREFIX,
    FUNCTIONS,
    NARRATION_CACHE_PREFIX,
    NARRATION_PREFIX,
    PACKS_PREFIX,
    PREVIEWS_PREFIX,
    PROMPTS_PREFIX,
    QUARANTINE_PREFIX,
    SLIDE_CACHE_PREFIX,
    SLIDES_PREFIX,
    UPLOADS_PREFIX,
    Bucket,
    FinalizeTrigger,
)
from shared.privacy.limit_counters import LIMITS, hash_key
from shared.tasks.slots import TASK_SLOTS
from shared.tasks.task import new_task

PERSONAL_DATA = "personal_data"
RECORDER_TASKS = FUNCTIONS["recorder"].task_collection
DATA_REQUESTS = "data_requests"
EXPORT, ERASURE = "export", "erasure"
EXPORT_RETENTION_DAYS = 7

NOT_EXPORTED = (
    "idempotency",
    CAMERA_SECRETS,
    CLIP_COPIES,
    FETCHES,
    RESULT_DELIVERIES,
    RECORDER_TASKS,
    TASK_SLOTS,
    VIEWERS,
)
"""The collections below that are not exported: passwords, signed URLs, tokens and documents of
workers."""
OWNED_COLLECTIONS = (
    "api_keys", "webhooks", BUCKET_BINDINGS, CAMERAS, CAMERA_SECRETS, FETCHES, RESULT_DELIVERIES,
    VIEWERS, RECORDER_TASKS, CLIP_COPIES, RECORDINGS,
    "deliveries", TASK_SLOTS, "shares", "mails", "idempotency", TOTALS,
)  # fmt: skip
"""Collections whose documents name their owner in `owner`. API keys, webhooks and cameras come
first: while they exist, a program may create documents, an outcome may create deliveries, and a
camera may be recorded."""
KEPT_WITH_ACCOUNT = (TOTALS,)
"""The collections above that an erasure keeps with the account, because jobs that are created after
the request count in them. The jobs that it deletes no longer count."""
USER_ID_COLLECTIONS = ("preferences", WATCHED_CAMERAS, "users")
"""Collections with one document per user, whose id is that of the user."""
HASHED_COLLECTIONS = (LIMITS,)
"""Collections that contain the hash of a user id or an address."""
JOBS = "jobs"
TRIGGER_PREFIXES = (UPLOADS_PREFIX, PROMPTS_PREFIX, PACKS_PREFIX)
"""Prefixes of the objects that trigger a function, which may quarantine them."""


class Phase(StrEnum):
    """The phase of a request. An export is EXPORTING, READY, EXPIRED; an erasure LOCKING, REMOVING,
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
    """A prefix in a bucket."""

    bucket: Bucket
    prefix: str


def owner_hash(owner: str) -> str:
    """Returns the hash of a user id for names of objects, which must not identify the user."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def owner_folders(owner: str) -> tuple[Folder, ...]:
    """Returns the folders that are not deleted with jobs: cached slides, speech, films and model
    responses, and exports of this user."""
    name = owner_hash(owner)
    return (
        Folder(Bucket.WORK, f"{SLIDE_CACHE_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{NARRATION_CACHE_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{FILM_CACHE_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{NARRATION_PREFIX}{name}/"),
        Folder(Bucket.WORK, f"{SLIDES_PREFIX}{name}/"),
        Folder(Bucket.OUTPUTS, f"{EXPORTS_PREFIX}{name}/"),
    )


def job_folders(job_id: str) -> tuple[Folder, ...]:
    """Returns the folders in which functions write for a job, and those of quarantined objects that
    name the job."""
    prefixes = sorted({written for row in FUNCTIONS.values() for written in row.writes})
    trigger_buckets = {
        row.trigger.bucket for row in FUNCTIONS.values() if isinstance(row.trigger, FinalizeTrigger)
    }
    return (
        *(Folder(bucket, f"{prefix}{job_id}/") for bucket, prefix in prefixes),
        *(
            Folder(Bucket.WORK, f"{QUARANTINE_PREFIX}{bucket}/{prefix}{job_id}/")
            for bucket, prefix in prefixes
            if bucket in trigger_buckets and prefix in TRIGGER_PREFIXES
        ),
    )


def camera_folders(path: str) -> tuple[Folder, ...]:
    """Returns the folders of a camera or a recording, by the path of its document."""
    collection, _, name = path.partition("/")
    if collection == CAMERAS:
        return (Folder(Bucket.WORK, f"{PREVIEWS_PREFIX}{name}/"),)
    return (
        Folder(Bucket.WORK, segments_prefix(name)),
        Folder(Bucket.OUTPUTS, clip_prefix(name)),
        Folder(Bucket.WORK, copy_prefix(name)),
        Folder(Bucket.OUTPUTS, copy_prefix(name)),
    )


def new_request(request_id: str, owner: str, fields: Mapping[str, object], now: datetime) -> Create:
    """Returns the write that creates a request."""
    return new_task(PERSONAL_DATA, request_id, owner, {"requested_at": now, **fields}, now)


def new_export(request_id: str, owner: str, email: str, now: datetime) -> Create:
    """Returns the write that requests an export."""
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
    request_id: str,
    owner: str,
    *,
    account: bool,
    email: str = "",
    token: str = "",
    now: datetime,
) -> Create:
    """Returns the write that requests an erasure, with the account or without it.

    Versions before shared counters counted sign-in attempts and emails under the hash of the
    address, so it needs that hash. `token` gives access to the erasure; "" gives access to nobody.
    """
    limit_hashes = [hash_key(value) for value in (owner, email.lower()) if value]
    return new_request(
        request_id,
        owner,
        {
            "kind": ERASURE,
            "phase": Phase.LOCKING if account else Phase.REMOVING,
            "account": account,
            "token_hashes": {_token_field(token): True} if token else {},
            "limit_hashes": limit_hashes,
            "cursor": "",
            "camera_cursor": "",
            "is_searching": False,
            "remaining_counts": {},
            "receipt": None,
            "inventory": None,
            "expires_at": None,
        },
        now,
    )


def add_token(erasure: Doc, token: str) -> Update:
    """Returns the write after which `token` gives access to an erasure, besides earlier tokens and,
    if it was requested before tokens were hashed, its id."""
    tokens = (token,) if "token_hashes" in erasure.data else ("", token)
    return Update(erasure.path, {f"token_hashes.{_token_field(item)}": True for item in tokens})


def is_accessible(erasure: Doc, token: str) -> bool:
    """Whether `token` gives access to an erasure. Erasures that were requested before tokens were
    hashed have no token: their id gives access, with the token ""."""
    token_hashes = erasure.data.get("token_hashes")
    return not token if token_hashes is None else _token_field(token) in token_hashes


def _token_field(token: str) -> str:
    # A name in a field path must not begin with a digit.
    return f"h{hash_capability(token)}"
