"""gsutil, an independent client. It requires TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.gcs.server import PROJECT, GcsEmulator

GSUTIL = shutil.which("gsutil")
pytestmark = pytest.mark.skipif(GSUTIL is None, reason="gsutil is not installed")

Gsutil = Callable[..., str]


@pytest.fixture
def gsutil(gcs: GcsEmulator, tmp_path: Path) -> Gsutil:
    """Runs gsutil against the emulator with its own home directory. Returns its output."""
    config = {
        "Credentials": {"gs_json_host": "127.0.0.1", "gs_json_port": gcs.tls_port},
        "Boto": {"ca_certificates_file": gcs.folder / "data" / "tls.pem", "num_retries": 1},
        "GSUtil": {
            "default_project_id": PROJECT,
            "prefer_api": "json",
            "resumable_threshold": 1_048_576,
            "software_update_check_period": 0,
        },
    }
    lines = [
        line
        for section, values in config.items()
        for line in (f"[{section}]", *(f"{key} = {value}" for key, value in values.items()))
    ]
    (tmp_path / "boto").write_text("\n".join(lines))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "BOTO_CONFIG": str(tmp_path / "boto"),
        "CLOUDSDK_CONFIG": str(tmp_path / "sdk"),
    }

    def run(*arguments: str, fails: bool = False) -> str:
        result = subprocess.run(
            [str(GSUTIL), "-q", *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (result.returncode != 0) == fails, result.stderr
        return result.stderr if fails else result.stdout

    return run


@pytest.mark.extended
def test_gsutil_uploads_lists_and_downloads(gsutil: Gsutil, tmp_path: Path) -> None:
    bucket = f"gs://g-{uuid.uuid4().hex[:12]}"
    (tmp_path / "small.txt").write_text("hello")
    (tmp_path / "big.bin").write_bytes(os.urandom(3_000_000))
    gsutil("mb", bucket)
    gsutil("cp", str(tmp_path / "small.txt"), str(tmp_path / "big.bin"), f"{bucket}/in/")
    assert gsutil("ls", f"{bucket}/in/").split() == [
        f"{bucket}/in/big.bin",
        f"{bucket}/in/small.txt",
    ]
    assert gsutil("cat", "-r", "1-3", f"{bucket}/in/small.txt") == "ell"
    gsutil("cp", f"{bucket}/in/big.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "big.bin").read_bytes()


@pytest.mark.extended
def test_gsutil_composes_moves_and_checks_generation_zero(
    gsutil: Gsutil, bucket: Any, tmp_path: Path
) -> None:
    root = f"gs://{bucket.name}"
    for name in ("a", "b"):
        bucket.blob(name).upload_from_string(name.encode())
    gsutil("compose", f"{root}/a", f"{root}/b", f"{root}/ab")
    gsutil("mv", f"{root}/ab", f"{root}/moved")
    assert bucket.blob("moved").download_as_bytes() == b"ab"
    assert bucket.get_blob("ab") is None
    (tmp_path / "x").write_text("x")
    error = gsutil(
        "-h", "x-goog-if-generation-match:0", "cp", str(tmp_path / "x"), f"{root}/moved", fails=True
    )
    assert "PreconditionException: 412" in error


@pytest.mark.extended
def test_gsutil_sets_cors_and_removes_the_bucket(
    gsutil: Gsutil, bucket: Any, tmp_path: Path
) -> None:
    rules = [{"origin": ["https://a.example"], "method": ["GET"], "maxAgeSeconds": 5}]
    (tmp_path / "cors.json").write_text(json.dumps(rules))
    gsutil("cors", "set", str(tmp_path / "cors.json"), f"gs://{bucket.name}")
    assert json.loads(gsutil("cors", "get", f"gs://{bucket.name}")) == rules
    bucket.blob("x").upload_from_string(b"x")
    gsutil("rm", "-r", f"gs://{bucket.name}")
    assert not bucket.exists()
