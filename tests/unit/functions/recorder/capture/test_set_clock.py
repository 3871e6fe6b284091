"""A clock that is set during a recording neither ends the recording nor adds time to it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from functions.recorder.capture import stream
from functions.recorder.clock import SteadyClock
from tests.fakes.cameras.camera import FakeCamera, running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.media.clip_reader import is_consecutive, read_clip
from tests.fixtures.recorder import RecorderHarness

pytestmark = pytest.mark.slow

DAY_S = 86_400
CAMERAS: dict[str, Callable[[], FakeCamera]] = {
    "mjpeg": lambda: HttpCamera(encode_mjpeg(60)),
    "rtsp": lambda: RtspCamera(encode_h264(60), clock_jumps_s={20: 3600, 30: -7200}),
}


@pytest.mark.parametrize("kind", CAMERAS)
def test_clip_of_a_machine_whose_clock_is_set_has_its_length(
    kind: str, recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the RTSP camera is set as well."""
    set_by_s = 0.0
    monkeypatch.setattr(stream, "SteadyClock", lambda: SteadyClock(lambda: time.time() + set_by_s))
    with running_camera(CAMERAS[kind]()) as camera:
        recording_id = recorder.start_recording(recorder.add_camera(camera))
        recorder.wait_until_started(recording_id)
        for jump_s in (DAY_S, -2 * DAY_S):
            set_by_s += jump_s
            time.sleep(1.2)
        assert recorder.read_recording(recording_id).state == "recording"
        recorder.stop_recording(recording_id)
        recording = recorder.wait_until_ended(recording_id)
        assert recording.clip is not None, recording.error
        clip = read_clip(recorder.read_clip(recording))

    assert recording.ended_by == "stop"
    assert recording.clip["gaps"] == []
    assert is_consecutive(clip.counters)
    # A busy machine delays arrivals, which are the times of MJPEG.
    assert clip.duration_s == pytest.approx(len(clip.counters) / 15, abs=2)
    assert 0.5 <= clip.duration_s < 60
