"""A clock that is set while a camera is recorded adds no time to the recording."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from functions.recorder.camera.rtp import RtpReceiver
from functions.recorder.clock import SteadyClock, TrackClock

TICK = Fraction(1, 90_000)
FPS, DAY_S = 25, 86_400
STEP = 90_000 // FPS


def times_s(stamps: list[float], arrivals: list[float] | None = None) -> list[float]:
    """The times of packets with these stamps (s of the camera's clock), 25 of which arrive a
    second."""
    clock = TrackClock(TICK)
    arrived = arrivals or [n / FPS for n in range(len(stamps))]
    pairs = zip(stamps, arrived, strict=True)
    return [float(clock.to_pts(round(stamp / TICK), at) * TICK) for stamp, at in pairs]


@pytest.mark.parametrize("jump_s", [DAY_S, 3600, 11, -2.5, -60, -3600, -DAY_S, 40 * DAY_S])
@pytest.mark.parametrize("at", [1, 50, 99])
def test_clock_set_by_the_camera_is_no_time_of_the_recording(jump_s: float, at: int) -> None:
    stamps = [1000 + n / FPS + (jump_s if n >= at else 0) for n in range(100)]
    assert times_s(stamps) == pytest.approx([n / FPS for n in range(100)], abs=1e-4)


def test_clock_set_twice_and_back_is_no_time_of_the_recording() -> None:
    jumps = [0] * 30 + [DAY_S] * 30 + [0] * 30 + [-500] * 30
    stamps = [1000 + n / FPS + jump for n, jump in enumerate(jumps)]
    assert times_s(stamps) == pytest.approx([n / FPS for n in range(120)], abs=1e-4)


def test_pictures_that_arrive_late_or_at_once_keep_their_times() -> None:
    stamps = [n / FPS for n in range(500)]
    burst = [max(0.0, n / FPS - 8) for n in range(500)]
    stall = [n / FPS if not 200 < n < 350 else 350 / FPS for n in range(500)]
    for arrivals in (burst, stall):
        assert times_s(stamps, arrivals) == pytest.approx(stamps, abs=1e-4)


def test_missing_pictures_and_reordered_pictures_keep_their_times() -> None:
    missing = [n / FPS for n in range(500) if not 100 < n < 400]
    assert times_s(missing, missing) == pytest.approx(missing, abs=1e-4)
    order = [0, 16, *range(1, 16), 32, *range(17, 32)]
    reordered = [n / FPS for n in order]
    assert times_s(reordered) == pytest.approx(reordered, abs=1e-4)


@pytest.mark.parametrize("origin_s", [0, 47_000, 999])
def test_false_origin_of_a_camera_is_not_used(origin_s: int) -> None:
    """RTP-Info names another time than the first packet has."""
    clock = TrackClock(TICK, origin_s * 90_000)
    first = 20_000 * 90_000
    assert [clock.to_pts(first + n * STEP, 0.5 + n / FPS) for n in range(3)] == [
        45_000 + n * STEP for n in range(3)
    ]
    clock = TrackClock(TICK, first - 9000)
    assert clock.to_pts(first, 0.5) == 9000


def rtp(number: int, ticks: int, source: int = 1) -> bytes:
    head = bytes([128, 96]) + (number % 65_536).to_bytes(2) + (ticks % (1 << 32)).to_bytes(4)
    return head + source.to_bytes(4) + b"x"


def receive(packets: list[bytes]) -> tuple[list[float], int]:
    """The times (s) of packets that arrive at 25 a second, and the number of lost ones."""
    receiver, clock = RtpReceiver(), TrackClock(TICK)
    times, lost_count = [], 0
    for n, data in enumerate(packets):
        packet = receiver.parse(data)
        if packet is not None:
            pts = clock.to_pts(packet.timestamp, n / FPS, is_restart=packet.is_restart)
            times.append(float(pts * TICK))
            lost_count += packet.lost_count
    return times, lost_count


RESTARTS = {
    "another source": [rtp(40_000 + n, 5_000_000 + n * STEP, 2) for n in range(50)],
    "another source with the next number": [rtp(50 + n, 77 + n * STEP, 2) for n in range(50)],
    "earlier numbers": [rtp(-20_000 + n, 3_000_000_000 + n * STEP) for n in range(50)],
    "later numbers": [rtp(10_000 + n, 4_000_000_000 + n * STEP) for n in range(50)],
    "the same numbers again": [rtp(n, n * STEP) for n in range(50)],
    "timestamps before a wraparound": [rtp(50 + n, -9000 + n * STEP, 3) for n in range(50)],
}


@pytest.mark.parametrize("kind", RESTARTS)
def test_stream_that_begins_again_goes_on(kind: str) -> None:
    """At most one packet is lost: one with an earlier number alone may be a late one."""
    times, lost_count = receive([rtp(n, n * STEP) for n in range(50)] + RESTARTS[kind])
    assert lost_count == 0
    assert len(times) >= 99
    assert times[-1] == pytest.approx(99 / FPS, abs=1e-3)
    assert max(b - a for a, b in pairwise(times)) <= 2.01 / FPS


def test_wraparound_of_timestamps_is_no_restart() -> None:
    first = (1 << 32) - 20 * STEP
    times, _ = receive([rtp(n, first + n * STEP) for n in range(100)])
    assert times == pytest.approx([n / FPS for n in range(100)], abs=1e-4)


def test_steady_clock_does_not_follow_a_wall_clock_that_is_set() -> None:
    wall, monotonic = [1000.0], [5.0]
    clock = SteadyClock(lambda: wall[0], lambda: monotonic[0])
    assert clock.convert(998.0) == 998.0
    for jump_s in (DAY_S, -2 * DAY_S, 3600):
        wall[0] += jump_s
        wall[0], monotonic[0] = wall[0] + 10, monotonic[0] + 10
        assert clock.now() == 1000 + monotonic[0] - 5
        # A time that this machine wrote, and one that a machine with the right time wrote.
        assert clock.convert(wall[0] - 1) == pytest.approx(clock.now() - 1)
        assert clock.convert(clock.now() - 1) == pytest.approx(clock.now() - 1)
