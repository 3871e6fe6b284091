"""JSON API: object metadata, copy, rewrite and compose."""

from __future__ import annotations

import asyncio
from typing import Any

from infra.local.emulators.gcs.errors import invalid_argument, missing_parameter
from infra.local.emulators.gcs.json_api.api_request import ApiRequest
from infra.local.emulators.gcs.json_api.buckets import ApiResponse
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import listing, objects
from infra.local.emulators.gcs.storage.files import Content, concatenate
from infra.local.emulators.gcs.storage.preconditions import (
    Conditions,
    from_query,
    parse_generation,
)
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, merge_settable

MAX_COMPONENTS = 32
"""Maximum number of sources of a compose call."""


async def list_objects(emulator: Emulator, request: ApiRequest, bucket: str) -> ApiResponse:
    """`objects.list`."""
    page = await emulator.db.read(lambda tx: listing.list_page(tx, bucket, request.query))
    response: dict[str, Any] = {"kind": "storage#objects"}
    if page.next_token:
        response["nextPageToken"] = page.next_token
    if page.prefixes:
        response["prefixes"] = page.prefixes
    if page.items:
        response["items"] = [stored.as_json(emulator.base_url) for stored in page.items]
    return 200, response


async def get_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str
) -> ApiResponse:
    """`objects.get` without its media."""
    stored = await emulator.db.read(
        lambda tx: objects.find(tx, bucket, name, request.conditions, request.generation)
    )
    return 200, stored.as_json(emulator.base_url)


async def patch_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str
) -> ApiResponse:
    """`objects.patch`, and by PUT `objects.update`."""
    replace = request.method == "PUT"
    stored = await emulator.db.write(
        lambda tx: objects.patch(
            tx,
            bucket,
            name,
            request.body,
            request.conditions,
            emulator.base_url,
            request.generation,
            replace=replace,
        )
    )
    emulator.outbox_filled.set()
    return 200, stored.as_json(emulator.base_url)


async def delete_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str
) -> ApiResponse:
    """`objects.delete`."""
    file_id = await emulator.db.write(
        lambda tx: objects.delete(
            tx, bucket, name, request.conditions, emulator.base_url, request.generation
        )
    )
    emulator.outbox_filled.set()
    await asyncio.to_thread(emulator.files.remove, file_id)
    return 204, None


async def copy_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str, to_bucket: str, to_name: str
) -> ApiResponse:
    """`objects.copy`."""
    stored = await _copy(emulator, request, bucket, name, to_bucket, to_name)
    return 200, stored.as_json(emulator.base_url)


async def rewrite_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str, to_bucket: str, to_name: str
) -> ApiResponse:
    """`objects.rewrite`, always complete after one call."""
    stored = await _copy(emulator, request, bucket, name, to_bucket, to_name)
    return 200, {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(stored.size_bytes),
        "objectSize": str(stored.size_bytes),
        "done": True,
        "resource": stored.as_json(emulator.base_url),
    }


async def _copy(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str, to_bucket: str, to_name: str
) -> StoredObjectRow:
    generation = parse_generation(request.query, "sourceGeneration")
    source, file = await emulator.open_object(bucket, name, request.source_conditions, generation)
    file.close()
    await emulator.db.read(
        lambda tx: objects.check_target(tx, to_bucket, to_name, request.conditions)
    )
    # Metadata in the body replaces the source's metadata. Without it, the source's is copied.
    settable = merge_settable(request.body) or source.settable
    file_id = await asyncio.to_thread(emulator.files.link, source.file_id)
    content = Content(file_id, source.size_bytes, source.md5, source.crc32c, source.component_count)
    return await emulator.commit(to_bucket, to_name, content, settable, request.conditions)


async def move_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str, to_name: str
) -> ApiResponse:
    """`objects.move`: renames an object of a bucket, in one transaction."""
    source, file = await emulator.open_object(bucket, name, request.source_conditions)
    file.close()
    if to_name == name:
        raise invalid_argument("The source and destination objects must be different.")
    file_id = await asyncio.to_thread(emulator.files.link, source.file_id)
    content = Content(file_id, source.size_bytes, source.md5, source.crc32c, source.component_count)
    stored = await _commit_and_delete(
        emulator, request, (bucket, to_name), content, source.settable, [source]
    )
    return 200, stored.as_json(emulator.base_url)


async def _commit_and_delete(
    emulator: Emulator,
    request: ApiRequest,
    target: tuple[str, str],
    content: Content,
    settable: dict[str, Any],
    sources: list[StoredObjectRow],
) -> StoredObjectRow:
    """Makes `content` an object and deletes its sources. Raises 412 when one has changed."""

    # An object can be a source several times, and the target itself.
    deleted = {source.name: source for source in sources if source.name != target[1]}

    def delete_sources(tx: Any, _stored: StoredObjectRow) -> None:
        for source in deleted.values():
            conditions = Conditions(
                generation_match=source.generation, metageneration_match=source.metageneration
            )
            objects.delete(tx, source.bucket, source.name, conditions, emulator.base_url)

    stored = await emulator.commit(
        *target, content, settable, request.conditions, extra_write=delete_sources
    )
    for source in deleted.values():
        await asyncio.to_thread(emulator.files.remove, source.file_id)
    return stored


async def compose_object(
    emulator: Emulator, request: ApiRequest, bucket: str, name: str
) -> ApiResponse:
    """`objects.compose`: concatenates up to 32 objects of one bucket. `deleteSourceObjects` deletes
    them in the same transaction."""
    sources = request.body.get("sourceObjects")
    if not isinstance(sources, list) or not sources:
        raise invalid_argument("You must provide at least one source component.")
    if len(sources) > MAX_COMPONENTS:
        raise invalid_argument(
            f"The number of source components provided ({len(sources)}) exceeds the maximum "
            f"({MAX_COMPONENTS})"
        )
    components = [_parse_component(source) for source in sources]
    destination = request.body.get("destination") or {}
    settable = merge_settable(destination if isinstance(destination, dict) else {})

    def find_components(tx: Any) -> list[StoredObjectRow]:
        objects.check_target(tx, bucket, name, request.conditions)
        return [
            objects.find(tx, bucket, part, conditions, generation, read=False)
            for part, conditions, generation in components
        ]

    parts = await emulator.db.read(find_components)
    file_id, size_bytes, crc32c = await asyncio.to_thread(
        concatenate, emulator.files, [part.file_id for part in parts]
    )
    count = sum(part.component_count or 1 for part in parts)
    content = Content(file_id, size_bytes, None, crc32c, count)
    deleted = parts if request.body.get("deleteSourceObjects") is True else []
    stored = await _commit_and_delete(emulator, request, (bucket, name), content, settable, deleted)
    return 200, stored.as_json(emulator.base_url)


def _parse_component(source: Any) -> tuple[str, Conditions, int | None]:
    if not isinstance(source, dict) or not source.get("name"):
        raise missing_parameter("sourceObjects.name")
    objects.check_name(str(source["name"]))
    preconditions = source.get("objectPreconditions") or {}
    if not isinstance(preconditions, dict):
        raise invalid_argument("Invalid value for objectPreconditions.")
    parameters = {key: str(value) for key, value in preconditions.items()}
    generation = parse_generation({"generation": str(source.get("generation") or "")})
    return str(source["name"]), from_query(parameters), generation
