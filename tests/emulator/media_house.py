"""A job with a result of known bytes, and the media function as a client meets it."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from infra.local.client import Client
from infra.local.tenant import Tenant
from shared.domain.documents import Create, Update, job_path
from shared.domain.job import JobInput, new_job
from shared.domain.pipeline import RECIPES, Bucket
from shared.domain.sharing import share_path
from shared.driver import Neighbours


@dataclass(frozen=True)
class Got:
    """An answer with its headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def made_job(
    world: Neighbours, owner: str, content: bytes, *, name: str, content_type: str
) -> tuple[str, str]:
    """A finished job of `owner` with one result, and a link to it; (job id, token)."""
    job_id, token, now = secrets.token_hex(10), secrets.token_hex(24), datetime.now(UTC)
    world.store.commit(
        new_job(
            job_id=job_id,
            owner=owner,
            email="",
            recipe=RECIPES["frames"],
            title="Media",
            options={},
            inputs=(JobInput("video", f"jobs/{job_id}/video.0", "video/mp4", 1, "a.mp4"),),
            now=now,
            expires_at=now + timedelta(days=1),
        )
    )
    writer = world.objects.create(
        Bucket.OUTPUTS, f"jobs/{job_id}/x/{name}", content_type=content_type, spec="s"
    )
    with writer as out:
        for start in range(0, len(content), 1 << 20):
            out.write(content[start : start + (1 << 20)])
    artefact = out.stored.artefact(name, "film").to_dict()
    world.store.commit([Update(job_path(job_id), {"status": "done", "artefacts": [artefact]})])
    share = {
        "job": job_id,
        "owner": owner,
        "artefact": name,
        "created_at": now,
        "expires_at": now + timedelta(days=1),
        "revoked": False,
        "uses": 0,
    }
    world.store.commit([Create(share_path(token), share)])
    return job_id, token


def get(url: str, method: str = "GET", **headers: str) -> Got:
    """One request with exactly these headers (`If_Range` is sent as `If-Range`)."""
    connection, path = connected(url)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=sent)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)


def opened(url: str, **headers: str) -> tuple[HTTPConnection, HTTPResponse]:
    """One request whose body nobody has read yet, with a small window."""
    connection, path = connected(url)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def connected(url: str) -> tuple[HTTPConnection, str]:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return HTTPConnection(parts.netloc, timeout=120), path


def own_url(suite: Tenant, job_id: str, name: str) -> str:
    """Where a result of one's own is."""
    return f"{suite.url('media')}/v1/media/jobs/{job_id}/{name}"


def shared_url(suite: Tenant, token: str) -> str:
    """Where a shared result is."""
    return f"{suite.url('media')}/v1/media/share/{token}"


def bearer(client: Client) -> str:
    """The Authorization header of this person."""
    client.user.sign_in()
    return f"Bearer {client.user.token}"
