"""Exports all data of a user: ZIPs of JSON lines, with links to every result.

The number of documents in a part is limited. So an account of any size is exported in steps, each
within the time and memory of a function.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any, cast
from urllib.parse import quote

from shared.cameras.browser_copy import BROWSER_COPY, CopyState
from shared.cameras.recording import RECORDINGS
from shared.entrypoints.task import TaskContext
from shared.flows.documents import Create, Doc, all_documents, owned_documents
from shared.flows.effects import Later
from shared.jobs.model import Job, Status
from shared.jobs.share_links import SHARES, find_share_id
from shared.jobs.webhooks.events import EXPORT_READY, event_messages, new_event
from shared.pipeline import EXPORTS_PREFIX, Bucket
from shared.ports.objects import ObjectWriter
from shared.ports.store import JobStore
from shared.privacy.data_requests import (
    EXPORT_RETENTION_DAYS,
    JOBS,
    NOT_EXPORTED,
    OWNED_COLLECTIONS,
    USER_ID_COLLECTIONS,
    Phase,
    owner_hash,
)
from shared.tasks.task import Task, TaskDone, TaskOutcome

MAX_JOBS = 1_000
"""Jobs in one part. Reading them takes about a minute."""
MAX_ROWS = 20_000
"""Documents of another collection in one part."""
COLLECTIONS = (JOBS, *(name for name in OWNED_COLLECTIONS if name not in NOT_EXPORTED))
SECRET_FIELDS = frozenset({"secrets", "token", "lease_until"})
"""Fields with secrets that are shown only once, and fields of workers."""
README_TEXT = """This is everything that Moodreel keeps about you, with one line of JSON per record.

account.json      your account and your preferences
jobs.jsonl        your jobs with their stages, history and results; links need your sign-in
shares.jsonl      share links that you created or that our emails contain, without their URLs
mails.jsonl       emails that were sent to you
webhooks.jsonl    your webhooks; their secrets are not included
deliveries.jsonl  the calls to these servers
cameras.jsonl     your cameras; passwords are not included
recordings.jsonl  recordings of these cameras; links need your sign-in
totals.jsonl      the totals of your jobs, by shard

The data of a large account is split into several parts.
"""


def write_part(context: TaskContext) -> TaskOutcome:
    """Writes the next part. After the last one the export is ready for a week."""
    task, services = context.task, context.services
    cursor: Mapping[str, str] = task.data["cursor"] or {"collection": JOBS, "after": ""}
    parts = list(task.data["parts"])
    folder = f"{EXPORTS_PREFIX}{owner_hash(task.owner)}/{task.id}"
    # A new name for each attempt, because a crashed one may have written other documents.
    name = f"{folder}/{len(parts) + 1}-{services.new_token()}.zip"
    with services.objects.create(
        Bucket.OUTPUTS, name, content_type="application/zip", spec=task.id
    ) as writer:
        next_cursor = _write_part(context, _ZipSink(writer), cursor, is_first=not parts)
    stored = writer.stored_object
    parts.append(stored.to_artifact(f"moodreel-{len(parts) + 1}.zip", "export").to_dict())
    if next_cursor is not None:
        return Later(0, fields={"parts": parts, "cursor": next_cursor}, progress=True)
    retention = timedelta(days=EXPORT_RETENTION_DAYS)
    kept_until = services.clock.now() + retention
    fields = {"parts": parts, "cursor": None, "phase": Phase.READY, "kept_until": kept_until}
    event = _ready_event(task, parts, kept_until, services.clock.now())
    return Later(
        retention.total_seconds(),
        fields=fields,
        progress=True,
        writes=(event,),
        messages=tuple(event_messages([event])),
    )


def _ready_event(
    task: Task, parts: Sequence[Mapping[str, Any]], kept_until: datetime, now: datetime
) -> Create:
    """Returns the write that tells the user about an export that is ready."""
    base = f"/v1/me/exports/{task.id}"
    data = {
        "request_id": task.id,
        "kept_until": kept_until.isoformat(),
        "parts": [
            {"name": part["name"], "size_bytes": part["size_bytes"], "url": f"{base}/parts/{n}"}
            for n, part in enumerate(parts, 1)
        ],
    }
    return new_event(EXPORT_READY, task.owner, data, now, key=(task.id,), email=task.data["email"])


def delete_export(context: TaskContext) -> TaskOutcome:
    """Deletes an expired export, with the parts of crashed attempts."""
    task = context.task
    folder = f"{EXPORTS_PREFIX}{owner_hash(task.owner)}/{task.id}/"
    context.services.objects.delete_prefix(Bucket.OUTPUTS, folder)
    expires_at = context.services.clock.now() + timedelta(days=30)
    return TaskDone({"phase": Phase.EXPIRED, "parts": [], "expires_at": expires_at})


class _ZipSink:
    """The file interface that ZipFile needs to write an object without seeking."""

    def __init__(self, writer: ObjectWriter) -> None:
        self.write = writer.write

    def flush(self) -> None:
        """Does nothing: an object exists only when it is closed."""


def _write_part(
    context: TaskContext, sink: _ZipSink, cursor: Mapping[str, str], *, is_first: bool
) -> dict[str, str] | None:
    """Writes a part. Returns the cursor of the next part, or None when this was the last one."""
    store, owner = context.services.store, context.task.owner
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        if is_first:
            archive.writestr("README.txt", README_TEXT)
            archive.writestr("account.json", _json(_account(context)))
        start = COLLECTIONS.index(cursor["collection"])
        after = cursor["after"]
        for collection in COLLECTIONS[start:]:
            max_count = MAX_JOBS if collection == JOBS else MAX_ROWS
            count = 0
            with archive.open(f"{collection}.jsonl", "w", force_zip64=True) as out:
                for doc in _documents(store, collection, owner, after):
                    context.check()
                    if count == max_count:
                        return {"collection": collection, "after": after}
                    out.write(_json(_exported_fields(context, collection, doc)) + b"\n")
                    count, after = count + 1, doc.id
            after = ""
    return None


def _documents(store: JobStore, collection: str, owner: str, after: str) -> Iterator[Doc]:
    while docs := store.run_query(owned_documents(collection, owner, after=after, limit=300)):
        yield from docs
        after = docs[-1].id


def _account(context: TaskContext) -> dict[str, Any]:
    owner = context.task.owner
    paths = [] if "/" in owner else [f"{collection}/{owner}" for collection in USER_ID_COLLECTIONS]
    docs = [doc for doc in context.services.store.read(paths) if doc is not None]
    return {
        "uid": owner,
        "email": context.task.data["email"],
        "exported_at": context.services.clock.now(),
        **{doc.path.split("/")[0]: dict(doc.data) for doc in docs},
    }


def _exported_fields(context: TaskContext, collection: str, doc: Doc) -> dict[str, Any]:
    fields = {"id": doc.id, **{k: v for k, v in doc.data.items() if k not in SECRET_FIELDS}}
    if collection == SHARES:
        fields["id"] = find_share_id(doc.id)
    if collection == RECORDINGS and doc.data["clip"] is not None:
        link = f"{context.settings.public_url}/v1/recordings/{doc.id}"
        fields["link"] = f"{link}/clip"
        if (doc.data.get(BROWSER_COPY) or {}).get("state") == CopyState.DONE:
            fields["browser_copy_link"] = f"{link}/browser-copy/link"
    if collection != JOBS or doc.data["status"] == Status.DELETED:
        return fields
    store, job = context.services.store, Job.from_doc(doc)
    base = f"{context.settings.public_url}/v1/jobs/{job.id}/artifacts"
    names = [artifact.name for artifact in job.results]
    fields["links"] = {name: f"{base}/{quote(name, safe='')}" for name in names}
    for subcollection in ("stages", "events"):
        docs = store.run_query(all_documents(f"{doc.path}/{subcollection}"))
        fields[f"{subcollection}_documents"] = [{"id": row.id, **row.data} for row in docs]
    return fields


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_to_text).encode()


def _to_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
