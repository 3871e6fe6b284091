"""A whole `frames` job over the real suite, as tests need it again and again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.client import Client
from infra.local.tenant import Tenant


def fetch(client: Client, job: Mapping[str, Any], name: str, folder: Path) -> bytes:
    """The bytes of one of a job's artefacts."""
    artefact = next(one for one in job["artefacts"] if one["name"] == name)
    target = folder / f"{job['id']}.{name}"
    client.download(artefact, target, lambda _: None)
    return target.read_bytes()


def frames_of(zip_bytes: bytes) -> list[tuple[str, bytes]]:
    """Names and pictures of a frames.zip, checked entry by entry."""
    with zipfile.ZipFile(io.BytesIO(zip_bytes)) as archive:
        assert archive.testzip() is None
        return [(name, archive.read(name)) for name in archive.namelist()]


def run_frames(
    suite: Tenant, client: Client, clip: Path, folder: Path, **options: str
) -> tuple[dict[str, Any], bytes]:
    """Run a job to its end; → (the job, its frames.zip). It must end `done`."""
    job = suite.finished_job(client, suite.start_job(client, "frames", clip, options=options))
    assert job["status"] == "done", job["error"]
    return job, fetch(client, job, "frames.zip", folder)
