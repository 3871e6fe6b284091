"""Converts the errors of Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions as gx
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from shared.adapters.availability import find_outage
from shared.errors import MoodreelError, SourceExpired, StorageOverloaded, StorageUnavailable


@contextmanager
def translate_errors(not_found: type[MoodreelError] = SourceExpired) -> Iterator[None]:
    """Raises `not_found` for 404, StorageOverloaded for an outage and StorageUnavailable for other
    errors.

    PreconditionFailed (412) is left to the caller.
    """
    try:
        with _raise_for_response():
            yield
    except gx.NotFound as error:
        raise not_found from error
    except gx.PreconditionFailed:
        raise
    except gx.RequestRangeNotSatisfiable as error:
        raise SourceExpired("The uploaded file is shorter than it was.") from error
    except (gx.GoogleAPIError, GoogleAuthError, DataCorruption, OSError) as error:
        outage = find_outage(error, StorageOverloaded, "Cloud Storage")
        if outage is not None:
            raise outage from error
        if isinstance(error, gx.Forbidden | gx.BadRequest | gx.Unauthorized):
            # A setting of the operator, not the user's input: it can be fixed and retried.
            raise StorageUnavailable(
                f"Cloud Storage refuses access: {type(error).__name__}."
            ) from error
        raise StorageUnavailable(f"Cloud Storage failed: {type(error).__name__}.") from error


@contextmanager
def _raise_for_response() -> Iterator[None]:
    """Converts the error of a resumable upload, which is a response and not an exception."""
    try:
        yield
    except InvalidResponse as error:
        raise gx.from_http_response(error.response) from error
