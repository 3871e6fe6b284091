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
from shared.entrypoints.task import ErrandTask
from shared.flows.documents import Doc
from shared.jobs.model import Job, Status
from shared.pipeline import EXPORTS_PREFIX, Bucket
from shared.ports.objects import Writing
from shared.ports.store import JobStore
from shared.privacy.data_requests import (
    BY_FIELD,
    BY_ID,
    EXPORT_KEPT_DAYS,
    JOBS,
    UNTOLD,
    Phase,
    owner_folder,
)
from shared.tasks.task import ErrandOutcome, Postponed, Settled

JOBS_MOST = 1_000
"""Jobs in one part: about a minute of reading."""
ROWS_MOST = 20_000
"""Documents of another collection in one part."""
COLLECTIONS = (JOBS, *(one for one in BY_FIELD if one not in UNTOLD))
SECRET = frozenset({"secrets", "token", "lease_until"})
"""Fields that are shown once, or are nobody's business but a worker's."""
ABOUT = """This is everything that Moodreel keeps about you, a line of JSON for each thing.

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


def make_part(task: ErrandTask) -> ErrandOutcome:
    """Write the next part; after the last one the copy is ready for a week."""
    errand, world = task.errand, task.world
    cursor: Mapping[str, str] = errand.data["cursor"] or {"collection": JOBS, "after": ""}
    parts = list(errand.data["parts"])
    folder = f"{EXPORTS_PREFIX}{owner_folder(errand.owner)}/{errand.id}"
    # By a fresh name: an attempt that died may have ended its part at another document.
    name = f"{folder}/{len(parts) + 1}-{world.new_token()}.zip"
    with world.objects.create(
        Bucket.OUTPUTS, name, content_type="application/zip", spec=errand.id
    ) as writer:
        following = _write_part(task, _Sink(writer), cursor, first=not parts)
    stored = writer.stored
    parts.append(stored.artefact(f"moodreel-{len(parts) + 1}.zip", "export").to_dict())
    if following is not None:
        return Postponed(0, fields={"parts": parts, "cursor": following}, progress=True)
    kept = timedelta(days=EXPORT_KEPT_DAYS)
    ends = world.clock.now() + kept
    fields = {"parts": parts, "cursor": None, "phase": Phase.READY, "kept_until": ends}
    return Postponed(kept.total_seconds(), fields=fields, progress=True)


def expire(task: ErrandTask) -> ErrandOutcome:
    """The week is over: the copy goes, and with it what attempts that died have left."""
    errand = task.errand
    folder = f"{EXPORTS_PREFIX}{owner_folder(errand.owner)}/{errand.id}/"
    task.world.objects.remove_under(Bucket.OUTPUTS, folder)
    month = task.world.clock.now() + timedelta(days=30)
    return Settled({"phase": Phase.EXPIRED, "parts": [], "expires_at": month})


class _Sink:
    """An object being written, with as much of a file as a ZIP needs that is never gone back in."""

    def __init__(self, writer: Writing) -> None:
        self.write = writer.write

    def flush(self) -> None:
        """The object is there when it is closed, and not before."""


def _write_part(
    task: ErrandTask, sink: _Sink, cursor: Mapping[str, str], *, first: bool
) -> dict[str, str] | None:
    """→ where the next part begins, None when this was the last one."""
    store, owner = task.world.store, task.errand.owner
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as archive:
        if first:
            archive.writestr("README.txt", ABOUT)
            archive.writestr("account.json", _json(_account(task)))
        begin = COLLECTIONS.index(cursor["collection"])
        after = cursor["after"]
        for collection in COLLECTIONS[begin:]:
            most = JOBS_MOST if collection == JOBS else ROWS_MOST
            count = 0
            with archive.open(f"{collection}.jsonl", "w", force_zip64=True) as out:
                for doc in _documents(store, collection, owner, after):
                    task.check()
                    if count == most:
                        return {"collection": collection, "after": after}
                    out.write(_json(_told(task, collection, doc)) + b"\n")
                    count, after = count + 1, doc.id
            after = ""
    return None


def _documents(store: JobStore, collection: str, owner: str, after: str) -> Iterator[Doc]:
    while docs := store.documents_of(collection, owner, after=after, most=300):
        yield from docs
        after = docs[-1].id


def _account(task: ErrandTask) -> dict[str, Any]:
    owner = task.errand.owner
    paths = [] if "/" in owner else [f"{collection}/{owner}" for collection in BY_ID]
    found = [doc for doc in task.world.store.read(paths) if doc is not None]
    return {
        "uid": owner,
        "email": task.errand.data["email"],
        "exported_at": task.world.clock.now(),
        **{doc.path.split("/")[0]: dict(doc.data) for doc in found},
    }


def _told(task: ErrandTask, collection: str, doc: Doc) -> dict[str, Any]:
    told = {"id": doc.id, **{k: v for k, v in doc.data.items() if k not in SECRET}}
    if collection == "shares":
        told["url"] = f"{task.settings.public_url}/v1/share/{doc.id}"
    if collection == RECORDINGS and doc.data["clip"] is not None:
        told["link"] = f"{task.settings.public_url}/v1/recordings/{doc.id}/clip"
    if collection != JOBS or doc.data["status"] == Status.DELETED:
        return told
    store, job = task.world.store, Job.from_doc(doc)
    base = f"{task.settings.public_url}/v1/jobs/{job.id}/artefacts"
    told["links"] = {one.name: f"{base}/{quote(one.name, safe='')}" for one in job.results}
    for below in ("stages", "events"):
        docs = store.list_under(f"{doc.path}/{below}")
        told[f"{below}_told"] = [{"id": one.id, **one.data} for one in docs]
    return told


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
