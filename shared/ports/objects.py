"""The object store: objects by role of bucket, name and generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.flows.envelope import ObjectRef
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact, StoredObject


class ObjectWriter(Protocol):
    """An object being written. `stored` and `adopted` are set when the context has ended."""

    stored_object: StoredObject
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

    def range_reader(
        self, bucket: Bucket, name: str, generation: int
    ) -> Callable[[int, int], bytes]:
        """A function of (offset, length) in bytes over one pinned version.
        It raises SourceExpired when that version is gone."""
        ...

    def create(
        self, bucket: Bucket, name: str, *, content_type: str, spec: str
    ) -> AbstractContextManager[ObjectWriter]:
        """Write an object once. An object that stands there already with the same `spec` is
        adopted; with another one ArtifactConflict is raised. An error inside writes nothing."""
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

    def delete(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        """Remove one object; it may be gone already."""
        ...

    def delete_prefix(self, bucket: Bucket, prefix: str) -> int:
        """Remove every object under a prefix; → how many."""
        ...

    def list_objects(self, bucket: Bucket, prefix: str) -> tuple[StoredObject, ...]:
        """Every object under a prefix, in the order of their names."""
        ...

    def list_prefixes(self, bucket: Bucket, prefix: str) -> tuple[str, ...]:
        """The names between `prefix` and the next slash, each once."""
        ...

    def quarantine(self, ref: ObjectRef) -> None:
        """Put an object that belongs to no job aside, where it wakes nothing."""
        ...

    def delete_ref(self, ref: ObjectRef) -> None:
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
        self, artifact: Artifact, *, filename: str, valid_s: int, inline: bool = False
    ) -> str:
        """A URL for reading one version of one object."""
        ...
