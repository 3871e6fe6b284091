"""Errors of leased work: units of jobs, and tasks."""

from __future__ import annotations

from shared.errors import PermanentError, TransientError


class AttemptsExhausted(PermanentError):
    """The work was tried as often as allowed and did not succeed."""

    code = "attempts-exhausted"


class WaitedTooLong(PermanentError):
    """A service was not available for six hours; redrive the job when it is."""

    code = "waited-too-long"


class LeaseLost(TransientError):
    """Another worker holds this now, or the job has ended."""

    code = "lease-lost"


class DeadlineNear(TransientError):
    """The function's timeout is near: stop before the platform does."""

    code = "deadline-near"
