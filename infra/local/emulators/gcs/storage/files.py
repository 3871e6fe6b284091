"""Files with the bytes of objects. File names are random ids: object names never become paths."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

BLOCK_BYTES = 1 << 20
"""Bodies are hashed and written in blocks of this size. It bounds the memory of an upload."""

CHUNK_MULTIPLE_BYTES = 256 * 1024
"""A resumable upload persists multiples of this size until its last chunk."""


@dataclass(frozen=True)
class Content:
    """A complete file: its id, size, and digests in base64."""

    file_id: str
    size_bytes: int
    md5: str | None
    crc32c: str
    component_count: int | None = None


class Files:
    """The folder of immutable files. A file is valid when a database row references it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root

    def path(self, file_id: str) -> Path:
        """Returns the path of a file."""
        return self._root / file_id[:2] / file_id

    def create_id(self) -> str:
        """Returns a new id and creates its folder."""
        file_id = secrets.token_hex(16)
        self.path(file_id).parent.mkdir(exist_ok=True)
        return file_id

    def remove(self, file_id: str) -> None:
        """Deletes a file. Readers that have it open can read it to the end."""
        self.path(file_id).unlink(missing_ok=True)

    def link(self, file_id: str) -> str:
        """Returns a second id for the same bytes, as a hard link."""
        new_id = self.create_id()
        os.link(self.path(file_id), self.path(new_id))
        return new_id

    def sweep(self, referenced: Iterable[str]) -> int:
        """Deletes all files that are not in `referenced`. Returns their number."""
        known_ids = set(referenced)
        orphans = [path for path in self._root.glob("??/*") if path.name not in known_ids]
        for orphan in orphans:
            orphan.unlink()
        return len(orphans)


class FileWriter:
    """Writes and hashes one file while it is received.

    A thread hashes and writes one block while the next block is received.
    """

    def __init__(self, files: Files, file_id: str, *, sha256: bool = False) -> None:
        self.file_id = file_id
        self._files = files
        self._pending = bytearray()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256() if sha256 else None
        self._crc32c = 0
        self._file: BinaryIO | None = None
        self._write_task: asyncio.Task[None] | None = None
        self.size_bytes = 0
        """Bytes received, including those that are not written yet."""

    def resume(self, persisted_bytes: int) -> None:
        """Opens the file, truncates it to `persisted_bytes` and recalculates the digests."""
        path = self._files.path(self.file_id)
        path.touch()
        self._file = path.open("r+b")
        self._file.truncate(persisted_bytes)
        while chunk := self._file.read(BLOCK_BYTES):
            self._digest(chunk)
            self.size_bytes += len(chunk)
        if self.size_bytes != persisted_bytes:
            raise OSError(f"{self.file_id} has {self.size_bytes} of {persisted_bytes} bytes")

    def _digest(self, data: bytes) -> None:
        self._md5.update(data)
        if self._sha256 is not None:
            self._sha256.update(data)
        self._crc32c = google_crc32c.extend(self._crc32c, data)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._files.path(self.file_id).open("xb")
        self._digest(data)
        self._file.write(data)

    async def write(self, chunk: bytes) -> None:
        """Adds a chunk. Waits when two blocks are unwritten, as back-pressure."""
        self._pending += chunk
        self.size_bytes += len(chunk)
        while len(self._pending) >= BLOCK_BYTES:
            block = bytes(self._pending[:BLOCK_BYTES])
            del self._pending[:BLOCK_BYTES]
            await self._wait_for_write()
            self._write_task = asyncio.create_task(asyncio.to_thread(self._write, block))

    async def _wait_for_write(self) -> None:
        task, self._write_task = self._write_task, None
        if task is not None:
            await task

    def _flush(self, multiple_bytes: int) -> None:
        ready_bytes = len(self._pending) // multiple_bytes * multiple_bytes
        self._write(bytes(self._pending[:ready_bytes]))
        del self._pending[:ready_bytes]
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    async def persist(self) -> int:
        """Writes multiples of CHUNK_MULTIPLE_BYTES to disk. Returns the number of persisted bytes.

        The remainder stays pending.
        """
        await self._wait_for_write()
        await asyncio.to_thread(self._flush, CHUNK_MULTIPLE_BYTES)
        return self.size_bytes - len(self._pending)

    def drop_pending(self) -> None:
        """Drops the bytes that are not on disk."""
        self.size_bytes -= len(self._pending)
        self._pending.clear()

    async def finish(self) -> Content:
        """Writes all bytes to disk and closes the file. Returns the content."""
        await self._wait_for_write()
        await asyncio.to_thread(self._flush, 1)
        await self.close()
        return Content(
            file_id=self.file_id,
            size_bytes=self.size_bytes,
            md5=base64.b64encode(self._md5.digest()).decode(),
            crc32c=_encode_crc32c(self._crc32c),
        )

    @property
    def sha256_hex(self) -> str:
        """SHA-256 of the written bytes, or "" when it was not requested."""
        return self._sha256.hexdigest() if self._sha256 is not None else ""

    async def close(self) -> None:
        """Closes the file. Its bytes stay."""
        # A thread may still write a block to the file.
        with contextlib.suppress(OSError):
            await self._wait_for_write()
        if self._file is not None:
            self._file.close()
            self._file = None

    async def discard(self) -> None:
        """Closes and deletes the file."""
        await self.close()
        await asyncio.to_thread(self._files.remove, self.file_id)


def _encode_crc32c(crc32c: int) -> str:
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode()


def concatenate(files: Files, sources: list[str]) -> tuple[str, int, str]:
    """Concatenates `sources` into a new file. Returns file id, size in bytes and CRC32C."""
    file_id = files.create_id()
    crc32c = 0
    size_bytes = 0
    with files.path(file_id).open("xb") as out:
        for source in sources:
            with files.path(source).open("rb") as part:
                while chunk := part.read(BLOCK_BYTES):
                    crc32c = google_crc32c.extend(crc32c, chunk)
                    out.write(chunk)
                    size_bytes += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return file_id, size_bytes, _encode_crc32c(crc32c)


def lock_folder(folder: Path) -> BinaryIO:
    """Locks `folder` for this process. Raises BlockingIOError when another server holds it."""
    lock_file = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock_file.close()
        raise
    return lock_file
