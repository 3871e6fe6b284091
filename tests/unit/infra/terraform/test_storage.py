"""One file says what the buckets allow, here and in the cloud; it lets through what is signed."""

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

ASKED = json.loads(STORAGE_CONFIG_FILE.read_text())


def test_a_browser_may_send_every_header_that_the_signer_signs(tmp_path: Path) -> None:
    write_key_file(tmp_path / "key.json", "p")
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    blob = client.bucket("b").blob("jobs/x/video.0")
    signed = sign_upload(key_signer(str(tmp_path / "key.json")), blob, "video/mp4", 10, 60)
    told = {name.lower() for name in ASKED["cors"]["responseHeader"]}
    must = parse_qs(urlsplit(signed.url).query)["X-Goog-SignedHeaders"][0].split(";")
    assert len(must) == 4
    assert set(must) - {"host"} <= told
    assert {name.lower() for name in signed.headers} <= told
    assert signed.method in ASKED["cors"]["method"]


def test_every_bucket_has_its_settings_and_the_local_ones_are_the_same() -> None:
    assert set(ASKED["buckets"]) == {role.value for role in Bucket}
    place = SuiteLayout(8600)
    for role in Bucket:
        local, cloud = build_bucket_settings(place, ASKED, role), ASKED["buckets"][role.value]
        assert bool(local["cors"]) == cloud["cors"]
        assert len(local["lifecycle"]["rule"]) == len(cloud["kept_days"])
        for rule in local["cors"]:
            assert all(origin.startswith("http://") for origin in rule["origin"])
            assert rule["responseHeader"] == ASKED["cors"]["responseHeader"]


def test_whatever_is_written_is_forgotten_one_day() -> None:
    for row in FUNCTIONS.values():
        for bucket, prefix in row.writes:
            days = ASKED["buckets"][bucket.value]["kept_days"]
            assert "" in days, f"nothing ends {bucket}/{prefix}"


def test_what_people_can_take_away_can_be_brought_back_for_a_week() -> None:
    for role in (Bucket.UPLOADS, Bucket.OUTPUTS):
        assert ASKED["buckets"][role.value]["soft_delete_days"] >= 7
    # What is made anew is not kept twice; what operators bring keeps its older versions.
    assert ASKED["buckets"]["work"]["soft_delete_days"] == 0
    assert ASKED["buckets"]["models"]["versioned"]
