"""The renewals of a lease while its work runs."""

from __future__ import annotations

import threading
import time

import pytest

from shared.runtime import leases
from shared.runtime.leases import Lease, renew_during


def test_short_work_is_renewed_before_the_usual_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "EARLY_RENEWALS_S", (0, 0))
    renewed = threading.Semaphore(0)

    def renew() -> bool:
        renewed.release()
        return True

    # The usual interval is longer than the test may take.
    with renew_during(Lease(time.monotonic() + 9_000), renew, 90_000, lambda *_, **__: None):
        assert renewed.acquire(timeout=60)
        assert renewed.acquire(timeout=60)
