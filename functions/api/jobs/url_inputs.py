"""Inputs of new jobs that are fetched from URLs, and how responses show them."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit

from functions.api.jobs.recipes import max_input_bytes
from functions.api.jobs.requests import FileUrl
from functions.api.jobs.sources import InputSource
from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import fetch_encrypter
from shared.flows.documents import Write
from shared.flows.effects import publish
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.buckets.binding import BucketNotBound
from shared.jobs.buckets.gs_url import GS, GsUrl, InvalidGsUrl, check_not_ours, parse_object_url
from shared.jobs.fetches.fetch import INPUT_FETCH, MAX_URL_CHARS, new_fetch
from shared.jobs.model import JobInput
from shared.net.address_policy import InvalidUrl, parse_target
from shared.pipeline import Recipe
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable
from shared.runtime.bucket_bindings import check_binding
from shared.tasks.task import task_envelope

MAX_FILENAME_CHARS = 255


def source_from_url(request: ApiRequest, name: str, file: FileUrl) -> InputSource:
    """Returns the source of an input that is fetched. Its addresses are checked when it is. Raises
    InvalidFields, whose message does not repeat the URL."""
    if file.url.startswith(GS):
        return _source_from_bucket(request, name, file)
    try:
        target = parse_target(
            file.url,
            allow_private=request.settings.allow_private_webhooks,
            max_chars=MAX_URL_CHARS,
        )
    except InvalidUrl as error:
        raise InvalidFields([(f"inputs.{name}.url", str(error))]) from error
    filename = file.filename or filename_of(file.url) or name
    media_type = file.content_type or mimetypes.guess_type(filename)[0]
    return InputSource(
        filename,
        (media_type or "application/octet-stream").lower(),
        file.size_bytes or 0,
        crc32c=file.crc32c or "",
        url=file.url,
        host=target.host,
    )


def _source_from_bucket(request: ApiRequest, name: str, file: FileUrl) -> InputSource:
    """Returns the source of an input that is copied from a bucket of the user: the version of the
    object that is there now. Raises InvalidFields."""
    field, buckets = f"inputs.{name}.url", bootstrap.customer_buckets()
    try:
        url = parse_object_url(file.url)
        check_own_bucket(request, url)
        check_binding(request.services, buckets, request.user.uid, url.bucket, url.name)
        stored = buckets.stat(url.bucket, url.name)
    except (InvalidGsUrl, BucketNotBound, BucketAccessDenied, BucketUnusable) as error:
        raise InvalidFields([(field, str(error))]) from error
    if stored is None:
        raise InvalidFields([(field, "There is no such object in the bucket.")])
    errors = []
    if not stored.size_bytes:
        errors.append((field, "The object is empty."))
    if stored.content_encoding not in ("", "identity"):
        errors.append((field, "The object is stored with a content encoding."))
    if file.size_bytes not in (None, stored.size_bytes):
        message = f"The object has {stored.size_bytes} bytes."
        errors.append((f"inputs.{name}.size_bytes", message))
    if file.crc32c not in (None, stored.crc32c):
        errors.append((f"inputs.{name}.crc32c", f"The object has the CRC32C {stored.crc32c}."))
    if errors:
        raise InvalidFields(errors)
    filename = file.filename or filename_of(file.url) or name
    guessed_type = mimetypes.guess_type(filename)[0]
    media_type = file.content_type or guessed_type or "application/octet-stream"
    return InputSource(
        filename,
        media_type.lower(),
        stored.size_bytes,
        crc32c=stored.crc32c,
        url=file.url,
        host=url.bucket,
        generation=stored.generation,
    )


def check_own_bucket(request: ApiRequest, url: GsUrl) -> None:
    """Raises InvalidGsUrl for a bucket of this project."""
    check_not_ours(url.bucket, request.settings.project, request.settings.buckets.values())


def filename_of(url: str) -> str:
    """Returns the last part of a URL's path as a file name, or ""."""
    path = url if url.startswith(GS) else unquote(urlsplit(url).path.rpartition("/")[2])
    name = path.rpartition("/")[2] if url.startswith(GS) else path
    printable = "".join(char for char in name if char.isprintable() and char not in "/\\")
    return " ".join(printable.split())[:MAX_FILENAME_CHARS]


def fetch_writes(
    request: ApiRequest,
    job_id: str,
    recipe: Recipe,
    inputs: Iterable[JobInput],
    sources: Mapping[str, InputSource],
    *,
    now: datetime,
    expires_at: datetime,
) -> list[Write]:
    """Returns the writes that create the fetches of a new job. Raises ConfigurationError."""
    writes: list[Write] = []
    for item in inputs:
        recipe_input = recipe.find_input(item.name)
        if not item.fetch or recipe_input is None:
            continue
        source = sources[item.name]
        fetch = new_fetch(
            job_id, request.user.uid, item, source.url, source.host,
            fetch_encrypter(request.settings),
            max_bytes=max_input_bytes(recipe_input, request.settings),
            now=now, expires_at=expires_at, generation=source.generation,
        )  # fmt: skip
        writes.append(fetch)
    return writes


def announce_fetches(request: ApiRequest, inputs: Iterable[JobInput]) -> None:
    """Publishes the messages of the fetches of a job. For one that has ended this is harmless."""
    fetches = [item.fetch for item in inputs if item.fetch]
    request.run(lambda _: publish([task_envelope(INPUT_FETCH, fetch) for fetch in fetches]))
