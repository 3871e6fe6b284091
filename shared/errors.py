"""Errors: permanent (the job fails now) or transient (another attempt may succeed).

Each cause is a class with a stable `code` for programs and a message for users: by default the
first paragraph of its docstring. An exception that is neither permanent nor transient counts as
transient.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import ClassVar


class MoodreelError(Exception):
    """Something went wrong.

    The base class of our errors. `code` is stable; `str()` is a message for users.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.default_message())

    @classmethod
    def default_message(cls) -> str:
        """Returns the first paragraph of the docstring of the class, as one line."""
        return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


class PermanentError(MoodreelError):
    """This cannot work, however often it is tried."""

    code = "refused"


class TransientError(MoodreelError):
    """This may work when it is tried again."""

    code = "try-again"


class ConfigurationError(MoodreelError):
    """The settings are incomplete or contradict each other."""

    code = "configuration"


# --- requests of users ---------------------------------------------------------------------


class InvalidRequest(PermanentError):
    """The request does not have the required form."""

    code = "invalid-request"


class InvalidOption(PermanentError):
    """An option of the job has a value that cannot be used."""

    code = "invalid-option"


class NotFound(PermanentError):
    """Nothing of this name exists, or it is not yours."""

    code = "not-found"


class WrongState(PermanentError):
    """The job is not in a state that allows this."""

    code = "wrong-state"


class Unauthenticated(PermanentError):
    """Sign in first: the request carries no valid ID token."""

    code = "unauthenticated"


class UploadAbandoned(PermanentError):
    """Nothing was uploaded for eight days; redrive the job to upload again."""

    code = "upload-abandoned"


class StorageFull(PermanentError):
    """Your storage limit is reached; delete jobs that you no longer need."""

    code = "storage-full"


class LimitReached(TransientError):
    """Too many requests in a short time; Retry-After is the number of seconds to wait."""

    code = "rate-limited"

    def __init__(
        self, message: str = "", retry_after_s: int = 60, headers: Mapping[str, str] | None = None
    ) -> None:
        self.retry_after_s = retry_after_s
        self.headers = dict(headers or {})
        super().__init__(message)


class TooManyJobs(LimitReached):
    """You have the maximum number of open jobs; wait for one to end, or cancel one."""

    code = "too-many-jobs"


# --- accounts --------------------------------------------------------------------------------


class WrongCredentials(PermanentError):
    """The address or the password is wrong, or the address is not confirmed yet."""

    code = "wrong-credentials"


class SessionExpired(PermanentError):
    """This refresh token is no longer valid; log in again."""

    code = "session-expired"


class AddressTaken(PermanentError):
    """An account with this address already exists."""

    code = "address-taken"


# --- the object store ------------------------------------------------------------------------


class SourceExpired(PermanentError):
    """The uploaded file is no longer there; upload it again."""

    code = "source-expired"


class ArtifactConflict(PermanentError):
    """Another result with different content already has this name."""

    code = "artifact-conflict"


class StorageUnavailable(TransientError):
    """The object store did not answer as it should."""

    code = "storage-unavailable"


# --- other services --------------------------------------------------------------------------


class FirestoreUnavailable(TransientError):
    """Firestore did not answer as it should."""

    code = "firestore-unavailable"


class TopicUnavailable(TransientError):
    """A topic did not accept a message."""

    code = "topic-unavailable"


class IdentityUnavailable(TransientError):
    """The caller's identity could not be verified."""

    code = "identity-unavailable"


# --- units and tasks -------------------------------------------------------------------------


class AttemptsExhausted(PermanentError):
    """The work was tried as often as allowed and did not succeed."""

    code = "attempts-exhausted"


class LeaseLost(TransientError):
    """Another worker holds this now, or the job has ended."""

    code = "lease-lost"


class DeadlineNear(TransientError):
    """The function's timeout is near: stop before the platform does."""

    code = "deadline-near"


class MailRefused(PermanentError):
    """The mail server permanently refuses this address or this message."""

    code = "mail-refused"


class MailUnavailable(TransientError):
    """The mail server cannot take the message now."""

    code = "mail-unavailable"
