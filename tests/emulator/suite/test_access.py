"""Least privilege on the wire: what the functions really ask of Cloud Storage, against the roles
that they get in the cloud."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.cli.waterfall import read_spans
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from infra.local.suite.services import TRACES_FOLDER, bucket_name
from infra.tools.access import OBJECT_READER_ROLE, OBJECT_WRITER_ROLE, Grant, list_grants
from shared.pipeline import DECKS_PREFIX, FUNCTIONS, Bucket, FunctionKind, ScheduleTrigger
from shared.recipes.films.prompt import Prompt
from shared.runtime.interpreter import Services
from tests.fakes.cameras import HttpCamera, encode_mjpeg
from tests.fixtures.media.clips import CLIP_SPECS as CLIPS
from tests.fixtures.media.uploads import make_rotated_jpeg, make_sound_file
from tests.fixtures.suite.cameras import read_preview_frames, wait_until_recording_ended
from tests.fixtures.suite.still_job import run_still_job

pytestmark = pytest.mark.suite

# https://cloud.google.com/storage/docs/access-control/iam-roles
PERMISSIONS = {
    OBJECT_READER_ROLE: {"get", "list"},
    OBJECT_WRITER_ROLE: {"get", "list", "create", "delete", "update"},
}
ROWS = {row.service_account: row for row in FUNCTIONS.values() if row.is_built}


@pytest.fixture(scope="module")
def asked(
    suite: SuiteHandle, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str, str, str]]:
    """Account, permission, bucket and prefix of everything that was asked: after one job of each
    kind, a recording and its preview, an edited deck, a copy and a removal of everything, a
    stranger's object, and a sweep."""
    folder = tmp_path_factory.mktemp("access")
    client = suite.client()
    clip = CLIPS["cfr30"].encode().path
    prompt = folder / "prompt.txt"
    prompt.write_bytes(Prompt("How rivers carry sand to the sea").to_bytes())
    faces = {"consent": "true", "purpose": "research", "annotate": "true", "every": "1"}

    def emotions() -> str:
        job = suite.wait_for_job(client, suite.start_job(client, "emotions", clip, options=faces))
        return str(job["status"])

    def presentation() -> str:
        job_id = suite.start_job(client, "presentation", prompt, options={"slides": "3"})
        status = str(suite.wait_for_job(client, job_id)["status"])
        deck = client.call("GET", f"/v1/jobs/{job_id}/deck")
        slides = [
            {name: one for name, one in slide.items() if name != "picture_url"}
            for slide in deck["slides"]
        ]
        kept = {name: deck[name] for name in ("language", "theme", "aspect", "resolution")}
        edited = {"title": "Sand", "slides": slides, **kept}
        client.call("PUT", f"/v1/jobs/{job_id}/deck", {"revision": 0, "deck": edited})
        return status

    def still() -> str:
        sound = make_sound_file("mp3", 2.0)
        return str(run_still_job(suite, client, folder, make_rotated_jpeg(6), sound)["status"])

    def recording() -> str:
        camera = HttpCamera(encode_mjpeg(30), loops=True)
        wish = {"source": {"url": camera.url}, "recipe": "frames"}
        begun = client.call("POST", "/v1/recordings", wish)
        seat = client.call("POST", f"/v1/cameras/{begun['camera']}/preview")
        assert read_preview_frames(seat["url"], 2)[0]
        client.call("POST", f"/v1/recordings/{begun['id']}/stop")
        state = str(wait_until_recording_ended(client, begun["id"])["state"])
        camera.stop()
        assert suite.wait_for_job(client, begun["job"])["status"] == "done"
        client.call("DELETE", f"/v1/recordings/{begun['id']}")
        return state

    with ThreadPoolExecutor() as pool:
        kinds = [pool.submit(one) for one in (emotions, presentation, still, recording)]
        assert [one.result() for one in kinds] == ["done"] * 4
    job_id = suite.start_job(client, "frames", clip)
    job = suite.wait_for_job(client, job_id)
    client.download(job["artifacts"][0], folder / "some", lambda _: None)
    result = f"{suite.url('downloads')}/v1/media/jobs/{job_id}/{job['artifacts'][0]['name']}"
    bearer = {"Authorization": f"Bearer {client.user.token}"}
    assert request("GET", result, headers=bearer).status == 200
    client.call("DELETE", f"/v1/jobs/{job_id}")
    stranger = f"jobs/{secrets.token_hex(10)}/video.0"
    with services.objects.create(Bucket.UPLOADS, stranger, content_type="x/y", spec="s") as out:
        out.write(b"whose is this?")
    wait_until(
        lambda: services.objects.stat(Bucket.UPLOADS, stranger) is None, "it to be put aside"
    )
    leaver = suite.client()
    leaver.call("POST", "/v1/me/exports")
    leaver.call("POST", "/v1/me/erasures", {"account": False})
    suite.trigger_schedule(
        next(row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger))
    )

    def everybody() -> list[tuple[str, str, str, str]] | None:
        answer = json.loads(request("GET", suite.url("gcs") + "/_access").body)
        seen = [(one[0], one[1], one[2], one[3]) for one in answer]
        heard = {account for account, *_ in seen}
        return seen if heard >= {account for account, row in ROWS.items() if row.writes} else None

    return wait_until(everybody, "everybody who writes to have asked for something")


def allows(grant: Grant, permission: str, bucket: str, prefix: str) -> bool:
    """Whether a role on a bucket covers a call. A listing is of the bucket, so that no condition on
    objects' names lets it through."""
    if grant.scope != "bucket" or bucket_name(Bucket(grant.name)) != bucket:
        return False
    if permission not in PERMISSIONS[grant.role]:
        return False
    return not grant.prefix or (permission != "list" and prefix.startswith(grant.prefix))


def test_no_function_asks_for_more_than_its_roles_allow(
    asked: list[tuple[str, str, str, str]],
) -> None:
    beyond = [
        f"{account}: storage.objects.{permission} on {bucket}/{prefix}"
        for account, permission, bucket, prefix in asked
        if not any(allows(one, permission, bucket, prefix) for one in list_grants(ROWS[account]))
    ]
    assert not beyond


def test_no_stage_may_write_where_it_never_writes(asked: list[tuple[str, str, str, str]]) -> None:
    written = {
        (account, bucket, prefix) for account, kind, bucket, prefix in asked if kind == "create"
    }
    unused = [
        f"{row.name} never writes under {bucket}/{prefix}"
        for account, row in ROWS.items()
        if row.kind is FunctionKind.PIPELINE
        for bucket, prefix in row.writes
        if (account, bucket_name(bucket), prefix) not in written
    ]
    assert not unused
    # An edited deck is written by the API itself.
    assert (FUNCTIONS["api"].service_account, bucket_name(Bucket.WORK), DECKS_PREFIX) in written


def test_no_function_announces_more_than_its_roles_allow(
    suite: SuiteHandle, asked: list[tuple[str, str, str, str]]
) -> None:
    """Pub/Sub's emulator knows no accounts: who announced what is read out of the spans."""
    assert asked
    spans = {one["span"]: one for one in read_spans(suite.place.folder / TRACES_FOLDER)}
    seen = set()
    for one in spans.values():
        above = spans.get(one["parent"])
        if above is not None and above["name"] == "work":
            above = spans.get(above["parent"])
        if above is not None and one["name"] != "work":
            seen.add((above["attributes"]["function"], one["attributes"]["function"]))
    # Pub/Sub itself carries messages to the last resort, with the context that they had.
    seen = {(who, whom) for who, whom in seen if "dead_letter" not in (who, whom)}
    assert len(seen) >= 8
    beyond = {(who, whom) for who, whom in seen if whom not in FUNCTIONS[who].access.publish}
    assert not beyond


def test_a_call_beyond_a_role_would_be_noticed() -> None:
    narrow = Grant("bucket", "work", OBJECT_WRITER_ROLE, "packs/")
    work = bucket_name(Bucket.WORK)
    assert allows(narrow, "create", work, "packs/")
    assert not allows(narrow, "create", work, "zips/")
    assert not allows(narrow, "create", bucket_name(Bucket.UPLOADS), "packs/")
    assert not allows(narrow, "list", work, "packs/")
    assert not allows(Grant("bucket", "work", OBJECT_READER_ROLE, ""), "delete", work, "packs/")
