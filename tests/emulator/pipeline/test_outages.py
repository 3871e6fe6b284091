"""A paid service that refuses every call for a while: the job waits and is done afterwards."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.recipes.films.prompt import Prompt
from tests.fixtures.suite.captions_job import write_tones

pytestmark = pytest.mark.suite

MIN_REFUSALS = 6
"""More than the attempts of a unit."""


@pytest.mark.parametrize("outage_s", [0, pytest.param(60, marks=pytest.mark.sweep)])
@pytest.mark.parametrize(
    ("emulator", "service", "stage"),
    [
        ("tts", "speech", "text_to_speech"),
        ("gemini", "model", "slide_generation"),
        ("stt", "recognition", "speech_recognition"),
    ],
)
@pytest.mark.extended
def test_job_waits_for_a_service_without_quota(
    suite: SuiteHandle, tmp_path: Path, emulator: str, service: str, stage: str, outage_s: float
) -> None:
    """The outage ends after MIN_REFUSALS and after `outage_s`."""
    client, faults = suite.client(), suite.url(emulator) + "/_faults"
    recipe, path, options = "captions", write_tones(tmp_path), {"language": "en"}
    if emulator != "stt":
        recipe, path, options = "presentation", tmp_path / "prompt.txt", {"slides": "3"}
        path.write_bytes(Prompt(f"Why the {service} of whales carries far").to_bytes())
    rule = {"match": {"method": "POST"}, "action": {"status": 429, "retry_after_s": 1}}
    request("POST", faults, rule)
    started_at = time.monotonic()
    try:
        job_id = suite.start_job(client, recipe, path, options=options)

        def read_wait() -> dict[str, str] | None:
            stages = client.get_job(job_id)["stages"]
            return next((row["waiting"] for row in stages if row["name"] == stage), None)

        wait = wait_until(read_wait, f"{stage} to wait")
        assert wait["service"] == service
        assert wait["code"].endswith("-overloaded")
        assert wait["since"] < wait["next_try_at"]

        def refused_count() -> int:
            return int(request("GET", faults).json()["rules"][0]["fired_count"])

        wait_until(lambda: refused_count() >= MIN_REFUSALS, "more refusals than attempts")
        time.sleep(max(0.0, outage_s - (time.monotonic() - started_at)))
        assert client.get_job(job_id)["status"] == "running"
    finally:
        request("DELETE", faults)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    attempts = {row["name"]: row["attempts"] for row in job["stages"] if row["attempts"]}
    # One attempt for each refusal would be MIN_REFUSALS. A busy machine may lose a lease.
    assert attempts[stage] < MIN_REFUSALS
    assert max(attempts.values()) < MIN_REFUSALS
    assert all(row["waiting"] is None for row in job["stages"])
