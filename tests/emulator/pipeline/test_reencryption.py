"""The operation that encrypts stored secrets, over the Firestore emulator."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from infra.local.suite.handle import SuiteHandle
from infra.local.suite.keys import read_private_keys
from infra.local.suite.layout import PROJECT, ROOT

pytestmark = pytest.mark.suite


def test_operation_reads_what_the_api_encrypted(suite: SuiteHandle) -> None:
    client = suite.client()
    client.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/hook"})
    url = "rtsp://guest:canary-90fe@127.0.0.1:8554/live"
    client.call("POST", "/v1/cameras", {"name": "Door", "source": {"url": url}})
    video = {"url": "http://127.0.0.1:9/clip.mp4?signature=canary-90fe"}
    client.call("POST", "/v1/jobs", {"recipe": "frames", "inputs": {"video": video}})
    keys = read_private_keys(suite.layout)

    process = subprocess.run(
        [sys.executable, "-m", "infra.operations.reencrypt_secrets", PROJECT, "--check"],
        env={**os.environ, **suite.env, **keys},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    assert [line.split(":")[0] for line in process.stdout.splitlines()] == [
        "camera_secrets", "webhooks", "fetches", "result_deliveries",
    ]  # fmt: skip
    assert process.stdout.count(" current") == 4, process.stdout
    assert "canary" not in process.stdout + process.stderr
