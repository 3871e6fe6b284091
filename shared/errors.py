"""Every error picks a side: permanent (the job fails now) or transient (try again later).

A cause is one class with a stable `code` for programs and a sentence for people. What is neither
counts as transient: an unknown fault may pass, a refusal never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class MoodreelError(Exception):
    """The root of all errors that we raise on purpose. `code` is stable; `str()` is a sentence."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or self.code).strip().splitlines()[0])


class PermanentError(MoodreelError):
    """This cannot work, however often it is tried."""

    code = "refused"


class TransientError(MoodreelError):
    """This may work when it is tried again."""

    code = "try-again"


class ConfigurationError(MoodreelError):
    """The settings are incomplete or contradict each other."""

    code = "configuration"


# --- what a person asked for ---------------------------------------------------------------


class InvalidRequest(PermanentError):
    """The request does not have the form that is asked for."""

    code = "invalid-request"


class InvalidOption(PermanentError):
    """An option of the job has a value that cannot be used."""

    code = "invalid-option"


class NotAvailableYet(PermanentError):
    """This recipe needs a stage that is not available yet."""

    code = "not-available-yet"


class NotFound(PermanentError):
    """There is nothing here under that name, or it is not yours."""

    code = "not-found"


class WrongState(PermanentError):
    """The job is not in a state in which this can be done."""

    code = "wrong-state"


class Unauthenticated(PermanentError):
    """Sign in first: the request carries no valid ID token."""

    code = "unauthenticated"


class UploadAbandoned(PermanentError):
    """Nothing was uploaded for eight days; redrive the job to be asked for it once more."""

    code = "upload-abandoned"


class StorageFull(PermanentError):
    """Your jobs hold as many bytes as you may keep; delete some that you no longer need."""

    code = "storage-full"


class LimitReached(TransientError):
    """Too much was asked for in too short a time; Retry-After says in how many seconds to come."""

    code = "rate-limited"

    def __init__(
        self, message: str = "", retry_after_s: int = 60, headers: Mapping[str, str] | None = None
    ) -> None:
        self.retry_after_s = retry_after_s
        self.headers = dict(headers or {})
        super().__init__(message)


class TooManyJobs(LimitReached):
    """As many of your jobs are open as may be at once; wait for one to end, or cancel one."""

    code = "too-many-jobs"


# --- what an account may be refused -----------------------------------------------------------


class WrongCredentials(PermanentError):
    """The address or the password is wrong, or the address is not confirmed yet."""

    code = "wrong-credentials"


class SessionExpired(PermanentError):
    """This refresh token does not hold any more; log in again."""

    code = "session-expired"


class AddressTaken(PermanentError):
    """Somebody has an account under this address."""

    code = "address-taken"


# --- what an object store says -------------------------------------------------------------


class SourceExpired(PermanentError):
    """The uploaded file is no longer there; upload it again."""

    code = "source-expired"


class ArtifactConflict(PermanentError):
    """Another result with different content already stands under this name."""

    code = "artifact-conflict"


class StorageUnavailable(TransientError):
    """The object store did not answer as it should."""

    code = "storage-unavailable"


# --- what other neighbours say -------------------------------------------------------------


class FirestoreUnavailable(TransientError):
    """The ledger did not answer as it should."""

    code = "firestore-unavailable"


class TopicUnavailable(TransientError):
    """A message was not accepted by its topic."""

    code = "topic-unavailable"


class IdentityUnavailable(TransientError):
    """Who calls could not be looked up."""

    code = "identity-unavailable"


# --- what happens to a unit of work ---------------------------------------------------------


class AttemptsExhausted(PermanentError):
    """The work was tried as often as allowed and did not succeed."""

    code = "attempts-exhausted"


class LeaseLost(TransientError):
    """Someone else works on this now, or the job has ended: stop."""

    code = "lease-lost"


class DeadlineNear(TransientError):
    """The function's time is nearly over: stop before the platform does."""

    code = "deadline-near"


class MailRefused(PermanentError):
    """The mail server refuses this address or this message for good."""

    code = "mail-refused"


class MailUnavailable(TransientError):
    """The mail server cannot take the message now."""

    code = "mail-unavailable"


# --- what a voice says ------------------------------------------------------------------------


class VoiceRefused(PermanentError):
    """The voice cannot speak this; choose another voice or language."""

    code = "voice-refused"


class VoiceOverloaded(TransientError):
    """The voice's quota is used up for now."""

    code = "voice-overloaded"


class VoiceUnavailable(TransientError):
    """The voice did not answer as it should."""

    code = "voice-unavailable"


# --- what a model that writes decks says ------------------------------------------------------


class PromptRefused(PermanentError):
    """The model declines to write about this; word the prompt differently."""

    code = "prompt-refused"


class DeckUnusable(PermanentError):
    """The model gave no deck that a film can be made of; word the prompt differently."""

    code = "deck-unusable"


class ModelOverloaded(TransientError):
    """The model cannot answer for now."""

    code = "model-overloaded"


class ModelUnavailable(TransientError):
    """The model refuses the request; an operator has to check its credentials and its name."""

    code = "model-unavailable"


class AnswerUnusable(TransientError):
    """The model's answer was cut off, empty or of another form; another one may be better."""

    code = "answer-unusable"
