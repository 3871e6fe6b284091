"""The child side of the sandbox: the interface for the work, and the limits of the process.

Messages to the parent begin with a byte: `b` begun (with the reason if system calls are not
restricted), `r` read, `w` write, `t` progress, `v` a part of the result, and at the end `d` done,
`e` error or `m` out of memory. Only `r` has a response.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import resource
import struct
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from shared.errors import PermanentError, TransientError
from shared.media.containers.range_file import RangeFile
from shared.media.errors import FileKind, ProcessingFailed
from shared.media.sandbox.isolation import isolate
from shared.pipeline import Function

PARENT_MB = 224
"""The memory of a function's own process and the fork server, measured with a margin."""
CPU_SHARE = 0.9
"""Of a function's time; the rest is for reading, writing and Firestore."""
CHUNK_BYTES = 1 << 20
"""The payload limit of one message."""
READ_REQUEST = struct.Struct(">QI")
"""Offset and length of a read."""
MAX_ERROR_CHARS = 2000
"""The limit of an error's message or traceback."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a sandbox process.

    Attributes:
        cpu_s: User and system time.
        memory_mb: Address space in addition to that of a new process.
    """

    cpu_s: int
    memory_mb: int

    @classmethod
    def for_function(cls, function: Function) -> Limits:
        """Returns the limits for one request, such that all concurrent requests fit."""
        cpu_s = int(function.soft_deadline_s * function.cpu * CPU_SHARE)
        return cls(cpu_s, (function.memory_mb - PARENT_MB) // function.concurrency)


class SandboxIO:
    """The interface for the work: its input file, its output and its progress."""

    def __init__(self, parent: Connection, size_bytes: int, block_bytes: int) -> None:
        self._parent = parent
        self._block_bytes = block_bytes
        self.size_bytes = size_bytes
        self.file = RangeFile(self.read, size_bytes, block_bytes=block_bytes)

    def write(self, data: bytes | memoryview) -> int:
        """Writes output, bytes or a memoryview of bytes, to the sink in messages."""
        view = memoryview(data)
        for offset in range(0, len(data), CHUNK_BYTES):
            self._parent.send_bytes(b"w" + view[offset : offset + CHUNK_BYTES])
        return len(data)

    def report_progress(self, count: int) -> None:
        """Reports the progress of the work."""
        self._parent.send_bytes(b"t" + str(count).encode())

    def open_parts(self, sizes_bytes: Sequence[int]) -> list[RangeFile]:
        """Returns a file for each part of a source of several parts (`Source.from_parts`)."""
        files, start = [], 0
        for size_bytes in sizes_bytes:
            read_at = partial(self._read_part, start)
            files.append(RangeFile(read_at, size_bytes, block_bytes=self._block_bytes))
            start += size_bytes
        return files

    def read(self, offset: int, length: int) -> bytes:
        """Reads a part of the source, without the cache of `file`."""
        self._parent.send_bytes(b"r" + READ_REQUEST.pack(offset, length))
        return self._parent.recv_bytes()

    def _read_part(self, start: int, offset: int, length: int) -> bytes:
        return self.read(start + offset, length)


@dataclass(frozen=True, slots=True)
class Work:
    """A function that a sandbox process calls with a SandboxIO and the arguments of
    `run_in_sandbox`. It returns bytes. The parent names it and never imports its module.
    `file_kind` is what users call its input."""

    module: str
    function: str
    file_kind: FileKind = "video"


def run_child(
    parent: Connection,
    work: Work,
    arguments: tuple[Any, ...],
    size_bytes: int,
    block_bytes: int,
    limits: Limits,
    label: str,
) -> None:
    has_begun = False
    try:
        # Before the process is isolated: afterwards it can import no module.
        function = getattr(importlib.import_module(work.module), work.function)
        kept_fds = {parent.fileno()}
        if (process := multiprocessing.parent_process()) is not None:
            kept_fds.add(process.sentinel)
        threading.Thread(target=_exit_with_parent, daemon=True).start()
        unrestricted = isolate(kept_fds, limits.cpu_s, limits.memory_mb, label)
        parent.send_bytes(b"b" + unrestricted.encode())
        has_begun = True
        value = function(SandboxIO(parent, size_bytes, block_bytes), *arguments)
        for offset in range(0, len(value), CHUNK_BYTES):
            parent.send_bytes(b"v" + value[offset : offset + CHUNK_BYTES])
        parent.send_bytes(b"d" + json.dumps(_usage()).encode())
    except PermanentError as error:
        _send_error(parent, error.code, str(error))
    except (EOFError, ConnectionError):
        pass  # the parent is gone
    except Exception as error:
        # An error before the work has begun says nothing about the file.
        if has_begun and _is_out_of_memory(error):
            parent.send_bytes(b"m")
        else:
            code = ProcessingFailed.code if has_begun and _is_deterministic(error) else ""
            _send_error(parent, code, "".join(traceback.format_exception(error)))
    finally:
        os._exit(0)


def _exit_with_parent() -> None:
    """Exits when the parent exits: its sentinel is a pipe that is closed with the parent."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        os.read(parent.sentinel, 1)
        os._exit(1)


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Returns whether an error or its cause is out-of-memory; OpenCV's code for it is -4."""
    if error is None:
        return False
    is_memory_error = isinstance(error, MemoryError) or getattr(error, "code", None) == -4
    return is_memory_error or _is_out_of_memory(error.__cause__ or error.__context__)


def _is_deterministic(error: BaseException | None) -> bool:
    """Returns whether another attempt would fail in the same way.

    The work depends on nothing but its input, except for what the system refuses it (OSError),
    and for threads that cannot start and errors that libraries do not specify (RuntimeError).
    """
    if error is None:
        return True
    if isinstance(error, OSError | RuntimeError | TransientError):
        return False
    return _is_deterministic(error.__cause__ or error.__context__)


def _send_error(parent: Connection, code: str, message: str) -> None:
    body = json.dumps({"code": code, "message": message[-MAX_ERROR_CHARS:]})
    with contextlib.suppress(ConnectionError):
        parent.send_bytes(b"e" + body.encode())


def _usage() -> dict[str, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
