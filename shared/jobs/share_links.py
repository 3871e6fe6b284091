"""Share links: `shares/{share}`. The token in a link's URL gives access to one artifact of a job
until the link expires, its owner revokes it or the job is deleted.

The id of the document is the hash of the token, so whoever reads it cannot open the link.
"""

from __future__ import annotations

from datetime import datetime

from shared.capabilities import hash_capability
from shared.flows.documents import Create
from shared.jobs.model import Job

SHARES = "shares"


def share_path(share_id: str) -> str:
    """shares/{share}"""
    return f"{SHARES}/{share_id}"


def share_paths(token: str) -> tuple[str, str]:
    """Returns the path of the link with this token, and its path if it was created before tokens
    were hashed (see `infra.operations.hash_share_tokens`)."""
    return share_path(hash_capability(token)), share_path(token)


def find_share_id(doc_id: str) -> str:
    """Returns the id of a link from the id of its document, which may be a token that was stored
    before tokens were hashed."""
    return doc_id if is_hashed(doc_id) else hash_capability(doc_id)


def is_hashed(doc_id: str) -> bool:
    """Whether the id of a link's document is a hash. A token is shorter."""
    return len(doc_id) == len(hash_capability(""))


def share_page_url(base_url: str, token: str) -> str:
    """Returns the URL of the page with the result of a link. `base_url` is that of `downloads`."""
    return f"{base_url}/v1/media/share/{token}/page"


def share_embed_url(base_url: str, token: str) -> str:
    """Returns the URL of the page that other sites may embed."""
    return f"{base_url}/v1/media/share/{token}/embed"


def new_share(
    token: str, job: Job, artifact: str, now: datetime, expires_at: datetime, title: str = ""
) -> Create:
    """Returns the write that creates a link to the result named `artifact`. Its page shows `title`:
    a link discloses no title that its owner did not give it."""
    return Create(
        share_path(hash_capability(token)),
        {
            "job": job.id,
            "owner": job.owner,
            "artifact": artifact,
            "title": title,
            "created_at": now,
            "expires_at": expires_at,
            "revoked": False,
            "uses": 0,
            "last_used_at": None,
        },
    )
