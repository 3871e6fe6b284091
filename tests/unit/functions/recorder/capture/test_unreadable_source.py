"""Sessions whose stored source cannot be decrypted, or is the plain text of an earlier version."""

from __future__ import annotations

import pytest

from shared.cameras.camera_secret import secret_path
from shared.cameras.source import parse_source
from shared.flows.documents import Update
from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.secret_keys import CAMERA_KEYS, WEBHOOK_KEYS
from tests.fixtures.recorder import RecorderHarness

pytestmark = pytest.mark.slow
PASSWORD = "canary-77d0"


def test_camera_is_recorded_when_its_key_is_back(recorder: RecorderHarness) -> None:
    recorder.update_settings(camera_keys=WEBHOOK_KEYS, source_give_up_s=1)
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera.password = PASSWORD
        camera_id = recorder.add_camera(camera, PASSWORD)
        recording = recorder.wait_until_ended(recorder.start_recording(camera_id))

        assert recording.error is not None
        assert (recording.state, recording.error["code"]) == ("failed", "key-unavailable")
        assert camera.client_count == 0
        errors = [row for event, row in recorder.log_events if event == "secret.unreadable"]
        assert {row["document"] for row in errors} == {secret_path(camera_id)}
        assert {row["severity"] for row in errors} == {"ERROR"}

        recorder.update_settings(camera_keys=CAMERA_KEYS)
        recording = recorder.wait_until_started(recorder.start_recording(camera_id))
        assert (recording.state, recording.error) == ("recording", None)
    assert PASSWORD not in str(recorder.log_events) + str(recorder.store.documents)


def test_source_of_another_camera_is_given_up_at_once(recorder: RecorderHarness) -> None:
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera.password = PASSWORD
        victim = recorder.add_camera(camera, PASSWORD, owner="bob")
        camera_id = recorder.add_camera(camera)
        (doc,) = recorder.store.read([secret_path(victim)])
        assert doc is not None
        recorder.store.commit([Update(secret_path(camera_id), {"source": doc.data["source"]})])
        recording = recorder.wait_until_ended(recorder.start_recording(camera_id))

    assert recording.error is not None
    assert (recording.state, recording.error["code"]) == ("failed", "secret-unreadable")
    assert camera.client_count == 0


def test_plain_text_of_an_earlier_version_is_recorded(recorder: RecorderHarness) -> None:
    recorder.update_settings(camera_keys="")
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera_id = recorder.add_camera(camera)
        source = parse_source(camera.url, allow_private=True)
        recorder.store.commit([Update(secret_path(camera_id), {"source": source.to_dict()})])

        assert recorder.wait_until_started(recorder.start_recording(camera_id)).error is None
