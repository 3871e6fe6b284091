"""Bucket settings: one file for the local suite and the cloud; CORS allows all signed headers."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from infra.local.emulators.gcs.xml_api.signer import write_key_file
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.wiring import STORAGE_CONFIG_FILE, build_bucket_settings
from shared.adapters.storage.signing import key_signer, sign_upload
from shared.pipeline import FUNCTIONS, Bucket

CONFIG = json.loads(STORAGE_CONFIG_FILE.read_text())


def test_cors_allows_every_signed_header(tmp_path: Path) -> None:
    write_key_file(tmp_path / "key.json", "p")
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    blob = client.bucket("b").blob("jobs/x/video.0")
    signed = sign_upload(key_signer(str(tmp_path / "key.json")), blob, "video/mp4", 10, 60)
    allowed = {name.lower() for name in CONFIG["cors"]["responseHeader"]}
    required = parse_qs(urlsplit(signed.url).query)["X-Goog-SignedHeaders"][0].split(";")
    assert len(required) == 4
    assert set(required) - {"host"} <= allowed
    assert {name.lower() for name in signed.headers} <= allowed
    assert signed.method in CONFIG["cors"]["method"]


def test_local_and_cloud_buckets_have_the_same_settings() -> None:
    assert set(CONFIG["buckets"]) == {role.value for role in Bucket}
    layout = SuiteLayout(8600)
    for role in Bucket:
        local, cloud = build_bucket_settings(layout, CONFIG, role), CONFIG["buckets"][role.value]
        assert bool(local["cors"]) == cloud["cors"]
        assert len(local["lifecycle"]["rule"]) == len(cloud["kept_days"])
        for rule in local["cors"]:
            assert all(origin.startswith("http://") for origin in rule["origin"])
            assert rule["responseHeader"] == CONFIG["cors"]["responseHeader"]


def test_every_written_prefix_has_a_lifecycle_rule() -> None:
    for row in FUNCTIONS.values():
        for bucket, prefix in row.writes:
            days = CONFIG["buckets"][bucket.value]["kept_days"]
            assert "" in days, f"nothing deletes {bucket}/{prefix}"


def test_uploads_and_results_are_soft_deleted_for_a_week() -> None:
    for role in (Bucket.UPLOADS, Bucket.OUTPUTS):
        assert CONFIG["buckets"][role.value]["soft_delete_days"] >= 7
    # Work can be regenerated. Model files are uploaded by operators and keep older versions.
    assert CONFIG["buckets"]["work"]["soft_delete_days"] == 0
    assert CONFIG["buckets"]["models"]["versioned"]
