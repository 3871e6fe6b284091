"""Copies an object of a bucket of the user, in one or more requests. No bytes pass through here."""

from __future__ import annotations

from functions.input_fetch.parts import part_name
from functions.input_fetch.progress import Progress
from functions.input_fetch.source import Source
from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import fetch_decrypter
from shared.entrypoints.task import TaskContext
from shared.errors import SourceExpired, StorageUnavailable
from shared.flows.effects import Later
from shared.jobs.buckets.gs_url import parse_gs_url
from shared.jobs.fetches.errors import SourceChanged
from shared.jobs.fetches.fetch import Fetch, url_context
from shared.pipeline import Bucket
from shared.ports.customer_buckets import CustomerBuckets, CustomerObject
from shared.recipes.stored_object import StoredObject
from shared.runtime.bucket_bindings import check_binding
from shared.tasks.errors import DeadlineNear

VALIDATOR = "generation"
"""In place of the ETag of a file at a URL: the copy is always of the generation of the fetch."""


def copy_object(context: TaskContext, fetch: Fetch, progress: Progress) -> StoredObject | Later:
    """Returns the copy in the work bucket, or the outcome with which another run continues.

    Raises SourceChanged, the errors of `check_binding`, FetchStopped, LeaseLost, and transient
    errors of our services.
    """
    source = _find_object(context, fetch)
    # The binding may have ended since the job was created.
    check_binding(
        context.services, bootstrap.customer_buckets(), fetch.owner, source.bucket, source.name
    )
    version = Source.from_dict(fetch.source)
    if version is None:
        version = Source(context.services.new_token(), VALIDATOR, fetch.size_bytes)
        progress.begin(version, 0, 0)
    name = part_name(fetch, version, 0)
    token, copied_bytes = fetch.copy_token, fetch.fetched_bytes
    media_type = progress.find_input().content_type
    while True:
        try:
            # With the token, an attempt after a transient error continues.
            progress.update(copied_bytes, {"copy_token": token})
        except DeadlineNear:
            if token == fetch.copy_token:
                raise
            fields = {"copy_token": token, "fetched_bytes": copied_bytes}
            return Later(0, fields=fields, progress=True)
        step = _copy(bootstrap.customer_buckets(), source, name, media_type, version, token)
        token, copied_bytes = step
        if not token:
            break
    copy = context.services.objects.stat(Bucket.WORK, name)
    if copy is None:
        raise StorageUnavailable("The copy has just disappeared; the attempt is repeated.")
    return copy


def _find_object(context: TaskContext, fetch: Fetch) -> CustomerObject:
    if fetch.url is None or fetch.generation is None:
        raise LookupError("the URL of a fetch that has not ended is gone")
    decrypt = fetch_decrypter(context.settings, context.services.log)
    url = parse_gs_url(decrypt(fetch.url, url_context(fetch.id, fetch.owner)))
    return CustomerObject(url.bucket, url.name, fetch.generation, fetch.size_bytes, "", "")


def _copy(
    buckets: CustomerBuckets,
    source: CustomerObject,
    name: str,
    media_type: str,
    version: Source,
    token: str,
) -> tuple[str, int]:
    try:
        step = buckets.copy_in(
            source, Bucket.WORK, name, content_type=media_type, spec=version.folder, token=token
        )
    except SourceExpired:
        raise SourceChanged(
            "The object was replaced or deleted after the job was created."
        ) from None
    return step.token, step.copied_bytes
