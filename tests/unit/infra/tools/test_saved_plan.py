"""Saved plans: uploaded under their SHA-256, verified before they are applied, only after tests."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from google.cloud import storage

from infra.local.suite.layout import ROOT
from infra.tools import saved_plan
from infra.tools.saved_plan import Cloud
from tests.fixtures.gcs.server import GcsEmulator

BUCKET = "p-plans"
COMMIT = "c" * 40
TESTED: dict[str, Any] = {
    "status": "SUCCESS",
    "serviceAccount": "projects/p/serviceAccounts/mr-tester@p.iam.gserviceaccount.com",
    "substitutions": {
        "TRIGGER_NAME": "moodreel-test",
        "BRANCH_NAME": "main",
        "COMMIT_SHA": COMMIT,
    },
}


class GoogleApis(BaseHTTPRequestHandler):
    """The metadata server and the list of Cloud Build, one build per page."""

    builds: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.endswith("/token"):
            assert self.headers["Metadata-Flavor"] == "Google"
            answer: dict[str, Any] = {"access_token": "t", "expires_in": 3599}
        else:
            assert self.headers["Authorization"] == "Bearer t"
            assert url.path == "/v1/projects/p/locations/r/builds"
            query = parse_qs(url.query)
            assert query["filter"] == ['status="SUCCESS"']
            page = int(query.get("pageToken", ["0"])[0])
            answer = {"builds": self.builds[page : page + 1]}
            if page + 1 < len(self.builds):
                answer["nextPageToken"] = str(page + 1)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


@pytest.fixture(scope="module")
def google() -> Iterator[str]:
    """The URL of the metadata server and Cloud Build."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), GoogleApis)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def bucket(gcs: GcsEmulator) -> storage.Bucket:
    """The bucket of plans in a Cloud Storage emulator."""
    return gcs.client().create_bucket(BUCKET)


@pytest.fixture
def cloud(google: str, bucket: storage.Bucket) -> Cloud:
    """Google's APIs as local servers."""
    return Cloud(bucket.client.api_endpoint, google, google)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The archive of a plan."""
    path = tmp_path / "plan.tgz"
    with tarfile.open(path, "w:gz") as entries:
        for name, text in {"plan.tfplan": "plan", "commit": f"{COMMIT}\n"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            entries.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_saved_plan_is_fetched_by_its_digest(
    archive: Path, cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()

    assert saved_plan.main(["save", str(archive), BUCKET], cloud) == 0
    assert capsys.readouterr().out == f"{digest}\n"
    # A build that is repeated saves the same archive again.
    assert saved_plan.save(archive, BUCKET, cloud) == digest

    assert saved_plan.main(["fetch", digest, BUCKET, str(tmp_path / "new")], cloud) == 0
    assert digest in capsys.readouterr().out
    assert (tmp_path / "new" / "plan.tfplan").read_text() == "plan"
    assert (tmp_path / "new.tgz").read_bytes() == archive.read_bytes()


def test_changed_plan_is_not_extracted(
    archive: Path, cloud: Cloud, bucket: storage.Bucket, tmp_path: Path
) -> None:
    digest = saved_plan.save(archive, BUCKET, cloud)
    bucket.blob(f"{digest}.tgz").upload_from_string(archive.read_bytes() + b"\0")

    with pytest.raises(SystemExit, match=f"was changed: its SHA-256 is .*, not {digest}"):
        saved_plan.main(["fetch", digest, BUCKET, str(tmp_path / "new")], cloud)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "new.tgz").exists()


@pytest.mark.parametrize("digest", ["", "latest", "A" * 64, "a" * 63, "../" + "a" * 64])
def test_plan_without_a_digest_is_refused(digest: str, cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="_PLAN is not the SHA-256 of a saved plan"):
        saved_plan.main(["fetch", digest, BUCKET, str(tmp_path / "new")], cloud)


def test_unknown_plan_is_reported(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"/o/a+\.tgz: 404 "):
        saved_plan.main(["fetch", "a" * 64, BUCKET, str(tmp_path / "new")], cloud)


def test_deployed_archive_is_replaced_and_missing_one_may_be_optional(
    archive: Path, cloud: Cloud, tmp_path: Path
) -> None:
    target = tmp_path / "previous.tgz"
    download = ["download", BUCKET, "deployed.tgz", str(target)]

    assert saved_plan.main([*download, "--optional"], cloud) == 0
    assert not target.exists()
    with pytest.raises(SystemExit, match="404"):
        saved_plan.main(download, cloud)

    for content in (b"first", b"second"):
        archive.write_bytes(content)
        assert saved_plan.main(["upload", str(archive), BUCKET, "deployed.tgz"], cloud) == 0
        assert saved_plan.main(download, cloud) == 0
        assert target.read_bytes() == content


OTHERS: dict[str, dict[str, Any]] = {
    "a failed build": {"status": "FAILURE"},
    "another account": {"serviceAccount": TESTED["serviceAccount"].replace("tester", "planner")},
    "another commit": {"substitutions": {**TESTED["substitutions"], "COMMIT_SHA": "d" * 40}},
    "another branch": {"substitutions": {**TESTED["substitutions"], "BRANCH_NAME": "fix"}},
    "a branch whose name begins like main": {
        "substitutions": {**TESTED["substitutions"], "BRANCH_NAME": "main-2"}
    },
    "a branch in other case": {"substitutions": {**TESTED["substitutions"], "BRANCH_NAME": "Main"}},
    "a build of a commit without a branch": {
        "substitutions": {"TRIGGER_NAME": "moodreel-test", "COMMIT_SHA": COMMIT}
    },
    "a pull request": {
        "substitutions": {**TESTED["substitutions"], "TRIGGER_NAME": "moodreel-pull-request"}
    },
    "another project's account": {
        "serviceAccount": "projects/p/serviceAccounts/mr-tester@q.iam.gserviceaccount.com"
    },
    "a build without a trigger": {"substitutions": {"COMMIT_SHA": COMMIT}},
}


def test_plan_of_a_tested_commit_is_applied(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "commit").write_text(f"{COMMIT}\n")
    monkeypatch.setattr(GoogleApis, "builds", [*({**TESTED, **o} for o in OTHERS.values()), TESTED])

    assert saved_plan.main(["tested", str(tmp_path / "commit"), "p", "r"], cloud) == 0


@pytest.mark.parametrize("other", OTHERS)
def test_plan_without_tests_is_not_applied(
    other: str, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "commit").write_text(f"{COMMIT}\n")
    monkeypatch.setattr(GoogleApis, "builds", [{**TESTED, **OTHERS[other]}])

    with pytest.raises(SystemExit, match="No successful build of moodreel-test tested commit"):
        saved_plan.main(["tested", str(tmp_path / "commit"), "p", "r"], cloud)


def test_text_runs_as_an_argument_without_the_project() -> None:
    """As the apply trigger runs it. Terraform's tests check its length."""
    text = (ROOT / "infra" / "tools" / "saved_plan.py").read_text()
    process = subprocess.run(
        [sys.executable, "-I", "-c", text, "fetch", "latest", "b", "new"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert process.stderr.startswith("_PLAN is not the SHA-256 of a saved plan")
