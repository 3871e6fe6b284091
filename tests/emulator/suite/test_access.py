"""Least privilege: the calls that functions make to Cloud Storage and Pub/Sub, against the roles
that they are granted in the cloud."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.cli.waterfall import read_spans
from infra.local.client.http import request
from infra.local.suite.handle import TERMINAL_STATUSES, SuiteHandle, wait_until
from infra.local.suite.services import TRACES_FOLDER, bucket_name
from infra.tools.access import (
    CUSTOMER_BUCKETS_GRANTS,
    OBJECT_READER_ROLE,
    OBJECT_WRITER_ROLE,
    Grant,
    list_grants,
)
from shared.cloud_function import CUSTOMER_BUCKETS_ACCOUNT
from shared.pipeline import DECKS_PREFIX, FUNCTIONS, Bucket, FunctionKind, ScheduleTrigger
from shared.recipes.films.prompt import Prompt
from shared.runtime.services import Services
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fixtures.media.clip_specs import CLIP_SPECS as CLIPS
from tests.fixtures.media.uploads import make_rotated_jpeg, make_sound_file
from tests.fixtures.suite.cameras import read_preview_frames, wait_until_recording_ended
from tests.fixtures.suite.still_job import run_still_job

pytestmark = pytest.mark.suite

# https://cloud.google.com/storage/docs/access-control/iam-roles
PERMISSIONS = {
    OBJECT_READER_ROLE: {"get", "list"},
    OBJECT_WRITER_ROLE: {"get", "list", "create", "delete", "update"},
}
OWN_BUCKETS = {bucket_name(role) for role in Bucket}
ROWS = {row.service_account: row for row in FUNCTIONS.values()}


@pytest.fixture(scope="module")
def storage_calls(
    suite: SuiteHandle, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str, str, str]]:
    """Account, permission, bucket and prefix of every storage call. The calls come from one job of
    each recipe, a recording and its preview, an edited deck, an export and an erasure, an object
    of no job, and a run of the sweeper."""
    folder = tmp_path_factory.mktemp("access")
    client = suite.client()
    clip = CLIPS["cfr30"].encode().path
    prompt = folder / "prompt.txt"
    prompt.write_bytes(Prompt("How rivers carry sand to the sea").to_bytes())
    faces = {
        "consent": "true", "purpose": "research", "annotate": "true", "every": "1",
        "transcript": "true",
    }  # fmt: skip

    def emotions() -> str:
        job = suite.wait_for_job(client, suite.start_job(client, "emotions", clip, options=faces))
        return str(job["status"])

    def presentation() -> str:
        job_id = suite.start_job(client, "presentation", prompt, options={"slides": "3"})
        status = str(suite.wait_for_job(client, job_id)["status"])
        deck = client.call("GET", f"/v1/jobs/{job_id}/deck")
        slides = [
            {name: value for name, value in slide.items() if name != "picture_url"}
            for slide in deck["slides"]
        ]
        deck_options = {name: deck[name] for name in ("language", "theme", "aspect", "resolution")}
        edited = {"title": "Sand", "slides": slides, **deck_options}
        client.call("PUT", f"/v1/jobs/{job_id}/deck", {"revision": 0, "deck": edited})
        # Work that goes on would add messages and model calls to the tests that follow.
        wait_until(
            lambda: client.get_job(job_id)["status"] in ("awaiting_review", *TERMINAL_STATUSES),
            "the edited deck",
        )
        return status

    def still() -> str:
        sound = make_sound_file("mp3", 2.0)
        return str(run_still_job(suite, client, folder, make_rotated_jpeg(6), sound)["status"])

    def recording() -> str:
        camera = HttpCamera(encode_mjpeg(30), loops=True)
        body = {"source": {"url": camera.url}, "recipe": "frames"}
        recording = client.call("POST", "/v1/recordings", body)
        preview = client.call("POST", f"/v1/cameras/{recording['camera']}/preview")
        assert read_preview_frames(preview["url"], 5)[0]
        client.call("POST", f"/v1/recordings/{recording['id']}/stop")
        state = str(wait_until_recording_ended(client, recording["id"])["state"])
        camera.stop()
        assert suite.wait_for_job(client, recording["job"])["status"] == "done"
        client.call("DELETE", f"/v1/recordings/{recording['id']}")
        return state

    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run) for run in (emotions, presentation, still, recording)]
        assert [run.result() for run in runs] == ["done"] * 4
    job_id = suite.start_job(client, "frames", clip)
    job = suite.wait_for_job(client, job_id)
    client.download(job["artifacts"][0], folder / "some", lambda _: None)
    result = f"{suite.url('downloads')}/v1/media/jobs/{job_id}/{job['artifacts'][0]['name']}"
    bearer = {"Authorization": f"Bearer {client.user.token}"}
    assert request("GET", result, headers=bearer).status == 200
    client.call("DELETE", f"/v1/jobs/{job_id}")
    orphan = f"jobs/{secrets.token_hex(10)}/video.0"
    with services.objects.create(Bucket.UPLOADS, orphan, content_type="x/y", spec="s") as out:
        out.write(b"belongs to no job")
    wait_until(
        lambda: services.objects.stat(Bucket.UPLOADS, orphan) is None, "it to be quarantined"
    )
    leaving_client = suite.client()
    leaving_client.call("POST", "/v1/me/exports")
    leaving_client.call("POST", "/v1/me/erasures", {"account": False})
    suite.trigger_schedule(
        next(row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger))
    )

    def calls_of_all_writers() -> list[tuple[str, str, str, str]] | None:
        response = json.loads(request("GET", suite.url("gcs") + "/_access").body)
        calls = [(call[0], call[1], call[2], call[3]) for call in response]
        accounts = {account for account, *_ in calls}
        return (
            calls if accounts >= {account for account, row in ROWS.items() if row.writes} else None
        )

    return wait_until(calls_of_all_writers, "a storage call of every function that writes")


def grant_allows(grant: Grant, permission: str, bucket: str, prefix: str) -> bool:
    """Whether a role on a bucket covers a call.

    A list call addresses the bucket, so a grant with a condition on object names does not cover it.
    """
    if grant.scope != "bucket" or bucket_name(Bucket(grant.name)) != bucket:
        return False
    if permission not in PERMISSIONS[grant.role]:
        return False
    return not grant.prefix or (permission != "list" and prefix.startswith(grant.prefix))


def test_functions_use_storage_within_their_roles(
    storage_calls: list[tuple[str, str, str, str]],
) -> None:
    violations = [
        f"{account}: storage.objects.{permission} on {bucket}/{prefix}"
        for account, permission, bucket, prefix in storage_calls
        if not any(grant_allows(grant, permission, bucket, prefix) for grant in grants_of(account))
        # Users grant what the guide says on their own buckets.
        and (account != CUSTOMER_BUCKETS_ACCOUNT or bucket in OWN_BUCKETS)
    ]
    assert not violations


def grants_of(account: str) -> Iterable[Grant]:
    """Returns the grants of a service account."""
    if account == CUSTOMER_BUCKETS_ACCOUNT:
        return CUSTOMER_BUCKETS_GRANTS
    return list_grants(ROWS[account])


def test_stages_write_under_every_prefix_they_are_granted(
    storage_calls: list[tuple[str, str, str, str]],
) -> None:
    written = {
        (account, bucket, prefix)
        for account, permission, bucket, prefix in storage_calls
        if permission == "create"
    }
    unused = [
        f"{row.name} never writes under {bucket}/{prefix}"
        for account, row in ROWS.items()
        if row.kind is FunctionKind.PIPELINE
        for bucket, prefix in row.writes
        if (account, bucket_name(bucket), prefix) not in written
    ]
    assert not unused
    # The API itself writes an edited deck.
    assert (FUNCTIONS["api"].service_account, bucket_name(Bucket.WORK), DECKS_PREFIX) in written


def test_functions_publish_only_to_the_topics_they_are_granted(
    suite: SuiteHandle, storage_calls: list[tuple[str, str, str, str]]
) -> None:
    """The Pub/Sub emulator does not know accounts, so the spans show which function published."""
    assert storage_calls
    spans = {span["span"]: span for span in read_spans(suite.layout.folder / TRACES_FOLDER)}
    publishes = set()
    for span in spans.values():
        parent = spans.get(span["parent"])
        if parent is not None and parent["name"] == "work":
            parent = spans.get(parent["parent"])
        if parent is not None and span["name"] != "work":
            publishes.add((parent["attributes"]["function"], span["attributes"]["function"]))
    # Pub/Sub itself forwards messages to the dead-letter topic, with their trace context.
    publishes = {
        (publisher, receiver)
        for publisher, receiver in publishes
        if "dead_letter" not in (publisher, receiver)
    }
    assert len(publishes) >= 8
    violations = {
        (publisher, receiver)
        for publisher, receiver in publishes
        if receiver not in FUNCTIONS[publisher].access.publish
    }
    assert not violations


def test_calls_beyond_a_grant_are_detected() -> None:
    grant = Grant("bucket", "work", OBJECT_WRITER_ROLE, "packs/")
    work = bucket_name(Bucket.WORK)
    assert grant_allows(grant, "create", work, "packs/")
    assert not grant_allows(grant, "create", work, "zips/")
    assert not grant_allows(grant, "create", bucket_name(Bucket.UPLOADS), "packs/")
    assert not grant_allows(grant, "list", work, "packs/")
    assert not grant_allows(
        Grant("bucket", "work", OBJECT_READER_ROLE, ""), "delete", work, "packs/"
    )
