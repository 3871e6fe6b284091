"""The wait between two connections to a camera."""

from __future__ import annotations

from functions.recorder.capture.backoff import Backoff


def test_short_connections_do_not_reset_the_backoff() -> None:
    """Each connection with a picture costs a segment with its objects and documents."""
    now = [100.0]
    backoff = Backoff(300, lambda: now[0])
    tries = 0
    while now[0] < 400:
        now[0] = max(now[0], backoff.next_attempt_at)
        tries += 1
        backoff.record_success()
        now[0] += 0.1
        backoff.record_failure()
    assert tries < 30
    assert not backoff.is_exhausted
    backoff.record_success()
    now[0] += 60
    backoff.record_failure()
    assert backoff.next_attempt_at - now[0] <= 0.5
