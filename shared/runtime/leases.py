"""The leases of running units and tasks, and the thread that renews one while the work runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat

from shared.jobs.stage import UnitClaim
from shared.pipeline import RENEWALS_PER_LEASE
from shared.ports.system import Log
from shared.tasks.task import TaskClaim


class Lease:
    """The lease of a running unit or task. Long work calls `should_stop` regularly. `deadline` is
    in seconds of the monotonic clock."""

    def __init__(self, deadline: float) -> None:
        self.lost = threading.Event()
        self.deadline = deadline

    def should_stop(self) -> bool:
        """Returns whether the lease is lost, the job has ended, or the deadline has passed."""
        return self.lost.is_set() or time.monotonic() > self.deadline

    @property
    def is_lost(self) -> bool:
        """Whether the lease is lost or the job has ended."""
        return self.lost.is_set()


EARLY_RENEWALS_S = (4, 8, 16)
"""Seconds before each of the first renewals. A renewal reads three documents and writes two."""


class UnitLease(Lease):
    """The lease of a running unit. `progress` is 0 to 1."""

    def __init__(self, claim: UnitClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim
        self.progress = 0.0


class TaskLease(Lease):
    """The lease of a running task."""

    def __init__(self, claim: TaskClaim, deadline: float) -> None:
        super().__init__(deadline)
        self.claim = claim


@contextmanager
def renew_during(
    lease: Lease, renewal: Callable[[], bool], lease_s: float, log: Log
) -> Iterator[None]:
    """Renews the lease during the block, in a thread: RENEWALS_PER_LEASE times per lease, and a few
    times more at the beginning, so that the progress of short work is seen.

    Args:
        renewal: Renews the lease once. Returns False when the work must stop.
        lease_s: How long the lease is valid without a renewal, in seconds.
    """
    finished = threading.Event()
    thread = threading.Thread(
        target=_renew_until, args=(lease, renewal, finished, lease_s, log), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        # The thread stops before the commit: a renewal in between would change the version.
        finished.set()
        thread.join()


def _renew_until(
    lease: Lease,
    renewal: Callable[[], bool],
    finished: threading.Event,
    lease_s: float,
    log: Log,
) -> None:
    """Renews the lease until the work is finished. Marks it as lost when a renewal is rejected,
    or when no renewal succeeds for as long as the lease is valid."""
    renewed_at = time.monotonic()
    interval_s = lease_s / RENEWALS_PER_LEASE
    for wait_s in chain(EARLY_RENEWALS_S, repeat(interval_s)):
        if finished.wait(min(wait_s, interval_s)):
            return
        try:
            if not renewal():
                lease.lost.set()
                return
            renewed_at = time.monotonic()
        except Exception as error:
            log("lease.renewal_failed", severity="WARNING", reason=repr(error))
            if time.monotonic() - renewed_at > lease_s:
                lease.lost.set()
                return
