"""When a handler leaves out work that only makes the result better."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.entrypoints.stage import OPTIONAL_WAIT_S, UnitContext
from shared.flows.envelope import Envelope
from shared.jobs.stage import UnitClaim
from shared.pipeline import FUNCTIONS
from shared.runtime.leases import UnitLease
from tests.fakes.services import FixedServices

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST_ATTEMPT = FUNCTIONS["slide_generation"].max_attempts


class StoppedClock:
    """A clock that always shows the same time."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"slept for {seconds} s")


@pytest.mark.parametrize(
    ("attempt", "waited_s", "expected"),
    [
        (1, None, False),
        (LAST_ATTEMPT - 1, None, False),
        (LAST_ATTEMPT, None, True),
        (1, OPTIONAL_WAIT_S - 1, False),
        (1, OPTIONAL_WAIT_S, True),
    ],
)
def test_optional_work_is_tried_again_for_some_attempts_and_some_time(
    attempt: int, waited_s: float | None, expected: bool
) -> None:
    since = None if waited_s is None else NOW - timedelta(seconds=waited_s)
    none = cast(Any, None)
    envelope = Envelope("j" * 20, "slide_generation", "0")
    claim = UnitClaim(envelope, "t", attempt, none, none, since)
    services = FixedServices(none, none, none, StoppedClock(), none, lambda: "t")
    context = UnitContext(UnitLease(claim, time.monotonic() + 3600), services, none)
    assert context.skips_optional_work is expected
