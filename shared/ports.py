"""What we need of the outside world, in our own shapes: one small Protocol a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.domain.documents import Committed, Doc, Write
from shared.domain.message import Envelope, ObjectRef
from shared.domain.pipeline import Bucket
from shared.domain.speech import SpeechSettings, Spoken
from shared.domain.stored_object import Artefact, StoredObject


class Clock(Protocol):
    """The time, in UTC, and sleep."""

    def now(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class JobStore(Protocol):
    """The ledger: reads and atomic batches over documents, see `shared.domain.documents`."""

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]: ...
    def list_under(self, collection: str) -> tuple[Doc, ...]: ...
    def commit(self, writes: Iterable[Write]) -> Committed: ...
    def stalled(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs with a queued or running stage untouched since `before`, oldest first."""
        ...

    def tombstones(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of deleted jobs whose second purge was due before `before`."""
        ...

    def abandoned(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs that await their uploads and were not changed since `before`."""
        ...

    def expired(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs and tombstones whose `expires_at` was before `before`, oldest first."""
        ...

    def jobs_of(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        most: int,
        recipe: str | None = None,
    ) -> tuple[Doc, ...]:
        """A page of an owner's jobs in one of `statuses`, newest first. `after` is when the last
        job of the page before was created, and its id."""
        ...

    def owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, most: int
    ) -> tuple[Doc, ...]:
        """A page of an owner's documents in a collection, newest first, as for jobs."""
        ...

    def open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        """How many jobs of an owner are in one of `statuses`."""
        ...

    def stored_bytes(self, owner: str) -> int:
        """How many bytes an owner's recordings, and the uploads and results of his jobs, hold."""
        ...

    def recordings_in(self, owner: str, states: Iterable[str]) -> int:
        """How many recordings of an owner are in one of `states`."""
        ...

    def count_up(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        """Add `by` to the document's `count` in one step, making it with `fields` when there is
        none; → the count after it. Of any number at once, each gets a number of its own."""
        ...

    def purge(self, job_id: str) -> None:
        """Remove every document below a job, and its mails, links and deliveries; the job's own
        document stays."""
        ...

    def documents_of(
        self, collection: str, owner: str, *, after: str = "", most: int = 1000
    ) -> tuple[Doc, ...]:
        """Documents of a collection whose `owner` is this one, in the order of their ids, from
        behind the id `after`."""
        ...

    def paths_of_job(self, job_id: str) -> tuple[str, ...]:
        """Paths of all documents that a purge of the job would remove."""
        ...

    def paths_naming(self, collection: str, part: str) -> tuple[str, ...]:
        """Paths of the documents of a collection whose id holds `part`. It looks at every id."""
        ...

    def due(self, collection: str, before: datetime, most: int = 100) -> tuple[Doc, ...]:
        """Documents whose `look_at` is before `before`, the oldest first."""
        ...

    def newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        most: int,
    ) -> tuple[Doc, ...]:
        """A page of the documents whose field where[0] is where[1], newest first by their
        `created_at`. `after` is when the last one of the page before was created, and its id."""
        ...


class Publisher(Protocol):
    """Envelopes to the topics of their stages; returns when all are accepted."""

    def publish(self, envelopes: Iterable[Envelope]) -> None: ...


class Writing(Protocol):
    """An object being written. `stored` and `adopted` are set when the context has ended."""

    stored: StoredObject
    adopted: bool

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """How a person's program sends the bytes: exactly this request, before `expires_at`."""

    method: str
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class ObjectStore(Protocol):
    """Objects by role of bucket, name and generation. What is written is written once."""

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None: ...

    def read_at(self, bucket: Bucket, name: str, generation: int) -> Callable[[int, int], bytes]:
        """A function of (offset, length) in bytes over one pinned version.
        It raises SourceExpired when that version is gone."""
        ...

    def create(
        self, bucket: Bucket, name: str, *, content_type: str, spec: str
    ) -> AbstractContextManager[Writing]:
        """Write an object once. An object that stands there already with the same `spec` is
        adopted; with another one ArtefactConflict is raised. An error inside writes nothing."""
        ...

    def compose(
        self,
        bucket: Bucket,
        name: str,
        parts: list[StoredObject],
        *,
        content_type: str,
        spec: str,
    ) -> tuple[StoredObject, bool]:
        """Join 1 to 32 objects of one bucket without moving their bytes; → (object, adopted)."""
        ...

    def copy(
        self, source: StoredObject, bucket: Bucket, name: str, *, spec: str
    ) -> tuple[StoredObject, bool]:
        """A server-side copy into another bucket; → (object, adopted)."""
        ...

    def remove(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        """Remove one object; it may be gone already."""
        ...

    def remove_under(self, bucket: Bucket, prefix: str) -> int:
        """Remove every object under a prefix; → how many."""
        ...

    def listed(self, bucket: Bucket, prefix: str) -> tuple[StoredObject, ...]:
        """Every object under a prefix, in the order of their names."""
        ...

    def folders(self, bucket: Bucket, prefix: str) -> tuple[str, ...]:
        """The names between `prefix` and the next slash, each once."""
        ...

    def quarantine(self, ref: ObjectRef) -> None:
        """Put an object that belongs to no job aside, where it wakes nothing."""
        ...

    def discard(self, ref: ObjectRef) -> None:
        """Remove an object that arrived for a deleted job."""
        ...

    def sign_upload(
        self,
        bucket: Bucket,
        name: str,
        *,
        content_type: str,
        max_bytes: int,
        valid_s: int,
        resumable: bool = False,
    ) -> SignedUpload:
        """A URL for one PUT that creates the object, of this type and at most this size; or for
        the POST that begins a resumable session, whose URL its answer names in `Location`."""
        ...

    def sign_download(
        self, artefact: Artefact, *, filename: str, valid_s: int, inline: bool = False
    ) -> str:
        """A URL for reading one version of one object."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail. `message_id` is the same for every copy of the same letter."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Mailer(Protocol):
    """Sends a letter, or raises MailRefused (for good) or MailUnavailable (for now)."""

    def send(self, letter: Letter) -> None: ...


@dataclass(frozen=True, slots=True)
class User:
    """Who calls. `email` may be empty; `verified` says that its owner has shown it to be theirs."""

    uid: str
    email: str
    verified: bool = False


class Identity(Protocol):
    """Who a Firebase ID token belongs to. Raises Unauthenticated."""

    def verify(self, token: str) -> User: ...


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in: the ID token holds for `expires_in_s`, the other one gets new ones."""

    uid: str
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account says of its owner. `name` and `picture`, a URL, may be empty."""

    uid: str
    email: str
    verified: bool
    name: str
    picture: str
    created_at: datetime


class Accounts(Protocol):
    """Accounts of people. All of it may raise IdentityUnavailable."""

    def register(self, email: str, password: str, name: str) -> None:
        """Make an account that is yet to be confirmed. Raises AddressTaken."""
        ...

    def confirm_code(self, email: str) -> str:
        """With this code whoever reads the address's letters confirms it."""
        ...

    def reset_code(self, email: str) -> str:
        """With this code a new password can be chosen. Raises NotFound, also for an account that
        is disabled."""
        ...

    def sign_in(self, email: str, password: str) -> Session:
        """Raises WrongCredentials, also while the address is not confirmed."""
        ...

    def refresh(self, refresh_token: str) -> Session:
        """Raises SessionOver."""
        ...

    def profile(self, uid: str) -> Profile:
        """Raises NotFound."""
        ...

    def change(self, uid: str, *, name: str | None, picture: str | None) -> None:
        """Set name and picture; None leaves one as it is, "" takes it away. Raises NotFound."""
        ...

    def set_password(self, uid: str, password: str) -> None:
        """From now on this one; who is signed in elsewhere is out. Raises NotFound."""
        ...


class Doorkeeper(Protocol):
    """Closes accounts. All of it may raise IdentityUnavailable; who is gone already is fine."""

    def shut_out(self, uid: str) -> None:
        """Nobody signs in to the account any more, and who is signed in is out."""
        ...

    def remove(self, uid: str) -> None:
        """The account is gone."""
        ...

    def is_there(self, uid: str) -> bool:
        """Whether there is such an account."""
        ...


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What somebody's server answered, or why it did not: then `status` is None and `fault` a
    stable code. `retry_after_s` is what it asked for."""

    status: int | None
    fault: str = ""
    retry_after_s: float | None = None


class Caller(Protocol):
    """POSTs to servers of strangers: to public addresses only, following nothing, for a limited
    time. Never raises for what the other side does."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> CallAnswer: ...


class Voice(Protocol):
    """Speaks a text of at most 5,000 bytes in UTF-8. Raises VoiceRefused (for good),
    VoiceOverloaded or VoiceUnavailable (for now)."""

    @property
    def engine(self) -> str:
        """A name that changes when the same text would sound different."""
        ...

    def say(self, text: str, settings: SpeechSettings) -> Spoken: ...


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a language model is asked. `system` are our instructions, `text` is what a person gave:
    data and never instructions. `schema`, in the words of OpenAPI 3.0, is the answer's form;
    `max_tokens` its greatest length."""

    system: str
    text: str
    schema: Mapping[str, Any]
    max_tokens: int


class SlideModel(Protocol):
    """Answers with JSON text, which may be anything. Raises PromptRefused (for good),
    AnswerUnusable (another answer may do), ModelOverloaded or ModelUnavailable (for now)."""

    @property
    def engine(self) -> str:
        """A name that changes when the same request would be answered by another model."""
        ...

    def answer(self, request: ModelRequest) -> str: ...


@dataclass(frozen=True, slots=True)
class PictureWish:
    """A picture for a slide: what the slide says, in which language, and the film's size in px."""

    heading: str
    bullets: tuple[str, ...]
    notes: str
    language: str
    width: int
    height: int

    def to_list(self) -> list[Any]:
        """JSON-able, for an address by content."""
        return [
            self.heading,
            list(self.bullets),
            self.notes,
            self.language,
            self.width,
            self.height,
        ]


class Illustrator(Protocol):
    """Draws a picture for a slide: the bytes of a JPEG, PNG or WebP file. Raises a PermanentError
    when it will not, a TransientError when it cannot now."""

    @property
    def engine(self) -> str:
        """A name that changes when the same wish would be drawn by another model."""
        ...

    def draw(self, wish: PictureWish) -> bytes: ...


class Log(Protocol):
    """One named event, as JSON in the cloud."""

    def __call__(self, event: str, /, *, severity: str = "INFO", **details: Any) -> None: ...
