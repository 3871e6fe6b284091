"""Requests that nobody would write, made up by schemathesis out of the served document.

All of its checks: no fault of ours, no answer that the document does not name, no invalid data
taken, nothing valid refused, no way past the sign-in, 405 with Allow for every other method. What
the document cannot say is in `schemathesis.toml`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.local.setup.tools import prepare_python
from infra.local.suite.handle import SuiteHandle
from tests.fixtures.media.clips import CLIP_SPECS

pytestmark = pytest.mark.suite

HERE = Path(__file__).parent
# Runs are repeatable; and one worker: its threads and Python 3.11's parser do not get along.
STEADY = ("--workers", "1", "--seed", "1", "--generation-database", "none")
CHECKED = ("--checks", "all", "--max-redirects", "0", "--request-timeout", "30", "--no-color")
WAITING = "^/v1/(accounts/|me/password)"
"""What takes its time on purpose."""


def cases(
    suite: SuiteHandle,
    folder: Path,
    *more: str,
    known: Mapping[str, str] | None = None,
    document: tuple[str, str] = ("api", "/v1/openapi.json"),
) -> int:
    """Run it over the `document` that a function serves; → how many requests were made and found
    in order. Fails with what it told. What is `known` stands for the parameters of paths."""
    config = folder / "schemathesis.toml"
    rows = [f'{name} = "{one}"' for name, one in (known or {}).items()]
    told = (HERE / "schemathesis.toml").read_text()
    config.write_text("\n".join([told, "[parameters]", *rows, ""]))
    door = suite.url(document[0])
    python = prepare_python(HERE / "schemathesis.txt", "schemathesis", print)
    done = subprocess.run(
        [
            str(python.parent / "st"), "--config-file", str(config),
            "run", f"{door}{document[1]}", "--url", door, *CHECKED, *STEADY, *more,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-20_000:]
    [generated, passed] = re.findall(r"([0-9]+) generated, ([0-9]+) passed", told)[0]
    assert generated == passed
    return int(generated)


def bearer(suite: SuiteHandle) -> tuple[str, str]:
    return ("-H", f"Authorization: Bearer {suite.user().token}")


def test_a_short_run_finds_nothing(suite: SuiteHandle, tmp_path: Path) -> None:
    few = ("--max-examples", "1", "--phases", "examples,fuzzing,stateful")
    apart = ("--exclude-path-regex", WAITING)

    assert cases(suite, tmp_path, *bearer(suite), *few, *apart) > 25


@pytest.mark.sweep
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "not signed in"])
def test_a_long_run_finds_nothing(suite: SuiteHandle, tmp_path: Path, signed_in: bool) -> None:
    who = bearer(suite) if signed_in else ()
    apart = ("--exclude-path-regex", WAITING)

    many = cases(suite, tmp_path, *who, "--max-examples", "120", *apart)
    few = ("--max-examples", "5", "--phases", "examples,coverage,fuzzing")
    slow = cases(suite, tmp_path, *who, *few, "--include-path-regex", WAITING)

    print(f"{many + slow} cases, {'signed in' if signed_in else 'not signed in'}")
    assert many + slow >= 3000


@pytest.mark.sweep
def test_a_run_over_a_job_that_is_there_finds_nothing(suite: SuiteHandle, tmp_path: Path) -> None:
    client = suite.client()
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    suite.wait_for_job(client, job_id)
    share = client.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": "frames.zip"})
    known = {"job_id": job_id, "name": "frames.zip", "input": "video", "token": share["token"]}
    of_job: tuple[str, ...] = ("--include-path-regex", "job_id|/share/")
    # What takes them away would leave the others nothing to look at.
    for one in ("delete_job", "revoke_share"):
        of_job += ("--exclude-operation-id", one)
    few = ("--max-examples", "60", "--phases", "examples,coverage,fuzzing")
    who = ("-H", f"Authorization: Bearer {client.user.token}")

    made = cases(suite, tmp_path, *who, *of_job, *few, known=known)

    print(f"{made} cases over a job that is there")
    assert made >= 500
    assert client.get_job(job_id)["status"] == "done"

    media = ("downloads", "/v1/media/openapi.json")
    streamed = cases(suite, tmp_path, *who, *few, known=known, document=media)

    print(f"{streamed} cases over its bytes")
    assert streamed >= 100
