"""Expired counters of rate limits are deleted in pages, and a day that was not finished is
continued."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import Create
from shared.jobs.maintenance.cleanup import CLEANUP_S as JOBS_CLEANUP_S
from shared.jobs.maintenance.sweep import SWEEP_S
from shared.pipeline import FUNCTIONS, ScheduleTrigger
from shared.privacy import limit_counters
from shared.privacy.limit_counters import CLEANUP_S, counter_fields, delete_expired_counters
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Cleaner:
    """Runs cleanups. Each query takes `query_s` seconds."""

    def __init__(self) -> None:
        self.store = MemoryJobStore()
        self.now = NOW
        self.query_s = 0.0

    def create_counters(self, count: int, expires_at: datetime) -> None:
        for n in range(count):
            path = f"limits/sign-ins.{n}.{expires_at.timestamp():.0f}"
            self.store.commit([Create(path, {"count": 1, **counter_fields("k", expires_at)})])

    def count_counters(self) -> int:
        return sum(path.startswith("limits/") for path in self.store.documents)

    def run(self) -> int:
        flow: Any = delete_expired_counters(effects.ClockAndIds(lambda: self.now, lambda: "t"))
        value: Any = None
        while True:
            try:
                effect = flow.send(value)
            except StopIteration as end:
                return int(end.value)
            match effect:
                case effects.Read(paths):
                    value = self.store.read(paths)
                case effects.RunQuery(query):
                    self.now += timedelta(seconds=self.query_s)
                    value = self.store.run_query(query)
                case effects.Commit(writes):
                    assert len(writes) <= 500
                    value = self.store.commit(writes)


@pytest.fixture
def cleaner() -> Cleaner:
    cleaner = Cleaner()
    cleaner.run()
    return cleaner


def test_counters_are_kept_until_their_day_has_passed(cleaner: Cleaner) -> None:
    cleaner.create_counters(5, NOW)
    cleaner.now = NOW.replace(hour=23)
    assert cleaner.run() == 0
    cleaner.now += timedelta(hours=1)
    assert cleaner.run() == 5


def test_cleanup_is_bounded_and_continues_with_the_same_day(cleaner: Cleaner) -> None:
    cleaner.create_counters(2000, NOW)
    cleaner.create_counters(10, NOW + timedelta(days=1))
    cleaner.now += timedelta(days=2)
    cleaner.query_s = CLEANUP_S / 2
    deleted = [cleaner.run() for _ in range(5)]
    assert deleted == [600, 600, 600, 210, 0]
    assert cleaner.count_counters() == 0


def test_cost_does_not_grow_with_the_counters_that_are_in_use(cleaner: Cleaner) -> None:
    cleaner.create_counters(3000, NOW + timedelta(days=1))
    cleaner.now += timedelta(hours=13)
    cleaner.run()
    cleaner.store.documents_read = 0
    cleaner.run()
    assert cleaner.store.documents_read == 1


def test_crash_after_the_last_page_repeats_the_day(
    cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner.create_counters(3, NOW)
    cleaner.now += timedelta(days=1)

    def crash(*_: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(limit_counters, "Update", crash)
        with pytest.raises(RuntimeError):
            cleaner.run()
    cleaner.create_counters(2, NOW)
    assert cleaner.run() == 2


def test_sweeper_has_time_for_all_of_its_work() -> None:
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, ScheduleTrigger):
            assert row.soft_deadline_s > SWEEP_S + JOBS_CLEANUP_S + CLEANUP_S
