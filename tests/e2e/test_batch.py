"""Batches of the command line over the running suite, killed on the way."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import WAIT_TIMEOUT_S, SuiteHandle, wait_until
from infra.local.suite.layout import ROOT
from tests.fixtures.media.clips import ClipSpec

pytestmark = pytest.mark.suite

_JOB_LIMIT_S = 30.0
"""How long each job may take on a machine that is busy with other work."""


@pytest.mark.parametrize(
    "count",
    [6, pytest.param(50, marks=pytest.mark.sweep), pytest.param(500, marks=pytest.mark.sweep)],
)
@pytest.mark.extended
def test_batch_that_is_killed_twice_has_every_result_once(
    suite: SuiteHandle, tmp_path: Path, count: int
) -> None:
    videos, out = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    for number in range(count):
        # Another number of frames is another file.
        spec = ClipSpec(frame_count=3 + number, width=64, height=48, time_base=Fraction(1, 10))
        (videos / f"{number:03}.mp4").write_bytes(spec.encode().path.read_bytes())
    limits = {"MOODREEL_JOBS_PER_MINUTE": "100000", "MOODREEL_UPLOADS_PER_MINUTE": "100000"}
    suite.restart("api", limits)
    client = suite.client()
    for stop_after in (count // 6, count // 2):
        process = start_batch(suite, client, videos, out)
        wait_for_results(out, stop_after)
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = start_batch(suite, client, videos, out)
    assert process.wait() == 0

    with (out / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["state"]) for row in rows] == [
        (f"{number:03}.mp4", "done") for number in range(count)
    ]
    jobs = [row["job"] for row in rows]
    assert len(set(jobs)) == count
    # No job was created twice.
    assert {job["id"] for job in list_jobs(client)} == set(jobs)
    assert count_results(out) == count
    with (out / "frames.csv").open(newline="") as file:
        frames = [row["file"] for row in csv.DictReader(file)]
    assert [frames.count(f"{number:03}.mp4") for number in range(count)] == [
        3 + number for number in range(count)
    ]


def start_batch(
    suite: SuiteHandle, client: Client, videos: Path, out: Path
) -> subprocess.Popen[bytes]:
    """Starts the command in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "infra" / "client"),
        "MOODREEL_URL": suite.url("api"),
        "MOODREEL_API_KEY": client.user.token,
    }
    arguments = ["run", "frames", str(videos), "--every", "0.1", "--jobs", "4", "--out", str(out)]
    command = [sys.executable, "-m", "moodreel", *arguments]
    return subprocess.Popen(command, env=environment)


def wait_for_results(out: Path, count: int) -> None:
    """Waits until the frames of `count` files are saved."""
    limit_s = WAIT_TIMEOUT_S + _JOB_LIMIT_S * count
    wait_until(lambda: count_results(out) >= count, f"{count} results", limit_s)


def count_results(out: Path) -> int:
    """Returns the number of files whose frames are saved."""
    return len(list(out.glob("*/frames.zip")))


def list_jobs(client: Client) -> list[dict[str, str]]:
    """Returns all jobs of the account."""
    jobs: list[dict[str, str]] = []
    cursor = ""
    while True:
        page = client.call("GET", f"/v1/jobs?limit=100{cursor}")
        jobs += page["jobs"]
        if page["next_cursor"] is None:
            return jobs
        cursor = f"&cursor={page['next_cursor']}"
