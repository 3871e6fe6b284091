"""Receives a body and stores it in parts."""

from __future__ import annotations

from collections.abc import Callable

from functions.input_fetch.parts import MAX_PARTS, MIN_PART_BYTES, PART_BYTES, part_name
from functions.input_fetch.source import Source
from shared.jobs.fetches.fetch import Fetch
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.ports.url_reader import UrlResponse, UrlUnavailable
from shared.recipes.stored_object import StoredObject
from shared.tasks.errors import DeadlineNear

BLOCK_BYTES = 1 << 20


class Transfer:
    """Stores the body of a response after the parts that exist.

    Attributes:
        parts: All parts, in order.
        stored_count: How many parts were added.
    """

    def __init__(
        self,
        objects: ObjectStore,
        fetch: Fetch,
        source: Source,
        parts: list[StoredObject],
        media_type: str,
        on_progress: Callable[[int], None],
    ) -> None:
        self.parts = parts
        self.stored_count = 0
        self._objects = objects
        self._fetch = fetch
        self._source = source
        self._media_type = media_type
        self._on_progress = on_progress
        self._received_bytes = self.stored_bytes

    @property
    def stored_bytes(self) -> int:
        """How much of the file is stored."""
        return sum(part.size_bytes for part in self.parts)

    def store(self, response: UrlResponse) -> None:
        """Stores the whole body. An empty file has one empty part.

        When the connection breaks off or the time ends, what has arrived is a part, unless it is
        too little. Raises UrlUnavailable, DeadlineNear, and what `on_progress` raises with the
        number of bytes that are received.
        """
        block = self._read(response)
        while block or not self.parts:
            block = self._store_part(response, block)

    def _store_part(self, response: UrlResponse, block: bytes) -> bytes:
        """Stores a part that begins with `block`. Returns the first block of the next one."""
        if len(self.parts) >= MAX_PARTS:
            raise UrlUnavailable("The connection to the server breaks off all the time.")
        interruption: Exception | None = None
        name, size = part_name(self._fetch, self._source, len(self.parts)), 0
        with self._objects.create(
            Bucket.WORK, name, content_type=self._media_type, spec=self._source.folder
        ) as writer:
            while block and size < PART_BYTES:
                writer.write(block)
                size += len(block)
                try:
                    block = self._read(response)
                except (UrlUnavailable, DeadlineNear) as error:
                    if size < MIN_PART_BYTES:
                        # Nothing is written.
                        raise
                    interruption = error
                    break
        if writer.adopted and writer.stored_object.size_bytes != size:
            # Of another worker. The next attempt continues after its parts.
            raise UrlUnavailable
        self.parts.append(writer.stored_object)
        self.stored_count += 1
        if interruption is not None:
            raise interruption
        return block

    def _read(self, response: UrlResponse) -> bytes:
        self._on_progress(self._received_bytes)
        block = response.read(BLOCK_BYTES)
        self._received_bytes += len(block)
        return block
