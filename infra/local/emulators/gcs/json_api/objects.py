"""JSON API: the metadata of objects, and objects made of others."""

from __future__ import annotations

import asyncio
from typing import Any

from infra.local.emulators.gcs.errors import invalid, required
from infra.local.emulators.gcs.json_api.api_request import Call
from infra.local.emulators.gcs.json_api.buckets import Answer
from infra.local.emulators.gcs.server import Stand
from infra.local.emulators.gcs.storage import listing, objects
from infra.local.emulators.gcs.storage.files import Content, concatenate
from infra.local.emulators.gcs.storage.preconditions import (
    Conditions,
    from_query,
    wanted_generation,
)
from infra.local.emulators.gcs.storage.resources import StoredObject, settable_of

MAX_COMPONENTS = 32
"""Sources of one compose."""


async def list_objects(stand: Stand, call: Call, bucket: str) -> Answer:
    """`objects.list`."""
    page = await stand.db.read(lambda tx: listing.list_page(tx, bucket, call.query))
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if page.next_token:
        answer["nextPageToken"] = page.next_token
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.items:
        answer["items"] = [stored.as_json(stand.base_url) for stored in page.items]
    return 200, answer


async def get_object(stand: Stand, call: Call, bucket: str, name: str) -> Answer:
    """`objects.get` without its media."""
    stored = await stand.db.read(
        lambda tx: objects.find(tx, bucket, name, call.conditions, call.generation)
    )
    return 200, stored.as_json(stand.base_url)


async def patch_object(stand: Stand, call: Call, bucket: str, name: str) -> Answer:
    """`objects.patch`, and by PUT `objects.update`."""
    replace = call.method == "PUT"
    stored = await stand.db.write(
        lambda tx: objects.patch(
            tx,
            bucket,
            name,
            call.body,
            call.conditions,
            stand.base_url,
            call.generation,
            replace=replace,
        )
    )
    stand.outbox_filled.set()
    return 200, stored.as_json(stand.base_url)


async def delete_object(stand: Stand, call: Call, bucket: str, name: str) -> Answer:
    """`objects.delete`."""
    file_id = await stand.db.write(
        lambda tx: objects.delete(
            tx, bucket, name, call.conditions, stand.base_url, call.generation
        )
    )
    stand.outbox_filled.set()
    await asyncio.to_thread(stand.files.remove, file_id)
    return 204, None


async def copy_object(
    stand: Stand, call: Call, bucket: str, name: str, to_bucket: str, to_name: str
) -> Answer:
    """`objects.copy`."""
    stored = await _copied(stand, call, bucket, name, to_bucket, to_name)
    return 200, stored.as_json(stand.base_url)


async def rewrite_object(
    stand: Stand, call: Call, bucket: str, name: str, to_bucket: str, to_name: str
) -> Answer:
    """`objects.rewrite`, always done in one call."""
    stored = await _copied(stand, call, bucket, name, to_bucket, to_name)
    return 200, {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(stored.size_bytes),
        "objectSize": str(stored.size_bytes),
        "done": True,
        "resource": stored.as_json(stand.base_url),
    }


async def _copied(
    stand: Stand, call: Call, bucket: str, name: str, to_bucket: str, to_name: str
) -> StoredObject:
    generation = wanted_generation(call.query, "sourceGeneration")
    source, file = await stand.open(bucket, name, call.source_conditions, generation)
    file.close()
    await stand.db.read(lambda tx: objects.check_target(tx, to_bucket, to_name, call.conditions))
    # Metadata in the body replaces the source's as a whole; without any it is carried over.
    settable = settable_of(call.body) or source.settable
    file_id = await asyncio.to_thread(stand.files.link, source.file_id)
    content = Content(file_id, source.size_bytes, source.md5, source.crc32c, source.component_count)
    return await stand.commit(to_bucket, to_name, content, settable, call.conditions)


async def compose_object(stand: Stand, call: Call, bucket: str, name: str) -> Answer:
    """`objects.compose`: up to 32 objects of one bucket become one, in order."""
    sources = call.body.get("sourceObjects")
    if not isinstance(sources, list) or not sources:
        raise invalid("You must provide at least one source component.")
    if len(sources) > MAX_COMPONENTS:
        raise invalid(
            f"The number of source components provided ({len(sources)}) exceeds the maximum "
            f"({MAX_COMPONENTS})"
        )
    wanted = [_component(source) for source in sources]
    destination = call.body.get("destination") or {}
    settable = settable_of(destination if isinstance(destination, dict) else {})

    def look(tx: Any) -> list[StoredObject]:
        objects.check_target(tx, bucket, name, call.conditions)
        return [
            objects.find(tx, bucket, part, conditions, generation, read=False)
            for part, conditions, generation in wanted
        ]

    parts = await stand.db.read(look)
    file_id, size_bytes, crc32c = await asyncio.to_thread(
        concatenate, stand.files, [part.file_id for part in parts]
    )
    count = sum(part.component_count or 1 for part in parts)
    content = Content(file_id, size_bytes, None, crc32c, count)
    stored = await stand.commit(bucket, name, content, settable, call.conditions)
    return 200, stored.as_json(stand.base_url)


def _component(source: Any) -> tuple[str, Conditions, int | None]:
    if not isinstance(source, dict) or not source.get("name"):
        raise required("sourceObjects.name")
    objects.check_name(str(source["name"]))
    given = source.get("objectPreconditions") or {}
    if not isinstance(given, dict):
        raise invalid("Invalid value for objectPreconditions.")
    texts = {key: str(value) for key, value in given.items()}
    generation = wanted_generation({"generation": str(source.get("generation") or "")})
    return str(source["name"]), from_query(texts), generation
