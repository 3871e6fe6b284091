"""What Cloud Storage says in its words, said in ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions as gx
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from shared.errors import MoodreelError, SourceExpired, StorageUnavailable


@contextmanager
def translate_errors(not_found: type[MoodreelError] = SourceExpired) -> Iterator[None]:
    """Raises `gone` for 404 and StorageUnavailable for all else but 412, which is left to who
    asked for it."""
    try:
        with _answers():
            yield
    except gx.NotFound as missing:
        raise not_found from missing
    except gx.PreconditionFailed:
        raise
    except gx.RequestRangeNotSatisfiable as short:
        raise SourceExpired("The uploaded file is shorter than it was.") from short
    except (gx.Forbidden, gx.BadRequest, gx.Unauthorized) as refused:
        # A setting of the operator's, not the person's input: it can be mended, then tried again.
        raise StorageUnavailable(f"The object store refuses: {refused.message}") from refused
    except (gx.GoogleAPIError, GoogleAuthError, DataCorruption, OSError) as fault:
        raise StorageUnavailable(f"The object store failed: {type(fault).__name__}.") from fault


@contextmanager
def _answers() -> Iterator[None]:
    """A resumable upload hands out the bare answer where every other call raises by its status."""
    try:
        yield
    except InvalidResponse as answer:
        raise gx.from_http_response(answer.response) from answer
