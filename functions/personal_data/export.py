"""A copy of everything for taking away: ZIPs of JSON lines, with links to every result.

One part holds so many documents and no more, so an account of any size is exported in steps, each
within a function's time and memory.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import IO, Any, cast
from urllib.parse import quote

from shared.cameras.recording import RECORDINGS
from shared.entrypoints.task import TaskContext
from shared.flows.documents import Doc
from shared.jobs.model import Job, Status
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
from shared.tasks.task import Later, TaskDone, TaskOutcome

MAX_JOBS = 1_000
"""Jobs in one part: about a minute of reading."""
MAX_ROWS = 20_000
"""Documents of another collection in one part."""
COLLECTIONS = (JOBS, *(one for one in OWNED_COLLECTIONS if one not in NOT_EXPORTED))
SECRET_FIELDS = frozenset({"secrets", "token", "lease_until"})
"""Fields that are shown once, or are nobody's business but a worker's."""
README_TEXT = """This is everything that Moodreel keeps about you, a line of JSON for each thing.

account.json      who you are to us, and your preferences
jobs.jsonl        your jobs with their stages, history and results; links need your sign-in
shares.jsonl      links that you or our mails gave to others
mails.jsonl       mails that were sent to you
webhooks.jsonl    servers that you want called; their secrets are shown once and not here
deliveries.jsonl  what was sent to them
cameras.jsonl     your cameras; their passwords are in no copy
recordings.jsonl  what they recorded; links need your sign-in

A large account comes in several parts, which continue each other.
"""


def write_part(context: TaskContext) -> TaskOutcome:
    """Write the next part; after the last one the copy is ready for a week."""
    task, world = context.task, context.services
    cursor: Mapping[str, str] = task.data["cursor"] or {"collection": JOBS, "after": ""}
    parts = list(task.data["parts"])
    folder = f"{EXPORTS_PREFIX}{owner_hash(task.owner)}/{task.id}"
    # By a fresh name: an attempt that died may have ended its part at another document.
    name = f"{folder}/{len(parts) + 1}-{world.new_token()}.zip"
    with world.objects.create(
        Bucket.OUTPUTS, name, content_type="application/zip", spec=task.id
    ) as writer:
        following = _write_part(context, _Sink(writer), cursor, first=not parts)
    stored = writer.stored_object
    parts.append(stored.to_artifact(f"moodreel-{len(parts) + 1}.zip", "export").to_dict())
    if following is not None:
        return Later(0, fields={"parts": parts, "cursor": following}, progress=True)
    kept = timedelta(days=EXPORT_RETENTION_DAYS)
    ends = world.clock.now() + kept
    fields = {"parts": parts, "cursor": None, "phase": Phase.READY, "kept_until": ends}
    return Later(kept.total_seconds(), fields=fields, progress=True)


def delete_export(context: TaskContext) -> TaskOutcome:
    """The week is over: the copy goes, and with it what attempts that died have left."""
    task = context.task
    folder = f"{EXPORTS_PREFIX}{owner_hash(task.owner)}/{task.id}/"
    context.services.objects.delete_prefix(Bucket.OUTPUTS, folder)
    month = context.services.clock.now() + timedelta(days=30)
    return TaskDone({"phase": Phase.EXPIRED, "parts": [], "expires_at": month})


class _Sink:
    """An object being written, with as much of a file as a ZIP needs that is never gone back in."""

    def __init__(self, writer: ObjectWriter) -> None:
        self.write = writer.write

    def flush(self) -> None:
        """The object is there when it is closed, and not before."""


def _write_part(
    context: TaskContext, sink: _Sink, cursor: Mapping[str, str], *, first: bool
) -> dict[str, str] | None:
    """→ where the next part begins, None when this was the last one."""
    store, owner = context.services.store, context.task.owner
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr("README.txt", README_TEXT)
            archive.writestr("account.json", _json(_account(context)))
        begin = COLLECTIONS.index(cursor["collection"])
        after = cursor["after"]
        for collection in COLLECTIONS[begin:]:
            most = MAX_JOBS if collection == JOBS else MAX_ROWS
            count = 0
            with archive.open(f"{collection}.jsonl", "w", force_zip64=True) as out:
                for doc in _documents(store, collection, owner, after):
                    context.check()
                    if count == most:
                        return {"collection": collection, "after": after}
                    out.write(_json(_told(context, collection, doc)) + b"\n")
                    count, after = count + 1, doc.id
            after = ""
    return None


def _documents(store: JobStore, collection: str, owner: str, after: str) -> Iterator[Doc]:
    while docs := store.list_owned_by_id(collection, owner, after=after, max_count=300):
        yield from docs
        after = docs[-1].id


def _account(context: TaskContext) -> dict[str, Any]:
    owner = context.task.owner
    paths = [] if "/" in owner else [f"{collection}/{owner}" for collection in USER_ID_COLLECTIONS]
    found = [doc for doc in context.services.store.read(paths) if doc is not None]
    return {
        "uid": owner,
        "email": context.task.data["email"],
        "exported_at": context.services.clock.now(),
        **{doc.path.split("/")[0]: dict(doc.data) for doc in found},
    }


def _told(context: TaskContext, collection: str, doc: Doc) -> dict[str, Any]:
    told = {"id": doc.id, **{k: v for k, v in doc.data.items() if k not in SECRET_FIELDS}}
    if collection == "shares":
        told["url"] = f"{context.settings.public_url}/v1/share/{doc.id}"
    if collection == RECORDINGS and doc.data["clip"] is not None:
        told["link"] = f"{context.settings.public_url}/v1/recordings/{doc.id}/clip"
    if collection != JOBS or doc.data["status"] == Status.DELETED:
        return told
    store, job = context.services.store, Job.from_doc(doc)
    base = f"{context.settings.public_url}/v1/jobs/{job.id}/artifacts"
    told["links"] = {one.name: f"{base}/{quote(one.name, safe='')}" for one in job.results}
    for below in ("stages", "events"):
        docs = store.list_documents(f"{doc.path}/{below}")
        told[f"{below}_documents"] = [{"id": one.id, **one.data} for one in docs]
    return told


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
