"""Tests of camera sources and of the camera endpoints: validation, secrecy of credentials."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.adapters.hpke import HpkeDecrypter
from shared.cameras.camera_secret import read_source, secret_path, source_context
from shared.cameras.source import Source
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.secret_keys import CAMERA_KEYS
from tests.unit.functions.api.cameras.camera_requests import CANARY, URL, collections, post

BOB = {"Authorization": "Bearer bob"}
INVALID_URLS = (
    f"rtsp://guest:{CANARY}@10.1.2.3/a",
    f"rtsp://guest:{CANARY}@127.0.0.1/a",
    f"http://guest:{CANARY}@169.254.169.254/computeMetadata/v1/",
    f"http://guest:{CANARY}@[::ffff:10.0.0.1]/a",
    f"http://guest:{CANARY}@metadata.google.internal/",
    f"http://guest:{CANARY}@0x7f000001/",
    f"http://guest:{CANARY}@localhost/",
    f"rtsp://guest:{CANARY}@cam.moodreel.test:22/",
    f"file:///etc/{CANARY}",
    f"rtmp://guest:{CANARY}@cam.moodreel.test/a",
    f"rtsp://guest:{CANARY}@cam.moodreel.test/a#b",
    f"rtsp://guest:{CANARY}@cam.moodreel.test/ä",
    f"rtsp://guest:{CANARY}\r\nX: y@cam.moodreel.test/",
    f"rtsp://guest:{CANARY}@/",
    f"http://[{CANARY}",
)


def read_camera_source(harness: AppHarness, camera_id: str) -> Source:
    """Returns the source of Alice's camera, as the recorder decrypts it."""
    (doc,) = harness.store.read([secret_path(camera_id)])
    assert doc is not None
    decrypter = HpkeDecrypter(CAMERA_KEYS)
    return read_source(doc.data, source_context(camera_id, "alice"), decrypter.decrypt)


@pytest.mark.parametrize("url", INVALID_URLS)
@pytest.mark.parametrize("path", ["/v1/cameras", "/v1/recordings"])
def test_invalid_camera_url_is_rejected_and_never_repeated(path: str, url: str) -> None:
    harness = AppHarness(ROUTES)
    name = {"name": "Door"} if path == "/v1/cameras" else {}

    response = post(harness, path, {"source": {"url": url}, **name})

    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert [error["field"] for error in response.json["errors"]] == ["source.url"]
    assert CANARY not in response.text
    assert CANARY not in str(harness.log_events)
    assert collections(harness) == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"url": URL, "device": 0},
        {"url": None},
        {"device": 16},
        {"device": "0"},
        {"url": URL, "password": CANARY},
        {"url": ""},
        {"url": "rtsp://cam.moodreel.test/" + "a" * 500},
        "rtsp://cam.moodreel.test/",
    ],
)
def test_invalid_source_is_rejected(source: Any) -> None:
    harness = AppHarness(ROUTES)

    response = post(harness, "/v1/cameras", {"name": "Door", "source": source})

    assert (response.status_code, response.json["code"]) == (422, "invalid-request")
    assert response.json["errors"][0]["field"].startswith("source")
    assert CANARY not in response.text
    assert collections(harness) == []


def test_local_devices_are_available_only_locally() -> None:
    response = post(AppHarness(ROUTES), "/v1/recordings", {"source": {"device": 0}})
    assert response.json["errors"][0]["field"] == "source.device"

    local = AppHarness(ROUTES, settings=replace(SETTINGS, allow_camera_devices=True))
    response = post(local, "/v1/cameras", {"name": "Desk", "source": {"device": 0}})
    assert (response.status_code, response.json["source"]["address"]) == (201, "device 0")


def test_private_address_is_accepted_if_networks_are_allowed() -> None:
    """The recorder checks at each connection that the address is in an allowed network."""
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, camera_networks=("10.0.0.0/8",)))

    response = post(harness, "/v1/cameras", {"name": "Door", "source": {"url": INVALID_URLS[0]}})

    assert (response.status_code, response.json["source"]["address"]) == (201, "rtsp://10.1.2.3/a")


def test_password_is_in_no_document_and_in_no_response() -> None:
    harness = AppHarness(ROUTES)
    recording = post(
        harness, "/v1/recordings", {"source": {"url": URL}}, **{"Idempotency-Key": "k"}
    )
    camera = recording.json["camera"]
    responses = [
        recording,
        post(harness, "/v1/cameras", {"name": "Door", "source": {"url": URL}}),
        *(
            harness.request("GET", path, headers=ALICE_HEADERS)
            for path in (
                "/v1/cameras", f"/v1/cameras/{camera}", "/v1/recordings",
                f"/v1/recordings/{recording.json['id']}",
            )
        ),
    ]  # fmt: skip

    assert [response.status_code for response in responses] == [201, 201, 200, 200, 200, 200]
    assert not any(CANARY in response.text for response in responses)
    assert CANARY not in str(harness.log_events)
    paths = [path for path, (data, _) in harness.store.documents.items() if CANARY in str(data)]
    assert paths == []
    assert read_camera_source(harness, camera).password == CANARY


def test_same_address_is_same_camera_and_keeps_its_password() -> None:
    harness = AppHarness(ROUTES)
    first = post(harness, "/v1/cameras", {"name": "Door", "source": {"url": URL}}).json

    # The identity of a camera excludes the password and includes the query.
    without_credentials = URL.replace(f"guest:{CANARY}@", "")
    repeated = post(
        harness, "/v1/cameras", {"name": "Front door", "source": {"url": without_credentials}}
    ).json
    changed_url = URL.replace(CANARY, "another", 1)
    changed = post(harness, "/v1/recordings", {"source": {"url": changed_url}}).json

    assert first["id"] == repeated["id"] == changed["camera"]
    assert (repeated["name"], repeated["source"]["credentials"]) == ("Front door", True)
    assert read_camera_source(harness, first["id"]).password == "another"
    bobs = harness.request(
        "POST", "/v1/cameras", headers=BOB, content_type="application/json",
        data=json.dumps({"name": "Door", "source": {"url": URL}}),
    )  # fmt: skip
    assert bobs.json["id"] != first["id"]


@pytest.mark.parametrize("public_key", ["", "AAAA"])
def test_camera_is_refused_without_a_public_key(public_key: str) -> None:
    """No password is stored in plain text because a setting is missing."""
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, camera_public_key=public_key))

    response = post(harness, "/v1/cameras", {"name": "Door", "source": {"url": URL}})

    assert response.status_code == 500
    assert "MOODREEL_CAMERA_PUBLIC_KEY" in str(harness.log_events)
    assert CANARY not in str(harness.log_events)
    assert collections(harness) == []
