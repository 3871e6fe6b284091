"""The commands of the API's README, from sign-up to download, run against a suite."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.local.cli.sample_clip import write_sample_clip
from infra.local.setup.installs import clean_env
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import ROOT
from tests.emulator.api.account_requests import PASSWORD, new_address
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite

SETTINGS = ("API", "MAILS", "EMAIL", "PASSWORD", "VIDEO")
"""The variables that the first block of commands sets, which the test sets itself."""
FIRST_CHUNK_BYTES = 256 << 10


def read_commands() -> tuple[set[str], str]:
    """Returns the variables that the README's first block sets, and the commands that follow."""
    text = (ROOT / "functions" / "api" / "README.md").read_text()
    [section] = re.findall(r"\n## From sign-up to download\n(.*?)\n## ", text, re.DOTALL)
    settings, *blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return set(re.findall(r"^(\w+)=", settings, re.MULTILINE)), "\n".join(blocks)


def test_commands_of_the_readme_work(suite: SuiteHandle, tmp_path: Path) -> None:
    names, commands = read_commands()
    assert names == set(SETTINGS)
    video = tmp_path / "my holiday.mp4"
    write_sample_clip(video, 8)
    assert video.stat().st_size > FIRST_CHUNK_BYTES
    address = new_address()
    values = (suite.url("api"), suite.url("mails"), address, PASSWORD, str(video))
    script = f"set -euo pipefail\n{commands}\necho $TOKEN > token\necho $BIG > job\n"
    result = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path, env=clean_env(dict(zip(SETTINGS, values, strict=True))),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr
    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        assert sum(name.endswith(".jpg") for name in archive.namelist()) >= 8
    # The job whose video was uploaded in chunks starts as well.
    token, job_id = ((tmp_path / name).read_text().strip() for name in ("token", "job"))
    job = call_api(suite, "GET", f"/v1/jobs/{job_id}", token).json()
    assert job["status"] in ("queued", "running", "done")
