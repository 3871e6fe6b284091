"""Recordings of cameras that play: what is in the clip is what was shown, to the picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from functions.recorder.capture import session
from shared.cameras import session as shifts
from shared.runtime.interpreter import Driver
from tests.fakes.cameras import Camera, HttpCamera, RtspCamera, h264_film, jpeg_film, playing
from tests.fixtures.media.clip_reader import consecutive, look
from tests.fixtures.recorder import Studio

pytestmark = pytest.mark.slow

CAMERAS: dict[str, Callable[[], Camera]] = {
    "mjpeg": lambda: HttpCamera(jpeg_film(60)),
    "h264": lambda: RtspCamera(h264_film(60)),
    "h264-with-b-frames": lambda: RtspCamera(h264_film(60, bf=2)),
    "h264-and-sound": lambda: RtspCamera(h264_film(60), sound=True),
}


KINDS = [
    pytest.param("mjpeg"),
    pytest.param("h264", marks=pytest.mark.sweep),
    pytest.param("h264-with-b-frames", marks=pytest.mark.sweep),
    pytest.param("h264-and-sound"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_as_long_as_its_recording_and_misses_no_picture(
    studio: Studio, kind: str
) -> None:
    with playing(CAMERAS[kind]()) as camera:
        number = studio.record(studio.camera(camera))
        started = studio.rolling(number).started_at
        time.sleep(3)
        studio.stop(number)
        done = studio.ended(number)
        assert done.clip is not None, done.error
        seen = look(studio.clip(done))

    assert started is not None
    assert done.ended_at is not None
    wanted = (done.ended_at - started).total_seconds()
    assert consecutive(seen.numbers)
    # Motion JPEG has the times at which its pictures arrive: late ones, on a busy machine.
    late_s = 2 if kind == "mjpeg" else 0
    assert seen.duration_s == pytest.approx(len(seen.numbers) / 15, abs=0.2 + late_s)
    assert 2.8 <= seen.duration_s <= wanted + 0.2 + late_s
    assert done.clip["duration_sec"] == pytest.approx(seen.duration_s, abs=0.05)
    assert done.clip["fps"] == pytest.approx(len(seen.numbers) / seen.duration_s, abs=0.5)
    assert (done.clip["width"], done.clip["height"], done.clip["gaps"]) == (192, 128, [])
    assert done.ended_by == "stop"
    assert seen.has_sound == (kind == "h264-and-sound")
    assert done.clip["path"].endswith(".mov" if seen.has_sound else ".mp4")
    assert seen.fast_start


@pytest.mark.parametrize(
    "kind", [pytest.param("mjpeg", marks=pytest.mark.sweep), "h264-with-b-frames"]
)
def test_a_handover_neither_misses_a_picture_nor_shows_one_twice(studio: Studio, kind: str) -> None:
    studio.set(recorder_shift_s=3)
    with playing(CAMERAS[kind]()) as camera:
        place = studio.camera(camera)
        number = studio.record(place)
        studio.rolling(number)
        studio.until(lambda: studio.seen(place)["live_epoch"] >= 3)
        studio.stop(number)
        done = studio.ended(number)
        seen = look(studio.clip(done))

    assert done.clip is not None
    assert done.clip["gaps"] == []
    assert consecutive(seen.numbers)
    steps = [float(b - a) for a, b in pairwise(seen.times)]
    assert max(steps) < 0.15
    assert camera.clients >= 3


def test_a_camera_that_drops_and_comes_back_leaves_a_gap_that_is_named(studio: Studio) -> None:
    with playing(HttpCamera(jpeg_film(60))) as camera:
        place = studio.camera(camera)
        number = studio.record(place)
        studio.rolling(number)
        time.sleep(1)
        camera.off()
        studio.until(lambda: studio.seen(place)["state"] == "reconnecting")
        assert studio.seen(place)["error"]["code"] == "camera-gone"
        assert studio.until(lambda: studio.recording(number).state == "reconnecting")
        camera.on()
        studio.until(lambda: studio.seen(place)["state"] == "connected")
        time.sleep(1)
        studio.stop(number)
        done = studio.ended(number)
        seen = look(studio.clip(done))

    assert done.clip is not None
    [gap] = done.clip["gaps"]
    missing = [b - a for a, b in pairwise(seen.numbers) if b != a + 1]
    assert len(missing) == 1
    # By arrival, which a busy machine delays; exact joints are in test_joints.
    assert gap["duration_s"] == pytest.approx((missing[0] - 1) / 15, abs=1)
    assert seen.duration_s == pytest.approx((seen.numbers[-1] - seen.numbers[0] + 1) / 15, abs=1)


@pytest.mark.sweep
def test_a_camera_that_stalls_is_gone_after_a_while_and_taken_up_again(studio: Studio) -> None:
    studio.set(source_stall_s=2)
    with playing(RtspCamera(h264_film(60))) as camera:
        place = studio.camera(camera)
        number = studio.record(place)
        studio.rolling(number)
        camera.stalled = True
        studio.until(lambda: studio.seen(place)["state"] == "reconnecting")
        assert studio.seen(place)["error"]["code"] == "camera-silent"
        camera.stalled = False
        studio.until(lambda: studio.seen(place)["state"] == "connected")
        studio.stop(number)
        done = studio.ended(number)

    assert done.clip is not None
    assert len(done.clip["gaps"]) == 1


def test_a_camera_that_never_answers_is_given_up_with_its_reason(studio: Studio) -> None:
    studio.set(source_stall_s=1, source_patience_s=3)
    with playing(RtspCamera(h264_film(5))) as camera:
        camera.silent = True
        place = studio.camera(camera)
        done = studio.ended(studio.record(place))

    assert done.error is not None
    assert (done.state, done.ended_by, done.error["code"]) == (
        "failed", "source-lost", "camera-silent",
    )  # fmt: skip
    assert studio.seen(place)["state"] == "failed"


@pytest.mark.sweep
def test_what_was_recorded_before_a_camera_was_lost_is_a_clip(studio: Studio) -> None:
    studio.set(source_patience_s=2)
    with playing(HttpCamera(jpeg_film(60))) as camera:
        number = studio.record(studio.camera(camera))
        studio.rolling(number)
        time.sleep(1)
        camera.off()
        done = studio.ended(number)

    assert (done.state, done.ended_by) == ("done", "source-lost")
    assert done.error is not None
    assert done.error["code"] == "camera-gone"
    assert len(look(studio.clip(done)).numbers) > 10


REFUSALS = {
    "redirect-refused": {"redirect": "http://10.0.0.1/live"},
    "camera-locked": {"password": "secret"},
}


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize(
    "make", [lambda: HttpCamera(jpeg_film(5)), lambda: RtspCamera(h264_film(5))]
)
def test_a_camera_that_refuses_for_good_is_asked_once(
    studio: Studio, make: Callable[[], Camera], code: str
) -> None:
    with playing(make()) as camera:
        for name, value in REFUSALS[code].items():
            setattr(camera, name, value)
        done = studio.ended(studio.record(studio.camera(camera)))

    assert done.error is not None
    assert (done.state, done.error["code"]) == ("failed", code)
    assert camera.clients == 1


def test_a_camera_that_never_shows_a_whole_picture_is_given_up(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording lasts from its first picture on: without any, no limit would end it."""
    monkeypatch.setattr(session, "FIRST_PICTURE_S", 1.0)
    studio.set(source_stall_s=1, source_patience_s=1)
    with playing(RtspCamera(h264_film(60, gop_s=60)[1:])) as camera:
        number = studio.record(studio.camera(camera))
        failed = studio.ended(number)
    assert (failed.state, failed.ended_by) == ("failed", "source-lost")
    assert failed.error is not None
    assert failed.error["code"] == "camera-silent"


def test_a_camera_that_was_taken_away_and_in_again_is_held_once(studio: Studio) -> None:
    with playing(HttpCamera(jpeg_film(60))) as camera:
        place = studio.camera(camera)
        studio.watch(place)
        studio.until(lambda: studio.seen(place)["state"] == "connected")
        Driver(studio.world).run(shifts.dismiss(place))
        assert studio.camera(camera) == place
        number = studio.record(place)
        studio.rolling(number)
        studio.until(lambda: camera.connected == 1)
        time.sleep(1)
        assert camera.connected == 1


@pytest.mark.sweep
def test_an_order_to_go_elsewhere_in_the_middle_is_not_followed(studio: Studio) -> None:
    with playing(RtspCamera(h264_film(30))) as camera:
        assert isinstance(camera, RtspCamera)
        camera.says_redirect = True
        place = studio.camera(camera)
        studio.record(place)
        studio.until(lambda: (studio.seen(place)["error"] or {}).get("code") == "redirect-refused")


def test_addresses_of_the_house_are_refused_unless_they_are_listed(studio: Studio) -> None:
    studio.set(camera_networks=())
    with playing(HttpCamera(jpeg_film(5))) as camera:
        done = studio.ended(studio.record(studio.camera(camera)))

    assert done.error is not None
    assert done.error["code"] == "private-address"
    assert camera.clients == 0


def test_a_password_opens_a_camera_and_is_told_nowhere(studio: Studio) -> None:
    secret = "canary-5f2d"
    for camera in (HttpCamera(jpeg_film(20)), RtspCamera(h264_film(20))):
        with playing(camera):
            camera.password = secret
            place = studio.camera(camera, secret)
            number = studio.record(place)
            studio.rolling(number)
            camera.off()
            studio.until(lambda: studio.seen(place)["error"])  # noqa: B023
            studio.stop(number)
            studio.ended(number)
    told = {path: doc for path, doc in studio.ledger.docs.items() if "secrets" not in path}
    assert secret not in str(told)
    assert secret not in str(studio.logged)
    assert secret in str(studio.ledger.docs)


@pytest.mark.sweep
def test_two_recordings_of_one_camera_share_its_connection(studio: Studio) -> None:
    with playing(HttpCamera(jpeg_film(60))) as camera:
        place = studio.camera(camera)
        first = studio.record(place)
        studio.rolling(first)
        second = studio.record(place)
        studio.rolling(second)
        time.sleep(1)
        studio.stop(first)
        one = studio.ended(first)
        time.sleep(1)
        studio.stop(second)
        two = studio.ended(second)

    assert camera.clients == 1
    for done in (one, two):
        assert consecutive(look(studio.clip(done)).numbers)
    assert look(studio.clip(two)).numbers[0] > look(studio.clip(one)).numbers[0]


@pytest.mark.sweep
def test_a_recording_begins_before_it_was_asked_for_when_somebody_was_looking(
    studio: Studio,
) -> None:
    with playing(RtspCamera(h264_film(60))) as camera:
        place = studio.camera(camera)
        studio.watch(place)
        studio.until(lambda: studio.seen(place)["state"] == "connected")
        time.sleep(3)
        asked = camera.now
        number = studio.record(place, pre_roll_s=2)
        studio.rolling(number)
        time.sleep(1)
        studio.stop(number)
        done = studio.ended(number)
        seen = look(studio.clip(done))

    assert consecutive(seen.numbers)
    assert seen.numbers[0] / 15 == pytest.approx(asked - 2, abs=0.25)


def test_a_recording_ends_by_itself_at_its_limits(studio: Studio) -> None:
    with playing(HttpCamera(jpeg_film(60))) as camera:
        place = studio.camera(camera)
        short = studio.record(place, max_duration_s=2)
        small = studio.record(place, max_bytes=20_000)
        by_time, by_size = studio.ended(short), studio.ended(small)

    assert (by_time.ended_by, by_size.ended_by) == ("max-duration", "max-bytes")
    # It ends with the first picture that arrives after two seconds.
    assert 1.9 <= look(studio.clip(by_time)).duration_s < 4


@pytest.mark.sweep
def test_a_session_that_nobody_wants_ends_and_lets_the_camera_go(studio: Studio) -> None:
    with playing(HttpCamera(jpeg_film(60))) as camera:
        place = studio.camera(camera)
        number = studio.record(place)
        studio.rolling(number)
        studio.stop(number)
        studio.ended(number)
        studio.until(lambda: studio.seen(place)["state"] == "idle")
        assert studio.seen(place)["shift"] == ""
        again = studio.record(place)
        studio.rolling(again)

    assert camera.clients == 2
