"""Requests that schemathesis generates from the served OpenAPI documents.

All of its checks run: no 5xx, no undocumented response, no invalid data accepted, no valid data
refused, no access without authorization, 405 with Allow for every other method. Expectations that
OpenAPI cannot express are in `schemathesis.toml`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.local.setup.tools import prepare_python
from infra.local.suite.handle import SuiteHandle
from tests.fixtures.media.clip_specs import CLIP_SPECS

pytestmark = pytest.mark.suite

FOLDER = Path(__file__).parent
# Runs are repeatable. One worker, because its threads conflict with the parser of Python 3.11.
REPEATABLE_ARGUMENTS = ("--workers", "1", "--seed", "1", "--generation-database", "none")
CHECK_ARGUMENTS = (
    "--checks",
    "all",
    "--max-redirects",
    "0",
    "--request-timeout",
    "30",
    "--no-color",
)
SLOW_PATHS = "^/v1/(accounts/|me/password)"
"""Operations that are slow on purpose."""


def run_schemathesis(
    suite: SuiteHandle,
    folder: Path,
    *arguments: str,
    path_params: Mapping[str, str] | None = None,
    document: tuple[str, str] = ("api", "/v1/openapi.json"),
) -> int:
    """Runs schemathesis over a document that a function serves.

    Args:
        path_params: Values for parameters of paths.
        document: Name of the function, and path of its document.

    Returns:
        The number of requests, which must all have passed.
    """
    config = folder / "schemathesis.toml"
    rows = [f'{name} = "{value}"' for name, value in (path_params or {}).items()]
    settings = (FOLDER / "schemathesis.toml").read_text()
    config.write_text("\n".join([settings, "[parameters]", *rows, ""]))
    base_url = suite.url(document[0])
    python = prepare_python(FOLDER / "schemathesis.txt", "schemathesis", print)
    result = subprocess.run(
        [
            str(python.parent / "st"), "--config-file", str(config),
            "run", f"{base_url}{document[1]}", "--url", base_url,
            *CHECK_ARGUMENTS, *REPEATABLE_ARGUMENTS, *arguments,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    output = result.stdout + result.stderr
    assert result.returncode == 0, output[-20_000:]
    [generated, passed] = re.findall(r"([0-9]+) generated, ([0-9]+) passed", output)[0]
    assert generated == passed
    return int(generated)


def authorization_arguments(suite: SuiteHandle) -> tuple[str, str]:
    return ("-H", f"Authorization: Bearer {suite.user().token}")


def test_short_run_finds_no_failure(suite: SuiteHandle, tmp_path: Path) -> None:
    limits = ("--max-examples", "1", "--phases", "examples,fuzzing,stateful")
    excluded = ("--exclude-path-regex", SLOW_PATHS)

    assert (
        run_schemathesis(suite, tmp_path, *authorization_arguments(suite), *limits, *excluded) > 25
    )


@pytest.mark.sweep
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "not signed in"])
def test_long_run_finds_no_failure(suite: SuiteHandle, tmp_path: Path, signed_in: bool) -> None:
    authorization = authorization_arguments(suite) if signed_in else ()
    excluded = ("--exclude-path-regex", SLOW_PATHS)

    fast_count = run_schemathesis(
        suite, tmp_path, *authorization, "--max-examples", "120", *excluded
    )
    limits = ("--max-examples", "5", "--phases", "examples,coverage,fuzzing")
    slow_count = run_schemathesis(
        suite, tmp_path, *authorization, *limits, "--include-path-regex", SLOW_PATHS
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
        suite, tmp_path, *authorization, *operations, *limits, path_params=path_params
    )

    print(f"{job_count} cases over an existing job")
    assert job_count >= 500
    assert client.get_job(job_id)["status"] == "done"

    document = ("downloads", "/v1/media/openapi.json")
    download_count = run_schemathesis(
        suite, tmp_path, *authorization, *limits, path_params=path_params, document=document
    )

    print(f"{download_count} cases over its downloads")
    assert download_count >= 100
