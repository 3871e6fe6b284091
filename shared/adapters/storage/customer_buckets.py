"""CustomerBuckets with a Cloud Storage client of the service account for buckets of users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import google.cloud.storage as storage
from google.api_core import exceptions as gx
from google.auth.exceptions import GoogleAuthError

from shared.adapters.availability import find_outage
from shared.adapters.storage.objects import RETRY, SPEC_KEY
from shared.adapters.storage.session import save_requests
from shared.errors import SourceExpired, StorageOverloaded, StorageUnavailable
from shared.pipeline import Bucket
from shared.ports.customer_buckets import (
    BucketAccessDenied,
    BucketUnusable,
    CopyRefused,
    CopyStep,
    CustomerObject,
)
from shared.recipes.stored_object import OCTET_STREAM, StoredObject

TIMEOUT_S = (5, 60)
"""Cloud Storage answers a request of a copy after about 30 s, whether or not it has ended."""

MISSING_OR_DENIED = (
    "The object is missing, or the service account of Moodreel may not read it. Without "
    "storage.objects.list on the bucket, Cloud Storage does not tell which."
)


class CloudCustomerBuckets:
    """CustomerBuckets with a Cloud Storage client."""

    def __init__(self, client: storage.Client, buckets: Mapping[Bucket, str]) -> None:
        self._client = client
        save_requests(client)
        self._bucket_names = dict(buckets)

    def read_small(self, bucket: str, name: str, max_bytes: int) -> bytes | None:
        blob = self._client.bucket(bucket).blob(name)
        try:
            with _explain_denial(), _translate_errors():
                data: bytes = blob.download_as_bytes(
                    end=max_bytes - 1, raw_download=True, checksum=None,
                    retry=RETRY, timeout=TIMEOUT_S,
                )  # fmt: skip
                return data
        except SourceExpired:
            return None

    def stat(self, bucket: str, name: str) -> CustomerObject | None:
        with _explain_denial(), _translate_errors():
            blob = self._client.bucket(bucket).get_blob(name, retry=RETRY, timeout=TIMEOUT_S)
        if blob is None:
            return None
        return CustomerObject(
            bucket,
            name,
            int(blob.generation),
            int(blob.size),
            blob.content_type or OCTET_STREAM,
            blob.crc32c or "",
            blob.content_encoding or "",
        )

    def copy_in(
        self, source: CustomerObject, bucket: Bucket, name: str, *, content_type: str, spec: str,
        token: str = "",
    ) -> CopyStep:  # fmt: skip
        target = self._client.bucket(self._bucket_names[bucket]).blob(name)
        target.content_type = content_type
        target.metadata = {SPEC_KEY: spec}
        origin = self._client.bucket(source.bucket).blob(source.name, generation=source.generation)
        try:
            return _rewrite(origin, target, token)
        except gx.PreconditionFailed:
            return CopyStep("", source.size_bytes)

    def copy_out(
        self, source: StoredObject, bucket: str, name: str, *, token: str = ""
    ) -> CopyStep:
        target = self._client.bucket(bucket).blob(name)
        target.content_type = source.content_type
        origin = self._client.bucket(self._bucket_names[source.bucket]).blob(
            source.name, generation=source.generation
        )
        try:
            return _rewrite(origin, target, token)
        except SourceExpired as error:
            # The caller has just found the source.
            raise BucketUnusable from error
        except (gx.PreconditionFailed, BucketAccessDenied) as error:
            # An account that may only create objects gets 403 for an object that exists.
            existing = self._stat_or_none(bucket, name)
            if existing is None and isinstance(error, BucketAccessDenied):
                raise
            if existing is None:
                raise StorageUnavailable("The object has just disappeared.") from error
            if (existing.size_bytes, existing.crc32c) != (source.size_bytes, source.crc32c):
                raise CopyRefused(
                    f"The bucket has another object {name}, which is not replaced."
                ) from None
            return CopyStep("", existing.size_bytes, existing.generation)

    def _stat_or_none(self, bucket: str, name: str) -> CustomerObject | None:
        try:
            return self.stat(bucket, name)
        except BucketAccessDenied:
            return None


def _rewrite(origin: storage.Blob, target: storage.Blob, token: str) -> CopyStep:
    with _translate_errors():
        next_token, copied_bytes, _ = target.rewrite(
            origin, token=token or None, if_generation_match=0, retry=RETRY, timeout=TIMEOUT_S
        )
    if next_token is not None:
        return CopyStep(next_token, copied_bytes)
    return CopyStep("", copied_bytes, int(target.generation))


@contextmanager
def _explain_denial() -> Iterator[None]:
    """Gives BucketAccessDenied of a read its message."""
    try:
        yield
    except BucketAccessDenied as error:
        raise BucketAccessDenied(MISSING_OR_DENIED) from error


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raises SourceExpired for 404, BucketAccessDenied for 401 and 403, BucketUnusable for other
    requests that are refused, StorageOverloaded for an outage, and StorageUnavailable.

    PreconditionFailed (412) is left to the caller. Unlike in our buckets, a setting is that of a
    user: waiting does not help.
    """
    try:
        yield
    except gx.NotFound as error:
        raise SourceExpired from error
    except gx.PreconditionFailed:
        raise
    except gx.RequestRangeNotSatisfiable as error:
        # An empty object.
        raise SourceExpired from error
    except (gx.GoogleAPIError, GoogleAuthError, OSError) as error:
        outage = find_outage(error, StorageOverloaded, "Cloud Storage")
        if outage is not None:
            raise outage from error
        if isinstance(error, gx.Forbidden | gx.Unauthorized):
            raise BucketAccessDenied from error
        if isinstance(error, gx.BadRequest | gx.Conflict | gx.MethodNotAllowed):
            raise BucketUnusable from error
        raise StorageUnavailable(f"Cloud Storage failed: {type(error).__name__}.") from error
