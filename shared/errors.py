"""Errors: permanent (the job fails now), transient (another attempt may succeed) or overloaded (the
work waits for a service, and no attempt is consumed).

Each cause is a class with a stable `code` for programs and a message for users: by default the
first paragraph of its docstring. An exception that is neither permanent nor transient counts as
transient.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import StrEnum
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


class Service(StrEnum):
    """The services that the work of a unit may wait for, as users see them."""

    SPEECH = "speech"
    MODEL = "model"
    RECOGNITION = "recognition"
    PICTURES = "pictures"
    STORAGE = "storage"
    DATABASE = "database"
    MAIL = "mail"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The name for sentences, such as `waiting for the speech service`."""
        return _SERVICE_LABELS[self]


_SERVICE_LABELS = {
    Service.SPEECH: "the speech service",
    Service.MODEL: "the language model",
    Service.RECOGNITION: "the speech recognition",
    Service.PICTURES: "the picture model",
    Service.STORAGE: "Cloud Storage",
    Service.DATABASE: "Firestore",
    Service.MAIL: "the mail server",
    Service.OTHER: "another service",
}


class OverloadedError(TransientError):
    """A service is overloaded or not available for now.

    The work waits for it and consumes no attempt. `retry_after_s` is the shortest wait that the
    service asks for, or 0. Which answers count: `shared/adapters/availability.py`.
    """

    code = "overloaded"
    service: ClassVar[Service] = Service.OTHER

    def __init__(self, message: str = "", retry_after_s: float = 0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ConfigurationError(MoodreelError):
    """The settings are incomplete or contradict each other."""

    code = "configuration"


# --- requests of users ---------------------------------------------------------------------


class InvalidRequest(PermanentError):
    """The request does not have the required form."""

    code = "invalid-request"


class InvalidOption(PermanentError):
    """An option of the job has a value that cannot be used.

    `problems` are pairs of the name of an option and a sentence.
    """

    code = "invalid-option"

    def __init__(self, message: str = "", problems: Sequence[tuple[str, str]] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class NotFound(PermanentError):
    """Nothing of this name exists, or it is not yours."""

    code = "not-found"


class WrongState(PermanentError):
    """The job is not in a state that allows this."""

    code = "wrong-state"


class Unauthenticated(PermanentError):
    """Sign in first: the request carries no valid ID token."""

    code = "unauthenticated"


class EmailNotVerified(PermanentError):
    """Confirm your email address first. If you have no link, use “Forgot the password?” to get a
    new one."""

    code = "email-not-verified"


class UploadAbandoned(PermanentError):
    """Nothing was uploaded for eight days; redrive the job to upload again."""

    code = "upload-abandoned"


class UploadTooLarge(PermanentError):
    """The uploaded file is larger than declared; upload the declared file."""

    code = "upload-too-large"


class UploadDiffers(PermanentError):
    """The uploaded file is not the declared one; upload it again and redrive the job."""

    code = "upload-differs"


class WrongUpload(PermanentError):
    """The job has used a file that is not the expected one; create a new job with the right file.

    Its finished units are kept, so it cannot continue with another upload.
    """

    code = "wrong-upload"


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


class ObjectDamaged(StorageUnavailable):
    """A stored object does not have its size or its checksum."""

    code = "object-damaged"


class StorageOverloaded(StorageUnavailable, OverloadedError):
    """The object store is overloaded or cannot be reached."""

    service = Service.STORAGE


# --- other services --------------------------------------------------------------------------


class FirestoreUnavailable(TransientError):
    """Firestore did not answer as it should."""

    code = "firestore-unavailable"


class FirestoreOverloaded(FirestoreUnavailable, OverloadedError):
    """Firestore is overloaded, contended or cannot be reached."""

    service = Service.DATABASE


class QuotaExhausted(PermanentError):
    """The daily quota of a service is used up; redrive the job tomorrow."""

    code = "quota-exhausted"


class TopicUnavailable(TransientError):
    """A topic did not accept a message."""

    code = "topic-unavailable"
