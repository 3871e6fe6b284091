"""Sessions with a camera whose password is changed while an attempt with the old one fails."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from shared.cameras.recording import recording_path
from shared.flows.documents import CommitResult, Update, Write
from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fixtures.recorder import RecorderHarness

pytestmark = pytest.mark.slow


def test_right_password_does_not_inherit_the_failure_of_a_wrong_one(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second recording is requested when the first one has failed and its session has not
    ended."""
    with running_camera(HttpCamera(encode_mjpeg(60))) as camera:
        camera.password = "right"
        wrong_id = recorder.start_recording(camera_id := recorder.add_camera(camera))
        commit, right_ids = recorder.store.commit, list[str]()

        def commit_and_record(writes: Iterable[Write]) -> CommitResult:
            writes = list(writes)
            result = commit(writes)
            if not right_ids and any(
                isinstance(write, Update)
                and write.path == recording_path(wrong_id)
                and write.fields.get("ended_by") == "source-lost"
                for write in writes
            ):
                right_ids.append("")
                recorder.change_password(camera, "right")
                right_ids[0] = recorder.start_recording(camera_id)
            return result

        monkeypatch.setattr(recorder.store, "commit", commit_and_record)
        wrong = recorder.wait_until_ended(wrong_id)
        right = recorder.wait_until_started(recorder.wait_for(lambda: right_ids[0]))

        assert wrong.error is not None
        assert (wrong.state, wrong.error["code"]) == ("failed", "camera-locked")
        assert (right.state, right.error) == ("recording", None)
        # The second attempt is answered with 401 first, which says how to authenticate.
        assert camera.client_count == 3
