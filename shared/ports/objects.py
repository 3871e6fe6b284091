"""The object store (Cloud Storage)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from shared.flows.envelope import ObjectRef
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact, StoredObject


class ObjectWriter(Protocol):
    """An object that is being written. `stored_object` and `adopted` are set at the end of the
    context."""

    stored_object: StoredObject
    adopted: bool

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """The exact request by which a client uploads the bytes, before `expires_at`."""

    method: str
    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class ObjectStore(Protocol):
    """Objects by the role of their bucket, name and generation. An object is written once.

    Every method may raise StorageUnavailable.
    """

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        """Returns the live version of an object, or None."""
        ...

    def range_reader(
        self, bucket: Bucket, name: str, generation: int
    ) -> Callable[[int, int], bytes]:
        """Returns a function of (offset, length) in bytes that reads one version. The function
        raises SourceExpired when that version is gone."""
        ...

    def read_whole(self, stored: StoredObject) -> bytes:
        """Returns all bytes of a version that `stat` or `create` returned. Raises ObjectDamaged if
        they do not have its size and CRC32C, SourceExpired if it is gone."""
        ...

    def read_live(self, bucket: Bucket, name: str) -> bytes | None:
        """Returns all bytes of the live version of an object, in one request, or None. Raises
        ObjectDamaged if they do not have the CRC32C that comes with them."""
        ...

    def create(
        self, bucket: Bucket, name: str, *, content_type: str, spec: str
    ) -> AbstractContextManager[ObjectWriter]:
        """Returns a context that writes an object once. An existing object with the same `spec` is
        adopted. An error inside the context writes nothing. Raises ArtifactConflict for an existing
        object with another `spec`."""
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
        """Composes 1 to 32 objects of one bucket on the server. Returns (object, adopted)."""
        ...

    def copy(
        self,
        source: StoredObject,
        bucket: Bucket,
        name: str,
        *,
        spec: str,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[StoredObject, bool]:
        """Copies an object on the server into another bucket, with other custom metadata of at most
        8 KiB. Returns (object, adopted)."""
        ...

    def copy_live(
        self, bucket: Bucket, source: str, name: str, *, spec: str
    ) -> StoredObject | None:
        """Copies the live version of an object on the server within its bucket, with its metadata.
        An object `name` with this `spec` is adopted. Returns the copy, which has the `spec` of its
        source, or None without a source. Raises ArtifactConflict."""
        ...

    def delete(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        """Deletes an object. A missing object is no error."""
        ...

    def delete_prefix(self, bucket: Bucket, prefix: str) -> int:
        """Deletes every object under a prefix. Returns their number."""
        ...

    def list_objects(
        self, bucket: Bucket, prefix: str, *, after: str = "", limit: int = 1000
    ) -> tuple[StoredObject, ...]:
        """Returns a page of the objects under a prefix, sorted by name, after the name `after`. The
        last page is shorter than `limit`."""
        ...

    def list_prefixes(
        self, bucket: Bucket, prefix: str, *, after: str = "", limit: int = 1000
    ) -> tuple[str, ...]:
        """Returns a page of the distinct names between `prefix` and the next slash, sorted as with
        the slash, after the name `after`. The last page is shorter than `limit`."""
        ...

    def quarantine(self, ref: ObjectRef) -> None:
        """Moves an object that belongs to no job to where it triggers nothing."""
        ...

    def delete_ref(self, ref: ObjectRef) -> None:
        """Deletes an object of a deleted job, or of an upload that is superseded."""
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
        """Returns a signed PUT that creates the object, of this type and at most this size. With
        `resumable` it is a POST that starts a session, whose URL is in the response header
        `Location`."""
        ...

    def sign_download(
        self, artifact: Artifact, *, filename: str, valid_s: int, inline: bool = False
    ) -> str:
        """Returns a signed URL that reads one version of an object."""
        ...
