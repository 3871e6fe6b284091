"""How long work waits for a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.flows.waiting import next_try_at

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_waits_grow_to_ten_minutes() -> None:
    bounds = [
        (try_at - START).total_seconds()
        for count in range(14)
        if (try_at := next_try_at(START, START, count, 0, 1.0)) is not None
    ]
    assert bounds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]


def test_last_try_is_not_later_than_six_hours_after_the_first_refusal() -> None:
    end = START + timedelta(hours=6)
    assert next_try_at(end - timedelta(seconds=100), START, 20, 60, 0.9) == end
    assert next_try_at(end - timedelta(seconds=50), START, 20, 60, 0.9) is None
    assert next_try_at(end, START, 20, 0, 0.0) is None
