"""Requests that schemathesis generates from the served OpenAPI documents.

All of its checks run: no 5xx, no undocumented response, no invalid data accepted, no valid data
refused, no access without authorization, 405 with Allow for every other method. Expectations that
OpenAPI cannot express are in `schemathesis.toml`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fuzz.schemathesis_runs import run_schemathesis

pytestmark = pytest.mark.suite

SLOW_PATHS = "^/v1/(accounts/|me/password)"
"""Operations that are slow on purpose."""


def authorization_arguments(suite: SuiteHandle) -> tuple[str, str]:
    return ("-H", f"Authorization: Bearer {suite.user().token}")


@pytest.mark.sweep
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "not signed in"])
def test_long_run_finds_no_failure(suite: SuiteHandle, tmp_path: Path, signed_in: bool) -> None:
    authorization = authorization_arguments(suite) if signed_in else ()
    excluded = ("--exclude-path-regex", SLOW_PATHS)

    fast_count = run_schemathesis(
        suite.url("api"), tmp_path, *authorization, "--max-examples", "120", *excluded
    )
    limits = ("--max-examples", "5", "--phases", "examples,coverage,fuzzing")
    slow_count = run_schemathesis(
        suite.url("api"), tmp_path, *authorization, *limits, "--include-path-regex", SLOW_PATHS
    )

    print(f"{fast_count + slow_count} cases, {'signed in' if signed_in else 'not signed in'}")
    assert fast_count + slow_count >= 3000


@pytest.mark.sweep
def test_run_over_an_existing_job_finds_no_failure(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    suite.wait_for_job(client, job_id)
    share = client.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": "frames.zip"})
    path_params = {
        "job_id": job_id,
        "name": "frames.zip",
        "input": "video",
        "token": share["url"].rsplit("/", 1)[1],
    }
    operations: tuple[str, ...] = ("--include-path-regex", "job_id|/share/")
    # These operations would remove the data of the others.
    for operation in ("delete_job", "revoke_share"):
        operations += ("--exclude-operation-id", operation)
    limits = ("--max-examples", "60", "--phases", "examples,coverage,fuzzing")
    authorization = ("-H", f"Authorization: Bearer {client.user.token}")

    job_count = run_schemathesis(
        suite.url("api"), tmp_path, *authorization, *operations, *limits, path_params=path_params
    )

    print(f"{job_count} cases over an existing job")
    assert job_count >= 500
    assert client.get_job(job_id)["status"] == "done"

    download_count = run_schemathesis(
        suite.url("downloads"), tmp_path, *authorization, *limits, path_params=path_params,
        document="/v1/media/openapi.json",
    )  # fmt: skip

    print(f"{download_count} cases over its downloads")
    assert download_count >= 100
