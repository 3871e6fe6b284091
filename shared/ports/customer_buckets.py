"""Buckets of users in Cloud Storage, which are accessed as one service account of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.errors import PermanentError
from shared.pipeline import Bucket
from shared.recipes.stored_object import StoredObject


class BucketAccessDenied(PermanentError):
    """The service account of Moodreel may not do this in the bucket; grant it the roles that the
    documentation names."""

    code = "bucket-access-denied"


class BucketUnusable(PermanentError):
    """The bucket or the object cannot be used, because the bucket does not exist or makes the
    requester pay, for example."""

    code = "bucket-unusable"


class CopyRefused(PermanentError):
    """There is another object of that name in the bucket, and it is not replaced."""

    code = "object-exists"


@dataclass(frozen=True, slots=True)
class CustomerObject:
    """One version of an object in a bucket of a user.

    Attributes:
        crc32c: Base64 of the big-endian checksum.
        content_encoding: "" for bytes that are stored as they are.
    """

    bucket: str
    name: str
    generation: int
    size_bytes: int
    content_type: str
    crc32c: str
    content_encoding: str = ""


@dataclass(frozen=True, slots=True)
class CopyStep:
    """What one request of a copy has done.

    Attributes:
        token: Continues the copy with the next request; "" at the end.
        copied_bytes: How much is copied since the first request.
        generation: Of the copy, at the end.
    """

    token: str
    copied_bytes: int
    generation: int = 0


class CustomerBuckets(Protocol):
    """Objects in buckets of users. Cloud Storage copies them; no bytes pass through a function.

    Every method may raise BucketAccessDenied, BucketUnusable and StorageUnavailable.
    """

    def read_small(self, bucket: str, name: str, max_bytes: int) -> bytes | None:
        """Returns at most the first `max_bytes` of an object, or None without one."""
        ...

    def stat(self, bucket: str, name: str) -> CustomerObject | None:
        """Returns the live version of an object, or None."""
        ...

    def copy_in(
        self, source: CustomerObject, bucket: Bucket, name: str, *, content_type: str, spec: str,
        token: str = "",
    ) -> CopyStep:  # fmt: skip
        """Makes one request of the copy of a version to one of our buckets. A copy that exists is
        the end. Raises SourceExpired when the version is gone."""
        ...

    def copy_out(
        self, source: StoredObject, bucket: str, name: str, *, token: str = ""
    ) -> CopyStep:
        """Makes one request of the copy of one of our objects that exists, given with its CRC32C.
        An object with the same content is the end. Raises CopyRefused for another object of that
        name, BucketUnusable also when there is no such bucket."""
        ...
