"""The most that one request of a route reads, writes and sends.

`tests/fakes/application.py` compares the reads and writes of every request in the unit tests with
these numbers. A route that changes something and has no row is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from functions.api.accounts.handlers import EMAIL_PADDING_S, SIGN_IN_FAILURE_PADDING_S
from functions.api.cameras.recordings import STOP_POLL_S, STOP_WAIT_S
from functions.api.jobs.handlers import MAX_SEARCHED
from functions.api.pagination import PageQuery
from functions.downloads.preview_stream import FIRST_FRAME_TIMEOUT_S, POLL_S
from functions.downloads.share_page.parts import MAX_TEXT_BYTES
from infra.tools.costs import API_REQUEST_S
from shared.http.routing import Route
from shared.runtime.settings import Settings

_MAX_PAGE = 100
"""The largest `limit` of a list."""
_JOB_READS = 260
"""A job with its stages, their shards and the units that wait."""
_LIMIT_READS = 4
"""Of the policies: two reads each."""


@dataclass(frozen=True, slots=True)
class Operations:
    """The most operations of one request.

    Attributes:
        reads: Documents read in Firestore.
        writes: Documents written or deleted in Firestore.
        object_writes: Operations of class A in Cloud Storage.
        object_reads: Operations of class B in Cloud Storage.
        seconds: How long an instance is busy.
        sent_bytes: The size of the response.
        starts: What it starts, which costs more than the request itself; "" for nothing.

    What a request deletes counts with the request that created it, because it is deleted once.
    """

    reads: int = 8
    writes: int = 0
    object_writes: int = 0
    object_reads: int = 2
    seconds: float = API_REQUEST_S
    sent_bytes: int = 64 << 10
    starts: str = ""


_JOB = Operations(reads=_JOB_READS + 8)
_CHANGED_JOB = Operations(reads=2 * _JOB_READS, writes=40)
_EMAIL = Operations(reads=8, writes=6, seconds=EMAIL_PADDING_S, starts="one email")
_SIGN_IN = Operations(reads=8, writes=4, seconds=SIGN_IN_FAILURE_PADDING_S)
_LISTED = Operations(reads=1000)
_HEALTH = Operations(reads=0, object_reads=0, sent_bytes=1 << 10)
_DOCUMENTED = Operations(reads=_LIMIT_READS, sent_bytes=512 << 10)
_DOWNLOAD = Operations(
    writes=2, object_reads=12, seconds=1.0, sent_bytes=Settings.max_direct_download_bytes
)
# The captions and the chapters, with the markup of the page around each line.
_PAGE = Operations(reads=12, object_reads=2, seconds=0.5, sent_bytes=8 * MAX_TEXT_BYTES)
_PREVIEW = Operations(
    reads=12,
    writes=6,
    object_reads=int(FIRST_FRAME_TIMEOUT_S / POLL_S),
    seconds=FIRST_FRAME_TIMEOUT_S,
    starts="a stream",
)
_REWORK = Operations(reads=_JOB_READS + 60, writes=60, object_writes=1, starts="a revision")

_ROWS: dict[str, Operations] = {
    "POST /v1/accounts/register": _EMAIL,
    "POST /v1/accounts/forgot": _EMAIL,
    "POST /v1/accounts/login": _SIGN_IN,
    "POST /v1/accounts/refresh": Operations(reads=6, writes=2),
    # It waits for the next whole second.
    "POST /v1/accounts/password": Operations(reads=6, writes=2, seconds=1 + API_REQUEST_S),
    "POST /v1/me/password": Operations(reads=10, writes=5, seconds=2 * SIGN_IN_FAILURE_PADDING_S),
    "PATCH /v1/me": Operations(),
    "PUT /v1/me/preferences": Operations(writes=2),
    "GET /v1/usage": Operations(reads=60),
    "POST /v1/jobs": Operations(
        reads=3000, writes=80, object_writes=16, object_reads=3000, starts="a job"
    ),
    # With its analysis.
    "GET /v1/jobs/{job_id}": replace(_JOB, object_reads=6, sent_bytes=512 << 10),
    "PATCH /v1/jobs/{job_id}": _CHANGED_JOB,
    "DELETE /v1/jobs/{job_id}": Operations(reads=60, writes=20),
    "POST /v1/jobs/{job_id}/cancel": _CHANGED_JOB,
    "POST /v1/jobs/{job_id}/redrive": _REWORK,
    "GET /v1/jobs/{job_id}/events": _LISTED,
    "POST /v1/jobs/{job_id}/uploads/{input}": Operations(reads=60, writes=20, object_writes=4),
    "POST /v1/jobs/{job_id}/uploads/{input}/finalize": Operations(
        reads=_JOB_READS + 20, writes=40, object_reads=2
    ),
    "PUT /v1/jobs/{job_id}/deck": _REWORK,
    "POST /v1/jobs/{job_id}/deck/slides/{slide_id}/rewrite": _REWORK,
    "POST /v1/jobs/{job_id}/deck/release": _REWORK,
    "POST /v1/jobs/{job_id}/deck/pictures": Operations(reads=60, writes=20, object_reads=1),
    # A Neural2 or standard voice needs about a second for a sentence.
    "GET /v1/voices/{voice}/sample": Operations(
        writes=2,
        object_writes=1,
        object_reads=3,
        seconds=1.0,
        sent_bytes=256 << 10,
        starts="a call of Text-to-Speech",
    ),
    "POST /v1/jobs/{job_id}/shares": Operations(reads=12, writes=5),
    # A job has up to 120 KB of user metadata, in characters of four bytes, and a few kilobytes of
    # other members.
    "GET /v1/jobs": Operations(
        reads=MAX_SEARCHED + _LIMIT_READS + 2, sent_bytes=_MAX_PAGE * (128 << 10)
    ),
    "GET /v1/me/keys": Operations(reads=24),
    "POST /v1/me/keys": Operations(reads=34, writes=6, starts="one email"),
    "DELETE /v1/me/keys/{key_id}": Operations(writes=1),
    "DELETE /v1/shares/{share_id}": Operations(writes=1),
    "GET /v1/share/{token}": Operations(writes=3),
    "POST /v1/buckets": Operations(reads=32, writes=3),
    "GET /v1/buckets": Operations(reads=30),
    "POST /v1/buckets/{bucket_id}/verify": Operations(writes=3, object_reads=1),
    "DELETE /v1/buckets/{bucket_id}": Operations(writes=1),
    "GET /v1/webhooks": Operations(reads=20),
    "POST /v1/webhooks": Operations(reads=30, writes=3),
    "DELETE /v1/webhooks/{webhook_id}": Operations(writes=2),
    "POST /v1/webhooks/{webhook_id}/enable": Operations(writes=2),
    "POST /v1/webhooks/{webhook_id}/secret": Operations(writes=2),
    "POST /v1/webhooks/{webhook_id}/test": Operations(writes=4, starts="a call of the webhook"),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": Operations(
        writes=4, starts="a call of the webhook"
    ),
    "POST /v1/cameras": Operations(reads=30, writes=6),
    "GET /v1/cameras": Operations(reads=120),
    "DELETE /v1/cameras/{camera_id}": Operations(reads=12, writes=6),
    "POST /v1/cameras/{camera_id}/preview": Operations(reads=30, writes=10, starts="a preview"),
    "POST /v1/recordings": Operations(reads=60, writes=60, starts="a recording"),
    "DELETE /v1/recordings/{recording_id}": Operations(reads=20, writes=20),
    "POST /v1/recordings/{recording_id}/stop": Operations(
        reads=12 + int(STOP_WAIT_S / STOP_POLL_S), writes=6, seconds=STOP_WAIT_S + API_REQUEST_S
    ),
    "POST /v1/recordings/{recording_id}/redrive": Operations(
        reads=20, writes=8, starts="the end of a recording"
    ),
    "POST /v1/recordings/{recording_id}/browser-copy": Operations(
        reads=30, writes=8, starts="a copy of a clip"
    ),
    "POST /v1/me/exports": Operations(reads=1010, writes=3, starts="an export"),
    "GET /v1/me/exports": _LISTED,
    "POST /v1/me/erasures": Operations(reads=1010, writes=3, starts="an erasure"),
    "DELETE /v1/me": Operations(reads=1010, writes=3, starts="an erasure"),
    "GET /v1/receipt-keys": Operations(reads=100),
    "GET /v1/health": _HEALTH,
    "GET /healthz": _HEALTH,
    "GET /v1/openapi.json": _DOCUMENTED,
    "GET /v1/docs": _DOCUMENTED,
    "GET /v1/docs/plain": _DOCUMENTED,
    "GET /v1/docs/viewer.js": _DOCUMENTED,
    "GET /v1/docs/style.css": _DOCUMENTED,
    "GET /problems/{code}": Operations(reads=_LIMIT_READS),
    "GET /v1/media/jobs/{job_id}/{name}": _DOWNLOAD,
    "GET /v1/media/share/{token}": _DOWNLOAD,
    "GET /v1/media/share/{token}/page": _PAGE,
    "GET /v1/media/share/{token}/embed": _PAGE,
    "GET /v1/media/share/{token}/poster": _DOWNLOAD,
    "GET /v1/media/share/{token}/captions": _DOWNLOAD,
    "GET /v1/media/page/share.js": _DOCUMENTED,
    "GET /v1/media/page/share.css": _DOCUMENTED,
    "GET /v1/media/recordings/{recording_id}/clip": _DOWNLOAD,
    "GET /v1/media/previews/{token}": _PREVIEW,
    "GET /v1/media/openapi.json": _DOCUMENTED,
    "GET /v1/media/health": _HEALTH,
}


def operations_of(route: Route) -> Operations:
    """Returns the most operations of a request, with those of its policies. Raises LookupError for
    a route without a row that changes something."""
    name = f"{route.method} {route.path}"
    row = _ROWS.get(name)
    if row is not None:
        return row
    if route.method != "GET":
        raise LookupError(f"infra/tools/abuse/operations.py has no row for {name}")
    if route.query is not None and issubclass(route.query, PageQuery):
        return Operations(reads=_MAX_PAGE + 1 + _LIMIT_READS + 2)
    return Operations()


def list_rows() -> tuple[str, ...]:
    """Returns the routes that have a row."""
    return tuple(_ROWS)
