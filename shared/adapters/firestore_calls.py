"""How long calls of Firestore take, how they are retried, and how their errors are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.api_core import exceptions as gx
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from shared.adapters.availability import find_outage
from shared.errors import FirestoreOverloaded, FirestoreUnavailable

TIMEOUT_S = 20
"""For one call with all its retries: the client's default of minutes is longer than a lease."""
TRY_TIMEOUT_S = 1
"""For a write that may be lost. A user waits for it."""
RETRY = Retry(
    if_exception_type(gx.ServiceUnavailable, gx.ResourceExhausted, gx.InternalServerError),
    initial=0.1,
    maximum=2,
    multiplier=2,
    timeout=TIMEOUT_S,
)
CALL_OPTIONS: dict[str, Any] = {"retry": RETRY, "timeout": TIMEOUT_S}
WRITE_TIMEOUT_S = 25
"""For one write with all its retries. A worker renews its lease until the work ends, so at its
commit the lease is valid for at least LEASE_S less one interval between renewals: 30 s."""
WRITE_RETRY = Retry(
    if_exception_type(
        gx.ServiceUnavailable, gx.ResourceExhausted, gx.InternalServerError, gx.Aborted
    ),
    initial=0.2,
    maximum=4,
    multiplier=2,
    timeout=WRITE_TIMEOUT_S,
)
"""Waits with full jitter: 0 s to a bound that doubles. ABORTED reports contention: a document takes
about one sustained write per second. A retried commit whose first response was lost conflicts with
itself: see `jobs/units/commit.py`."""
WRITE_OPTIONS: dict[str, Any] = {"retry": WRITE_RETRY, "timeout": WRITE_TIMEOUT_S}


@contextmanager
def translate_errors(*handled: type[Exception]) -> Iterator[None]:
    """Converts Firestore's errors: FirestoreOverloaded for an outage, otherwise
    FirestoreUnavailable. Errors of the `handled` types are left to the caller."""
    try:
        yield
    except handled:
        raise
    except (gx.GoogleAPIError, GoogleAuthError, OSError) as error:
        outage = find_outage(error, FirestoreOverloaded, "Firestore")
        if outage is not None:
            raise outage from error
        raise FirestoreUnavailable(f"Firestore failed: {type(error).__name__}.") from error
