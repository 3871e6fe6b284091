"""Requests of the tests of decks: jobs, decks and edits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.recipes.films.prompt import Prompt

STONES = Prompt(
    "Tell me about stones",
    "Basalt is dark. Granite is light. Slate splits well. Chalk is soft. Marble shines.",
)


def start_job(
    suite: SuiteHandle, client: Client, folder: Path, prompt: Prompt = STONES, **options: str
) -> str:
    path = folder / "prompt.txt"
    path.write_bytes(prompt.to_bytes())
    return suite.start_job(client, "presentation", path, options={"slides": "4", **options})


def wait_for_end(
    suite: SuiteHandle, client: Client, job_id: str, status: str = "done"
) -> dict[str, Any]:
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == status, job["error"]
    return job


def wait_for_review(client: Client, job_id: str, revision: int = 0) -> dict[str, Any]:
    """Returns the job once the deck of this revision waits for review."""

    def find_job() -> dict[str, Any] | None:
        job = client.get_job(job_id)
        assert job["status"] not in ("failed", "done"), job["error"]
        in_review = job["status"] == "awaiting_review" and job["revision"] == revision
        return job if in_review else None

    return wait_until(find_job, f"the deck of revision {revision}")


def read_deck(client: Client, job_id: str) -> dict[str, Any]:
    return dict(client.call("GET", f"/v1/jobs/{job_id}/deck"))


def edit(
    client: Client,
    job_id: str,
    change: Callable[[dict[str, Any]], None],
    **fields: Any,
) -> dict[str, Any]:
    """Reads the deck, changes it and writes it back."""
    current = read_deck(client, job_id)
    names = ("title", "language", "theme", "aspect", "resolution")
    edited: dict[str, Any] = {name: current[name] for name in names}
    edited["slides"] = [
        {name: value for name, value in slide.items() if name != "picture_url"}
        for slide in current["slides"]
    ]
    change(edited)
    body = {"revision": current["revision"], "deck": edited, **fields}
    return dict(client.call("PUT", f"/v1/jobs/{job_id}/deck", body))


def add_picture(client: Client, job_id: str, data: bytes) -> str:
    """Adds a PNG file to the deck. Returns its reference."""
    added = client.call(
        "POST",
        f"/v1/jobs/{job_id}/deck/pictures",
        {
            "sha256": hashlib.sha256(data).hexdigest(),
            "filename": "added.png",
            "content_type": "image/png",
            "size_bytes": len(data),
        },
    )
    if added["upload"] is not None:
        url, headers = added["upload"]["url"], added["upload"]["headers"]
        response = requests.put(url, data=data, headers=headers, timeout=120)
        assert response.status_code == 200, response.text
    return str(added["picture"])


def find_stage(job: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(stage for stage in job["stages"] if stage["name"] == name)
