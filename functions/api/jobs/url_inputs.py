"""Inputs of new jobs that are fetched from URLs, and how responses show them."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit

from functions.api.jobs.recipes import max_input_bytes
from functions.api.jobs.requests import FileUrl
from functions.api.jobs.sources import InputSource
from shared.entrypoints.encryption import fetch_encrypter
from shared.flows.documents import Write
from shared.flows.effects import publish
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.fetches.fetch import INPUT_FETCH, MAX_URL_CHARS, new_fetch
from shared.jobs.model import JobInput
from shared.net.address_policy import InvalidUrl, parse_target
from shared.pipeline import Recipe
from shared.tasks.task import task_envelope

MAX_FILENAME_CHARS = 255


def source_from_url(request: ApiRequest, name: str, file: FileUrl) -> InputSource:
    """Returns the source of an input that is fetched. Its addresses are checked when it is. Raises
    InvalidFields, whose message does not repeat the URL."""
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


def filename_of(url: str) -> str:
    """Returns the last part of a URL's path as a file name, or ""."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
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
            now=now, expires_at=expires_at,
        )  # fmt: skip
        writes.append(fetch)
    return writes


def announce_fetches(request: ApiRequest, inputs: Iterable[JobInput]) -> None:
    """Publishes the messages of the fetches of a job. For one that has ended this is harmless."""
    fetches = [item.fetch for item in inputs if item.fetch]
    request.run(lambda _: publish([task_envelope(INPUT_FETCH, fetch) for fetch in fetches]))
