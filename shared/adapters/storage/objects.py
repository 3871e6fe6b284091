"""ObjectStore on Cloud Storage: ranged reads, objects that are written once."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType

import google.cloud.storage as storage
import google_crc32c
from google.api_core import exceptions as gx
from google.api_core.retry import Retry
from google.cloud.storage.retry import DEFAULT_RETRY

from shared.adapters.storage.errors import translate_errors
from shared.adapters.storage.listing import list_blobs, list_folders
from shared.adapters.storage.reading import read_live, read_range
from shared.adapters.storage.rewriting import rewrite
from shared.adapters.storage.session import save_requests
from shared.adapters.storage.signing import Signer, sign_download, sign_upload
from shared.adapters.storage.writer import CloudObjectWriter
from shared.errors import ArtifactConflict, ObjectDamaged, SourceExpired, StorageUnavailable
from shared.flows.envelope import ObjectRef
from shared.pipeline import QUARANTINE_PREFIX, Bucket
from shared.ports.objects import SignedUpload
from shared.recipes.stored_object import Artifact, StoredObject

SPEC_KEY = "spec"
RETRY: Retry = DEFAULT_RETRY.with_timeout(30)
"""The client's default of two minutes is longer than a lease."""
TIMEOUT_S = (5, 30)
MAX_COMPOSE_PARTS = 32


class CloudObjectStore:
    """ObjectStore with a Cloud Storage client."""

    def __init__(
        self, client: storage.Client, buckets: Mapping[Bucket, str], signer: Signer
    ) -> None:
        self._client = client
        save_requests(client)
        self._bucket_names = dict(buckets)
        self._signer = signer

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        with translate_errors():
            blob = self._bucket(bucket).get_blob(name, retry=RETRY, timeout=TIMEOUT_S)
        return None if blob is None else _to_stored_object(bucket, blob)

    def range_reader(
        self, bucket: Bucket, name: str, generation: int
    ) -> Callable[[int, int], bytes]:
        blob = self._bucket(bucket).blob(name, generation=generation)
        return partial(read_range, blob, retry=RETRY, timeout=TIMEOUT_S)

    def read_whole(self, stored: StoredObject) -> bytes:
        data = b""
        if stored.size_bytes:
            data = self.range_reader(stored.bucket, *stored.version)(0, stored.size_bytes)
        checksum = base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
        if len(data) != stored.size_bytes or checksum != stored.crc32c:
            raise ObjectDamaged(f"{stored.name} does not have its size or checksum.")
        return data

    def read_live(self, bucket: Bucket, name: str) -> bytes | None:
        return read_live(self._bucket(bucket).blob(name), retry=RETRY, timeout=TIMEOUT_S)

    @contextmanager
    def create(
        self, bucket: Bucket, name: str, *, content_type: str, spec: str
    ) -> Iterator[CloudObjectWriter]:
        writer = CloudObjectWriter(
            self._blob(bucket, name, content_type, spec), content_type, RETRY
        )
        try:
            yield writer
            is_created = writer.finish(TIMEOUT_S)
        except BaseException:
            writer.abandon()
            raise
        if is_created:
            writer.stored_object, writer.adopted = _to_stored_object(bucket, writer.blob), False
        else:
            writer.stored_object, writer.adopted = self._adopt(bucket, name, spec), True

    def compose(
        self, bucket: Bucket, name: str, parts: list[StoredObject], *, content_type: str, spec: str
    ) -> tuple[StoredObject, bool]:
        if not 1 <= len(parts) <= MAX_COMPOSE_PARTS or any(
            part.bucket is not bucket for part in parts
        ):
            # An object of another bucket would be looked up in this one.
            raise ValueError(f"compose takes 1 to {MAX_COMPOSE_PARTS} objects of one bucket")
        blob = self._blob(bucket, name, content_type, spec)
        sources = [self._bucket(bucket).blob(part.name) for part in parts]
        try:
            with translate_errors():
                blob.compose(
                    sources,
                    if_generation_match=0,
                    if_source_generation_match=[part.generation for part in parts],
                    retry=RETRY,
                    timeout=TIMEOUT_S,
                )
        except gx.PreconditionFailed:
            return self._adopt(bucket, name, spec), True
        return _to_stored_object(bucket, blob), False

    def copy(
        self,
        source: StoredObject,
        bucket: Bucket,
        name: str,
        *,
        spec: str,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[StoredObject, bool]:
        blob = self._blob(bucket, name, source.content_type, spec)
        blob.metadata = {**metadata, SPEC_KEY: spec}
        source_blob = self._bucket(source.bucket).blob(source.name, generation=source.generation)
        try:
            rewrite(source_blob, blob, retry=RETRY, timeout=TIMEOUT_S)
        except gx.PreconditionFailed:
            return self._adopt(bucket, name, spec), True
        return _to_stored_object(bucket, blob), False

    def copy_live(
        self, bucket: Bucket, source: str, name: str, *, spec: str
    ) -> StoredObject | None:
        # Without metadata in the request, Cloud Storage copies that of the source.
        blob = self._bucket(bucket).blob(name)
        try:
            rewrite(self._bucket(bucket).blob(source), blob, retry=RETRY, timeout=TIMEOUT_S)
        except gx.PreconditionFailed:
            return self._adopt(bucket, name, spec)
        except SourceExpired:
            return None
        return _to_stored_object(bucket, blob)

    def delete(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        self._delete_blob(self._bucket_names[bucket], name, generation)

    def delete_prefix(self, bucket: Bucket, prefix: str) -> int:
        if not prefix:
            raise ValueError("an empty prefix would delete everything")
        count = 0
        with translate_errors():
            blobs = self._client.list_blobs(
                self._bucket_names[bucket], prefix=prefix, retry=RETRY, timeout=TIMEOUT_S
            )
            for blob in blobs:
                self._delete_blob(self._bucket_names[bucket], blob.name, blob.generation)
                count += 1
        return count

    def list_objects(
        self, bucket: Bucket, prefix: str, *, after: str = "", limit: int = 1000
    ) -> tuple[StoredObject, ...]:
        name = self._bucket_names[bucket]
        blobs = list_blobs(self._client, name, prefix, after, limit, retry=RETRY, timeout=TIMEOUT_S)
        return tuple(_to_stored_object(bucket, blob) for blob in blobs)

    def list_prefixes(
        self, bucket: Bucket, prefix: str, *, after: str = "", limit: int = 1000
    ) -> tuple[str, ...]:
        name = self._bucket_names[bucket]
        return list_folders(
            self._client, name, prefix, after, limit, retry=RETRY, timeout=TIMEOUT_S
        )

    def quarantine(self, ref: ObjectRef) -> None:
        role = next((role for role, name in self._bucket_names.items() if name == ref.bucket), None)
        source = None if role is None else self.stat(role, ref.name)
        if role is None or source is None or source.generation != ref.generation:
            return
        # The generation keeps several unknown objects of one name apart.
        quarantine_name = f"{QUARANTINE_PREFIX}{role}/{ref.name}.{ref.generation}"
        self.copy(source, Bucket.WORK, quarantine_name, spec=source.crc32c)
        self._delete_blob(ref.bucket, ref.name, ref.generation)

    def delete_ref(self, ref: ObjectRef) -> None:
        self._delete_blob(ref.bucket, ref.name, ref.generation)

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
        blob = self._bucket(bucket).blob(name)
        with translate_errors():
            return sign_upload(
                self._signer, blob, content_type, max_bytes, valid_s, resumable=resumable
            )

    def sign_download(
        self, artifact: Artifact, *, filename: str, valid_s: int, inline: bool = False
    ) -> str:
        blob = self._bucket(Bucket(artifact.bucket)).blob(artifact.object)
        with translate_errors():
            return sign_download(self._signer, blob, artifact.generation, filename, valid_s, inline)

    def _delete_blob(self, bucket: str, name: str, generation: int | None) -> None:
        try:
            with translate_errors():
                self._client.bucket(bucket).delete_blob(
                    name, if_generation_match=generation, retry=RETRY, timeout=TIMEOUT_S
                )
        except (SourceExpired, gx.PreconditionFailed):
            return

    def _adopt(self, bucket: Bucket, name: str, spec: str) -> StoredObject:
        existing = self.stat(bucket, name)
        if existing is None:
            raise StorageUnavailable(f"{name} has just disappeared; the attempt is repeated.")
        if existing.spec != spec:
            raise ArtifactConflict(f"Another result is stored as {name}.")
        return existing

    def _bucket(self, role: Bucket) -> storage.Bucket:
        return self._client.bucket(self._bucket_names[role])

    def _blob(self, bucket: Bucket, name: str, content_type: str, spec: str) -> storage.Blob:
        blob = self._bucket(bucket).blob(name)
        blob.content_type = content_type
        blob.metadata = {SPEC_KEY: spec}
        return blob


def _to_stored_object(bucket: Bucket, blob: storage.Blob) -> StoredObject:
    metadata = dict(blob.metadata or {})
    return StoredObject(
        bucket,
        blob.name,
        int(blob.generation),
        int(blob.size),
        blob.content_type or "application/octet-stream",
        blob.crc32c or "",
        metadata.get(SPEC_KEY, ""),
        metadata,
        blob.time_created,
    )
