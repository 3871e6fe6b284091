"""Bodies of webhook calls: the documented schema, without anything that gives access to files."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.api.webhooks.event_schemas import JobEvent, PingEvent
from shared.jobs.webhooks.bodies import EVENTS, event_body, outcome_body
from shared.jobs.webhooks.deliveries import PING, delivery_id, event_id
from shared.recipes.stored_object import Artifact
from tests.fixtures.jobs import FRAMES_ZIP, make_job

README = Path(__file__).parents[4] / "functions" / "webhook" / "README.md"
PACK = Artifact("packs", "packs", "work", "packs/x/00.pack", 1, 1)


@pytest.mark.parametrize("status", EVENTS)
def test_outcome_body_has_the_documented_schema(status: str) -> None:
    error = {"code": "bad-input", "message": "No.", "stage": "upload_trigger"}
    artifacts = [FRAMES_ZIP.to_dict(), PACK.to_dict()]
    job = make_job(status=status, artifacts=artifacts, error=error if status == "failed" else None)

    event = JobEvent.model_validate_json(outcome_body(job))

    assert event.type == f"job.{status}"
    assert event.data.status == status
    assert [row.name for row in event.data.artifacts] == ["frames.zip"], "packs are no results"
    assert (event.data.error is None) is (status != "failed")
    assert datetime.fromisoformat(event.timestamp) == job.updated_at


def test_body_gives_no_access_to_files_and_no_names_of_people() -> None:
    people = {"1": "Ann Weber"}
    body = outcome_body(make_job(status="done", artifacts=[FRAMES_ZIP.to_dict()], people=people))

    [artifact] = json.loads(body)["data"]["artifacts"]
    assert artifact["url"] == f"/v1/jobs/{'j' * 20}/artifacts/frames.zip"
    for secret in ("http", "alice", "@", "jobs/x", "generation", "/share/", "Weber"):
        assert secret not in body


def test_body_has_what_the_user_noted_about_the_job() -> None:
    notes = {"title": "Höhle 🦇", "tags": ["trip"], "metadata": {"order.id": "7"}}
    event = JobEvent.model_validate_json(outcome_body(make_job(status="done", **notes)))

    assert (event.data.title, event.data.tags) == ("Höhle 🦇", ("trip",))
    assert event.data.metadata == {"order.id": "7"}


def test_body_of_an_earlier_version_is_read() -> None:
    body = json.loads(outcome_body(make_job(status="done", artifacts=[FRAMES_ZIP.to_dict()])))
    for name in ("title", "tags", "metadata"):
        del body["data"][name]
    del body["data"]["artifacts"][0]["url"]

    event = JobEvent.model_validate_json(json.dumps(body))
    assert (event.data.title, event.data.artifacts[0].url) == (None, None)


def test_readme_example_has_the_documented_schema() -> None:
    [example] = re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL)

    assert JobEvent.model_validate_json(example).type == "job.done"


def test_ping_body_has_the_documented_schema() -> None:
    body = event_body(PING, datetime(2026, 11, 26, tzinfo=UTC), {"webhook_id": "h"})

    assert PingEvent.model_validate_json(body).timestamp == "2026-11-26T00:00:00.000Z"
    assert json.loads(body)["type"] == "ping"


def test_event_ids_depend_on_job_revision_and_outcome() -> None:
    assert event_id("j", 0, "done.e0") == event_id("j", 0, "done.e0")
    others = {event_id("j", 0, "done.e1"), event_id("j", 1, "done.e0"), event_id("k", 0, "done.e0")}
    assert len(others | {event_id("j", 0, "done.e0")}) == 4
    assert re.fullmatch("[a-z0-9]{20}", delivery_id("e", "h"))
