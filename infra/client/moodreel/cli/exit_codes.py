"""The exit codes of the command. They are stable."""

from __future__ import annotations

from moodreel.errors import (
    ApiError,
    ConnectionFailed,
    Forbidden,
    JobFailed,
    MoodreelError,
    NotSignedIn,
    RateLimited,
    ServerFailed,
    TransferFailed,
    WaitTimeout,
)
from moodreel.files.inputs import WrongFiles

JOB_FAILED = 1
"""Also of errors that have no code of their own."""
USAGE = 2
NOT_SIGNED_IN = 3
REFUSED = 4
LIMIT_REACHED = 5
UNAVAILABLE = 6
TRANSFER_FAILED = 7
INTERRUPTED = 130

_CODES: tuple[tuple[type[MoodreelError], int], ...] = (
    (JobFailed, JOB_FAILED),
    (WrongFiles, USAGE),
    (NotSignedIn, NOT_SIGNED_IN),
    (Forbidden, NOT_SIGNED_IN),
    (RateLimited, LIMIT_REACHED),
    (ServerFailed, UNAVAILABLE),
    (ConnectionFailed, UNAVAILABLE),
    (ApiError, REFUSED),
    (TransferFailed, TRANSFER_FAILED),
    (WaitTimeout, UNAVAILABLE),
)


def exit_code(error: MoodreelError) -> int:
    """Returns the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), JOB_FAILED)
